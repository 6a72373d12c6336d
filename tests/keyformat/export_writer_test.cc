#include "keyformat/export_writer.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/export.pb.h"
#include "tests/keyformat/written_exports.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

TEST(ExportWriterTest, RoundTripKeepsEveryKeyAndField) {
  for (const size_t n : {0, 1, 2, 100, 5000}) {
    const std::vector<DiagnosisKey> keys = MakeKeys(n);
    const auto written = WriteAndRead(keys, Options());
    ASSERT_THAT(written, IsOk());
    ASSERT_EQ(written->size(), 1);
    const Written& file = written->front();
    EXPECT_EQ(file.keys, Sorted(keys));  // in order of key bytes
    EXPECT_EQ(file.report.counts.num_rejected(), 0);
    EXPECT_EQ(file.report.metadata.region, "440");
    EXPECT_EQ(file.report.metadata.start_timestamp, 1600000000);
    EXPECT_EQ(file.report.metadata.end_timestamp, 1600086400);
    EXPECT_EQ(file.report.metadata.batch_num, 1);
    EXPECT_EQ(file.report.metadata.batch_size, 1);
    EXPECT_EQ(file.file.num_keys, n);
    EXPECT_EQ(file.file.num_padding, 0);
  }
}

// A reader takes what is deflated that far for a trap. People choose their
// phones' keys, so they may be so.
TEST(ExportWriterTest, KeysThatRepeatThemselvesAreReadBack) {
  for (const size_t n : {1, 600, 1000, 5000}) {
    SCOPED_TRACE(n);
    std::vector<DiagnosisKey> keys = MakeKeys(n);
    for (size_t i = 0; i < n; ++i) {
      keys[i].tek.bytes.fill(0);
      keys[i].tek.bytes[0] = static_cast<uint8_t>(i >> 8);
      keys[i].tek.bytes[1] = static_cast<uint8_t>(i);
    }
    const auto written = WriteAndRead(keys, Options());
    ASSERT_THAT(written, IsOk());
    ASSERT_EQ(written->size(), 1);
    EXPECT_EQ(written->front().keys, Sorted(keys));
  }
}

// Random keys are deflated, however many there are.
TEST(ExportWriterTest, OtherKeysAreDeflated) {
  for (const size_t n : {1, 1000, 5000}) {
    const auto written = WriteAndRead(MakeKeys(n), Options());
    ASSERT_THAT(written, IsOk());
    // The first entry's method, of its local header.
    EXPECT_EQ(written->front().file.zip.substr(8, 2), std::string("\10\0", 2));
  }
}

TEST(ExportWriterTest, LeavesDefaultsOut) {
  DiagnosisKey key;
  key.tek.bytes.fill(1);
  key.rolling_start = 2650000;
  const auto written = WriteAndRead({key}, Options());
  ASSERT_THAT(written, IsOk());
  wire::TemporaryExposureKeyExport message;
  ASSERT_TRUE(message.ParseFromString(
      written->front().bin.substr(kExportHeader.size())));
  EXPECT_FALSE(message.keys(0).has_rolling_period());
  EXPECT_FALSE(message.keys(0).has_transmission_risk_level());
}

