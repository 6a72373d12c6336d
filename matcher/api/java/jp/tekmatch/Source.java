package jp.tekmatch;

import java.util.Objects;

/**
 * A published file: a zip as a server publishes it, or a bare export.bin. Two that are no paths
 * have two names. Where an export.bin is called N.bin, its signature list is N.sig, a source or
 * else a file; a source that is called so is no export.
 */
public final class Source {
  // tekmatch_source_kind.
  private static final int PATH = 0;
  private static final int DESCRIPTOR = 1;
  private static final int CALLBACK = 3;

  final byte[] name;
  final int kind;
  final int descriptor;
  final long size;
  final ReadAt reader;

  private Source(String name, int kind, int descriptor, long size, ReadAt reader) {
    this.name = Text.required(name, "name");
    this.kind = kind;
    this.descriptor = descriptor;
    this.size = size;
    this.reader = reader;
  }

  /** The regular file of that name, which is UTF-8 for the system, too. */
  public static Source path(String path) {
    return new Source(path, PATH, -1, 0, null);
  }

  /**
   * A descriptor of a regular file, such as Android's ParcelFileDescriptor.getFd(). It stays open,
   * at its place, and has to be open as long as a check runs.
   *
   * @param name what messages call it
   */
  public static Source descriptor(String name, int descriptor) {
    if (descriptor < 0) throw new IllegalArgumentException("descriptor is " + descriptor);
    return new Source(name, DESCRIPTOR, descriptor, 0, null);
  }

  /** The array, which is kept; a check that sees it change refuses the file. */
  public static Source bytes(String name, byte[] bytes) {
    Objects.requireNonNull(bytes, "bytes");
    ReadAt reader =
        (offset, into, length) -> {
          System.arraycopy(bytes, (int) offset, into, 0, length);
          return length;
        };
    return new Source(name, CALLBACK, -1, bytes.length, reader);
  }

  /** A function that yields the bytes of a file of `size` bytes. */
  public static Source readAt(String name, long size, ReadAt reader) {
    if (size < 0) throw new IllegalArgumentException("size is " + size);
    return new Source(name, CALLBACK, -1, size, Objects.requireNonNull(reader, "reader"));
  }
}
