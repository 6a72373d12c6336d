package jp.tekmatch;

import static jp.tekmatch.Testing.check;
import static jp.tekmatch.Testing.describe;
import static jp.tekmatch.Testing.equal;
import static jp.tekmatch.Testing.export;
import static jp.tekmatch.Testing.index;
import static jp.tekmatch.Testing.options;
import static jp.tekmatch.Testing.test;
import static jp.tekmatch.Testing.trust;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Many threads, much garbage, many checks. */
final class StressTest {
  private static final int NUM_THREADS = 8;

  private static final class Marked extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  public static void main(String[] args) {
    test("shares an index and a trust among 8 threads", StressTest::sharesAmongThreads);
    test("closes, cancels and throws from 8 threads", StressTest::closesFromThreads);
    test("keeps alive what a call uses", StressTest::keepsAliveWhatACallUses);
    test("gives back what nobody closed", StressTest::givesBackWhatNobodyClosed);
    test("takes no memory for a thousand checks", StressTest::takesNoMemoryForAThousandChecks);
    Testing.end();
  }

  /** Runs the body in threads; throws what one of them threw. */
  private static void inThreads(Testing.Body body) throws Exception {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < NUM_THREADS; ++i) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  body.run();
                } catch (Throwable t) {
                  thrown.compareAndSet(null, t);
                }
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) thread.join();
    if (thrown.get() != null) throw new AssertionError(thrown.get());
  }

  private static String right() throws Exception {
    try (SightingIndex index = index();
        Trust trust = trust()) {
      return describe(Check.run(index, trust, export(), options()));
    }
  }

  private static void sharesAmongThreads() throws Exception {
    String right = right();
    try (SightingIndex index = index();
        Trust trust = trust()) {
      AtomicInteger turn = new AtomicInteger();
      inThreads(
          () -> {
            for (int i = 0; i < 10; ++i) {
              int threads = 1 + turn.incrementAndGet() % 4;
              Result result = Check.run(index, trust, export(), options().threads(threads));
              equal(describe(result), right);
              equal(index.size(), result.counts().numSightings);
            }
          });
    }
  }

  private static void closesFromThreads() throws Exception {
    String right = right();
    AtomicReference<SightingIndex> index = new AtomicReference<>(index());
    AtomicReference<Trust> trust = new AtomicReference<>(trust());
    AtomicInteger seed = new AtomicInteger();
    Map<String, Integer> outcomes = new TreeMap<>();
    inThreads(
        () -> {
          Random random = new Random(seed.incrementAndGet());
          for (int i = 0; i < 100; ++i) {
            String outcome = oneOf(random, index, trust, right);
            synchronized (outcomes) {
              outcomes.merge(outcome, 1, Integer::sum);
            }
          }
        });
    index.get().close();
    trust.get().close();
    System.out.println("  " + outcomes);
    for (String outcome : new String[] {"right", "cancelled", "thrown", "was closed"}) {
      check(outcomes.containsKey(outcome), "never: " + outcome);
    }
  }

  /** One check, in which something happens; others close what it uses. */
  private static String oneOf(
      Random random,
      AtomicReference<SightingIndex> index,
      AtomicReference<Trust> trust,
      String right)
      throws Exception {
    if (random.nextInt(4) == 0) index.getAndSet(index()).close();
    if (random.nextInt(4) == 0) trust.getAndSet(trust()).close();
    SightingIndex usedIndex = index.get();
    Trust usedTrust = trust.get();
    // Or between the look and the use, as it happens.
    if (random.nextInt(8) == 0) usedTrust.close();
    CheckOptions options = options().threads(1 + random.nextInt(3));
    int happens = random.nextInt(4);
    int at = 1 + random.nextInt(3);
    AtomicInteger turn = new AtomicInteger();
    options.cancelled(
        () -> {
          if (turn.incrementAndGet() != at) return false;
          if (happens == 1) usedIndex.close();
          if (happens == 2) throw new Marked();
          return happens == 3;
        });
    try {
      equal(describe(Check.run(usedIndex, usedTrust, export(), options)), right);
      return "right";
    } catch (TekmatchException.Cancelled e) {
      return "cancelled";
    } catch (Marked e) {
      return "thrown";
    } catch (IllegalStateException e) {
      return "was closed";
    }
  }

  private static void keepsAliveWhatACallUses() throws Exception {
    String right = right();
    AtomicBoolean done = new AtomicBoolean();
    Thread collector =
        new Thread(
            () -> {
              while (!done.get()) System.gc();
            });
    collector.start();
    try {
      for (int i = 0; i < 100; ++i) {
        // Nobody refers to them but the call.
        equal(describe(Check.run(index(), trust(), export(), options().threads(2))), right);
      }
    } finally {
      done.set(true);
      collector.join();
    }
  }

  private static SightingIndex largeIndex() throws TekmatchException {
    int n = 50_000;
    long[] times = new long[n];
    byte[] rpis = new byte[16 * n];
    new Random(7).nextBytes(rpis);
    for (int i = 0; i < n; ++i) times[i] = Testing.NOW - i;
    try (Sightings sightings = new Sightings()) {
      sightings.addAll(times, rpis, new byte[4 * n], new short[n], null);
      return new SightingIndex(sightings);
    }
  }

  private static void givesBackWhatNobodyClosed() throws Exception {
    long before = 0;
    long patience = System.nanoTime() + 120_000_000_000L;
    // Some 5 MB each of the library's: 1 GB if it were not given back.
    for (int i = 0; i < 200; ++i) {
      check(!largeIndex().isClosed(), "closed");
      if (i % 5 == 4) {
        // A thread of the machine's gives back what the collector found, some time later.
        do {
          System.gc();
          Thread.sleep(5);
        } while (i > 19
            && Testing.residentKib() - before > 50 << 10
            && System.nanoTime() < patience);
      }
      if (i == 19) before = Testing.residentKib();
    }
    long grown = Testing.residentKib() - before;
    System.out.println("  200 indexes of 50,000 sightings, never closed: " + grown + " KiB more");
    check(grown < 100 << 10, grown + " KiB more");
  }

  private static void takesNoMemoryForAThousandChecks() throws Exception {
    try (SightingIndex index = index();
        Trust trust = trust()) {
      long before = 0;
      for (int i = 0; i < 1000; ++i) {
        Result result = Check.run(index, trust, export(), options().threads(1 + i % 2));
        check(result.isComplete(), "not complete");
        if (i == 99) {
          System.gc();
          before = Testing.residentKib();
        }
      }
      System.gc();
      long grown = Testing.residentKib() - before;
      System.out.println(
          "  900 checks more: " + grown + " KiB more, of " + before + " KiB resident");
      check(grown < 8 << 10, grown + " KiB more");
    }
  }
}