TEST(ExportWriterTest, EverySignerSigns) {
  const SigningKey a = *SigningKey::Generate();
  const SigningKey b = *SigningKey::Generate();
  ExportWriterOptions options = Options();
  options.signers = {{.key = a, .id = "440", .version = "v1"},
                     {.key = b,
                      .id = "441",
                      .version = "v2",
                      .algorithm = SignatureAlgorithm::kEcdsaP256Sha512}};
  TrustedKeys both;
  ASSERT_THAT(both.AddSet({{.id = "440",
                            .version = "v1",
                            .key = *VerificationKey::Parse(*a.PublicPem())},
                           {.id = "441",
                            .version = "v2",
                            .key = *VerificationKey::Parse(*b.PublicPem())}}),
              IsOk());
  const auto written = WriteAndRead(MakeKeys(10), options, both);
  ASSERT_THAT(written, IsOk());
  const ExportReport& report = written->front().report;
  EXPECT_EQ(report.signature.verdict, SignatureVerdict::kValid);
  EXPECT_EQ(report.signature.signed_by,
            (std::vector<std::string>{"440:v1", "441:v2"}));
  ASSERT_EQ(report.metadata.signature_infos.size(), 2);
  EXPECT_EQ(report.metadata.signature_infos[1].algorithm, kOidEcdsaSha512);
  wire::TEKSignatureList list;
  ASSERT_TRUE(list.ParseFromString(EntryContent(
      *MemorySource("f.zip", written->front().file.zip), "export.sig")));
  ASSERT_EQ(list.signatures_size(), 2);
  for (const wire::TEKSignature& signature : list.signatures()) {
    EXPECT_TRUE(signature.has_batch_num() && signature.has_batch_size());
    EXPECT_EQ(signature.batch_num(), 1);
    EXPECT_EQ(signature.batch_size(), 1);
  }
  const auto none = WriteAndRead(MakeKeys(10), Options(), both);
  EXPECT_EQ(none->front().report.signature.verdict,
            SignatureVerdict::kEmptySignatureList);
}

TEST(ExportWriterTest, EitherAlgorithmByItselfVerifies) {
  for (const SignatureAlgorithm algorithm :
       {SignatureAlgorithm::kEcdsaP256Sha256,
        SignatureAlgorithm::kEcdsaP256Sha512}) {
    const SigningKey key = *SigningKey::Generate();
    ExportWriterOptions options = Options();
    options.signers = {
        {.key = key, .id = "440", .version = "v1", .algorithm = algorithm}};
    TrustedKeys trusted;
    ASSERT_THAT(
        trusted.AddSet({{.id = "440",
                         .version = "v1",
                         .key = *VerificationKey::Parse(*key.PublicPem())}}),
        IsOk());
    const auto written = WriteAndRead(MakeKeys(10), options, trusted);
    ASSERT_THAT(written, IsOk());
    EXPECT_EQ(written->front().report.signature.verdict,
              SignatureVerdict::kValid);
  }
}

TEST(ExportWriterTest, ChunksByMaximumCount) {
  ExportWriterOptions options = Options();
  options.max_keys = 10;
  for (const size_t n : {9, 10, 11, 20, 21, 95}) {
    const std::vector<DiagnosisKey> keys = MakeKeys(n);
    const auto written = WriteAndRead(keys, options);
    ASSERT_THAT(written, IsOk());
    const size_t num_files = (n + 9) / 10;
    ASSERT_EQ(written->size(), num_files);
    std::vector<DiagnosisKey> all;
    for (size_t i = 0; i < num_files; ++i) {
      const Written& file = (*written)[i];
      EXPECT_EQ(file.report.metadata.batch_num, static_cast<int>(i + 1));
      EXPECT_EQ(file.report.metadata.batch_size, static_cast<int>(num_files));
      EXPECT_LE(file.keys.size(), 10);
      all.insert(all.end(), file.keys.begin(), file.keys.end());
    }
    EXPECT_EQ(Sorted(all), Sorted(keys));
  }
}

// A padded key has any bytes. It must not stand out in a file whose own keys
// all have bytes near each other.
TEST(ExportWriterTest, TheFilesOfACallEachHaveKeysOfAllBytes) {
  ExportWriterOptions options = Options();
  options.max_keys = 100;
  for (const ExportSplit split : {ExportSplit::kBatch, ExportSplit::kWindows}) {
    options.split = split;
    for (const KeyOrder order : {KeyOrder::kSorted, KeyOrder::kRandom}) {
      options.order = order;
      for (const size_t num_files : {2, 10}) {
        const auto written = WriteAndRead(MakeKeys(100 * num_files), options);
        ASSERT_THAT(written, IsOk());
        ASSERT_EQ(written->size(), num_files);
        for (const Written& file : *written) {
          const std::vector<DiagnosisKey> in_order = Sorted(file.keys);
          EXPECT_LT(in_order.front().tek.bytes[0], 64);
          EXPECT_GE(in_order.back().tek.bytes[0], 192);
          EXPECT_EQ(file.keys == in_order, order == KeyOrder::kSorted);
        }
      }
    }
  }
}

