import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import jp.tekmatch.CheckOptions;
import jp.tekmatch.Result;
import jp.tekmatch.Sightings;
import jp.tekmatch.Source;
import jp.tekmatch.Store;
import jp.tekmatch.TekmatchException;
import jp.tekmatch.Trust;
import jp.tekmatch.TrustedKey;

/**
 * What an app does day after day: it adds what it heard to a store, and checks the exports that are
 * new.
 *
 * <pre>
 *   java Daily FOLDER KEY_ID KEY_VERSION PUBLIC_KEY.pem NOW EXPORT... &lt; SIGHTINGS
 *   java Daily FOLDER     forgets everything
 * </pre>
 */
public final class Daily {
  private static volatile boolean stopped; // set where the system wants an end
  private static volatile long numKeysRead; // for a progress bar

  public static void main(String[] args) throws Exception {
    if (args.length == 1) {
      forget(args[0]);
      return;
    }
    long now = Long.parseLong(args[4]);
    Sightings scan = new Sightings();
    Dates.readSightings(scan);
    TrustedKey key = new TrustedKey(args[1], args[2], Files.readAllBytes(Paths.get(args[3])));
    List<Source> exports = new ArrayList<>();
    for (int i = 5; i < args.length; ++i) exports.add(Source.path(args[i]));
    CheckOptions options =
        new CheckOptions(now, "Asia/Tokyo").policy("cocoa-3", "Asia/Tokyo").config("cocoa");
    // Both come from any thread, one at a time.
    options.cancelled(() -> stopped).progress((numFiles, numKeys) -> numKeysRead = numKeys);

    try (Store store = open(args[0]);
        Trust trust = Trust.of(key)) {
      store.add(scan, now); // from the callback of a scan, as often as one likes
      Result result = store.check(trust, exports, options.maxMilliseconds(20_000));
      for (Result.Given given : result.stored().given) {
        System.out.println(given.name + ": " + given.state); // NOT_REACHED: give it again
      }
      if (result.isComplete()) {
        result.requireComparison();
        for (Result.Day day : result.days()) System.out.println(day.date);
      }
    }
  }

  private static void forget(String folder) throws TekmatchException {
    try (Store store = open(folder)) {
      if (!store.forget()) System.out.println("another process reads the store: call it again");
    }
  }

  /** What is damaged is set aside, never emptied. */
  private static Store open(String folder) throws TekmatchException {
    try {
      return Store.open(folder, Store.Mode.CREATE);
    } catch (TekmatchException.DataLoss e) {
      Store.setAside(folder);
      return Store.open(folder, Store.Mode.CREATE);
    }
  }
}
