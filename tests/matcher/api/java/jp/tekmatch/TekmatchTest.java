package jp.tekmatch;

import static jp.tekmatch.Testing.check;
import static jp.tekmatch.Testing.describe;
import static jp.tekmatch.Testing.equal;
import static jp.tekmatch.Testing.export;
import static jp.tekmatch.Testing.index;
import static jp.tekmatch.Testing.options;
import static jp.tekmatch.Testing.test;
import static jp.tekmatch.Testing.throwsA;
import static jp.tekmatch.Testing.trust;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Results, what is refused, and what callbacks may do. */
final class TekmatchTest {
  /** What a callback throws in tests. */
  private static final class Marked extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static final byte[] RPI = new byte[16];
  private static final byte[] AEM = new byte[4];

  public static void main(String[] args) throws Exception {
    test("has a version and kernels", TekmatchTest::saysWhatItIs);
    test("has a class for each status", TekmatchTest::hasAClassForEachStatus);
    test("takes files in every form", TekmatchTest::takesFilesInEveryForm);
    test("says the same whatever the threads", TekmatchTest::saysTheSameWhateverTheThreads);
    test("takes sightings as arrays", TekmatchTest::takesSightingsAsArrays);
    test("tells nothing before it is asked", TekmatchTest::tellsNothingBeforeItIsAsked);
    test("has the verdict of each file", TekmatchTest::hasTheVerdictOfEachFile);
    test("needs all keys of a set", TekmatchTest::needsAllKeysOfASet);
    test("leaves own keys out", TekmatchTest::leavesOwnKeysOut);
    test("judges windows", TekmatchTest::judgesWindows);
    test("refuses null", TekmatchTest::refusesNull);
    test("refuses what no program does", TekmatchTest::refusesWhatNoProgramDoes);
    test("refuses what the library does", TekmatchTest::refusesWhatTheLibraryDoes);
    test("refuses what was closed", TekmatchTest::refusesWhatWasClosed);
    test("survives bad sources", TekmatchTest::survivesBadSources);
    test("tells progress and can be cancelled", TekmatchTest::canBeCancelled);
    test("throws what callbacks throw", TekmatchTest::throwsWhatCallbacksThrow);
    test("survives callbacks that close", TekmatchTest::survivesCallbacksThatClose);
    test("survives callbacks that check", TekmatchTest::survivesCallbacksThatCheck);
    test("runs on a small stack", TekmatchTest::runsOnASmallStack);
    Testing.end();
  }

  private static Result run(List<Source> sources, CheckOptions options) throws Exception {
    try (SightingIndex index = index();
        Trust trust = trust()) {
      return Check.run(index, trust, sources, options);
    }
  }

  private static String right() throws Exception {
    return describe(run(export(), options()));
  }

  private static void saysWhatItIs() {
    equal(Tekmatch.versionNumber(), Integer.getInteger("tekmatch.version"));
    equal(Native.VERSION_NUMBER, Integer.getInteger("tekmatch.version"));
    List<String> kernels = Tekmatch.kernels();
    equal(kernels.get(kernels.size() - 1), "portable");
  }

  private static void hasAClassForEachStatus() {
    for (int status = 1; status <= 15; ++status) {
      TekmatchException e = TekmatchException.of(status, "text");
      equal(e.status(), status);
      equal(e.getMessage(), "text");
      for (int other = 1; other < status; ++other) {
        check(TekmatchException.of(other, "").getClass() != e.getClass(), "two of one class");
      }
    }
    check(TekmatchException.of(99, "") instanceof TekmatchException.Unknown, "99 is known");
  }