TEST(ExportWriterTest, AWindowIsSplitIntoWindowsWithEndsOfTheirOwn) {
  ExportWriterOptions options = Options();
  options.split = ExportSplit::kWindows;
  options.max_keys = 10;
  for (const size_t n : {0, 10, 11, 25}) {
    const std::vector<DiagnosisKey> keys = MakeKeys(n);
    const auto written = WriteAndRead(keys, options);
    ASSERT_THAT(written, IsOk());
    std::vector<uint64_t> ends;
    std::vector<DiagnosisKey> all;
    for (const Written& file : *written) {
      EXPECT_EQ(file.report.metadata.start_timestamp, 1600000000);
      EXPECT_EQ(file.report.metadata.batch_num, 1);
      EXPECT_EQ(file.report.metadata.batch_size, 1);
      EXPECT_EQ(file.file.batch_num, 1);
      EXPECT_EQ(file.file.batch_size, 1);
      EXPECT_EQ(file.file.end_timestamp, file.report.metadata.end_timestamp);
      ends.push_back(file.report.metadata.end_timestamp);
      all.insert(all.end(), file.keys.begin(), file.keys.end());
    }
    const std::vector<uint64_t> last = {1600086398, 1600086399, 1600086400};
    const size_t num_files = n <= 10 ? 1 : (n + 9) / 10;
    EXPECT_EQ(ends, std::vector<uint64_t>(last.end() - num_files, last.end()));
    EXPECT_EQ(Sorted(all), Sorted(keys));
  }
}

TEST(ExportWriterTest, PadsToTheMinimumWithKeysLikeTheReal) {
  ExportWriterOptions options = Options();
  options.min_keys = 50;
  options.padding_range = 20;
  const std::vector<DiagnosisKey> keys = MakeKeys(5);
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const auto written = WriteAndRead(keys, options, {}, seed);
    ASSERT_THAT(written, IsOk());
    const Written& file = written->front();
    sizes.insert(file.keys.size());
    EXPECT_GE(file.keys.size(), 50);
    EXPECT_LE(file.keys.size(), 70);
    EXPECT_EQ(file.file.num_padding, file.keys.size() - 5);
    EXPECT_TRUE(std::is_sorted(file.keys.begin(), file.keys.end()));
    size_t num_real = 0;
    for (const DiagnosisKey& key : file.keys) {
      // Everything but the key bytes is that of a real key.
      EXPECT_TRUE(
          std::any_of(keys.begin(), keys.end(), [&key](DiagnosisKey real) {
            real.tek = key.tek;
            return real == key;
          }));
      num_real += std::count(keys.begin(), keys.end(), key);
    }
    EXPECT_EQ(num_real, 5);
  }
  EXPECT_GT(sizes.size(), 5);
  EXPECT_EQ(WriteAndRead(MakeKeys(71), options)->front().keys.size(), 71);
  // Nothing to imitate, nothing to pad.
  EXPECT_TRUE(WriteAndRead({}, options)->front().keys.empty());
}

