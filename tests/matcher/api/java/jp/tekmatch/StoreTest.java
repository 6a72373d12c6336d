package jp.tekmatch;

import static jp.tekmatch.Testing.check;
import static jp.tekmatch.Testing.describe;
import static jp.tekmatch.Testing.equal;
import static jp.tekmatch.Testing.export;
import static jp.tekmatch.Testing.heard;
import static jp.tekmatch.Testing.options;
import static jp.tekmatch.Testing.test;
import static jp.tekmatch.Testing.throwsA;
import static jp.tekmatch.Testing.trust;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The store: what it remembers, refuses and survives. */
final class StoreTest {
  public static void main(String[] args) {
    test("remembers sightings and exports", StoreTest::remembers);
    test("needs exports again whose keys it dropped", StoreTest::needsExportsAgain);
    test("refuses what it cannot open", StoreTest::refusesWhatItCannotOpen);
    test("sets aside what is damaged", StoreTest::setsAsideWhatIsDamaged);
    test("refuses what was closed", StoreTest::refusesWhatWasClosed);
    test("refuses calls from its own check", StoreTest::refusesCallsFromItsOwnCheck);
    test("ends where a callback says so", StoreTest::endsWhereACallbackSaysSo);
    test("serves 8 threads", StoreTest::servesThreads);
    Testing.end();
  }

  private static int numFolders;

  private static String folder() throws Exception {
    return Files.createTempDirectory(Testing.WORLD, "store").resolve("s" + numFolders++).toString();
  }

  private static Store create() throws Exception {
    return Store.open(folder(), Store.Mode.CREATE);
  }

  private static String right() throws Exception {
    try (SightingIndex index = Testing.index();
        Trust trust = trust()) {
      return describe(Check.run(index, trust, export(), options()));
    }
  }

  private static void remembers() throws Exception {
    String folder = folder();
    long num = heard().size();
    try (Store store = Store.open(folder, Store.Mode.CREATE, 15 * 86400);
        Trust trust = trust()) {
      Store.Added added = store.add(heard(), Testing.NOW);
      equal(added.numAdded + added.numTooOld, num);
      equal(store.add(heard(), Testing.NOW).numAdded, 0L);
      Result first = store.check(trust, export(), options());
      equal(first.stored().given.get(0).state, Result.Given.State.PROCESSED);
      equal(first.stored().given.get(0).name, "export.zip");
      check(!first.stored().stopped && first.stored().neededAgain.isEmpty(), "not done");
      first.requireComparison();
      check(!first.days().isEmpty(), "no days");
      if (added.numTooOld == 0) equal(describe(first), right());
      List<Source> again =
          Collections.singletonList(Source.bytes("other-name.zip", Testing.EXPORT));
      Result second = store.check(trust, again, options());
      equal(second.stored().given.get(0).state, Result.Given.State.KNOWN);
      equal(describe(second), describe(first));
      equal(describe(store.check(trust, Collections.emptyList(), options())), describe(first));
    }
    try (Store store = Store.open(folder, Store.Mode.EXISTING, 15 * 86400);
        Store reader = Store.open(folder, Store.Mode.READ_ONLY)) {
      Store.Status status = store.status();
      equal(status.numExports, 1L);
      check(status.numSightings > 0 && status.numSightings <= num, "sightings");
      check(status.bytesOnDisk > 0 && status.numKeysKept > 0, "bytes, keys");
      check(!status.oldestDay.isAfter(status.newestDay), "days");
      check(status.processedUntil > 0, "processed until");
      equal(reader.status().numSightings, status.numSightings);
      throwsA(
          TekmatchException.FailedPrecondition.class, () -> reader.add(heard(), Testing.NOW));
      reader.close();
      Store.Retained retained = store.retain(Testing.NOW + 86400);
      equal(retained.clockJump, Store.ClockJump.NONE);
      check(retained.erased, "not erased");
      equal(store.retain(Testing.NOW + 100 * 86400).clockJump, Store.ClockJump.FORWARD);
      check(store.forget(), "not forgotten");
      equal(store.status().numSightings, 0L);
      equal(store.status().oldestDay, null);
    }
  }

  private static void needsExportsAgain() throws Exception {
    try (Store store = create();
        Trust trust = trust()) {
      Result first = store.check(trust, export(), options().dropKeys());
      equal(first.stored().given.get(0).state, Result.Given.State.PROCESSED);
      store.add(heard(), Testing.NOW);
      Result second = store.check(trust, Collections.emptyList(), options().dropKeys());
      equal(second.stored().neededAgain, Collections.singletonList("export.zip"));
      check(!second.isComplete(), "complete");
    }
  }

