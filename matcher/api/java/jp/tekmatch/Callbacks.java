package jp.tekmatch;

/**
 * What a check calls back, from any thread. Nothing that is thrown goes on into the library: the
 * first is kept, the check is told to end, and Check.run throws it.
 */
final class Callbacks {
  private final Check.Progress progress;
  private final Check.Cancelled cancelled;
  private final ReadAt[] readers; // by the position of the source; null where it has none
  private Throwable thrown;

  /** Whose caller's code this thread is in. */
  private static final ThreadLocal<Callbacks> CURRENT = new ThreadLocal<>();

  private final Callbacks outer; // in whose callback the check was begun; or null

  Callbacks(Check.Progress progress, Check.Cancelled cancelled, ReadAt[] readers) {
    this.progress = progress;
    this.cancelled = cancelled;
    this.readers = readers;
    outer = CURRENT.get();
  }

  /** Whether this thread is in one of these callbacks, which the check waits for. */
  boolean isCaller() {
    for (Callbacks at = CURRENT.get(); at != null; at = at.outer) {
      if (at == this) return true;
    }
    return false;
  }

  /** Called by jni.cc, as the two below. */
  void progress(long numFilesBegun, long numKeysRead) {
    if (progress == null || thrown() != null) return;
    Callbacks before = enter();
    try {
      progress.at(numFilesBegun, numKeysRead);
    } catch (Throwable t) {
      keep(t);
    } finally {
      leave(before);
    }
  }

  boolean cancelled() {
    if (thrown() != null) return true;
    if (cancelled == null) return false;
    Callbacks before = enter();
    try {
      return cancelled.isCancelled();
    } catch (Throwable t) {
      keep(t);
      return true;
    } finally {
      leave(before);
    }
  }

  /** How many bytes were read, 1..length; or 0. */
  int read(int position, long offset, byte[] into, int length) {
    if (thrown() != null) return 0;
    Callbacks before = enter();
    try {
      int n = readers[position].read(offset, into, length);
      if (n > length) {
        throw new IllegalArgumentException("a ReadAt read " + n + " of " + length + " bytes");
      }
      return Math.max(n, 0);
    } catch (Throwable t) {
      keep(t);
      return 0;
    } finally {
      leave(before);
    }
  }

  private Callbacks enter() {
    Callbacks before = CURRENT.get();
    CURRENT.set(this);
    return before;
  }

  private static void leave(Callbacks before) {
    if (before == null) {
      CURRENT.remove();
    } else {
      CURRENT.set(before);
    }
  }

  synchronized Throwable thrown() {
    return thrown;
  }

  private synchronized void keep(Throwable t) {
    if (thrown == null) thrown = t;
  }
}