  private static void takesFilesInEveryForm() throws Exception {
    String right = right();
    byte[] bytes = Testing.EXPORT;
    ReadAt wholeParts =
        (offset, into, length) -> {
          System.arraycopy(bytes, (int) offset, into, 0, length);
          return length;
        };
    AtomicInteger turn = new AtomicInteger();
    ReadAt smallParts =
        (offset, into, length) -> {
          int n = Math.min(length, 1 + turn.incrementAndGet() % 97);
          System.arraycopy(bytes, (int) offset, into, 0, n);
          return n;
        };
    for (Source source :
        Arrays.asList(
            Source.path(Testing.WORLD.resolve("export.zip").toString()),
            Source.bytes("名前.zip", bytes),
            Source.readAt("whole", bytes.length, wholeParts),
            Source.readAt("small", bytes.length, smallParts),
            // check_java.sh opened it.
            Source.descriptor("descriptor", 9))) {
      Result result = run(Collections.singletonList(source), options());
      equal(describe(result), right);
      equal(
          result.files().get(0).name,
          new String(source.name, 0, source.name.length - 1, StandardCharsets.UTF_8));
      check(result.files().get(0).verified, "not verified");
      check(!Arrays.equals(result.files().get(0).sha256(), new byte[32]), "no hash");
    }
  }

  private static void saysTheSameWhateverTheThreads() throws Exception {
    String right = right();
    for (int threads : new int[] {1, 2, 8, 256}) {
      equal(describe(run(export(), options().threads(threads))), right);
    }
    for (String kernel : Tekmatch.kernels()) {
      equal(describe(run(export(), options().kernel(kernel))), right);
    }
  }

  private static void takesSightingsAsArrays() throws Exception {
    byte[] rows = Testing.heard().rows();
    int n = Testing.heard().size();
    long[] times = new long[n];
    byte[] rpis = new byte[16 * n];
    byte[] aems = new byte[4 * n];
    short[] rssi = new short[n];
    ByteBuffer in = ByteBuffer.wrap(rows).order(ByteOrder.nativeOrder());
    for (int i = 0; i < n; ++i) {
      times[i] = in.getLong();
      in.get(rpis, 16 * i, 16).get(aems, 4 * i, 4);
      rssi[i] = in.getShort();
      in.position(in.position() + 10);
    }
    Sightings sightings = new Sightings();
    sightings.addAll(times, rpis, aems, rssi, null);
    equal(sightings.size(), n);
    try (SightingIndex index = new SightingIndex(sightings);
        Trust trust = trust()) {
      equal(index.size(), (long) n);
      equal(describe(Check.run(index, trust, export(), options())), right());
    }
    int[] since = new int[n];
    Arrays.fill(since, 240);
    sightings.close();
    Sightings known = new Sightings();
    known.addAll(times, rpis, aems, rssi, since);
    try (SightingIndex index = new SightingIndex(known);
        Trust trust = trust()) {
      Result result = Check.run(index, trust, export(), options());
      result.requireComparison();
      equal(result.windows().get(0).scans.get(0).secondsSinceLastScan, 240);
    }
    // All or none.
    throwsA(IllegalArgumentException.class, () -> {
      known.addAll(times, rpis, aems, new short[n - 1], null);
      return null;
    });
    rssi[n - 1] = 21;
    throwsA(IllegalArgumentException.class, () -> {
      known.addAll(times, rpis, aems, rssi, null);
      return null;
    });
    equal(known.size(), n);
  }

  private static void tellsNothingBeforeItIsAsked() throws Exception {
    Result result = run(export(), options());
    throwsA(IllegalStateException.class, result::dates);
    throwsA(IllegalStateException.class, result::days);
    throwsA(IllegalStateException.class, result::stored);
    result.requireComparison();
    equal(result.dates().size(), 3);
    throwsA(UnsupportedOperationException.class, () -> result.dates().remove(0));

    Result bare = run(export(), new CheckOptions(Testing.NOW, Testing.TOKYO));
    bare.requireComparison();
    equal(bare.dates().size(), 3);
    throwsA(IllegalStateException.class, bare::days);
    throwsA(IllegalStateException.class, bare::windows);
    throwsA(IllegalStateException.class, bare::notice);

    try (SightingIndex nothing = new SightingIndex(new Sightings());
        Trust trust = trust()) {
      Result empty = Check.run(nothing, trust, export(), options().badSightings(3));
      TekmatchException.DataLoss e =
          throwsA(TekmatchException.DataLoss.class, () -> {
            empty.requireComparison();
            return null;
          });
      check(!e.getMessage().isEmpty(), "no message");
      equal(empty.days().size(), 0);
    }
  }