TEST(ExportWriterTest, SaysWhichKindsThereWasNoRoomToPad) {
  std::vector<DiagnosisKey> keys = MakeKeys(20);
  for (size_t i = 0; i < keys.size(); ++i) {
    keys[i].rolling_start = static_cast<EnIntervalNumber>(2650000 + i);
  }
  const struct {
    uint64_t min_keys;
    uint64_t num_padding;
    uint64_t num_kinds_unpadded;
  } kCases[] = {{0, 0, 0},   {1, 0, 20},  {20, 0, 20}, {21, 1, 19},
                {39, 19, 1}, {40, 20, 0}, {100, 80, 0}};
  for (const auto& [min_keys, num_padding, num_kinds_unpadded] : kCases) {
    ExportWriterOptions options = Options();
    options.min_keys = min_keys;
    const auto written = WriteAndRead(keys, options);
    ASSERT_THAT(written, IsOk());
    EXPECT_EQ(written->front().file.num_padding, num_padding);
    EXPECT_EQ(written->front().file.num_kinds_unpadded, num_kinds_unpadded);
  }
  // A revised key takes room, and is of no kind.
  keys[0].metadata = {.report_type = ReportType::kRevoked, .revised = true};
  ExportWriterOptions options = Options();
  options.min_keys = 39;
  const auto written = WriteAndRead(keys, options);
  ASSERT_THAT(written, IsOk());
  EXPECT_EQ(written->front().file.num_padding, 19);
  EXPECT_EQ(written->front().file.num_kinds_unpadded, 0);
}

// Where padding is asked for, and none is drawn.
TEST(ExportWriterTest, SaysWhichKindsHaveNoPaddingByChance) {
  ExportWriterOptions options = Options();
  options.min_keys = 0;
  options.padding_range = 1;
  std::set<uint64_t> unpadded;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto written = WriteAndRead(MakeKeys(1), options, {}, seed);
    ASSERT_THAT(written, IsOk());
    EXPECT_EQ(written->front().file.num_padding, 0);
    unpadded.insert(written->front().file.num_kinds_unpadded);
  }
  EXPECT_EQ(unpadded, std::set<uint64_t>{1});
}

TEST(ExportWriterTest, SaysWhichRevisedKeysAreAlone) {
  std::vector<DiagnosisKey> keys = MakeKeys(7);
  for (DiagnosisKey& key : keys) {
    key.rolling_start = 2650000;
    key.rolling_period = 144;
    key.metadata = {.report_type = ReportType::kRevoked, .revised = true};
  }
  keys[0].rolling_period = 7;
  keys[1].metadata.days_since_onset = 3;
  keys[2].metadata.report_type = ReportType::kConfirmedTest;
  keys[3].metadata.report_type = ReportType::kConfirmedTest;
  const struct {
    uint64_t min_keys;
    uint64_t padding_range;
    uint64_t num_alone;
  } kCases[] = {{0, 0, 0}, {0, 5, 2}, {1, 0, 2}, {100, 10, 2}};
  for (const auto& [min_keys, padding_range, num_alone] : kCases) {
    ExportWriterOptions options = Options();
    options.min_keys = min_keys;
    options.padding_range = padding_range;
    const auto written = WriteAndRead(keys, options);
    ASSERT_THAT(written, IsOk());
    EXPECT_EQ(written->front().file.num_padding, 0);
    EXPECT_EQ(written->front().file.num_kinds_unpadded, 0);
    EXPECT_EQ(written->front().file.num_revised_alone, num_alone);
  }
  // A primary key that has all else in common is of another kind.
  keys.push_back(keys[0]);
  keys.back().tek.bytes[0] ^= 1;
  keys.back().metadata = {};
  ExportWriterOptions options = Options();
  options.min_keys = 100;
  const auto written = WriteAndRead(keys, options);
  ASSERT_THAT(written, IsOk());
  EXPECT_EQ(written->front().file.num_revised_alone, 2);
}

