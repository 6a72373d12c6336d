package jp.tekmatch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What a check found. It has none of the library's memory, needs no closing and does not change.
 *
 * <p>What to ask, in this order: isComplete(), and where it is not, the reasons of files();
 * requireComparison(); then what was found. The methods that tell what was found throw
 * IllegalStateException where the result is not complete, where requireComparison() was not called
 * before, and, but for dates(), where the check had no configuration.
 */
public final class Result {
  private static final int SHA256_BYTES = 32;
  private static final int NUM_REPORT_TYPES = 6;

  private final Counts counts;
  private final List<PublishedFile> files;
  private final Stored stored; // null: not of a store's check
  private final int comparedStatus;
  private final String comparedMessage;
  private final List<DateCount> dates;
  private final List<Day> days; // null: no configuration, as windows and notice
  private final List<Window> windows;
  private final Notice notice;
  private volatile boolean asked;

  /** Reads what jni.cc wrote: the order and the widths are the same there. */
  Result(byte[] found) {
    Reader in = new Reader(found);
    counts = new Counts(in);
    files = in.list(PublishedFile::new);
    stored = in.bool() ? new Stored(in) : null;
    comparedStatus = in.int32();
    comparedMessage = in.text();
    if (!counts.complete) {
      dates = null;
      days = null;
      windows = null;
      notice = null;
      return;
    }
    dates = in.list(DateCount::new);
    if (!in.bool()) {
      days = null;
      windows = null;
      notice = null;
      return;
    }
    days = in.list(Day::new);
    List<Scan> scans = in.list(Scan::new);
    windows = in.list(reader -> new Window(reader, scans));
    notice = new Notice(in);
  }

  /** Every file counts, or was to be skipped. Otherwise nothing was found of any. */
  public boolean isComplete() {
    return counts.complete;
  }

  public Counts counts() {
    return counts;
  }

  /** In the order of publication. */
  public List<PublishedFile> files() {
    return files;
  }

  /**
   * Whether "no contact" would rest on anything. A contact that the methods below tell stands
   * whatever this says; that they tell of none means nothing after DataLoss.
   *
   * @throws TekmatchException DataLoss: there was no key to compare with a sighting; the message
   *     says what was lacking. FailedPrecondition: the result is not complete
   */
  public void requireComparison() throws TekmatchException {
    asked = true;
    if (comparedStatus != 0) throw TekmatchException.of(comparedStatus, comparedMessage);
  }

  /** Dates with a match, ascending; needs no configuration. */
  public List<DateCount> dates() {
    checkAsked();
    return dates;
  }

  /** Daily summaries, as the platform gives them to apps; ascending. */
  public List<Day> days() {
    checkConfigured();
    return days;
  }

  /** Exposure windows, as the platform gives them to apps. */
  public List<Window> windows() {
    checkConfigured();
    return windows;
  }

  /** What a notice to the phone's owner says, beside the days. */
  public Notice notice() {
    checkConfigured();
    return notice;
  }

  /** What the store did. IllegalStateException: it was not a store's check. */
  public Stored stored() {
    if (stored == null) throw new IllegalStateException("the result is of no store's check");
    return stored;
  }

  private void checkAsked() {
    if (!counts.complete) {
      throw new IllegalStateException("the result is not complete: files() says why");
    }
    if (!asked) throw new IllegalStateException("requireComparison() was not called");
  }

  private void checkConfigured() {
    checkAsked();
    if (days == null) throw new IllegalStateException("the check had no configuration");
  }

  /** Counts of files, keys, sightings and matches. */
  public static final class Counts {
    private final boolean complete;
    public final long numFiles;
    public final long numAcceptedFiles;

    /** Of files that count, as the next two; all of these are 0 where it is not complete. */
    public final long numKeys;

    public final long numRejectedKeys;
    public final long numOwnKeys;

    /** In use when anything was heard. */
    public final long numComparedKeys;

    public final long numSightings;
    public final long numMatches;

    /** What did not count, as the rest: sightings of a key, but at the wrong time. */
    public final long numOutsideTolerance;