  private static void hasTheVerdictOfEachFile() throws Exception {
    byte[] cut = Arrays.copyOf(Testing.EXPORT, Testing.EXPORT.length / 2);
    List<Source> sources =
        Arrays.asList(
            Source.bytes("good.zip", Testing.EXPORT), Source.bytes("cut.zip", cut));
    Result refused = run(sources, options());
    check(!refused.isComplete(), "complete");
    equal(refused.files().size(), 2);
    for (Result.PublishedFile file : refused.files()) {
      equal(file.accepted, file.name.equals("good.zip"));
      equal(file.reason.isEmpty(), file.accepted);
    }
    throwsA(TekmatchException.FailedPrecondition.class, () -> {
      refused.requireComparison();
      return null;
    });
    throwsA(IllegalStateException.class, refused::dates);
    Result skipped = run(sources, options().skipBadFiles());
    check(skipped.isComplete(), "not complete");
    skipped.requireComparison();
    equal(skipped.dates().size(), 3);

    try (SightingIndex index = index();
        Trust nobody = new Trust.Builder().build()) {
      equal(
          Check.run(index, nobody, export(), options()).files().get(0).verdict, "no_trusted_key");
      Result anybody = Check.run(index, nobody, export(), options().noVerify());
      check(anybody.isComplete() && !anybody.files().get(0).verified, "verified");
    }
  }

  private static void needsAllKeysOfASet() throws Exception {
    TrustedKey other = new TrustedKey("other", null, Testing.PEM);
    try (SightingIndex index = index();
        Trust both = new Trust.Builder().addSet(Testing.key(), other).build();
        Trust either = new Trust.Builder().addSet(other).addSet(Testing.key()).build()) {
      check(!Check.run(index, both, export(), options()).isComplete(), "one was enough");
      check(Check.run(index, either, export(), options()).isComplete(), "one was not enough");
    }
  }

  private static void leavesOwnKeysOut() throws Exception {
    Result result = run(export(), options().ownKeys(new byte[32]));
    equal(result.counts().numOwnKeys, 0L);
    check(result.isComplete(), "not complete");
  }

  private static void judgesWindows() throws Exception {
    LocalDate onset = LocalDate.of(2020, 12, 10);
    int start = (int) (onset.toEpochDay() * 144);
    int[] starts = {start - 20 * 144, start - 2 * 144, start, start + 144};
    int[] periods = {144, 144, 144, 144};
    TransmissionWindow.Decision[] decisions =
        TransmissionWindow.selectKeys(
            starts, periods, onset, false, Testing.NOW, "cocoa-3", Testing.TOKYO);
    equal(decisions.length, 4);
    check(!decisions[0].counts && decisions[2].counts, "the wrong keys");
    equal(decisions[2].reason, "in_window");
    equal(decisions[3].daysSinceOnset - decisions[2].daysSinceOnset, 1);
    equal(
        TransmissionWindow.selectKeys(
                new int[0], new int[0], onset, true, Testing.NOW, "cocoa-3", "UTC")
            .length,
        0);
    check(
        TransmissionWindow.judgeContact(
                start, 1, 0, 0, 0, start * 600L + 7, "none", Testing.TOKYO)
            .counts,
        "does not count");
    throwsA(
        TekmatchException.InvalidArgument.class,
        () ->
            TransmissionWindow.judgeContact(
                start, 77, 0, 0, 0, start * 600L, "cocoa-3", Testing.TOKYO));
    throwsA(
        TekmatchException.InvalidArgument.class,
        () ->
            TransmissionWindow.selectKeys(
                starts, new int[] {0, 0, 0, 145}, onset, false, 1, "cocoa-3", Testing.TOKYO));
    throwsA(
        IllegalArgumentException.class,
        () -> TransmissionWindow.selectKeys(starts, new int[1], onset, false, 1, "none", "UTC"));
    throwsA(
        IllegalArgumentException.class,
        () ->
            TransmissionWindow.selectKeys(
                new int[] {-1}, new int[1], onset, false, 1, "none", "UTC"));
    throwsA(
        IllegalArgumentException.class,
        () ->
            TransmissionWindow.selectKeys(
                starts, periods, LocalDate.of(40000, 1, 1), false, 1, "none", "UTC"));
  }