  private static void refusesWhatItCannotOpen() throws Exception {
    String folder = folder();
    throwsA(
        TekmatchException.NotFound.class, () -> Store.open(folder, Store.Mode.EXISTING));
    throwsA(
        TekmatchException.InvalidArgument.class,
        () -> Store.open(folder, Store.Mode.CREATE, 11L * 366 * 86400));
    throwsA(
        IllegalArgumentException.class, () -> Store.open("a\0b", Store.Mode.CREATE));
    try (Store store = Store.open(folder, Store.Mode.CREATE);
        Trust trust = trust()) {
      throwsA(NullPointerException.class, () -> store.add(null, 1));
      throwsA(NullPointerException.class, () -> store.check(null, export(), options()));
      throwsA(NullPointerException.class, () -> store.check(trust, null, options()));
      throwsA(NullPointerException.class, () -> store.check(trust, export(), null));
      throwsA(TekmatchException.InvalidArgument.class, () -> store.add(heard(), -1));
      throwsA(TekmatchException.InvalidArgument.class, () -> store.retain(Long.MIN_VALUE));
      throwsA(
          TekmatchException.InvalidArgument.class,
          () -> store.check(trust, export(), options().noVerify()));
      Sightings closed = heard();
      closed.close();
      throwsA(IllegalStateException.class, () -> store.add(closed, Testing.NOW));
    }
  }

  private static void setsAsideWhatIsDamaged() throws Exception {
    String folder = folder();
    try (Store store = Store.open(folder, Store.Mode.CREATE)) {
      store.add(heard(), Testing.NOW);
    }
    List<Path> files;
    try (Stream<Path> listed = Files.list(Paths.get(folder))) {
      files = listed.filter(Files::isRegularFile).collect(Collectors.toList());
    }
    for (Path file : files) {
      byte[] bytes = Files.readAllBytes(file);
      for (int i = 0; i < bytes.length; ++i) bytes[i] = (byte) (i * 31);
      Files.write(file, bytes);
    }
    TekmatchException refused =
        throwsA(
            TekmatchException.DataLoss.class,
            () -> {
              try (Store store = Store.open(folder, Store.Mode.EXISTING)) {
                return store.status();
              }
            });
    check(!refused.getMessage().isEmpty(), "no message");
    Store.setAside(folder);
    try (Store store = Store.open(folder, Store.Mode.CREATE)) {
      equal(store.status().numSightings, 0L);
      equal(store.status().numSetAside, 1L);
    }
  }

  private static void refusesWhatWasClosed() throws Exception {
    Store store = create();
    store.close();
    store.close();
    Class<IllegalStateException> ise = IllegalStateException.class;
    throwsA(ise, () -> store.add(heard(), Testing.NOW));
    throwsA(ise, () -> store.retain(Testing.NOW));
    throwsA(ise, store::status);
    throwsA(ise, store::forget);
    try (Trust trust = trust()) {
      throwsA(ise, () -> store.check(trust, export(), options()));
    }
  }

  private static void refusesCallsFromItsOwnCheck() throws Exception {
    for (int threads : new int[] {1, 4}) {
      try (Store store = create();
          Trust trust = trust()) {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        CheckOptions options =
            options()
                .threads(threads)
                .cancelled(
                    () -> {
                      try {
                        store.add(heard(), Testing.NOW);
                      } catch (Exception e) {
                        thrown.set(e);
                      }
                      store.close();
                      return false;
                    });
        // What the first callback closed serves to the end.
        store.check(trust, export(), options);
        equal(thrown.get().getClass(), IllegalStateException.class);
        check(store.isClosed(), "not closed");
      }
    }
  }

  private static void endsWhereACallbackSaysSo() throws Exception {
    try (Store store = create();
        Trust trust = trust()) {
      store.add(heard(), Testing.NOW);
      throwsA(
          TekmatchException.Cancelled.class,
          () -> store.check(trust, export(), options().cancelled(() -> true)));
      RuntimeException marked = new RuntimeException("marked");
      equal(
          throwsA(
              RuntimeException.class,
              () ->
                  store.check(
                      trust,
                      export(),
                      options()
                          .cancelled(
                              () -> {
                                throw marked;
                              }))),
          marked);
      equal(store.status().numExports, 0L);
      check(store.check(trust, export(), options()).isComplete(), "not complete");
    }
  }

  /** Until the other connection lets it: it may be passed time and again. */
  private static void withPatience(Testing.Body body) throws Exception {
    long end = System.nanoTime() + 240_000_000_000L;
    while (true) {
      try {
        body.run();
        return;
      } catch (TekmatchException.Unavailable e) {
        if (System.nanoTime() > end) throw e;
      }
    }
  }

  private static void servesThreads() throws Exception {
    String folder = folder();
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    try (Store store = Store.open(folder, Store.Mode.CREATE);
        Store other = Store.open(folder, Store.Mode.EXISTING);
        Trust trust = trust()) {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 8; ++i) {
        Store used = i % 4 == 3 ? other : store;
        boolean checks = i % 2 == 0;
        Thread thread =
            new Thread(
                () -> {
                  try {
                    for (int turn = 0; turn < 5; ++turn) {
                      if (checks) {
                        withPatience(() -> used.check(trust, export(), options()));
                      } else {
                        withPatience(() -> used.add(heard(), Testing.NOW));
                      }
                    }
                  } catch (Throwable t) {
                    thrown.compareAndSet(null, t);
                  }
                });
        threads.add(thread);
        thread.start();
      }
      for (Thread thread : threads) thread.join();
      if (thrown.get() != null) throw new AssertionError(thrown.get());
      check(store.status().numSightings > 0, "no sightings");
      equal(store.status().numExports, 1L);
    }
  }
}