TEST(ExportWriterTest, RevisedKeysGoLastAndAreNotPadded) {
  std::vector<DiagnosisKey> keys = MakeKeys(20);
  for (size_t i = 0; i < 5; ++i) {
    keys[i].metadata.revised = true;
    keys[i].metadata.report_type =
        i < 3 ? ReportType::kRevoked : ReportType::kConfirmedTest;
  }
  ExportWriterOptions options = Options();
  options.min_keys = 100;
  const auto written = WriteAndRead(keys, options);
  ASSERT_THAT(written, IsOk());
  EXPECT_EQ(written->front().report.counts.keys, 95);
  EXPECT_EQ(written->front().report.counts.revised_keys, 5);
  // Only revised keys: no padding at all.
  keys.resize(5);
  const auto only_revised = WriteAndRead(keys, options);
  EXPECT_EQ(only_revised->front().report.counts.keys, 0);
  EXPECT_EQ(only_revised->front().report.counts.revised_keys, 5);
}

TEST(ExportWriterTest, RevisedKeysComeAfterPrimaryOnesOverTheFilesOfABatch) {
  std::vector<DiagnosisKey> keys = MakeKeys(40);
  for (size_t i = 0; i < keys.size(); i += 2) {
    keys[i].metadata.revised = true;
    keys[i].metadata.report_type = ReportType::kConfirmedTest;
  }
  ExportWriterOptions options = Options();
  options.max_keys = 7;
  const auto written = WriteAndRead(keys, options);
  ASSERT_THAT(written, IsOk());
  std::vector<DiagnosisKey> all;
  for (const Written& file : *written) {
    all.insert(all.end(), file.keys.begin(), file.keys.end());
  }
  EXPECT_TRUE(std::is_partitioned(
      all.begin(), all.end(),
      [](const DiagnosisKey& key) { return !key.metadata.revised; }));
  EXPECT_EQ(Sorted(all), Sorted(keys));
}

TEST(ExportWriterTest, TheSeedDecidesExportBin) {
  ExportWriterOptions options = Options();
  options.order = KeyOrder::kRandom;
  options.min_keys = 200;
  options.max_keys = 300;
  const std::vector<DiagnosisKey> keys = MakeKeys(700);
  std::vector<DiagnosisKey> reversed(keys.rbegin(), keys.rend());
  const auto a = WriteAndRead(keys, options, {}, 7);
  const auto b = WriteAndRead(reversed, options, {}, 7);
  const auto c = WriteAndRead(keys, options, {}, 8);
  ASSERT_THAT(a, IsOk());
  ASSERT_THAT(b, IsOk());
  ASSERT_THAT(c, IsOk());
  ASSERT_EQ(a->size(), 3);
  for (size_t i = 0; i < a->size(); ++i) {
    EXPECT_EQ((*a)[i].bin, (*b)[i].bin);
    EXPECT_EQ((*a)[i].file.zip, (*b)[i].file.zip);  // unsigned: all of it
    EXPECT_NE((*a)[i].bin, (*c)[i].bin);
    EXPECT_FALSE(std::is_sorted((*a)[i].keys.begin(), (*a)[i].keys.end()));
  }
}

TEST(ExportWriterTest, TheSinkCanEndTheCall) {
  ExportWriterOptions options = Options();
  options.max_keys = 1;
  RandomSource random = RandomSource::Seeded(1);
  int num_calls = 0;
  const absl::Status status =
      WriteExports(MakeKeys(3), options, random, [&](const ExportFile&) {
        ++num_calls;
        return absl::ResourceExhaustedError("disk full");
      });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(num_calls, 1);
}

TEST(ExportWriterTest, WritesOneFileOfABatch) {
  const std::vector<DiagnosisKey> keys = MakeKeys(20);
  RandomSource random = RandomSource::Seeded(7);
  absl::StatusOr<ExportFile> file =
      WriteExportFile(keys, 3, 5, Options(), random);
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->batch_num, 3);
  EXPECT_EQ(file->batch_size, 5);
  EXPECT_EQ(file->num_keys, 20);
  const auto written = ReadBack(*std::move(file), {});
  ASSERT_THAT(written, IsOk());
  EXPECT_EQ(written->report.metadata.batch_num, 3);
  EXPECT_EQ(written->report.metadata.batch_size, 5);
  EXPECT_EQ(written->keys, Sorted(keys));
}

}  // namespace
}  // namespace tekmatch