  private static void refusesNull() throws Exception {
    Class<NullPointerException> npe = NullPointerException.class;
    ReadAt reader = (offset, into, length) -> length;
    throwsA(npe, () -> new TrustedKey(null, "v1", Testing.PEM));
    throwsA(npe, () -> new TrustedKey("440", "v1", (byte[]) null));
    throwsA(npe, () -> new TrustedKey("440", "v1", (String) null));
    throwsA(npe, () -> Trust.of(null));
    throwsA(npe, () -> new Trust.Builder().addSet((TrustedKey[]) null));
    throwsA(npe, () -> new Trust.Builder().addSet(Testing.key(), null));
    throwsA(npe, () -> new SightingIndex(null));
    throwsA(npe, () -> Source.path(null));
    throwsA(npe, () -> Source.bytes("a", null));
    throwsA(npe, () -> Source.bytes(null, new byte[1]));
    throwsA(npe, () -> Source.readAt("a", 1, null));
    throwsA(npe, () -> Source.readAt(null, 1, reader));
    throwsA(npe, () -> Source.descriptor(null, 1));
    throwsA(npe, () -> new CheckOptions(1, null));
    throwsA(npe, () -> options().policy(null, null));
    throwsA(npe, () -> options().config(null));
    throwsA(npe, () -> options().kernel(null));
    throwsA(npe, () -> options().ownKeys(null));
    throwsA(npe, () -> Store.open(null, Store.Mode.CREATE));
    throwsA(npe, () -> Store.open("/nowhere", null));
    throwsA(npe, () -> {
      Store.setAside(null);
      return null;
    });
    throwsA(npe, () -> TransmissionWindow.selectKeys(null, null, null, false, 1, null, null));
    throwsA(npe, () -> TransmissionWindow.judgeContact(1, 1, 1, 0, 0, 1, null, "UTC"));
    throwsA(npe, () -> TransmissionWindow.judgeContact(1, 1, 1, 0, 0, 1, "none", null));
    Sightings sightings = new Sightings();
    throwsA(npe, () -> {
      sightings.add(1, null, AEM, 0, 0);
      return null;
    });
    throwsA(npe, () -> {
      sightings.add(1, RPI, null, 0, 0);
      return null;
    });
    throwsA(npe, () -> {
      sightings.addAll(null, null, null, null, null);
      return null;
    });
    throwsA(npe, () -> {
      sightings.addAll(new long[0], new byte[0], new byte[0], null, null);
      return null;
    });
    try (SightingIndex index = index();
        Trust trust = trust()) {
      throwsA(npe, () -> Check.run(null, trust, export(), options()));
      throwsA(npe, () -> Check.run(index, null, export(), options()));
      throwsA(npe, () -> Check.run(index, trust, null, options()));
      throwsA(npe, () -> Check.run(index, trust, export(), null));
      throwsA(npe, () -> Check.run(index, trust, Arrays.asList((Source) null), options()));
      check(
          Check.run(index, trust, export(), options().progress(null).cancelled(null)).isComplete(),
          "not complete");
    }
  }

