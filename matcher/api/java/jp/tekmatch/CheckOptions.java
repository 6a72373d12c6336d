package jp.tekmatch;

import java.util.Objects;

/**
 * By which rules a check goes. `now` and `zone` are required. A check reads all of it when it
 * begins; until then the object belongs to one thread.
 */
public final class CheckOptions {
  private static final int TEK_BYTES = 16;
  private static final int MAX_THREADS = 256;

  final long now;
  final byte[] zone;
  int flags;
  long asOf;
  byte[] policy;
  byte[] policyZone;
  byte[] config;
  byte[] kernel;
  byte[] ownKeys;
  int numThreads;
  long numBadSightings;
  boolean dropKeys;
  long maxMilliseconds;
  Check.Progress progress;
  Check.Cancelled cancelled;

  /**
   * @param now the caller's clock, in seconds since 1970; the library reads none
   * @param zone whose dates the result's are
   */
  public CheckOptions(long now, String zone) {
    if (now <= 0) throw new IllegalArgumentException("now is no time in seconds since 1970");
    this.now = now;
    this.zone = Text.required(zone, "zone");
  }

  /** Files that are not accepted are left out, instead of spoiling the result. */
  public CheckOptions skipBadFiles() {
    flags |= 1;
    return this;
  }

  /** Files without any signature are accepted. */
  public CheckOptions allowUnsigned() {
    flags |= 2;
    return this;
  }

  /** So are files of which no signature can be checked. */
  public CheckOptions noVerify() {
    flags |= 4;
    return this;
  }

  /** The time that findings are made for, instead of `now`. */
  public CheckOptions asOf(long unixSeconds) {
    if (unixSeconds <= 0) throw new IllegalArgumentException("asOf is no time since 1970");
    asOf = unixSeconds;
    return this;
  }

  /**
   * Which contacts count; all of them where this is not called.
   *
   * @param policy "none", "civil", "cocoa-1.2.1", "cocoa-3", or JSON
   * @param policyZone whose dates the policy's are; may be null with "none"
   */
  public CheckOptions policy(String policy, String policyZone) {
    byte[] read = Text.required(policy, "policy");
    this.policyZone = Text.toC(policyZone, "policyZone");
    this.policy = read;
    return this;
  }

  /**
   * What contacts add up to. Where this is not called there are no days, windows and notice.
   *
   * @param config "cocoa", "platform-default", or JSON
   */
  public CheckOptions config(String config) {
    this.config = Text.required(config, "config");
    return this;
  }

  /** One of Tekmatch.kernels(), instead of the fastest. */
  public CheckOptions kernel(String kernel) {
    this.kernel = Text.required(kernel, "kernel");
    return this;
  }

  /** The phone's own keys, 16 bytes each, one after another: they are no contact. Copied. */
  public CheckOptions ownKeys(byte[] keys) {
    if (Objects.requireNonNull(keys, "keys").length % TEK_BYTES != 0) {
      throw new IllegalArgumentException("keys has " + keys.length + " bytes, not 16 each");
    }
    ownKeys = keys.clone();
    return this;
  }

  /** Threads that work, the caller's among them: 1 to 256; 1 where this is not called. */
  public CheckOptions threads(int numThreads) {
    if (numThreads < 1 || numThreads > MAX_THREADS) {
      throw new IllegalArgumentException("numThreads is " + numThreads + ", not in 1..256");
    }
    this.numThreads = numThreads;
    return this;
  }

  /** Sightings that could not be read by the caller, for the message of requireComparison(). */
  public CheckOptions badSightings(long num) {
    if (num < 0) throw new IllegalArgumentException("num is negative");
    numBadSightings = num;
    return this;
  }

  /**
   * Of a store's check: keys that were not heard are not kept. Sightings that come after them then
   * need their exports again ({@link Result.Stored#neededAgain}).
   */
  public CheckOptions dropKeys() {
    dropKeys = true;
    return this;
  }

  /** Of a store's check: no new work is begun after so long; the next check goes on. */
  public CheckOptions maxMilliseconds(long max) {
    if (max <= 0) throw new IllegalArgumentException("max is " + max);
    maxMilliseconds = max;
    return this;
  }

  /** Null: none. */
  public CheckOptions progress(Check.Progress progress) {
    this.progress = progress;
    return this;
  }

  /** Null: none. */
  public CheckOptions cancelled(Check.Cancelled cancelled) {
    this.cancelled = cancelled;
    return this;
  }
}
