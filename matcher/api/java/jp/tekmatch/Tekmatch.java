package jp.tekmatch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The library itself. It is loaded by the first use of any class, by
 * System.loadLibrary("tekmatch_jni"): UnsatisfiedLinkError where it is not there, or where its
 * version does not go with these classes.
 */
public final class Tekmatch {
  private Tekmatch() {}

  /** Of the library that is loaded: major * 10000 + minor * 100 + patch. */
  public static int versionNumber() {
    return Native.versionNumber();
  }

  /** Names of the kernels that this machine can run, fastest first. */
  public static List<String> kernels() {
    List<String> names = new ArrayList<>();
    for (byte[] name : Native.kernelNames()) names.add(Text.fromC(name));
    return Collections.unmodifiableList(names);
  }
}
