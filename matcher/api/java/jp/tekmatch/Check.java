package jp.tekmatch;

import java.io.IOException;
import java.util.List;
import java.util.Objects;

/** Reads published files and checks them against sightings. {@link Store#check} remembers both. */
public final class Check {
  private Check() {}

  /** How far a check is. */
  @FunctionalInterface
  public interface Progress {
    /** Called now and then, by one thread at a time, any one. */
    void at(long numFilesBegun, long numKeysRead);
  }

  /** Whether a check shall end. */
  @FunctionalInterface
  public interface Cancelled {
    /** Called before each file and every few milliseconds in it, by one thread at a time. */
    boolean isCancelled();
  }

  /**
   * The result is the same for any number of threads and any order of the files. Defects of files
   * are in the result, which then may not be complete. What a callback throws ends the check and is
   * thrown by this method, as it is; a callback may close what the check uses.
   *
   * @throws TekmatchException InvalidArgument: options. Cancelled: a callback said so. DataLoss: a
   *     file changed meanwhile. ResourceExhausted
   * @throws IOException a ReadAt's
   */
  public static Result run(
      SightingIndex index, Trust trust, List<Source> sources, CheckOptions options)
      throws TekmatchException, IOException {
    Objects.requireNonNull(index, "index");
    Work work = new Work(trust, sources, options);
    if (options.dropKeys || options.maxMilliseconds != 0) {
      throw new IllegalArgumentException("options has what only a store's check has");
    }
    long address = index.acquire();
    try {
      return work.run(address, 0);
    } finally {
      index.release();
    }
  }

  /** What a check needs beside sightings. */
  static final class Work {
    final Callbacks callbacks;
    private final Trust trust;
    private final CheckOptions options;
    private final byte[][] names;
    private final int[] kinds;
    private final int[] descriptors;
    private final long[] sizes;

    Work(Trust trust, List<Source> list, CheckOptions options) {
      this.trust = Objects.requireNonNull(trust, "trust");
      this.options = Objects.requireNonNull(options, "options");
      // The list may be changed by others meanwhile.
      Source[] sources = Objects.requireNonNull(list, "sources").toArray(new Source[0]);
      names = new byte[sources.length][];
      kinds = new int[sources.length];
      descriptors = new int[sources.length];
      sizes = new long[sources.length];
      ReadAt[] readers = new ReadAt[sources.length];
      for (int i = 0; i < sources.length; ++i) {
        Source source = Objects.requireNonNull(sources[i], "a source");
        names[i] = source.name;
        kinds[i] = source.kind;
        descriptors[i] = source.descriptor;
        sizes[i] = source.size;
        readers[i] = source.reader;
      }
      callbacks = new Callbacks(options.progress, options.cancelled, readers);
    }

    /** Of an index or of a store, which the caller has acquired; the other one is 0. */
    Result run(long index, long store) throws TekmatchException, IOException {
      byte[] found = null;
      TekmatchException refused = null;
      long trustAddress = trust.acquire();
      try {
        found =
            Native.check(
                index,
                store,
                trustAddress,
                names,
                kinds,
                descriptors,
                sizes,
                callbacks,
                options.flags,
                options.now,
                options.asOf,
                options.policy,
                options.policyZone,
                options.config,
                options.zone,
                options.kernel,
                options.ownKeys,
                options.numThreads,
                options.numBadSightings,
                options.dropKeys,
                options.maxMilliseconds);
      } catch (TekmatchException e) {
        refused = e;
      } finally {
        trust.release();
      }
      Throwable thrown = callbacks.thrown();
      if (thrown != null) throw Work.<RuntimeException>asItIs(thrown);
      if (refused != null) throw refused;
      return new Result(found);
    }

    /** Throws what javac does not know of. */
    @SuppressWarnings("unchecked")
    private static <T extends Throwable> T asItIs(Throwable thrown) throws T {
      throw (T) thrown;
    }
  }
}
