#include "tools/commands/trusted_key_flag.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/files/key_file.h"

namespace tekmatch {
namespace {

using ::testing::StartsWith;

constexpr std::array<uint8_t, 32> kDigest{1, 2, 3};
constexpr char kNoKey[] =
    ": no public key: neither PEM nor DER nor base64 of one, or of an X.509 "
    "certificate";
constexpr char kIsPrivate[] =
    ": a private key; give the public key (openssl pkey -in FILE -pubout)";

// A key pair in two PEM files.
struct KeyFiles {
  std::string public_path;
  std::string private_path;
  std::string signature;  // of kDigest
};

class TrustedKeyFlagTest : public ::testing::Test {
 protected:
  void SetUp() override {
    MakeKey("a", &a_);
    MakeKey("b", &b_);
  }
  static void MakeKey(const std::string& name, KeyFiles* files) {
    const auto key = SigningKey::Generate();
    ASSERT_THAT(key, IsOk());
    const auto public_pem = key->PublicPem();
    const auto private_pem = key->PrivatePem();
    const auto signature = key->Sign(kDigest);
    ASSERT_THAT(public_pem, IsOk());
    ASSERT_THAT(private_pem, IsOk());
    ASSERT_THAT(signature, IsOk());
    files->public_path = TempPath(name + ".pub.pem");
    files->private_path = TempPath(name + ".pem");
    files->signature = *signature;
    WriteFile(files->public_path, *public_pem);
    WriteFile(files->private_path, *private_pem);
  }
  KeyFiles a_;
  KeyFiles b_;
};

TEST_F(TrustedKeyFlagTest, FormsOfAKey) {
  const struct {
    std::string before_path;
    std::string id;
    std::optional<std::string> version;
  } forms[] = {
      {"440:v1=", "440", "v1"},
      {"440=", "440", std::nullopt},
      {"=", "", std::nullopt},
      {":v1=", "", "v1"},
      // A version that is empty is one, unlike none.
      {"440:=", "440", ""},
      {":=", "", ""},
      {"com.example:v1:2=", "com.example", "v1:2"},
  };
  for (const auto& form : forms) {
    SCOPED_TRACE(form.before_path);
    const auto trusted = LoadTrustedKeys({form.before_path + a_.public_path});
    ASSERT_THAT(trusted, IsOk());
    ASSERT_EQ(trusted->sets().size(), 1U);
    ASSERT_EQ(trusted->sets()[0].size(), 1U);
    const TrustedKey& key = trusted->sets()[0][0];
    EXPECT_EQ(key.id, form.id);
    EXPECT_EQ(key.version, form.version);
    EXPECT_TRUE(key.key.Verify(kDigest, a_.signature));
    EXPECT_FALSE(key.key.Verify(kDigest, b_.signature));
  }
}

TEST_F(TrustedKeyFlagTest, EachValueIsASetWhoseKeysAmpersandsJoin) {
  const auto trusted =
      LoadTrustedKeys({"1=" + a_.public_path + "&2:v3=" + b_.public_path,
                       "4=" + b_.public_path});
  ASSERT_THAT(trusted, IsOk());
  const auto& sets = trusted->sets();
  ASSERT_EQ(sets.size(), 2U);
  ASSERT_EQ(sets[0].size(), 2U);
  EXPECT_EQ(sets[0][0].id, "1");
  EXPECT_EQ(sets[0][0].version, std::nullopt);
  EXPECT_TRUE(sets[0][0].key.Verify(kDigest, a_.signature));
  EXPECT_EQ(sets[0][1].id, "2");
  EXPECT_EQ(sets[0][1].version, "v3");
  EXPECT_TRUE(sets[0][1].key.Verify(kDigest, b_.signature));
  ASSERT_EQ(sets[1].size(), 1U);
  EXPECT_EQ(sets[1][0].id, "4");
}

TEST_F(TrustedKeyFlagTest, NoValuesAreNoKeys) {
  const auto trusted = LoadTrustedKeys({});
  ASSERT_THAT(trusted, IsOk());
  EXPECT_TRUE(trusted->sets().empty());
}

TEST_F(TrustedKeyFlagTest, APathMayHoldAnEqualsSign) {
  const std::string path = TempPath("a=b.pem");
  WriteFile(path, ReadFile(a_.public_path));
  EXPECT_THAT(LoadTrustedKeys({"440=" + path}), IsOk());
}

TEST_F(TrustedKeyFlagTest, OtherFormsAreTheCallersMistake) {
  const std::string good = "1=" + a_.public_path;
  const struct {
    std::string value;
    std::string member;  // that the message names
  } mistakes[] = {
      {"", ""},
      {"440", "440"},
      {"440:v1", "440:v1"},
      {"440=", "440="},
      {"=", "="},
      {"&", ""},
      {good + "&", ""},
      {"&" + good, ""},
      {good + "&2", "2"},
      {a_.public_path, a_.public_path},
  };
  for (const auto& mistake : mistakes) {
    const auto trusted = LoadTrustedKeys({good, mistake.value});
    EXPECT_EQ(trusted.status(),
              absl::InvalidArgumentError(
                  "--trusted-key " + mistake.member +
                  ": wanted ID[:VERSION]=FILE, such as 440:v1=public.pem"))
        << mistake.value;
  }
}

// Neither kind of file is taken for the other, nor quoted.
TEST_F(TrustedKeyFlagTest, FilesThatHoldNoKey) {
  const std::string bad = TempPath("bad.pem");
  const std::string public_pem = ReadFile(a_.public_path);
  const std::string private_pem = ReadFile(a_.private_path);
  for (const std::string& content :
       {std::string(), std::string("nonsense"),
        public_pem.substr(0, public_pem.size() / 2),
        private_pem.substr(0, private_pem.size() / 2)}) {
    WriteFile(bad, content);
    const bool is_private =
        content == private_pem.substr(0, content.size()) && !content.empty();
    EXPECT_EQ(LoadTrustedKeys({"1=" + bad}).status(),
              absl::DataLossError(bad + (is_private ? kIsPrivate : kNoKey)));
  }
  EXPECT_EQ(LoadTrustedKeys({"1=" + a_.private_path}).status(),
            absl::DataLossError(a_.private_path + kIsPrivate));
  EXPECT_THAT(ReadSigningKey(a_.public_path),
              StatusIs(absl::StatusCode::kDataLoss));
}

// Private keys, made for this test, that OpenSSL encrypted with the passphrase
// "secret", PKCS #8 and SEC 1, and with an empty one. Nobody is asked for it.
TEST_F(TrustedKeyFlagTest, EncryptedFiles) {
  const std::string path = TempPath("encrypted.pem");
  for (const char* pem :
       {"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAhuyJOCXPovrgIBATAM\n"
        "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQlDSZvj2+7p+FQVVffTyTtASBkIQI\n"
        "hJyrJuARzCewnLwa9c4xOIRk+HB0Lj0tgt+nhWYur8fkYp3anAJvGzL4WkS3Qpek\n"
        "YUgPOtddgv4YZCYNVrVognINjLtyL+C0XCQRufr8nvSdhOk+4/GEpgHK/GZ5v4as\n"
        "WKuqpdytygXZZ78rz2k4vc+qKi2Ha3qnuj5YyGF5KCd+xV6tpzMS2M/iI68AcQ==\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\n"
        "Proc-Type: 4,ENCRYPTED\n"
        "DEK-Info: AES-256-CBC,B0D2BAE790B4342B0E16167CC1B1E80F\n"
        "\n"
        "BGeSUaffu/bubHvZB+rjo2Ii9y7Q/CPUc1e3N1/+zA4aAY6qOu7Ug3urx6AawMkk\n"
        "b4+4KDsyOSloijktnrjIv2xl9c34S+G4NSb5Zu1021sGiFjV9ah411QpnqZgDEgr\n"
        "rNVbUoCgJI6tIdugr34RNBYxTDwokFUGCX5jY82inlI=\n"
        "-----END EC PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAjwD0ao2wLE6wIBATAM\n"
        "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQ73EX0vBRcFJGVKKwqN5jQgSBkFeh\n"
        "SFtzY8GuQenfbk9fBD5oJV7d71YBJwlavgsYHO/428/WFydOrER/rEbn749YhdIn\n"
        "IBTmzIgydpD3cmNJX4h5GYRCyQgoMWuaJS4C79JjlZpaRjJMikU3r3JLpU0g+6sP\n"
        "4bscfx+s8lvPOURfAFPEFkfvyeA0kfhj7JzFa8Hj2wjPF5qae8DcYEDSdGkRbQ==\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n"}) {
    WriteFile(path, pem);
    EXPECT_EQ(LoadTrustedKeys({"1=" + path}).status(),
              absl::DataLossError(path + kIsPrivate));
    EXPECT_EQ(
        ReadSigningKey(path).status(),
        absl::DataLossError(
            path + ": not a PEM private key on P-256 (without passphrase)"));
  }
  // An encrypted public key, which nobody makes.
  std::string encrypted = ReadFile(a_.public_path);
  encrypted.insert(encrypted.find('\n') + 1,
                   "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,"
                   "B0D2BAE790B4342B0E16167CC1B1E80F\n\n");
  WriteFile(path, encrypted);
  EXPECT_EQ(LoadTrustedKeys({"1=" + path}).status(),
            absl::DataLossError(path + kNoKey));
}

// The forms are those of keyformat/public_key_forms.h.
TEST_F(TrustedKeyFlagTest, AKeyAsOneLineOfBase64) {
  std::string base64 = ReadFile(a_.public_path);
  base64.erase(0, base64.find('\n') + 1);
  base64.erase(base64.find("-----"));
  base64.erase(base64.find('\n'), 1);
  const std::string path = TempPath("a.b64");
  WriteFile(path, base64);
  const auto trusted = LoadTrustedKeys({"1=" + path});
  ASSERT_THAT(trusted, IsOk());
  EXPECT_TRUE(trusted->sets()[0][0].key.Verify(kDigest, a_.signature));
}

TEST_F(TrustedKeyFlagTest, TheLargestFile) {
  const std::string path = TempPath("large.pem");
  const std::string pem = ReadFile(a_.public_path);
  WriteFile(path, pem + std::string((64 << 10) - pem.size(), '\n'));
  EXPECT_THAT(LoadTrustedKeys({"1=" + path}), IsOk());
  WriteFile(path, pem + std::string((64 << 10) + 1 - pem.size(), '\n'));
  const absl::Status too_large =
      absl::DataLossError(path + ": too large for a key");
  EXPECT_EQ(LoadTrustedKeys({"1=" + path}).status(), too_large);
}

TEST_F(TrustedKeyFlagTest, FilesThatCannotBeRead) {
  const std::string none = TempPath("none.pem");
  const std::string folder = TempPath("folder.pem");
  std::filesystem::create_directories(folder);
  for (const auto& [path, code] :
       {std::pair(none, absl::StatusCode::kNotFound),
        std::pair(folder, absl::StatusCode::kFailedPrecondition)}) {
    const absl::Status status = LoadTrustedKeys({"1=" + path}).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), StartsWith(path + ": "));
  }
}

TEST_F(TrustedKeyFlagTest, ASigningKeyIsTheOneOfItsFile) {
  const auto key = ReadSigningKey(a_.private_path);
  ASSERT_THAT(key, IsOk());
  const auto signature = key->Sign(kDigest);
  ASSERT_THAT(signature, IsOk());
  const auto trusted = LoadTrustedKeys({"1=" + a_.public_path});
  ASSERT_THAT(trusted, IsOk());
  EXPECT_TRUE(trusted->sets()[0][0].key.Verify(kDigest, *signature));
}

}  // namespace
}  // namespace tekmatch