  private static void refusesWhatNoProgramDoes() throws Exception {
    Class<IllegalArgumentException> iae = IllegalArgumentException.class;
    ReadAt reader = (offset, into, length) -> length;
    Sightings sightings = new Sightings();
    for (int length : new int[] {0, 15, 17, 160}) {
      throwsA(iae, () -> {
        sightings.add(1, new byte[length], AEM, 0, 0);
        return null;
      });
    }
    for (int length : new int[] {0, 3, 5}) {
      throwsA(iae, () -> {
        sightings.add(1, RPI, new byte[length], 0, 0);
        return null;
      });
    }
    for (int rssi : new int[] {-129, 21, 32768, -65536 - 60, Integer.MIN_VALUE}) {
      throwsA(iae, () -> {
        sightings.add(1, RPI, AEM, rssi, 0);
        return null;
      });
    }
    for (int seconds : new int[] {-2, Integer.MIN_VALUE}) {
      throwsA(iae, () -> {
        sightings.add(1, RPI, AEM, -60, seconds);
        return null;
      });
    }
    equal(sightings.size(), 0);
    throwsA(iae, () -> Source.descriptor("a", -1));
    throwsA(iae, () -> Source.readAt("a", -1, reader));
    throwsA(iae, () -> Source.path("a\0b"));
    throwsA(iae, () -> new TrustedKey("4\0", null, Testing.PEM));
    throwsA(iae, () -> new CheckOptions(0, "UTC"));
    throwsA(iae, () -> new CheckOptions(-1, "UTC"));
    throwsA(iae, () -> new CheckOptions(1, "U\0C"));
    throwsA(iae, () -> options().asOf(-1));
    throwsA(iae, () -> options().threads(0));
    throwsA(iae, () -> options().threads(257));
    throwsA(iae, () -> options().threads(Integer.MIN_VALUE));
    throwsA(iae, () -> options().badSightings(-1));
    throwsA(iae, () -> options().maxMilliseconds(0));
    throwsA(iae, () -> options().ownKeys(new byte[15]));
    throwsA(iae, () -> Store.open("/nowhere", Store.Mode.EXISTING, -1));
    throwsA(iae, () -> run(export(), options().dropKeys()));
    throwsA(iae, () -> run(export(), options().maxMilliseconds(5)));
  }

  private static void refusesWhatTheLibraryDoes() throws Exception {
    Class<TekmatchException.InvalidArgument> invalid = TekmatchException.InvalidArgument.class;
    throwsA(invalid, () -> new Trust.Builder().addSet().build());
    throwsA(invalid, () -> Trust.of(new TrustedKey("440", "v1", "no key")));
    throwsA(invalid, () -> Trust.of(new TrustedKey("440", "v1", new byte[0])));
    for (long time : new long[] {Long.MIN_VALUE, -1, 1L << 40, Long.MAX_VALUE}) {
      Sightings sightings = new Sightings();
      sightings.add(time, RPI, AEM, -60, 0);
      throwsA(invalid, () -> new SightingIndex(sightings));
    }
    throwsA(invalid, () -> run(export(), new CheckOptions(Testing.NOW, "Nowhere/City")));
    throwsA(invalid, () -> run(export(), new CheckOptions(Long.MAX_VALUE, "UTC")));
    throwsA(invalid, () -> run(export(), options().asOf(Long.MAX_VALUE)));
    throwsA(invalid, () -> run(export(), options().policy("cocoa-9", "UTC")));
    throwsA(invalid, () -> run(export(), options().policy("{", "UTC")));
    throwsA(invalid, () -> run(export(), options().policy("cocoa-3", "Mars")));
    throwsA(invalid, () -> run(export(), options().config("{\"a\":")));
    throwsA(invalid, () -> run(export(), options().kernel("abacus")));
    Source twice = Source.bytes("twice", Testing.EXPORT);
    throwsA(invalid, () -> run(Arrays.asList(twice, twice), options()));
  }

  private static void refusesWhatWasClosed() throws Exception {
    Class<IllegalStateException> ise = IllegalStateException.class;
    SightingIndex index = index();
    Trust trust = trust();
    Trust other = trust();
    check(!trust.isClosed(), "closed");
    trust.close();
    trust.close();
    check(trust.isClosed(), "not closed");
    throwsA(ise, () -> Check.run(index, trust, export(), options()));
    index.close();
    index.close();
    throwsA(ise, () -> Check.run(index, other, export(), options()));
    throwsA(ise, index::size);
    other.close();
    Sightings sightings = Testing.heard();
    byte[] rows = sightings.rows();
    sightings.close();
    sightings.close();
    check(Arrays.equals(rows, new byte[rows.length]), "not overwritten");
    throwsA(ise, () -> new SightingIndex(sightings));
    throwsA(ise, () -> {
      sightings.add(1, RPI, AEM, 0, 0);
      return null;
    });
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
          () -> run(export(), options().threads(threads).cancelled(TekmatchTest::endless)));
    }
    // The next check knows nothing of it.
    right();
  }

  private static boolean endless() {
    return !endless();
  }

  private static boolean raise(Throwable thrown) {
    TekmatchTest.<RuntimeException>raiseAs(thrown);
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
