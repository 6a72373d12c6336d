package jp.tekmatch;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/** Strings as C has them. */
final class Text {
  private Text() {}

  /** Null stays null. IllegalArgumentException: a NUL within, where C would see an end. */
  static byte[] toC(String text, String name) {
    if (text == null) return null;
    if (text.indexOf('\0') >= 0) throw new IllegalArgumentException(name + " has a NUL in it");
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return Arrays.copyOf(bytes, bytes.length + 1);
  }

  /** As toC, but NullPointerException for null. */
  static byte[] required(String text, String name) {
    return toC(Objects.requireNonNull(text, name), name);
  }

  /** Of bytes without a NUL at their end. */
  static String fromC(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
