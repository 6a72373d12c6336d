package jp.tekmatch;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Collections;

/**
 * Prints what a check of one export finds, for check_java.sh, which compares it with the tool:
 *
 * <pre>
 *   Describe EXPORT SIGHTINGS.csv NOW [KEY_ID KEY_VERSION PUBLIC_KEY.pem]
 * </pre>
 *
 * Without a key the file may be unsigned. The windows' order means nothing.
 */
final class Describe {
  public static void main(String[] args) throws Exception {
    String csv = new String(Files.readAllBytes(Paths.get(args[1])), StandardCharsets.US_ASCII);
    CheckOptions options = new CheckOptions(Long.parseLong(args[2]), Testing.TOKYO);
    options.config("cocoa");
    Trust.Builder trust = new Trust.Builder();
    if (args.length == 3) {
      options.allowUnsigned();
    } else {
      byte[] pem = Files.readAllBytes(Paths.get(args[5]));
      options.policy("cocoa-3", Testing.TOKYO);
      trust.addSet(new TrustedKey(args[3], args[4], pem));
    }
    try (Trust built = trust.build();
        Sightings sightings = Testing.heard(csv);
        SightingIndex index = new SightingIndex(sightings)) {
      Source source = Source.path(args[0]);
      Result result = Check.run(index, built, Collections.singletonList(source), options);
      System.out.write(Testing.describe(result).getBytes(StandardCharsets.UTF_8));
      System.out.flush();
    }
  }
}
