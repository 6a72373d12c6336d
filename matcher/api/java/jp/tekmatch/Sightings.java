package jp.tekmatch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/**
 * What a phone heard, on its way to the library: rows that are added one by one or as arrays, and
 * given away in one piece. It belongs to one thread at a time. close() overwrites what it holds.
 */
public final class Sightings implements AutoCloseable {
  /** Of secondsSincePreviousScan: there was none, or it is not known. */
  public static final int NO_PREVIOUS_SCAN = -1;

  private static final int RPI_BYTES = 16;
  private static final int AEM_BYTES = 4;
  // tekmatch_sighting: seconds (8 bytes), RPI, AEM, RSSI (2), 2 reserved, seconds since the
  // previous scan (4), 4 reserved.
  private static final int ROW_BYTES = 40;
  private static final int MAX_ROWS = (Integer.MAX_VALUE - 8) / ROW_BYTES;

  private byte[] rows = new byte[16 * ROW_BYTES];
  private int numRows;

  /** How many were added. */
  public int size() {
    return numRows;
  }

  /**
   * Adds a sighting, copying what it is given.
   *
   * @param unixSeconds 1970 to 2099, which SightingIndex checks
   * @param rpi 16 bytes
   * @param aem 4 bytes
   * @param rssi in dBm, -128 to 20, corrected for the device
   * @param secondsSincePreviousScan from the scan before to the one that heard this, or
   *     NO_PREVIOUS_SCAN
   */
  public void add(
      long unixSeconds, byte[] rpi, byte[] aem, int rssi, int secondsSincePreviousScan) {
    checkLength(rpi, RPI_BYTES, "rpi");
    checkLength(aem, AEM_BYTES, "aem");
    checkRssi(rssi);
    checkSeconds(secondsSincePreviousScan);
    put(room(1), unixSeconds, rpi, 0, aem, 0, rssi, secondsSincePreviousScan);
    ++numRows;
  }

  /**
   * Adds as many as unixSeconds is long, or none where it throws.
   *
   * @param rpis 16 bytes each, one after another
   * @param aems 4 bytes each
   * @param secondsSincePreviousScan null: NO_PREVIOUS_SCAN of all
   */
  public void addAll(
      long[] unixSeconds,
      byte[] rpis,
      byte[] aems,
      short[] rssi,
      int[] secondsSincePreviousScan) {
    int n = Objects.requireNonNull(unixSeconds, "unixSeconds").length;
    checkLength(rpis, (long) n * RPI_BYTES, "rpis");
    checkLength(aems, (long) n * AEM_BYTES, "aems");
    if (Objects.requireNonNull(rssi, "rssi").length != n) {
      throw new IllegalArgumentException("rssi has " + rssi.length + " of " + n + " sightings");
    }
    if (secondsSincePreviousScan != null && secondsSincePreviousScan.length != n) {
      throw new IllegalArgumentException(
          "secondsSincePreviousScan has "
              + secondsSincePreviousScan.length
              + " of "
              + n
              + " sightings");
    }
    for (int i = 0; i < n; ++i) {
      checkRssi(rssi[i]);
      if (secondsSincePreviousScan != null) checkSeconds(secondsSincePreviousScan[i]);
    }
    ByteBuffer to = room(n);
    for (int i = 0; i < n; ++i) {
      int since =
          secondsSincePreviousScan == null ? NO_PREVIOUS_SCAN : secondsSincePreviousScan[i];
      put(to, unixSeconds[i], rpis, i * RPI_BYTES, aems, i * AEM_BYTES, rssi[i], since);
    }
    numRows += n;
  }

  /** Overwrites all rows. The object cannot be used afterwards. */
  @Override
  public void close() {
    if (rows == null) return;
    Arrays.fill(rows, (byte) 0);
    rows = null;
    numRows = 0;
  }

  /** The array itself; rows from size() on mean nothing. */
  byte[] rows() {
    if (rows == null) throw new IllegalStateException("Sightings is closed");
    return rows;
  }

  private static void put(
      ByteBuffer to,
      long unixSeconds,
      byte[] rpis,
      int rpi,
      byte[] aems,
      int aem,
      int rssi,
      int secondsSincePreviousScan) {
    to.putLong(unixSeconds)
        .put(rpis, rpi, RPI_BYTES)
        .put(aems, aem, AEM_BYTES)
        .putShort((short) rssi)
        .putShort((short) 0)
        .putInt(secondsSincePreviousScan)
        .putInt(0);
  }

  /** Where the next n rows go. */
  private ByteBuffer room(int n) {
    byte[] old = rows();
    if (n > MAX_ROWS - numRows) {
      throw new IllegalArgumentException("more than " + MAX_ROWS + " sightings at once");
    }
    int needed = (numRows + n) * ROW_BYTES;
    if (needed > old.length) {
      int grown = (int) Math.min(2L * old.length, (long) MAX_ROWS * ROW_BYTES);
      rows = Arrays.copyOf(old, Math.max(needed, grown));
      Arrays.fill(old, (byte) 0);
    }
    return ByteBuffer.wrap(rows, numRows * ROW_BYTES, n * ROW_BYTES)
        .order(ByteOrder.nativeOrder());
  }

  private static void checkLength(byte[] bytes, long length, String name) {
    if (Objects.requireNonNull(bytes, name).length != length) {
      throw new IllegalArgumentException(
          name + " has " + bytes.length + " bytes, not " + length);
    }
  }

  private static void checkRssi(int rssi) {
    if (rssi < -128 || rssi > 20) {
      throw new IllegalArgumentException("an rssi is " + rssi + ", not in -128..20");
    }
  }

  private static void checkSeconds(int seconds) {
    if (seconds < NO_PREVIOUS_SCAN) {
      throw new IllegalArgumentException("a secondsSincePreviousScan is negative");
    }
  }
}
