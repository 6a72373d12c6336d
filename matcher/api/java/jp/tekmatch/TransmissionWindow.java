package jp.tekmatch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.LocalDate;
import java.util.Objects;

/** The rule of which contacts count, by itself; and which of a person's own keys go out by it. */
public final class TransmissionWindow {
  private TransmissionWindow() {}

  /** Of reportType and daysSinceOnset: not known. */
  public static final int MISSING = Integer.MIN_VALUE;

  private static final int DECISION_BYTES = 16;

  /** Whether a key goes out, or a contact counts. */
  public static final class Decision {
    public final boolean counts;

    /** "in_window" and so on. */
    public final String reason;

    /** What is published with the key, not limited to -14..14. 0 of a contact. */
    public final int daysSinceOnset;

    private Decision(ByteBuffer row) {
      counts = row.getInt() != 0;
      reason = Text.fromC(Native.windowReasonName(row.getInt()));
      daysSinceOnset = row.getInt();
      row.getInt();
    }
  }

  /**
   * Which of a person's own keys go out: a decision for each.
   *
   * @param rollingStarts of the keys, in intervals
   * @param rollingPeriods as many, 1 to 144
   * @param onsetOrTest the first symptoms, or else the test
   * @param byTestDate no symptoms: it is the test's date
   * @param registered when the person registered, in seconds since 1970
   * @param policy as CheckOptions.policy
   * @throws TekmatchException InvalidArgument: what is out of its range
   */
  public static Decision[] selectKeys(
      int[] rollingStarts,
      int[] rollingPeriods,
      LocalDate onsetOrTest,
      boolean byTestDate,
      long registered,
      String policy,
      String zone)
      throws TekmatchException {
    int n = Objects.requireNonNull(rollingStarts, "rollingStarts").length;
    if (Objects.requireNonNull(rollingPeriods, "rollingPeriods").length != n) {
      throw new IllegalArgumentException(
          "rollingPeriods has " + rollingPeriods.length + " of " + n + " keys");
    }
    int year = Objects.requireNonNull(onsetOrTest, "onsetOrTest").getYear();
    if (year < 0 || year > Short.MAX_VALUE) throw new IllegalArgumentException("no such year");
    ByteBuffer keys = ByteBuffer.allocate(Math.multiplyExact(n, 8));
    keys.order(ByteOrder.nativeOrder());
    for (int i = 0; i < n; ++i) {
      if (rollingStarts[i] < 0 || rollingPeriods[i] < 0) {
        throw new IllegalArgumentException("a key's interval is negative");
      }
      keys.putInt(rollingStarts[i]).putInt(rollingPeriods[i]);
    }
    byte[] decided =
        Native.selectKeys(
            keys.array(),
            n,
            year,
            onsetOrTest.getMonthValue(),
            onsetOrTest.getDayOfMonth(),
            byTestDate,
            registered,
            Text.required(policy, "policy"),
            Text.required(zone, "zone"));
    ByteBuffer rows = ByteBuffer.wrap(decided).order(ByteOrder.nativeOrder());
    Decision[] decisions = new Decision[decided.length / DECISION_BYTES];
    for (int i = 0; i < decisions.length; ++i) decisions[i] = new Decision(rows);
    return decisions;
  }

  /**
   * Whether a contact with a published key counts.
   *
   * @param rollingStart of the key, an interval
   * @param reportType 0..5, or MISSING
   * @param daysSinceOnset -14..14, or MISSING
   * @param exportStart the export's timestamp, 0 where it has none; so exportEnd
   * @param unixSeconds of the contact
   * @throws TekmatchException InvalidArgument: what is out of its range
   */
  public static Decision judgeContact(
      int rollingStart,
      int reportType,
      int daysSinceOnset,
      long exportStart,
      long exportEnd,
      long unixSeconds,
      String policy,
      String zone)
      throws TekmatchException {
    if (rollingStart < 0) throw new IllegalArgumentException("rollingStart is negative");
    byte[] decided =
        Native.judgeContact(
            rollingStart,
            reportType,
            daysSinceOnset,
            exportStart,
            exportEnd,
            unixSeconds,
            Text.required(policy, "policy"),
            Text.required(zone, "zone"));
    return new Decision(ByteBuffer.wrap(decided).order(ByteOrder.nativeOrder()));
  }
}