    public final long numOutsideWindow;
    public final long numReplayed;
    public final long numTxPowerOutOfBounds;
    public final long numRevoked;
    public final long numRecursive;
    public final long numOwnMatches;

    /**
     * Files that could not be compared with all sightings, since their keys were not kept
     * (CheckOptions.dropKeys): a contact may be missing.
     */
    public final long numPartlyComparedFiles;

    private Counts(Reader in) {
      complete = in.bool();
      numFiles = in.int64();
      numAcceptedFiles = in.int64();
      numKeys = in.int64();
      numRejectedKeys = in.int64();
      numOwnKeys = in.int64();
      numComparedKeys = in.int64();
      numSightings = in.int64();
      numMatches = in.int64();
      numOutsideTolerance = in.int64();
      numOutsideWindow = in.int64();
      numReplayed = in.int64();
      numTxPowerOutOfBounds = in.int64();
      numRevoked = in.int64();
      numRecursive = in.int64();
      numOwnMatches = in.int64();
      numPartlyComparedFiles = in.int64();
    }
  }

  /** A file and its verdict. */
  public static final class PublishedFile {
    public final String name;

    /** "valid", "no_trusted_key", "malformed" and so on. */
    public final String verdict;

    /** Why it is not accepted; or "". */
    public final String reason;

    /** The name of the file that counts in its place, with the same content; or "". */
    public final String copyOf;

    public final boolean accepted;

    /** A trusted key signed it. */
    public final boolean verified;

    /** Read, rejected ones included. */
    public final long numKeys;

    public final long numRejectedKeys;
    private final byte[] sha256;

    private PublishedFile(Reader in) {
      accepted = in.bool();
      verified = in.bool();
      numKeys = in.int64();
      numRejectedKeys = in.int64();
      sha256 = in.bytes(SHA256_BYTES);
      name = in.text();
      verdict = in.text();
      reason = in.text();
      copyOf = in.text();
    }

    /** Of export.bin, as phones list it; 32 bytes, 0 if it was not read whole. */
    public byte[] sha256() {
      return sha256.clone();
    }
  }

  /** What a store's check did with what it was given. */
  public static final class Stored {
    /** CheckOptions.maxMilliseconds was over before all was done. */
    public final boolean stopped;

    /** Exports that the store holds. */
    public final long numExports;

    /** Of them, those that no trusted key signed. */
    public final long numUntrusted;

    public final long numExpiredExports;

    /** What became of each file, in the order given. */
    public final List<Given> given;

    /** Names of files that have to be given once more. */
    public final List<String> neededAgain;

    private Stored(Reader in) {
      stopped = in.bool();
      numExports = in.int64();
      numUntrusted = in.int64();
      numExpiredExports = in.int64();
      given = in.list(Given::new);
      neededAgain = in.list(Reader::text);
    }
  }

  /** What became of a file that a store's check was given. */
  public static final class Given {
    /** By number of tekmatch_given_state. */
    public enum State {
      /** New, and now part of the store. */
      PROCESSED,
      /** Was part of it, by whatever name. */
      KNOWN,
      /** files() says why. */
      REFUSED,
      /** To be given again. */
      NOT_REACHED
    }

    public final State state;
    public final String name;

    private Given(Reader in) {
      state = State.values()[in.int32()];
      name = in.text();
    }
  }

  /** A date with matches. */
  public static final class DateCount {
    public final LocalDate date;

    /** Distinct. */
    public final long numKeys;

    public final long numSightings;

    private DateCount(Reader in) {
      date = in.date();
      numKeys = in.int64();
      numSightings = in.int64();
    }
  }

  /** What contacts add up to. */
  public static final class Sums {
    public final double maximumScore;
    public final double scoreSum;

    /** Seconds. */
    public final double weightedDurationSum;

    private Sums(Reader in) {
      maximumScore = in.float64();
      scoreSum = in.float64();
      weightedDurationSum = in.float64();
    }
  }

  /** A daily summary. */
  public static final class Day {
    public final LocalDate date;

    /** The day reaches the configuration's alert. */
    public final boolean alerting;

    /** Of contact. */
    public final long seconds;

    public final int numWindows;

