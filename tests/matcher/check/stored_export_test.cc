// An export's description as bytes and back: all of it, under other trusted
// keys, and of bytes that are damaged.
#include "matcher/check/stored_export.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/p256_key.h"
#include "keyformat/random_source.h"
#include "keyformat/signature.h"
#include "matcher/check/stored_export.pb.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

absl::Span<const uint8_t> BytesOf(absl::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

absl::StatusOr<StoredExport> Unpack(const std::string& bytes,
                                    const TrustedKeys& trusted = {}) {
  return UnpackExport(BytesOf(bytes), trusted);
}

const SigningKey& Signer() {
  static const auto* const key = new SigningKey(*SigningKey::Generate());
  return *key;
}

// The key, as "440 v1".
TrustedKeys Trust(const SigningKey& key) {
  TrustedKeys trusted;
  EXPECT_THAT(
      trusted.AddSet({{.id = "440",
                       .version = "v1",
                       .key = *VerificationKey::Parse(*key.PublicPem())}}),
      IsOk());
  return trusted;
}

// Of every field something; signed by Signer() by either algorithm.
StoredExport Example(bool with_sha512) {
  StoredExport stored;
  ExportFileResult& file = stored.file;
  file.path = "folder/caf\xC3\xA9 \xFF.zip";  // any bytes
  file.accepted = true;
  file.verdict = "valid";
  ExportReport& report = file.report;
  report.metadata = {.start_timestamp = 1,
                     .end_timestamp = kMost,
                     .region = "\xFF region",
                     .batch_num = 2,
                     .batch_size = 3,
                     .signature_infos = {}};
  report.counts.keys = 100;
  report.counts.revised_keys = 7;
  report.counts.rejected = {1, 2, 3, 4, kMost};
  report.counts.dropped = {5, 6, 7, 8};
  RandomSource random = RandomSource::Seeded(1);
  random.Fill(absl::MakeSpan(report.digests.sha256));
  random.Fill(absl::MakeSpan(report.digests.sha512));
  ExportSignature signature;
  signature.info.key_id = "440";
  signature.info.key_version = "v1";
  signature.info.algorithm =
      std::string(with_sha512 ? kOidEcdsaSha512 : kOidEcdsaSha256);
  signature.signature = with_sha512 ? *Signer().Sign(report.digests.sha512)
                                    : *Signer().Sign(report.digests.sha256);
  ExportSignature other;
  other.info.key_id = "other";
  other.info.algorithm = std::string(kOidEcdsaSha256);
  other.signature = "\x30\xFF";
  report.signatures = {other, signature};
  report.extra_entry = "readme.txt";
  report.signature_list = "export.sig";
  stored.validities = {
      {{.rolling_start = 2'677'968, .rolling_period = 144}, 90},
      {{.rolling_start = 2'677'968, .rolling_period = 1}, 5}};
  stored.own_validities = {
      {{.rolling_start = 2'677'968, .rolling_period = 144}, 2}};
  return stored;
}

TEST(StoredExportTest, RoundTrip) {
  for (const bool with_sha512 : {false, true}) {
    const StoredExport before = Example(with_sha512);
    const auto after = Unpack(PackExport(before), Trust(Signer()));
    ASSERT_THAT(after, IsOk());
    const ExportFileResult& file = after->file;
    EXPECT_EQ(file.path, before.file.path);
    EXPECT_TRUE(file.accepted);
    EXPECT_TRUE(file.counts());
    EXPECT_TRUE(file.is_verified());
    EXPECT_EQ(file.verdict, "valid");
    EXPECT_EQ(file.message, "");
    const ExportReport& report = file.report;
    const ExportReport& want = before.file.report;
    EXPECT_EQ(report.metadata.start_timestamp, 1);
    EXPECT_EQ(report.metadata.end_timestamp, kMost);
    EXPECT_EQ(report.metadata.region, want.metadata.region);
    EXPECT_EQ(report.metadata.batch_num, 2);
    EXPECT_EQ(report.metadata.batch_size, 3);
    EXPECT_EQ(report.counts.keys, 100);
    EXPECT_EQ(report.counts.revised_keys, 7);
    EXPECT_EQ(report.counts.rejected, want.counts.rejected);
    EXPECT_EQ(report.counts.dropped, want.counts.dropped);
    EXPECT_EQ(report.digests.sha256, want.digests.sha256);
    EXPECT_EQ(report.digests.sha512, want.digests.sha512);
    EXPECT_EQ(report.signatures.size(), 2);
    EXPECT_THAT(report.signature.outcomes,
                ElementsAre(SignatureOutcome::kMalformedSignature,
                            SignatureOutcome::kVerified));
    EXPECT_THAT(report.signature.signed_by, ElementsAre("440:v1"));
    EXPECT_EQ(report.extra_entry, "readme.txt");
    EXPECT_EQ(report.signature_list, "export.sig");
    EXPECT_EQ(after->validities, before.validities);
    EXPECT_EQ(after->own_validities, before.own_validities);
    // And again the same.
    EXPECT_EQ(PackExport(*after), PackExport(before));
  }
}

// Whom one trusts is asked anew.
TEST(StoredExportTest, IsJudgedByTheTrustOfToday) {
  const std::string bytes = PackExport(Example(false));
  const auto nobody = Unpack(bytes);
  ASSERT_THAT(nobody, IsOk());
  EXPECT_FALSE(nobody->file.accepted);
  EXPECT_EQ(nobody->file.verdict, "no_trusted_key");
  EXPECT_EQ(nobody->file.reason(),
            "no key that is trusted now made its signature");
  EXPECT_EQ(nobody->validities.size(), 2);

  const auto forged = Unpack(bytes, Trust(*SigningKey::Generate()));
  ASSERT_THAT(forged, IsOk());
  EXPECT_FALSE(forged->file.accepted);
  EXPECT_EQ(forged->file.verdict, "wrong_signature");
}

class DamagedTest : public ::testing::Test {
 protected:
  DamagedTest() {
    EXPECT_TRUE(message_.ParseFromString(PackExport(Example(false))));
  }

  void ExpectRefused() const {
    EXPECT_EQ(Unpack(message_.SerializeAsString()).status(),
              absl::DataLossError("the description of an export is damaged"));
  }

  stored::Export message_;
};

TEST_F(DamagedTest, ATimeThatStandsTwiceAddsUp) {
  *message_.add_validities() = message_.validities(0);
  const auto unpacked = Unpack(message_.SerializeAsString());
  ASSERT_THAT(unpacked, IsOk());
  EXPECT_THAT(unpacked->validities,
              ElementsAre(Pair(Validity{2'677'968, 1}, 10),
                          Pair(Validity{2'677'968, 144}, 90)));
}

TEST_F(DamagedTest, WithoutDigests) {
  EXPECT_THAT(Unpack(message_.SerializeAsString()), IsOk());
  message_.clear_sha256();
  ExpectRefused();
  EXPECT_THAT(Unpack(""), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(DamagedTest, DigestsOfAnotherLength) {
  message_.set_sha256(std::string(31, 'x'));
  ExpectRefused();
  message_.set_sha256(std::string(32, 'x'));
  message_.set_sha512(std::string(65, 'x'));
  ExpectRefused();
}

TEST_F(DamagedTest, MoreCountsThanThereAre) {
  message_.add_rejected(1);
  ExpectRefused();
  message_.mutable_rejected()->RemoveLast();
  message_.add_dropped(1);
  ExpectRefused();
  // An older version knew of fewer.
  message_.clear_rejected();
  message_.clear_dropped();
  message_.add_rejected(9);
  const auto older = Unpack(message_.SerializeAsString());
  ASSERT_THAT(older, IsOk());
  EXPECT_THAT(older->file.report.counts.rejected, ElementsAre(9, 0, 0, 0, 0));
}

TEST_F(DamagedTest, PeriodsThatNoKeyHas) {
  constexpr uint32_t kLast = std::numeric_limits<uint32_t>::max();
  stored::Export::Validity* const validity = message_.mutable_validities(0);
  for (const uint32_t period : {0U, 145U, 256U + 144U, kLast}) {
    validity->set_rolling_period(period);
    ExpectRefused();
  }
  validity->set_rolling_period(144);
  validity->set_rolling_start(kLast - 143);
  ExpectRefused();
  validity->set_rolling_start(kLast - 144);
  EXPECT_THAT(Unpack(message_.SerializeAsString()), IsOk());
  message_.mutable_own_validities(0)->set_rolling_period(0);
  ExpectRefused();
}

// No byte can do more than to be refused or to be another description; of a
// file that the signature does not fit, nothing counts.
TEST_F(DamagedTest, EveryByte) {
  const std::string bytes = PackExport(Example(false));
  int num_refused = 0;
  int num_forged = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xFF, 0x10}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      const auto unpacked = Unpack(damaged, Trust(Signer()));
      if (!unpacked.ok()) {
        ++num_refused;
        ASSERT_THAT(unpacked, StatusIs(absl::StatusCode::kDataLoss));
        continue;
      }
      if (!unpacked->file.accepted) ++num_forged;
      for (const auto& [validity, num_keys] : unpacked->validities) {
        ASSERT_TRUE(validity.rolling_period >= 1 &&
                    validity.rolling_period <= kMaxRollingPeriod);
      }
    }
    const auto cut = Unpack(bytes.substr(0, i), Trust(Signer()));
    ASSERT_TRUE(cut.ok() || absl::IsDataLoss(cut.status())) << cut.status();
  }
  EXPECT_GT(num_refused, 100);
  EXPECT_GT(num_forged, 4 * (32 + 60));  // digest and signature
}

}  // namespace
}  // namespace tekmatch
