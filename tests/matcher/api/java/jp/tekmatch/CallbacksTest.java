package jp.tekmatch;

import static jp.tekmatch.Testing.check;
import static jp.tekmatch.Testing.describe;
import static jp.tekmatch.Testing.equal;
import static jp.tekmatch.Testing.export;
import static jp.tekmatch.Testing.index;
import static jp.tekmatch.Testing.options;
import static jp.tekmatch.Testing.right;
import static jp.tekmatch.Testing.run;
import static jp.tekmatch.Testing.test;
import static jp.tekmatch.Testing.throwsA;
import static jp.tekmatch.Testing.trust;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** What callbacks may do: fail to read, cancel, throw, close what is in use, check. */
final class CallbacksTest {
  /** What a callback throws in tests. */
  private static final class Marked extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  public static void main(String[] args) throws Exception {
    test("survives bad sources", CallbacksTest::survivesBadSources);
    test("tells progress and can be cancelled", CallbacksTest::canBeCancelled);
    test("throws what callbacks throw", CallbacksTest::throwsWhatCallbacksThrow);
    test("survives callbacks that close", CallbacksTest::survivesCallbacksThatClose);
    test("survives callbacks that check", CallbacksTest::survivesCallbacksThatCheck);
    test("runs on a small stack", CallbacksTest::runsOnASmallStack);
    Testing.end();
  }

  private static void survivesBadSources() throws Exception {
    List<Source> bad =
        Arrays.asList(
            Source.path("/nowhere/export.zip"),
            Source.path("/"),
            Source.path(""),
            Source.descriptor("closed", 9999),
            Source.descriptor("pipe or so", 0),
            Source.bytes("empty", new byte[0]),
            Source.bytes("zeros", new byte[100]),
            Source.readAt("none", 1000, (offset, into, length) -> 0),
            Source.readAt("minus", 1000, (offset, into, length) -> Integer.MIN_VALUE),
            Source.readAt("endless", Long.MAX_VALUE, (offset, into, length) -> length));
    for (Source source : bad) {
      Result result;
      try {
        result = run(Collections.singletonList(source), options());
      } catch (TekmatchException e) {
        // A name that cannot be one, say.
        continue;
      }
      String name = new String(source.name, StandardCharsets.UTF_8);
      check(!result.isComplete(), name);
      check(!result.files().get(0).reason.isEmpty(), name);
    }
    // It is asked for what is in the file alone.
    AtomicInteger outside = new AtomicInteger();
    long size = 5000;
    run(
        Collections.singletonList(
            Source.readAt("asked", size, (offset, into, length) -> {
              if (offset < 0 || length <= 0 || length > into.length || offset + length > size) {
                outside.incrementAndGet();
              }
              Arrays.fill(into, (byte) 'P');
              return length;
            })),
        options());
    equal(outside.get(), 0);
    // One that changes: a verdict or an exception, never two truths.
    byte[] changing = Testing.EXPORT.clone();
    for (int i = 0; i < 20; ++i) {
      int turn = i;
      CheckOptions options =
          options()
              .cancelled(
                  () -> {
                    changing[(turn * 7919) % changing.length] ^= 1;
                    return false;
                  });
      try {
        run(Collections.singletonList(Source.bytes("changing", changing)), options);
      } catch (TekmatchException.DataLoss e) {
        // It was seen to change.
      }
    }
  }

  private static void canBeCancelled() throws Exception {
    for (int threads : new int[] {1, 4}) {
      List<Long> told = Collections.synchronizedList(new ArrayList<>());
      AtomicInteger asked = new AtomicInteger();
      Result result =
          run(
              export(),
              options()
                  .threads(threads)
                  .progress((files, keys) -> told.add(keys))
                  .cancelled(() -> asked.incrementAndGet() < 0));
      check(result.isComplete() && !told.isEmpty() && asked.get() > 0, "not called");
      for (int at = 1; at <= asked.get() && at < 5; ++at) {
        int last = at;
        AtomicInteger turn = new AtomicInteger();
        throwsA(
            TekmatchException.Cancelled.class,
            () ->
                run(
                    export(),
                    options().threads(threads).cancelled(() -> turn.incrementAndGet() >= last)));
      }
    }
  }

  private static void throwsWhatCallbacksThrow() throws Exception {
    Throwable[] all = {
      new Marked(),
      new IOException("as it is"),
      new AssertionError("an error"),
      new Exception("checked"),
    };
    for (int threads : new int[] {1, 4}) {
      for (Throwable marked : all) {
        equal(
            throwsA(
                marked.getClass(),
                () -> run(export(), options().threads(threads).progress((f, k) -> raise(marked)))),
            marked);
        equal(
            throwsA(
                marked.getClass(),
                () -> run(export(), options().threads(threads).cancelled(() -> raise(marked)))),
            marked);
        Source source = Source.readAt("raises", 1000, (o, into, n) -> raise(marked) ? 1 : 0);
        equal(
            throwsA(
                marked.getClass(),
                () -> run(Collections.singletonList(source), options().threads(threads))),
            marked);
      }
      Source greedy = Source.readAt("greedy", 1000, (offset, into, length) -> length + 1);
      throwsA(
          IllegalArgumentException.class,
          () -> run(Collections.singletonList(greedy), options().threads(threads)));
      throwsA(
          StackOverflowError.class,
          () -> run(export(), options().threads(threads).cancelled(CallbacksTest::endless)));
    }
    // The next check knows nothing of it.
    right();
  }

  private static boolean endless() {
    return !endless();
  }

  private static boolean raise(Throwable thrown) {
    CallbacksTest.<RuntimeException>raiseAs(thrown);
    return true;
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> void raiseAs(Throwable thrown) throws T {
    throw (T) thrown;
  }

  private static void survivesCallbacksThatClose() throws Exception {
    String right = right();
    for (int threads : new int[] {1, 4}) {
      SightingIndex index = index();
      Trust trust = trust();
      CheckOptions options =
          options()
              .threads(threads)
              .cancelled(
                  () -> {
                    index.close();
                    trust.close();
                    return false;
                  });
      equal(describe(Check.run(index, trust, export(), options)), right);
      throwsA(IllegalStateException.class, index::size);
    }
  }

  private static void survivesCallbacksThatCheck() throws Exception {
    String right = right();
    for (int threads : new int[] {1, 4}) {
      AtomicReference<String> inner = new AtomicReference<>();
      CheckOptions options =
          options()
              .threads(threads)
              .progress(
                  (files, keys) -> {
                    try {
                      inner.set(describe(run(export(), options().threads(threads))));
                    } catch (Exception e) {
                      throw new AssertionError(e);
                    }
                  });
      equal(describe(run(export(), options)), right);
      equal(inner.get(), right);
    }
  }

  private static void runsOnASmallStack() throws Exception {
    String right = right();
    AtomicReference<Object> found = new AtomicReference<>();
    Thread thread =
        new Thread(
            null,
            () -> {
              try {
                found.set(describe(run(export(), options())));
              } catch (Throwable t) {
                found.set(t);
              }
            },
            "small",
            256 << 10);
    thread.start();
    thread.join();
    equal(found.get(), right);
  }
}
