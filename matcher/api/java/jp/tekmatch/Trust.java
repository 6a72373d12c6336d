package jp.tekmatch;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Whom to believe: a file is valid when every key of any one set signed it. */
public final class Trust extends NativeHandle {
  private Trust(long address) {
    super(address, Native::trustDestroy);
  }

  /** Of one key. */
  public static Trust of(TrustedKey key) throws TekmatchException {
    return new Builder().addSet(key).build();
  }

  /** Collects sets of keys. A trust without any believes nobody. */
  public static final class Builder {
    private final List<TrustedKey> keys = new ArrayList<>();
    private final List<Integer> setSizes = new ArrayList<>();

    /** Adds keys that have to sign a file together. */
    public Builder addSet(TrustedKey... set) {
      for (TrustedKey key : set) Objects.requireNonNull(key, "key");
      for (TrustedKey key : set) keys.add(key);
      setSizes.add(set.length);
      return this;
    }

    /** InvalidArgument: a set without a key, or what is given as one is none. */
    public Trust build() throws TekmatchException {
      int n = keys.size();
      byte[][] ids = new byte[n][];
      byte[][] versions = new byte[n][];
      byte[][] publicKeys = new byte[n][];
      for (int i = 0; i < n; ++i) {
        ids[i] = keys.get(i).id;
        versions[i] = keys.get(i).version;
        publicKeys[i] = keys.get(i).publicKey;
      }
      int[] sizes = new int[setSizes.size()];
      for (int i = 0; i < sizes.length; ++i) sizes[i] = setSizes.get(i);
      return new Trust(Native.trustCreate(ids, versions, publicKeys, sizes));
    }
  }
}
