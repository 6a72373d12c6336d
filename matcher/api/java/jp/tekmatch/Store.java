package jp.tekmatch;

import java.io.IOException;
import java.time.LocalDate;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What an app remembers over weeks: sightings, and what was found in the exports that it was given.
 * A folder with a database in it, of which several may be open at once, in any processes.
 *
 * <p>Calls of one store wait for each other. So an app opens one for its scans and one for its
 * checks, which take longer. A callback of a store's check that calls that store gets an
 * IllegalStateException.
 *
 * <p>All methods throw, beside what each says: Unavailable, another connection is busy;
 * ResourceExhausted, the disk is full, or no memory; DataLoss, it is damaged ({@link #setAside}).
 * The process may be killed at any moment.
 */
public final class Store extends NativeHandle {
  /** How to open it. */
  public enum Mode {
    /** It is there. */
    EXISTING(0),
    /** Folder and database are made where they are missing. */
    CREATE(1),
    READ_ONLY(2);

    private final int flags;

    Mode(int flags) {
      this.flags = flags;
    }
  }

  /** What the clock did since it was last looked at, by more than two days. */
  public enum ClockJump {
    NONE,
    FORWARD,
    BACK
  }

  /** What became of sightings that were added. */
  public static final class Added {
    public final long numAdded;

    /** Were there already. */
    public final long numKnown;

    /** Not added: older than the retention. */
    public final long numTooOld;

    /** Of those given: more than a day after `now`. */
    public final long numInFuture;

    private Added(long[] row) {
      numAdded = row[0];
      numKnown = row[1];
      numTooOld = row[2];
      numInFuture = row[3];
    }
  }

  /** What retention removed. */
  public static final class Retained {
    /**
     * Other than NONE: nothing was removed. A clock that is back is believed from now on; one that
     * is ahead, when it is so still after an hour.
     */
    public final ClockJump clockJump;

    /** What was removed is gone from all files; else call again. */
    public final boolean erased;

    public final long numRemoved;

    /** Of those kept: more than a day after `now`. */
    public final long numInFuture;

    private Retained(long[] row) {
      clockJump = ClockJump.values()[(int) row[0]];
      erased = row[1] != 0;
      numRemoved = row[2];
      numInFuture = row[3];
    }
  }

  /** What is in a store. */
  public static final class Status {
    /** Damaged databases beside it. */
    public final long numSetAside;

    public final long numSightings;
    public final long numExports;
    public final long numKeysKept;
    public final long bytesOnDisk;

    /**
     * The latest end timestamp of an export, in seconds since 1970, as of the last check to which
     * nothing was lacking; 0 without. What is published later is still to be fetched.
     */
    public final long processedUntil;

    /** Of the sightings, in UTC; null without any. */
    public final LocalDate oldestDay;

    public final LocalDate newestDay;

    private Status(long[] row) {
      numSetAside = row[0];
      numSightings = row[1];
      numExports = row[2];
      numKeysKept = row[3];
      bytesOnDisk = row[4];
      processedUntil = row[5];
      oldestDay = date(row, 6);
      newestDay = date(row, 9);
    }

    private static LocalDate date(long[] row, int at) {
      return row[at + 1] == 0
          ? null
          : LocalDate.of((int) row[at], (int) row[at + 1], (int) row[at + 2]);
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private volatile Callbacks running; // of the check that has the lock

  private Store(long address) {
    super(address, Native::storeDestroy);
  }

  /** With a retention of 14 days. */
  public static Store open(String folder, Mode mode) throws TekmatchException {
    return open(folder, mode, 14 * 86400);
  }

  /**
   * Opens a store. No error changes the file.
   *
   * @param retentionSeconds how old sightings and keys become: 1 second to ten years
   * @throws TekmatchException NotFound: there is none. FailedPrecondition: a newer library's, or
   *     another application's. InvalidArgument: the retention
   */
  public static Store open(String folder, Mode mode, long retentionSeconds)
      throws TekmatchException {
    if (retentionSeconds <= 0) {
      throw new IllegalArgumentException("retentionSeconds is " + retentionSeconds);
    }
    byte[] name = Text.required(folder, "folder");
    return new Store(
        Native.storeOpen(name, Objects.requireNonNull(mode, "mode").flags, retentionSeconds));
  }

  /**
   * Renames a damaged database, so that a new one can be made; deletes nothing. No connection may
   * be open, in any process.
   *
   * @throws TekmatchException Unavailable: a check of it runs
   */
  public static void setAside(String folder) throws TekmatchException {
    Native.storeSetAside(Text.required(folder, "folder"));
  }

  /**
   * Adds what is not there yet: all or nothing. For the callback of a scan.
   *
   * @param now the caller's clock
   * @throws TekmatchException InvalidArgument: a sighting's time, or `now`
   */
  public Added add(Sightings sightings, long now) throws TekmatchException {
    Objects.requireNonNull(sightings, "sightings");
    return call(
        store -> new Added(Native.storeAdd(store, sightings.rows(), sightings.size(), now)));
  }

  /**
   * Removes and overwrites sightings that are older than the retention. check() does so, too.
   *
   * @throws TekmatchException InvalidArgument: `now`
   */
  public Retained retain(long now) throws TekmatchException {
    return call(store -> new Retained(Native.storeRetain(store, now)));
  }

  /**
   * Removes and overwrites everything, what was set aside as well.
   *
   * @return whether it is gone from all files; not where another connection still reads: call it
   *     again then
   * @throws TekmatchException Unavailable: a check of it runs
   */
  public boolean forget() throws TekmatchException {
    return call(Native::storeForget);
  }

  public Status status() throws TekmatchException {
    return call(store -> new Status(Native.storeStatus(store)));
  }

  /**
   * As {@link Check#run}, over everything that the store holds and these files, in whatever order
   * and portions they came: files that were processed are skipped, and what they said stands. A
   * kill, or Cancelled, loses at most the work on one file. Of the options that accept files,
   * skipBadFiles() alone is allowed.
   *
   * @throws TekmatchException as Check.run. Unavailable: another check of this folder runs
   * @throws IOException a ReadAt's
   */
  public Result check(Trust trust, List<Source> sources, CheckOptions options)
      throws TekmatchException, IOException {
    Check.Work work = new Check.Work(trust, sources, options);
    long store = enter();
    try {
      running = work.callbacks;
      return work.run(0, store);
    } finally {
      running = null;
      leave();
    }
  }

  private interface Call<T> {
    T with(long store) throws TekmatchException;
  }

  private <T> T call(Call<T> call) throws TekmatchException {
    long store = enter();
    try {
      return call.with(store);
    } finally {
      leave();
    }
  }

  private long enter() {
    Callbacks of = running;
    if (of != null && of.isCaller()) {
      throw new IllegalStateException("the store is called by a callback of its own check");
    }
    long store = acquire();
    lock.lock();
    return store;
  }

  private void leave() {
    lock.unlock();
    release();
  }
}
