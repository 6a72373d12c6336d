#include "keyformat/export_writer.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/archive.h"
#include "keyformat/export.pb.h"
#include "keyformat/export_reader.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

std::vector<DiagnosisKey> MakeKeys(size_t n, uint64_t seed = 1) {
  RandomSource random = RandomSource::Seeded(seed);
  std::vector<DiagnosisKey> keys(n);
  for (DiagnosisKey& key : keys) {
    random.Fill(absl::MakeSpan(key.tek.bytes));
    key.rolling_start =
        static_cast<EnIntervalNumber>(2650000 + random.Below(2016));
    key.rolling_period = static_cast<uint8_t>(
        random.Below(3) == 0 ? 144 : 1 + random.Below(144));
    if (random.Below(2) == 0) {
      key.metadata.transmission_risk = static_cast<uint8_t>(random.Below(9));
    }
    if (random.Below(2) == 0)
      key.metadata.report_type = ReportType::kSelfReport;
    if (random.Below(2) == 0) {
      key.metadata.days_since_onset =
          static_cast<int8_t>(static_cast<int>(random.Below(29)) - 14);
    }
    if (random.Below(4) == 0) key.metadata.variant_of_concern = 2;
  }
  return keys;
}

ExportWriterOptions Options() {
  ExportWriterOptions options;
  options.start_timestamp = 1600000000;
  options.end_timestamp = 1600086400;
  options.region = "440";
  options.min_keys = 0;
  options.padding_range = 0;
  return options;
}

struct Written {
  ExportFile file;
  std::string bin;
  ExportReport report;
  std::vector<DiagnosisKey> keys;
};

std::string EntryContent(const ByteSource& source, const std::string& name) {
  const auto entries = ReadArchiveDirectory(source, {});
  if (!entries.ok()) return "";
  for (const ArchiveEntry& entry : *entries) {
    if (entry.name != name) continue;
    const auto stream = OpenEntry(source, entry);
    if (!stream.ok()) return "";
    std::vector<uint8_t> buffer(entry.bytes + 1);
    const auto n = (*stream)->Read(absl::MakeSpan(buffer));
    if (!n.ok()) return "";
    return {buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(*n)};
  }
  return "";
}

// Through the real reader.
absl::StatusOr<Written> ReadBack(ExportFile file, const TrustedKeys& trusted) {
  Written written;
  const auto source = MemorySource("f.zip", file.zip);
  written.bin = EntryContent(*source, "export.bin");
  auto reader = ExportReader::Open(*source, {});
  if (!reader.ok()) return reader.status();
  KeyBlock block;
  while (true) {
    const auto more = (*reader)->Next(&block);
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t i = 0; i < block.size(); ++i) {
      written.keys.push_back(block.key(i));
    }
  }
  auto report = (*reader)->Finish(trusted);
  if (!report.ok()) return report.status();
  written.report = *std::move(report);
  written.file = std::move(file);
  return written;
}

