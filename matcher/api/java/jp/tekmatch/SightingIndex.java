package jp.tekmatch;

import java.util.Objects;

/** The sightings of one person's phone, made ready to be searched. */
public final class SightingIndex extends NativeHandle {
  /**
   * Of sightings in any order, which it copies: some 100 bytes each, of the library's memory.
   *
   * @throws TekmatchException InvalidArgument: a time is not in 1970 to 2099. ResourceExhausted
   */
  public SightingIndex(Sightings sightings) throws TekmatchException {
    super(create(Objects.requireNonNull(sightings, "sightings")), Native::indexDestroy);
  }

  /** How many sightings are in it. */
  public long size() {
    long index = acquire();
    try {
      return Native.indexNumSightings(index);
    } finally {
      release();
    }
  }

  private static long create(Sightings sightings) throws TekmatchException {
    return Native.indexCreate(sightings.rows(), sightings.size());
  }
}
