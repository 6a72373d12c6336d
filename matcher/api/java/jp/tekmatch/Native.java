package jp.tekmatch;

/**
 * What libtekmatch_jni does (matcher/api/java/jni.cc), which is loaded with this class. Strings are
 * UTF-8 that ends with NUL ({@link Text}); null is NULL. Handles are alive during the call
 * ({@link NativeHandle}). All methods may throw OutOfMemoryError.
 */
final class Native {
  /** TEKMATCH_VERSION_NUMBER of the header for which these classes were written. */
  static final int VERSION_NUMBER = 10000;

  private Native() {}

  static {
    System.loadLibrary("tekmatch_jni");
    if (!isCompatible(VERSION_NUMBER)) {
      throw new UnsatisfiedLinkError(
          "libtekmatch_jni is of version "
              + versionNumber()
              + ", which does not go with classes of version "
              + VERSION_NUMBER);
    }
    registerOthers();
  }

  // These three are there in every version.
  static native boolean isCompatible(int headerVersionNumber);

  static native int versionNumber();

  private static native void registerOthers();

  static native byte[][] kernelNames();

  /** Sets one after another: the first setSizes[0] keys are the first set, and so on. */
  static native long trustCreate(byte[][] ids, byte[][] versions, byte[][] keys, int[] setSizes)
      throws TekmatchException;

  static native void trustDestroy(long trust);

  /** Rows as {@link Sightings} has them. */
  static native long indexCreate(byte[] rows, int numRows) throws TekmatchException;

  static native long indexNumSightings(long index);

  static native void indexDestroy(long index);

  /**
   * The result, as {@link Result} reads it, of an index or of a store; the other one is 0. A source
   * of kind CALLBACK is read by callbacks.read(position, ...).
   */
  static native byte[] check(
      long index,
      long store,
      long trust,
      byte[][] names,
      int[] kinds,
      int[] descriptors,
      long[] sizes,
      Callbacks callbacks,
      int flags,
      long now,
      long asOf,
      byte[] policy,
      byte[] policyZone,
      byte[] config,
      byte[] zone,
      byte[] kernel,
      byte[] ownKeys,
      int numThreads,
      long numBadSightings,
      boolean dropKeys,
      long maxMilliseconds)
      throws TekmatchException;

  static native long storeOpen(byte[] folder, int flags, long retentionSeconds)
      throws TekmatchException;

  static native void storeDestroy(long store);

  static native void storeSetAside(byte[] folder) throws TekmatchException;

  /** numAdded, numKnown, numTooOld, numInFuture. */
  static native long[] storeAdd(long store, byte[] rows, int numRows, long now)
      throws TekmatchException;

  /** clockJump, erased, numRemoved, numInFuture. */
  static native long[] storeRetain(long store, long now) throws TekmatchException;

  static native boolean storeForget(long store) throws TekmatchException;

  /**
   * numSetAside, numSightings, numExports, numKeysKept, bytesOnDisk, processedUntil; year, month,
   * day of the oldest day, and of the newest.
   */
  static native long[] storeStatus(long store) throws TekmatchException;

  /** tekmatch_decision, a row each. `keys`: tekmatch_own_key, a row each. */
  static native byte[] selectKeys(
      byte[] keys,
      int numKeys,
      int year,
      int month,
      int day,
      boolean byTestDate,
      long registered,
      byte[] policy,
      byte[] zone)
      throws TekmatchException;

  /** A tekmatch_decision. */
  static native byte[] judgeContact(
      int rollingStart,
      int reportType,
      int daysSinceOnset,
      long exportStart,
      long exportEnd,
      long unixSeconds,
      byte[] policy,
      byte[] zone)
      throws TekmatchException;

  static native byte[] windowReasonName(int reason);
}
