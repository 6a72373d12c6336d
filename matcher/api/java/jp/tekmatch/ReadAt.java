package jp.tekmatch;

import java.io.IOException;

/** Yields bytes of a file. */
@FunctionalInterface
public interface ReadAt {
  /**
   * Writes bytes of the file from `offset` on to the beginning of `into`, at most `length` of them,
   * and returns how many; the rest is asked for again. Parts may be asked for more than once. It is
   * called by one thread at a time, any one, and `into` is used again for the next call.
   *
   * @return 0 or less: the file is unreadable, which becomes its verdict
   * @throws IOException as anything that is thrown, ends the check and comes out of it
   */
  int read(long offset, byte[] into, int length) throws IOException;
}