// Writes with a seed and reads everything back.
absl::StatusOr<std::vector<Written>> WriteAndRead(
    std::vector<DiagnosisKey> keys, const ExportWriterOptions& options,
    const TrustedKeys& trusted = {}, uint64_t seed = 7) {
  std::vector<Written> all;
  RandomSource random = RandomSource::Seeded(seed);
  const absl::Status status = WriteExports(
      std::move(keys), options, random, [&](ExportFile file) -> absl::Status {
        absl::StatusOr<Written> written = ReadBack(std::move(file), trusted);
        if (!written.ok()) return written.status();
        all.push_back(*std::move(written));
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return all;
}

std::vector<DiagnosisKey> Sorted(std::vector<DiagnosisKey> keys) {
  std::sort(keys.begin(), keys.end());
  return keys;
}

TEST(ExportWriterTest, RoundTripKeepsEveryKeyAndField) {
  for (const size_t n : {0, 1, 2, 100, 5000}) {
    const std::vector<DiagnosisKey> keys = MakeKeys(n);
    const auto written = WriteAndRead(keys, Options());
    ASSERT_TRUE(written.ok()) << written.status();
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

TEST(ExportWriterTest, LeavesDefaultsOut) {
  DiagnosisKey key;
  key.tek.bytes.fill(1);
  key.rolling_start = 2650000;
  const auto written = WriteAndRead({key}, Options());
  ASSERT_TRUE(written.ok());
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
  ASSERT_TRUE(both.AddSet({{.id = "440",
                            .version = "v1",
                            .key = *VerificationKey::FromPem(*a.PublicPem())},
                           {.id = "441",
                            .version = "v2",
                            .key = *VerificationKey::FromPem(*b.PublicPem())}})
                  .ok());
  const auto written = WriteAndRead(MakeKeys(10), options, both);
  ASSERT_TRUE(written.ok()) << written.status();
  const ExportReport& report = written->front().report;
  EXPECT_EQ(report.signature.verdict, SignatureVerdict::kValid);
  EXPECT_EQ(report.signature.signed_by,
            (std::vector<std::string>{"440 v1", "441 v2"}));
  ASSERT_EQ(report.metadata.signature_infos.size(), 2);
  EXPECT_EQ(report.metadata.signature_infos[1].algorithm, kOidEcdsaSha512);
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
    ASSERT_TRUE(
        trusted
            .AddSet({{.id = "440",
                      .version = "v1",
                      .key = *VerificationKey::FromPem(*key.PublicPem())}})
            .ok());
    const auto written = WriteAndRead(MakeKeys(10), options, trusted);
    ASSERT_TRUE(written.ok()) << written.status();
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
    ASSERT_TRUE(written.ok()) << written.status();
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
    EXPECT_EQ(all, Sorted(keys));
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
    ASSERT_TRUE(written.ok()) << written.status();
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
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->front().report.counts.keys, 95);
  EXPECT_EQ(written->front().report.counts.revised_keys, 5);
  // Only revised keys: no padding at all.
  keys.resize(5);
  const auto only_revised = WriteAndRead(keys, options);
  EXPECT_EQ(only_revised->front().report.counts.keys, 0);
  EXPECT_EQ(only_revised->front().report.counts.revised_keys, 5);
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
  ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  ASSERT_EQ(a->size(), 3);
  for (size_t i = 0; i < a->size(); ++i) {
    EXPECT_EQ((*a)[i].bin, (*b)[i].bin);
    EXPECT_EQ((*a)[i].file.zip, (*b)[i].file.zip);  // unsigned: all of it
    EXPECT_NE((*a)[i].bin, (*c)[i].bin);
    EXPECT_FALSE(std::is_sorted((*a)[i].keys.begin(), (*a)[i].keys.end()));
  }
  // Random order spreads neighbours over the files of a batch.
  EXPECT_GT(*std::max_element((*a)[0].keys.begin(), (*a)[0].keys.end()),
            *std::min_element((*a)[1].keys.begin(), (*a)[1].keys.end()));
}

TEST(ExportWriterTest, RefusesWhatTheFormatForbids) {
  const auto Refused = [](std::vector<DiagnosisKey> keys,
                          const ExportWriterOptions& options,
                          const std::string& reason) {
    const auto written = WriteAndRead(std::move(keys), options);
    EXPECT_EQ(written.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(written.status().message()), HasSubstr(reason));
  };
  ExportWriterOptions options = Options();
  options.end_timestamp = options.start_timestamp;
  Refused({}, options, "before end_timestamp");
  options = Options();
  options.max_keys = 0;
  Refused({}, options, "max_keys");
  options.max_keys = 10;
  options.min_keys = 5;
  options.padding_range = 6;
  Refused({}, options, "min_keys + padding_range");

  const DiagnosisKey good = MakeKeys(1)[0];
  DiagnosisKey key = good;
  key.rolling_period = 0;
  Refused({key}, Options(), "rolling_period");
  key.rolling_period = 145;
  Refused({key}, Options(), "rolling_period");
  key = good;
  key.rolling_start = 0;
  Refused({key}, Options(), "rolling_start is missing");
  key.rolling_start = uint32_t{1} << 31;
  Refused({key}, Options(), "rolling_start is too large");
  key = good;
  key.metadata.report_type = ReportType::kRevoked;
  Refused({key}, Options(), "a primary key is revoked");
  key.metadata.revised = true;
  key.metadata.report_type = ReportType::kSelfReport;
  Refused({key}, Options(), "a revised key is a self-report");
  key = good;
  key.metadata.days_since_onset = 15;
  Refused({key}, Options(), "days_since_onset");
  key = good;
  key.metadata.transmission_risk = 9;
  Refused({key}, Options(), "transmission_risk");
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
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(num_calls, 1);
}

TEST(ExportWriterTest, WritesOneFileOfABatch) {
  const std::vector<DiagnosisKey> keys = MakeKeys(20);
  RandomSource random = RandomSource::Seeded(7);
  absl::StatusOr<ExportFile> file =
      WriteExportFile(keys, 3, 5, Options(), random);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->batch_num, 3);
  EXPECT_EQ(file->batch_size, 5);
  EXPECT_EQ(file->num_keys, 20);
  const auto written = ReadBack(*std::move(file), {});
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->report.metadata.batch_num, 3);
  EXPECT_EQ(written->report.metadata.batch_size, 5);
  EXPECT_EQ(written->keys, Sorted(keys));
}

TEST(ExportWriterTest, RefusesAFileThatIsNotOfItsBatchOrTooLarge) {
  RandomSource random = RandomSource::Seeded(7);
  ExportWriterOptions options = Options();
  options.max_keys = 10;
  const struct {
    size_t num_keys;
    int batch_num;
    int batch_size;
  } kBad[] = {{10, 0, 1},   {10, 2, 1}, {10, 1, 0},
              {10, -1, -1}, {11, 1, 1}, {10, 1, 1'000'001}};
  for (const auto& [num_keys, batch_num, batch_size] : kBad) {
    EXPECT_EQ(WriteExportFile(MakeKeys(num_keys), batch_num, batch_size,
                              options, random)
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument)
        << num_keys << " " << batch_num << " " << batch_size;
  }
  EXPECT_TRUE(WriteExportFile(MakeKeys(10), 1, 1, options, random).ok());
}

}  // namespace
}  // namespace tekmatch
