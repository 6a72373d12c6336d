package jp.tekmatch;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** A public key that signs exports, and what their signatures call it. */
public final class TrustedKey {
  final byte[] id;
  final byte[] version;
  final byte[] publicKey;

  /**
   * Copies what it is given.
   *
   * @param id what signatures call the key; "" for signatures that name none
   * @param version null: any
   * @param publicKey on P-256, as it is published: PEM, or SubjectPublicKeyInfo in DER or Base64
   */
  public TrustedKey(String id, String version, byte[] publicKey) {
    this.id = Text.required(id, "id");
    this.version = Text.toC(version, "version");
    this.publicKey = Objects.requireNonNull(publicKey, "publicKey").clone();
  }

  /** The same with PEM or Base64. */
  public TrustedKey(String id, String version, String publicKey) {
    this(
        id,
        version,
        Objects.requireNonNull(publicKey, "publicKey").getBytes(StandardCharsets.UTF_8));
  }
}