    /** Distinct. */
    public final int numKeys;

    public final Sums all;

    /**
     * By number of the export format: unknown, confirmed test, confirmed clinical diagnosis,
     * self-report, recursive, revoked.
     */
    public final List<Sums> byReportType;

    private Day(Reader in) {
      date = in.date();
      alerting = in.bool();
      seconds = in.int64();
      numWindows = in.int32();
      numKeys = in.int32();
      all = new Sums(in);
      byReportType = in.list(NUM_REPORT_TYPES, Sums::new);
    }
  }

  /** An exposure window: at most 30 minutes with one key. */
  public static final class Window {
    public final LocalDate date;

    /** 1..3. */
    public final int reportType;

    /** 1 standard, 2 high. */
    public final int infectiousness;

    /** 0..3. */
    public final int calibrationConfidence;

    public final List<Scan> scans;

    private Window(Reader in, List<Scan> all) {
      date = in.date();
      reportType = in.int32();
      infectiousness = in.int32();
      calibrationConfidence = in.int32();
      int first = in.int32();
      scans = all.subList(first, first + in.int32());
    }
  }

  /** A scan in a window. */
  public static final class Scan {
    public final int secondsSinceLastScan;

    /** In dB, as the next. */
    public final int typicalAttenuation;

    public final int minAttenuation;

    private Scan(Reader in) {
      secondsSinceLastScan = in.int32();
      typicalAttenuation = in.int32();
      minAttenuation = in.int32();
    }
  }

  /** What a notice says, beside the days. */
  public static final class Notice {
    public final LocalDate today;

    /** Contacts of earlier dates are not told; null without such a limit. */
    public final LocalDate since;

    /** With contact; 0 means no contact if requireComparison() threw nothing. */
    public final int numDays;

    public final int numAlertingDays;

    /** People met, as far as one can tell: one that was met on two days is two. */
    public final int numContacts;

    /** Whose dates they are. */
    public final String zone;

    /** Whom to ask; "" where the configuration does not say. */
    public final String consultationJapanese;

    public final String consultationEnglish;

    /** Version 1 of the platform's summary, to the end. */
    public final int numMatchedKeys;

    public final int daysSinceLastExposure;
    public final int maximumRiskScore;

    /** Of the three buckets of attenuation. */
    public final List<Integer> attenuationMinutes;

    public final long summationRiskScore;

    private Notice(Reader in) {
      today = in.date();
      since = in.date();
      numDays = in.int32();
      numAlertingDays = in.int32();
      numContacts = in.int32();
      zone = in.text();
      consultationJapanese = in.text();
      consultationEnglish = in.text();
      numMatchedKeys = in.int32();
      daysSinceLastExposure = in.int32();
      maximumRiskScore = in.int32();
      attenuationMinutes = in.list(3, Reader::int32);
      summationRiskScore = in.int64();
    }
  }

  private interface Parse<T> {
    T next(Reader in);
  }

  /** What jni.cc's Snapshot writes. */
  private static final class Reader {
    private final ByteBuffer bytes;

    Reader(byte[] found) {
      bytes = ByteBuffer.wrap(found).order(ByteOrder.nativeOrder());
    }

    boolean bool() {
      return int32() != 0;
    }

    int int32() {
      return bytes.getInt();
    }

    long int64() {
      return bytes.getLong();
    }

    double float64() {
      return bytes.getDouble();
    }

    byte[] bytes(int num) {
      byte[] out = new byte[num];
      bytes.get(out);
      return out;
    }

    String text() {
      return Text.fromC(bytes(int32()));
    }

    /** Null where all of it is zero. */
    LocalDate date() {
      int year = int32();
      int month = int32();
      int day = int32();
      return month == 0 ? null : LocalDate.of(year, month, day);
    }

    <T> List<T> list(Parse<T> parse) {
      return list(int32(), parse);
    }

    <T> List<T> list(int num, Parse<T> parse) {
      List<T> list = new ArrayList<>(num);
      for (int i = 0; i < num; ++i) list.add(parse.next(this));
      return Collections.unmodifiableList(list);
    }
  }
}
