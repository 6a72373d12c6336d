package jp.tekmatch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/** What the tests share: cases that are counted, checks, and the demonstration's world. */
final class Testing {
  private Testing() {}

  interface Body {
    void run() throws Exception;
  }

  interface Cause {
    Object run() throws Exception;
  }

  private static int numPassed;
  private static final List<String> FAILED = new ArrayList<>();

  static void test(String name, Body body) {
    try {
      body.run();
      ++numPassed;
    } catch (Throwable t) {
      FAILED.add(name);
      System.out.println("failed: " + name);
      t.printStackTrace(System.out);
    }
  }

  /** Prints the sum; the exit status is that of the run. */
  static void end() {
    System.out.println(numPassed + " passed, " + FAILED.size() + " failed");
    System.exit(FAILED.isEmpty() && numPassed > 0 ? 0 : 1);
  }

  static void check(boolean right, String what) {
    if (!right) throw new AssertionError(what);
  }

  static void equal(Object found, Object right) {
    if (!Objects.equals(found, right)) {
      throw new AssertionError("found: " + found + "\nright: " + right);
    }
  }

  /** Returns what is thrown, which has to be of exactly this class. */
  static <T extends Throwable> T throwsA(Class<T> right, Cause cause) {
    Object found;
    try {
      found = cause.run();
    } catch (Throwable t) {
      if (t.getClass() != right) throw new AssertionError("not " + right, t);
      return right.cast(t);
    }
    throw new AssertionError("returned " + found + " instead of throwing " + right);
  }

  // ---- The demonstration's world ----

  static final Path WORLD = Paths.get(System.getProperty("tekmatch.world"));
  static final long NOW = 1608130799; // 2020-12-16T23:59:59+09:00
  static final String TOKYO = "Asia/Tokyo";

  static byte[] read(String name) {
    try {
      return Files.readAllBytes(WORLD.resolve(name));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static final byte[] EXPORT = read("export.zip");
  static final byte[] PEM = read("public.pem");
  static final byte[] EMPTY_EXPORT = new byte[0];

  static TrustedKey key() {
    return new TrustedKey("440", "v1", PEM);
  }

  static Trust trust() throws TekmatchException {
    return Trust.of(key());
  }

  static Sightings heard() {
    return heard(new String(read("sightings.csv"), StandardCharsets.US_ASCII));
  }

  /** Of CSV: time, RPI, AEM, RSSI, after a header. */
  static Sightings heard(String csv) {
    Sightings sightings = new Sightings();
    String[] lines = csv.split("\n");
    for (int i = 1; i < lines.length; ++i) {
      String[] fields = lines[i].split(",");
      sightings.add(
          Long.parseLong(fields[0]),
          fromHex(fields[1]),
          fromHex(fields[2]),
          Integer.parseInt(fields[3]),
          Sightings.NO_PREVIOUS_SCAN);
    }
    return sightings;
  }

  static SightingIndex index() throws TekmatchException {
    try (Sightings sightings = heard()) {
      return new SightingIndex(sightings);
    }
  }

  static CheckOptions options() {
    return new CheckOptions(NOW, TOKYO).policy("cocoa-3", TOKYO).config("cocoa");
  }

  static List<Source> export() {
    return Collections.singletonList(Source.bytes("export.zip", EXPORT));
  }

  static byte[] fromHex(String text) {
    byte[] bytes = new byte[text.length() / 2];
    for (int i = 0; i < bytes.length; ++i) {
      bytes[i] = (byte) Integer.parseInt(text.substring(2 * i, 2 * i + 2), 16);
    }
    return bytes;
  }

  /** Resident memory of this process, in KiB. */
  static long residentKib() {
    try {
      for (String line : Files.readAllLines(Paths.get("/proc/self/status"))) {
        if (line.startsWith("VmRSS:")) return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    throw new AssertionError("no VmRSS");
  }

  // ---- All of a result, as text ----

  static String describe(Result result) throws TekmatchException {
    StringBuilder to = new StringBuilder();
    for (Result.PublishedFile file : result.files()) {
      to.append(String.format("file %s %s %s\n", file.verdict, file.accepted, file.numKeys));
    }
    to.append(
        String.format(
            "compared %d, sightings %d\n",
            result.counts().numComparedKeys, result.counts().numSightings));
    result.requireComparison();
    for (Result.DateCount date : result.dates()) {
      to.append(String.format("date %s %d %d\n", date.date, date.numKeys, date.numSightings));
    }
    for (Result.Day day : result.days()) {
      to.append(
          String.format(
              "day %s %d %d %d %s %.4f %.4f %.4f\n",
              day.date,
              day.seconds,
              day.numWindows,
              day.numKeys,
              day.alerting,
              day.all.maximumScore,
              day.all.scoreSum,
              day.all.weightedDurationSum));
    }
    for (Result.Window window : result.windows()) {
      to.append(String.format("window %s %d", window.date, window.calibrationConfidence));
      for (Result.Scan scan : window.scans) {
        to.append(
            String.format(
                " %d,%d,%d",
                scan.secondsSinceLastScan, scan.typicalAttenuation, scan.minAttenuation));
      }
      to.append('\n');
    }
    Result.Notice notice = result.notice();
    to.append(
        String.format(
            "notice %s %s %d %s %s\n",
            notice.today,
            notice.since,
            notice.numContacts,
            notice.consultationJapanese,
            notice.consultationEnglish));
    to.append(
        String.format(
            "version 1: %d %d %d %d %s\n",
            notice.numMatchedKeys,
            notice.daysSinceLastExposure,
            notice.maximumRiskScore,
            notice.summationRiskScore,
            notice.attenuationMinutes));
    return to.toString();
  }

  static Result run(List<Source> sources, CheckOptions options) throws Exception {
    try (SightingIndex index = index();
        Trust trust = trust()) {
      return Check.run(index, trust, sources, options);
    }
  }

  static String right() throws Exception {
    return describe(run(export(), options()));
  }
}
