// Keys in every form in which they are published, and what is refused as none.
#include "keyformat/p256_key.h"

#include <openssl/err.h>

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

// Written by OpenSSL: a key pair, made for this test, what was made of it, and
// keys of other kinds.
constexpr char kPublic[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEF/toM/AfvwebQ2armgj8sDsEiNN1\n"
    "g7/VoKxhlDVRPqycVgF8YCujVuS4J8sIIrHziOhIJM389Oc0nbnYYPGIwQ==\n"
    "-----END PUBLIC KEY-----\n";
constexpr char kPrivate[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIHxNZUhb68BIpIZKsa0MI4pPpd7Vejrk11PK/uVgM7oWoAoGCCqGSM49\n"
    "AwEHoUQDQgAEF/toM/AfvwebQ2armgj8sDsEiNN1g7/VoKxhlDVRPqycVgF8YCuj\n"
    "VuS4J8sIIrHziOhIJM389Oc0nbnYYPGIwQ==\n"
    "-----END EC PRIVATE KEY-----\n";
constexpr char kCertificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdzCCAR2gAwIBAgIUFchziPgRwcHiFbWeTjGleffL4towCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGaGVhbHRoMB4XDTI2MTEyNzA3MjQxMloXDTM2MTEyNDA3MjQx\n"
    "MlowETEPMA0GA1UEAwwGaGVhbHRoMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
    "F/toM/AfvwebQ2armgj8sDsEiNN1g7/VoKxhlDVRPqycVgF8YCujVuS4J8sIIrHz\n"
    "iOhIJM389Oc0nbnYYPGIwaNTMFEwHQYDVR0OBBYEFInkhhUQgtcKPmVYUf3G3KgK\n"
    "c3hNMB8GA1UdIwQYMBaAFInkhhUQgtcKPmVYUf3G3KgKc3hNMA8GA1UdEwEB/wQF\n"
    "MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAMtJBFXLYS08XdOxBscgv/1LZ0MEIMgK\n"
    "WUURHRwzDPHRAiBYCdezdOka9Umf7XOyP3u4XIXyYiJRs+5cPCqLl0ApEA==\n"
    "-----END CERTIFICATE-----\n";
constexpr char kRequest[] =
    "-----BEGIN CERTIFICATE REQUEST-----\n"
    "MIHGMG4CAQAwDDEKMAgGA1UEAwwBaDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA\n"
    "BBf7aDPwH78Hm0Nmq5oI/LA7BIjTdYO/1aCsYZQ1UT6snFYBfGAro1bkuCfLCCKx\n"
    "84joSCTN/PTnNJ252GDxiMGgADAKBggqhkjOPQQDAgNIADBFAiBDBv23O2/fOAUX\n"
    "F9WHnoiViglX9khlYYrgvf//FaFayAIhAPEqywa6iqxb0dlEgNHk+d10h+h+jWh1\n"
    "qg5eTFiZYXbT\n"
    "-----END CERTIFICATE REQUEST-----\n";
constexpr char kExplicit[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA\n"
    "AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////\n"
    "///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd\n"
    "NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5\n"
    "RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA\n"
    "//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABADzLWTaYBrDKGqxjEOnjP9u\n"
    "3a5KUhfuxskci4Ml5flhAw38EJ05iJ67X9aVK/o5qNdmQ0c6LCUGQSfqjBpNp0Q=\n"
    "-----END PUBLIC KEY-----\n";
constexpr char kSecp256k1[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE74YAUuPPx5rJ1PR/pdAFZYLay6VXYM5a\n"
    "0zf8dqBUSWlOI8kN4yQQA9ZS8bNQMmSE2ohFRpPT4SJNjc9gDU4dig==\n"
    "-----END PUBLIC KEY-----\n";
constexpr char kBrainpool[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFowFAYHKoZIzj0CAQYJKyQDAwIIAQEHA0IABHCnE1Y+hVs48swDpCJ5xecRMZ2x\n"
    "CEHU2d38xAJ5l+OGlVXLJUv3xrzW0MJP7rJCwpjPT//c8S9w/WsHypElsDc=\n"
    "-----END PUBLIC KEY-----\n";
constexpr char kRsa[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCucT/Wb+Tvhx+rzlkTg3pDbAlT\n"
    "RUWInzsD2NMJrtXAknLq/OoKZH5UVvyh45Md4+tY8Oy5OsI4Cbo+M0rLWWvM2y+h\n"
    "UGPqfYVzXaIMl0qCbyWYhcAMA7kfqvWrNWka2y4JZvTID2qgJ/GcpjA3GnotwUYQ\n"
    "QmtIZIgADczs806N7QIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
constexpr char kRsaPkcs1[] =
    "-----BEGIN RSA PUBLIC KEY-----\n"
    "MIGJAoGBAK5xP9Zv5O+HH6vOWRODekNsCVNFRYifOwPY0wmu1cCScur86gpkflRW\n"
    "/KHjkx3j61jw7Lk6wjgJuj4zSstZa8zbL6FQY+p9hXNdogyXSoJvJZiFwAwDuR+q\n"
    "9as1aRrbLglm9MgPaqAn8ZymMDcaei3BRhBCa0hkiAANzOzzTo3tAgMBAAE=\n"
    "-----END RSA PUBLIC KEY-----\n";
constexpr char kEd25519[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAcpE+GAvflr4GwABIXiW+e1zYcQecv4vzM7QtnfxrDXY=\n"
    "-----END PUBLIC KEY-----\n";
constexpr char kCertificateP384[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBqzCCATCgAwIBAgIULcaXJO3GoSHD2sLja8cP/4l1UHAwCgYIKoZIzj0EAwIw\n"
    "DDEKMAgGA1UEAwwBaDAeFw0yNjExMjcwNzI0MTJaFw0zNjExMjQwNzI0MTJaMAwx\n"
    "CjAIBgNVBAMMAWgwdjAQBgcqhkjOPQIBBgUrgQQAIgNiAAR0g4AEYdXMUCfdUUMK\n"
    "WkEQRAe8a2HJ+sB2w7m9FzyxUFbk8AzLceQ1krC2TpxDKwsvd7hsA8pYMEzzeVPp\n"
    "l01rcjziqNEzSy5j4iFzKEGBcXLN/Xmm0cMQB5om/v6ThtijUzBRMB0GA1UdDgQW\n"
    "BBSEMRZTDc1ukfZdqoazrPGxcUfmoTAfBgNVHSMEGDAWgBSEMRZTDc1ukfZdqoaz\n"
    "rPGxcUfmoTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA2kAMGYCMQDRhApr\n"
    "6OEFzmlZ4ln+P7KHBxoaSxSYP+Op2AXAhYE9mXbQwEqx58w7lVa7HRUpTZ0CMQDE\n"
    "BT4FAnl3vE3GhxOlK3ANEsW4wVL/vAEh/A1dZ0KTYrk8f4Cz2gFf+/N00HPi1GA=\n"
    "-----END CERTIFICATE-----\n";

constexpr std::array<uint8_t, 32> kDigest{1, 2, 3};

// The lines between the first two that begin with dashes, as one.
std::string Base64Of(const std::string& pem) {
  std::string base64;
  for (const absl::string_view line : absl::StrSplit(pem, '\n')) {
    if (!absl::StartsWith(line, "-----")) absl::StrAppend(&base64, line);
  }
  return base64;
}

std::string DerOf(const std::string& pem) {
  std::string der;
  EXPECT_TRUE(absl::Base64Unescape(Base64Of(pem), &der));
  return der;
}

std::string WithCrlf(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\n", "\r\n"}});
}

std::string Why(const std::string& file) {
  const auto key = VerificationKey::Parse(file);
  if (key.ok()) return "";
  EXPECT_THAT(key, StatusIs(absl::StatusCode::kInvalidArgument));
  return std::string(key.status().message());
}

TEST(P256KeyFormsTest, EveryFormIsTheSameKey) {
  const auto signing = SigningKey::FromPem(kPrivate);
  ASSERT_THAT(signing, IsOk());
  const auto signature = signing->Sign(kDigest);
  ASSERT_THAT(signature, IsOk());
  const std::string pem = kPublic;
  const std::string certificate = kCertificate;
  const std::string mark = "\xEF\xBB\xBF";
  // What OpenSSL writes before a key: the name of P-256.
  const std::string parameters =
      "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
      "-----END EC PARAMETERS-----\n";
  std::string wrapped = Base64Of(pem);
  wrapped.insert(64, "\n");
  for (const std::string& file :
       {pem, mark + pem, WithCrlf(pem), mark + WithCrlf(pem), "Key:\n" + pem,
        pem + pem, DerOf(pem), Base64Of(pem), Base64Of(pem) + "\n",
        mark + Base64Of(pem) + "\r\n", "  " + wrapped + "\n\n", certificate,
        WithCrlf(certificate), certificate + pem, DerOf(certificate),
        Base64Of(certificate), parameters + pem,
        absl::StrReplaceAll(certificate,
                            {{"CERTIFICATE", "X509 CERTIFICATE"}})}) {
    const auto key = VerificationKey::Parse(file);
    ASSERT_THAT(key, IsOk()) << file;
    EXPECT_TRUE(key->Verify(kDigest, *signature));
  }
}

// PKCS #8 and SEC 1, encrypted ones too.
TEST(P256KeyFormsTest, APrivateKeyIsRefusedAsSuch) {
  const std::string pkcs8 = *SigningKey::FromPem(kPrivate)->PrivatePem();
  const std::string sec1 = kPrivate;
  const std::string encrypted =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
      "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAhuyJOCXPovrgIBATAM\n"
      "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQlDSZvj2+7p+FQVVffTyTtASBkIQI\n"
      "hJyrJuARzCewnLwa9c4xOIRk+HB0Lj0tgt+nhWYur8fkYp3anAJvGzL4WkS3Qpek\n"
      "YUgPOtddgv4YZCYNVrVognINjLtyL+C0XCQRufr8nvSdhOk+4/GEpgHK/GZ5v4as\n"
      "WKuqpdytygXZZ78rz2k4vc+qKi2Ha3qnuj5YyGF5KCd+xV6tpzMS2M/iI68AcQ==\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
  for (const std::string& pem : {pkcs8, sec1, encrypted}) {
    for (const std::string& file :
         {pem, WithCrlf(pem), "\xEF\xBB\xBF" + pem, kPublic + pem,
          pem.substr(0, pem.size() / 2), DerOf(pem), Base64Of(pem)}) {
      EXPECT_EQ(Why(file),
                "a private key; give the public key (openssl pkey -in FILE "
                "-pubout)");
    }
  }
}

TEST(P256KeyFormsTest, OtherKindsAreRefusedByName) {
  const std::string end = "; exports are signed with keys on P-256";
  for (const auto& [pem, name] :
       {std::pair<std::string, std::string>{kSecp256k1, "a key on secp256k1"},
        {kBrainpool, "a key on brainpoolP256r1"},
        {kCertificateP384, "a key on P-384"},
        {kRsa, "an RSA key"},
        {kEd25519, "an Ed25519 key"},
        {kExplicit, "a key whose curve is spelt out, not named"}}) {
    for (const std::string& file : {pem, DerOf(pem), Base64Of(pem)}) {
      EXPECT_EQ(Why(file), name + end);
    }
  }
  EXPECT_EQ(Why(kRsaPkcs1), "an RSA key" + end);
  std::string der = DerOf(kPublic);
  der.back() ^= 1;  // no point of the curve any more
  EXPECT_EQ(Why(der), "a damaged key on P-256");
  EXPECT_EQ(ERR_peek_error(), 0);
}

TEST(P256KeyFormsTest, WhatIsNoKey) {
  const std::string none =
      "no public key: neither PEM nor DER nor base64 of one, or of an X.509 "
      "certificate";
  const std::string pem = kPublic;
  const std::string der = DerOf(kPublic);
  const std::string certificate = DerOf(kCertificate);
  std::string encrypted = pem;
  encrypted.insert(encrypted.find('\n') + 1,
                   "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,"
                   "B0D2BAE790B4342B0E16167CC1B1E80F\n\n");
  for (const std::string& file :
       {std::string(), std::string("\n"), std::string("nonsense"),
        std::string("0"), pem.substr(0, pem.size() / 2), der + "0",
        der.substr(0, der.size() - 1), certificate + "0",
        certificate.substr(0, certificate.size() - 1),
        Base64Of(pem).substr(0, 80), Base64Of(pem) + "!", encrypted,
        std::string(kRequest), std::string("0\x80\x00\x00", 4),
        // Of a key's shape, but for the number where an algorithm's OID is.
        std::string("0\x08\x30\x03\x02\x01\x05\x03\x01\x00", 10)}) {
    EXPECT_EQ(Why(file), none) << file;
    // Nobody asks BoringSSL's queue.
    EXPECT_EQ(ERR_peek_error(), 0) << file;
  }
  const std::string two = *SigningKey::Generate()->PublicPem();
  EXPECT_EQ(Why(pem + two), "several keys; give each a file of its own");
  EXPECT_EQ(Why(std::string("\xFF\xFE-\0-\0", 6)),
            "text in UTF-16; save it as UTF-8");
}

}  // namespace
}  // namespace tekmatch
