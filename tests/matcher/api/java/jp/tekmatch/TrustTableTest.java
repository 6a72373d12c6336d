package jp.tekmatch;

import static jp.tekmatch.Testing.check;
import static jp.tekmatch.Testing.equal;
import static jp.tekmatch.Testing.test;
import static jp.tekmatch.Testing.throwsA;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Signature lists under every trust and all options: as tests/matcher/api/trust_table_test.cc, for
 * apps in Java. What has to come of each is in the table of write_trust_table.cc, by a rule that
 * knows nothing of the library.
 */
final class TrustTableTest {
  private static final Path FOLDER = Paths.get(System.getProperty("tekmatch.trust"));
  private static final int NUM_KEYS = 3; // of each export

  private static final Map<String, byte[]> READ = new HashMap<>();
  private static final Map<String, Trust> TRUSTS = new HashMap<>();
  private static long now;
  private static long numMatches; // of an export that counts
  private static int numAccepted;
  private static int numRefused;

  public static void main(String[] args) throws Exception {
    String[] lines = text("table").split("\n");
    now = Long.parseLong(lines[0]);
    try (Sightings sightings = Testing.heard(text("sightings.csv"));
        SightingIndex index = new SightingIndex(sightings)) {
      test("the check follows the rule", () -> followsTheRule(index, lines));
      test("the rule accepts and refuses", TrustTableTest::acceptsAndRefuses);
    }
    for (Trust trust : TRUSTS.values()) trust.close();
    Testing.end();
  }

  private static void followsTheRule(SightingIndex index, String[] lines) throws Exception {
    for (int i = 1; i < lines.length; ++i) {
      String[] fields = lines[i].split(" ");
      equal(fields.length, 6);
      for (boolean skipBadFiles : new boolean[] {false, true}) {
        try {
          followsTheRule(index, fields, skipBadFiles);
        } catch (Throwable t) {
          throw new AssertionError(lines[i] + ", skip " + skipBadFiles, t);
        }
      }
    }
  }

  private static void followsTheRule(SightingIndex index, String[] fields, boolean skipBadFiles)
      throws Exception {
    boolean isValid = fields[3].equals("1");
    boolean isAccepted = fields[4].equals("1");
    CheckOptions options = new CheckOptions(now, Testing.TOKYO);
    if (fields[1].equals("1")) options.allowUnsigned();
    if (fields[2].equals("1")) options.noVerify();
    if (skipBadFiles) options.skipBadFiles();
    Source source = Source.bytes(fields[0], read(fields[0]));
    Result result =
        Check.run(index, trust(fields[5]), Collections.singletonList(source), options);
    equal(result.files().size(), 1);
    Result.PublishedFile file = result.files().get(0);
    equal(file.name, fields[0]);
    equal(file.accepted, isAccepted);
    equal(file.verified, isValid);
    Result.Counts counts = result.counts();
    equal(counts.numAcceptedFiles, isAccepted ? 1L : 0L);
    equal(counts.numKeys, isAccepted ? (long) NUM_KEYS : 0L);
    if (numMatches == 0) numMatches = counts.numMatches;
    equal(counts.numMatches, isAccepted ? numMatches : 0L);
    equal(result.isComplete(), isAccepted || skipBadFiles);
    if (isAccepted) {
      ++numAccepted;
      result.requireComparison();
      equal(result.dates().size(), 1);
    } else {
      ++numRefused;
      // No "no contact" comes of it either.
      Class<? extends Throwable> refusal =
          skipBadFiles
              ? TekmatchException.DataLoss.class
              : TekmatchException.FailedPrecondition.class;
      throwsA(refusal, () -> {
        result.requireComparison();
        return null;
      });
    }
  }

  /** Else a table that is empty, or exports that nobody was near, would say nothing. */
  private static void acceptsAndRefuses() {
    check(numAccepted > 100, "accepted: " + numAccepted);
    check(numRefused > 100, "refused: " + numRefused);
    check(numMatches >= NUM_KEYS, "matches: " + numMatches);
  }

  /** Of sets with commas between them, of ID=VERSION=KEY.pem or ID=KEY.pem with & between them. */
  private static Trust trust(String text) throws Exception {
    Trust known = TRUSTS.get(text);
    if (known != null) return known;
    Trust.Builder builder = new Trust.Builder();
    for (String set : text.equals("nobody") ? new String[0] : text.split(",")) {
      List<TrustedKey> keys = new ArrayList<>();
      for (String key : set.split("&")) {
        String[] parts = key.split("=");
        String version = parts.length == 3 ? parts[1] : null;
        keys.add(new TrustedKey(parts[0], version, read(parts[parts.length - 1])));
      }
      builder.addSet(keys.toArray(new TrustedKey[0]));
    }
    Trust trust = builder.build();
    TRUSTS.put(text, trust);
    return trust;
  }

  private static byte[] read(String name) throws IOException {
    byte[] known = READ.get(name);
    if (known == null) {
      known = Files.readAllBytes(FOLDER.resolve(name));
      READ.put(name, known);
    }
    return known;
  }

  private static String text(String name) throws IOException {
    return new String(read(name), StandardCharsets.US_ASCII);
  }
}
