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

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** What is asked of the classes that need no store, and what they answer. */
final class TekmatchTest {
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
    Testing.end();
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
}
