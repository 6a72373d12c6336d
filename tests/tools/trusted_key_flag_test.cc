#include "tools/trusted_key_flag.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/tools/test_files.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class TrustedKeyFlagTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto key = SigningKey::Generate();
    ASSERT_TRUE(key.ok());
    const auto public_pem = key->PublicPem();
    const auto private_pem = key->PrivatePem();
    ASSERT_TRUE(public_pem.ok() && private_pem.ok());
    public_ = TempPath("public.pem");
    private_ = TempPath("private.pem");
    WriteFile(public_, *public_pem);
    WriteFile(private_, *private_pem);
  }
  std::string public_;
  std::string private_;
};

TEST_F(TrustedKeyFlagTest, FormsOfAKey) {
  const auto trusted = LoadTrustedKeys(
      {"440:v1=" + public_, "440=" + public_, "=" + public_, ":=" + public_});
  ASSERT_TRUE(trusted.ok()) << trusted.status();
  const auto& sets = trusted->sets();
  ASSERT_EQ(sets.size(), 4U);
  for (const auto& set : sets) ASSERT_EQ(set.size(), 1U);
  EXPECT_EQ(sets[0][0].id, "440");
  EXPECT_EQ(sets[0][0].version, "v1");
  EXPECT_EQ(sets[1][0].id, "440");
  EXPECT_EQ(sets[1][0].version, std::nullopt);
  EXPECT_EQ(sets[2][0].id, "");
  EXPECT_EQ(sets[2][0].version, std::nullopt);
  EXPECT_EQ(sets[3][0].version, "");  // no version is this one version
}

TEST_F(TrustedKeyFlagTest, AnAmpersandJoinsASet) {
  const auto trusted =
      LoadTrustedKeys({"1=" + public_ + "&2:v3=" + public_, "4=" + public_});
  ASSERT_TRUE(trusted.ok()) << trusted.status();
  ASSERT_EQ(trusted->sets().size(), 2U);
  ASSERT_EQ(trusted->sets()[0].size(), 2U);
  EXPECT_EQ(trusted->sets()[0][1].id, "2");
  EXPECT_EQ(trusted->sets()[0][1].version, "v3");
}

TEST_F(TrustedKeyFlagTest, OtherFormsAreTheCallersMistake) {
  for (const std::string value : {"", "440", "440:v1", "440=", "&"}) {
    const auto trusted = LoadTrustedKeys({value});
    ASSERT_FALSE(trusted.ok()) << value;
    EXPECT_EQ(trusted.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(trusted.status().message()),
                HasSubstr("wanted ID[:VERSION]=PEM"));
  }
}

TEST_F(TrustedKeyFlagTest, FilesThatHoldNoKey) {
  const std::string bad = TempPath("bad.pem");
  for (const std::string& content :
       {std::string("nonsense"), std::string(), std::string(70000, '-'),
        ReadFile(private_)}) {
    WriteFile(bad, content);
    const auto trusted = LoadTrustedKeys({"1=" + bad});
    ASSERT_FALSE(trusted.ok());
    EXPECT_EQ(trusted.status().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(trusted.status().message()), StartsWith(bad));
  }
  const auto none = LoadTrustedKeys({"1=" + TempPath("none.pem")});
  EXPECT_EQ(none.status().code(), absl::StatusCode::kNotFound);
}

TEST_F(TrustedKeyFlagTest, SigningKeys) {
  EXPECT_TRUE(LoadSigningKey(private_).ok());
  EXPECT_EQ(LoadSigningKey(public_).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(LoadSigningKey(TempPath("none.pem")).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tekmatch
