import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Collections;
import jp.tekmatch.Check;
import jp.tekmatch.CheckOptions;
import jp.tekmatch.Result;
import jp.tekmatch.SightingIndex;
import jp.tekmatch.Sightings;
import jp.tekmatch.Source;
import jp.tekmatch.TekmatchException;
import jp.tekmatch.Trust;
import jp.tekmatch.TrustedKey;

/**
 * On which days was the owner of a phone in contact with somebody of an export?
 *
 * <pre>
 *   java Dates EXPORT KEY_ID KEY_VERSION PUBLIC_KEY.pem NOW &lt; SIGHTINGS
 * </pre>
 *
 * A sighting is a line "unix_seconds,rpi,aem,rssi"; other lines are counted. Dates are Japan's, and
 * the rules are those of COCOA. An app asks its clock instead of taking NOW (seconds since 1970).
 */
public final class Dates {
  public static void main(String[] args) throws Exception {
    Sightings sightings = new Sightings();
    long numBad = readSightings(sightings);
    byte[] pem = Files.readAllBytes(Paths.get(args[3]));
    CheckOptions options =
        new CheckOptions(Long.parseLong(args[4]), "Asia/Tokyo")
            .policy("cocoa-3", "Asia/Tokyo")
            .config("cocoa")
            .badSightings(numBad);
    try (Trust trust = Trust.of(new TrustedKey(args[1], args[2], pem));
        SightingIndex index = new SightingIndex(sightings)) {
      Source export = Source.path(args[0]);
      tell(Check.run(index, trust, Collections.singletonList(export), options), numBad);
    } catch (TekmatchException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    } finally {
      sightings.close(); // overwrites what was heard
    }
  }

  /** Says what was found, in the order in which to ask. */
  private static void tell(Result result, long numBad) throws TekmatchException {
    Result.PublishedFile file = result.files().get(0);
    if (!result.isComplete()) {
      System.err.println(file.name + ": " + file.reason);
      System.exit(1);
    }
    result.requireComparison(); // throws where "no contact" would rest on nothing
    Result.Counts counts = result.counts();
    System.out.println(
        String.format(
            "%d keys of a file that is %s, %d of the days of %d sightings (%d more lines are none)",
            counts.numKeys, file.verdict, counts.numComparedKeys, counts.numSightings, numBad));
    for (Result.Day day : result.days()) {
      String alert = day.alerting ? ", alert" : "";
      System.out.println(day.date + ": " + day.seconds / 60 + " minutes" + alert);
    }
  }

  /** Adds the good lines; returns how many are not. */
  static long readSightings(Sightings to) throws Exception {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    long numBad = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] fields = line.split(",");
      try {
        to.add(
            Long.parseLong(fields[0]),
            fromHex(fields[1]),
            fromHex(fields[2]),
            Integer.parseInt(fields[3]),
            Sightings.NO_PREVIOUS_SCAN);
      } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
        ++numBad;
      }
    }
    return numBad;
  }

  private static byte[] fromHex(String text) {
    byte[] bytes = new byte[text.length() / 2];
    for (int i = 0; i < bytes.length; ++i) {
      bytes[i] = (byte) Integer.parseInt(text.substring(2 * i, 2 * i + 2), 16);
    }
    return bytes;
  }
}
