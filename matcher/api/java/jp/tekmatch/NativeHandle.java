package jp.tekmatch;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An object of the library's, and who uses it. Memory goes when it is closed and no call uses it:
 *
 * <pre>
 *   long address = acquire();      // IllegalStateException after close()
 *   try {
 *     Native.something(address);
 *   } finally {
 *     release();
 *   }
 * </pre>
 *
 * <p>close() never waits, so that a callback of a call may close what the call uses; then the
 * call's release() destroys it. What is never closed is closed when the garbage collector has found
 * that nobody can reach it. (java.lang.ref.Cleaner would do that, too, but Android has it since API
 * 33 only.)
 */
public abstract class NativeHandle implements AutoCloseable {
  /** Gives the memory back. */
  interface Destroyer {
    void destroy(long address);
  }

  private final Use use;

  NativeHandle(long address, Destroyer destroyer) {
    use = new Use(address, destroyer, getClass().getSimpleName());
    use.watcher = new Watcher(this, use);
  }

  /** IllegalStateException: closed. */
  final long acquire() {
    return use.acquire();
  }

  final void release() {
    use.release();
  }

  /** Whether close() was called. */
  public final boolean isClosed() {
    return use.isClosed();
  }

  /** Gives the library's memory back, as soon as no call uses it. Closing again does nothing. */
  @Override
  public final void close() {
    use.close();
  }

  /** Outlives the handle, and does not refer to it. */
  private static final class Use {
    private final long address;
    private final Destroyer destroyer;
    private final String name;
    private Watcher watcher;
    private int numCalls;
    private boolean closed;

    Use(long address, Destroyer destroyer, String name) {
      this.address = address;
      this.destroyer = destroyer;
      this.name = name;
    }

    synchronized long acquire() {
      if (closed) throw new IllegalStateException(name + " is closed");
      ++numCalls;
      return address;
    }

    void release() {
      boolean destroy;
      synchronized (this) {
        destroy = --numCalls == 0 && closed;
      }
      if (destroy) destroyer.destroy(address);
    }

    synchronized boolean isClosed() {
      return closed;
    }

    void close() {
      boolean destroy;
      synchronized (this) {
        destroy = !closed && numCalls == 0;
        closed = true;
      }
      if (watcher != null) watcher.end();
      if (destroy) destroyer.destroy(address);
    }
  }

  /** Is told by the collector when the handle is gone. */
  private static final class Watcher extends PhantomReference<NativeHandle> {
    private static final ReferenceQueue<NativeHandle> GONE = new ReferenceQueue<>();
    // References that nobody reaches are never told.
    private static final Set<Watcher> ALL =
        Collections.newSetFromMap(new ConcurrentHashMap<Watcher, Boolean>());

    static {
      Thread thread = new Thread(Watcher::closeThoseGone, "tekmatch-closer");
      thread.setDaemon(true);
      thread.start();
    }

    private final Use use;

    Watcher(NativeHandle handle, Use use) {
      super(handle, GONE);
      this.use = use;
      ALL.add(this);
    }

    void end() {
      ALL.remove(this);
      clear();
    }

    private static void closeThoseGone() {
      while (true) {
        try {
          ((Watcher) GONE.remove()).use.close();
        } catch (InterruptedException ignored) {
          // Nobody has a reason to interrupt it.
        }
      }
    }
  }
}
