#include "keyformat/export_reader.h"

#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/export.pb.h"
#include "tests/keyformat/raw_zip.h"
#include "tests/shared_data.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

struct ReadResult {
  absl::Status status;
  ExportReport report;
  std::vector<DiagnosisKey> keys;
};

ReadResult ReadAll(const ByteSource& source, const TrustedKeys& trusted = {},
                   const ExportReaderOptions& options = {}) {
  ReadResult result;
  auto reader = ExportReader::Open(source, options);
  if (!reader.ok()) {
    result.status = reader.status();
    return result;
  }
  KeyBlock block;
  while (true) {
    const absl::StatusOr<bool> more = (*reader)->Next(&block);
    if (!more.ok()) {
      result.status = more.status();
      return result;
    }
    if (!*more) break;
    for (size_t i = 0; i < block.size(); ++i) {
      result.keys.push_back(block.key(i));
    }
  }
  auto report = (*reader)->Finish(trusted);
  result.status = report.status();
  if (report.ok()) result.report = *std::move(report);
  return result;
}

ReadResult ReadBytes(std::string bytes, const TrustedKeys& trusted = {}) {
  return ReadAll(*MemorySource("f", std::move(bytes)), trusted);
}

std::string OneKeyBin() {
  wire::TemporaryExposureKeyExport message;
  wire::TemporaryExposureKey* key = message.add_keys();
  key->set_key_data(std::string(16, 'k'));
  key->set_rolling_start_interval_number(2650000);
  return std::string(kExportHeader) + message.SerializeAsString();
}

TEST(ExportReaderTest, ABareExportBinHasNoSignatureEntry) {
  const ReadResult result = ReadBytes(OneKeyBin());
  ASSERT_THAT(result.status, IsOk());
  EXPECT_EQ(result.report.signature.verdict,
            SignatureVerdict::kNoSignatureEntry);
  EXPECT_EQ(result.keys.size(), 1);
}

TEST(ExportReaderTest, TellsTheStatesOfTheSignatureListApart) {
  const struct {
    std::vector<RawZipEntry> entries;
    SignatureVerdict want;
  } kCases[] = {
      {{Entry("export.bin", OneKeyBin())}, SignatureVerdict::kNoSignatureEntry},
      {{Entry("export.bin", OneKeyBin()), Entry("export.sig", "")},
       SignatureVerdict::kEmptySignatureList},
      {{Entry("export.sig", "\x0a\x7f"), Entry("export.bin", OneKeyBin())},
       SignatureVerdict::kMalformedSignatureList},
  };
  for (const auto& c : kCases) {
    const ReadResult result = ReadBytes(RawZip{.entries = c.entries}.Build());
    ASSERT_THAT(result.status, IsOk());
    EXPECT_EQ(result.report.signature.verdict, c.want);
    EXPECT_EQ(result.keys.size(), 1);
  }
}

TEST(ExportReaderTest, ToleratesAndNamesOneExtraEntry) {
  RawZip zip{.entries = {Entry("export.bin", OneKeyBin()),
                         Entry("export.sig", ""),
                         Entry("content.sig", "whatever")}};
  const ReadResult result = ReadBytes(zip.Build());
  ASSERT_THAT(result.status, IsOk());
  EXPECT_EQ(result.report.extra_entry, "content.sig");
  zip.entries[1].name = "other";
  EXPECT_THAT(std::string(ReadBytes(zip.Build()).status.message()),
              HasSubstr("f: entry content.sig: more than one"));
}

TEST(ExportReaderTest, RefusesWhatIsNoExport) {
  const struct {
    std::string bytes;
    const char* reason;
  } kCases[] = {
      {"", "f: export.bin: does not begin with the header"},
      {"PK\x03\x04", "f: zip: "},
      {"hello world, hello world", "f: export.bin: does not begin"},
      {RawZip{}.Build(), "f: zip: no entry export.bin"},
      {RawZip{.entries = {Entry("export.sig", "")}}.Build(),
       "f: zip: no entry export.bin"},
      {RawZip{.entries = {Entry("export.bin", OneKeyBin()),
                          Entry("export.sig", std::string(65537, 'a'))}}
           .Build(),
       "f: entry export.sig: "},
  };
  for (const auto& c : kCases) {
    const ReadResult result = ReadBytes(c.bytes);
    EXPECT_THAT(result.status,
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(c.reason)));
  }
}

TEST(ExportReaderTest, ALargeBareFileIsRefusedByItsSize) {
  const std::string bin = OneKeyBin();
  ExportReaderOptions options;
  options.archive.max_entry_bytes = bin.size();
  EXPECT_THAT(ReadAll(*MemorySource("f", bin), {}, options).status, IsOk());
  options.archive.max_entry_bytes = bin.size() - 1;
  EXPECT_EQ(
      ReadAll(*MemorySource("f", bin), {}, options).status,
      absl::DataLossError(absl::StrCat("f: ", bin.size(), " bytes, at most ",
                                       bin.size() - 1, " allowed")));
}

// Stored, so that nothing but its size is against it.
TEST(ExportReaderTest, ALargeSignatureListIsRefusedByItsSize) {
  // An unknown field fills the list.
  const std::string list =
      "\x7a\xfc\xff\x03" + std::string((64 << 10) - 4, 'x');
  RawZip zip{
      .entries = {Entry("export.bin", OneKeyBin()), Entry("export.sig", list)}};
  zip.entries[1].deflate = false;
  const ReadResult largest = ReadBytes(zip.Build());
  ASSERT_THAT(largest.status, IsOk());
  EXPECT_EQ(largest.report.signature.verdict,
            SignatureVerdict::kEmptySignatureList);
  zip.entries[1].content += 'x';
  EXPECT_EQ(ReadBytes(zip.Build()).status,
            absl::DataLossError("f: entry export.sig: 65537 bytes, at most "
                                "65536 allowed"));
}

TEST(ExportReaderTest, ADamagedSignatureListIsNoEmptyOne) {
  for (const bool deflate : {false, true}) {
    for (const std::string list : {"", "\x0a\x00"}) {
      RawZip zip{.entries = {Entry("export.bin", OneKeyBin()),
                             Entry("export.sig", list)}};
      zip.entries[1].deflate = deflate;
      ASSERT_THAT(ReadBytes(zip.Build()).status, IsOk());
      zip.entries[1].crc32 = 1;
      EXPECT_EQ(ReadBytes(zip.Build()).status,
                absl::DataLossError("f: entry export.sig: wrong CRC"));
    }
  }
}

TEST(ExportReaderTest, AWrongCrcIsFoundThoughEveryKeyDecodes) {
  RawZipEntry bin = Entry("export.bin", OneKeyBin());
  bin.crc32 = 1;
  const ReadResult result = ReadBytes(RawZip{.entries = {bin}}.Build());
  EXPECT_THAT(std::string(result.status.message()),
              HasSubstr("entry export.bin: wrong CRC"));
}

TEST(ExportReaderTest, TheVerdictNeedsTheWholeFile) {
  const auto source = MemorySource("f", OneKeyBin());
  auto reader = ExportReader::Open(*source, {});
  ASSERT_THAT(reader, IsOk());
  KeyBlock block;
  ASSERT_TRUE(*(*reader)->Next(&block));
  EXPECT_THAT((*reader)->Finish({}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  ExportDigests want;
  const std::string bin = OneKeyBin();
  SHA256(reinterpret_cast<const uint8_t*>(bin.data()), bin.size(),
         want.sha256.data());
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(*(*reader)->Next(&block));  // again: still the end
    const auto report = (*reader)->Finish({});
    ASSERT_THAT(report, IsOk());
    EXPECT_EQ(report->digests.sha256, want.sha256);
    EXPECT_EQ(report->digests.sha512, want.sha512);  // nobody asked for it
  }
}

TEST(ExportReaderTest, OneChangedBitAnywhereIsRefusedOrNotValid) {
  const SigningKey key = *SigningKey::Generate();
  const std::string bin = OneKeyBin();
  ExportDigests digests;
  SHA256(reinterpret_cast<const uint8_t*>(bin.data()), bin.size(),
         digests.sha256.data());
  wire::TEKSignatureList list;
  wire::TEKSignature* entry = list.add_signatures();
  entry->mutable_signature_info()->set_verification_key_id("440");
  entry->mutable_signature_info()->set_signature_algorithm(
      std::string(kOidEcdsaSha256));
  entry->set_signature(*key.Sign(digests.sha256));
  TrustedKeys trusted;
  ASSERT_THAT(
      trusted.AddSet({{.id = "440",
                       .version = std::nullopt,
                       .key = *VerificationKey::Parse(*key.PublicPem())}}),
      IsOk());
  const std::string zip =
      RawZip{.entries = {Entry("export.bin", bin),
                         Entry("export.sig", list.SerializeAsString())}}
          .Build();
  const ReadResult good = ReadBytes(zip, trusted);
  ASSERT_EQ(good.report.signature.verdict, SignatureVerdict::kValid);
  int num_still_valid = 0;
  for (size_t i = 0; i < zip.size() * 8; ++i) {
    std::string changed = zip;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    const ReadResult result = ReadBytes(changed, trusted);
    if (result.status.ok() &&
        result.report.signature.verdict == SignatureVerdict::kValid) {
      // Only what no signature covers: dates and versions in zip headers.
      ++num_still_valid;
      EXPECT_EQ(result.keys, good.keys);
    }
  }
  EXPECT_LT(num_still_valid, 600);
}

// --- The real files, each with the verdict that their README states. ---

ReadResult ReadShared(const std::string& name,
                      const TrustedKeys& trusted = {}) {
  const auto source = OpenFileSource(SharedDataPath("exports/" + name));
  if (!source.ok())
    return {.status = source.status(), .report = {}, .keys = {}};
  return ReadAll(**source, trusted);
}

TrustedKeys TrustShared(const std::string& pem_name, const std::string& id,
                        std::optional<std::string> version) {
  std::ifstream in(SharedDataPath("exports/" + pem_name));
  std::stringstream pem;
  pem << in.rdbuf();
  auto key = VerificationKey::Parse(pem.str());
  TrustedKeys trusted;
  EXPECT_THAT(key, IsOk()) << pem_name;
  if (key.ok()) {
    EXPECT_THAT(trusted.AddSet(
                    {{.id = id, .version = std::move(version), .key = *key}}),
                IsOk());
  }
  return trusted;
}

TEST(RealExportsTest, TheGermanFileVerifiesWithItsKey) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const ReadResult result = ReadShared("cwa-dev-2020-05-31.zip",
                                       TrustShared("cwa-dev.pem", "262", "v1"));
  ASSERT_THAT(result.status, IsOk());
  EXPECT_EQ(result.report.signature.verdict, SignatureVerdict::kValid);
  EXPECT_EQ(result.report.signature.signed_by,
            std::vector<std::string>{"262:v1"});
  EXPECT_EQ(result.keys.size(), 24131);
  EXPECT_EQ(result.report.counts.num_rejected(), 0);
  EXPECT_EQ(result.report.metadata.region, "DE");
}

TEST(RealExportsTest, FirstGenerationHasTextForAlgorithmAndNoKeyId) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const ReadResult result =
      ReadShared("google-sample-110.zip",
                 TrustShared("google-sample-110.pem", "", std::nullopt));
  ASSERT_THAT(result.status, IsOk());
  EXPECT_EQ(result.report.signature.verdict, SignatureVerdict::kValid);
  EXPECT_EQ(result.keys.size(), 110);
  EXPECT_EQ(result.report.counts.with_rolling_period, 109);
  EXPECT_EQ(result.report.metadata.signature_infos[0].android_package,
            "com.google.android.apps.exposurenotification");
}

TEST(RealExportsTest, ServerSampleOmitsThePeriod) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const ReadResult result = ReadShared(
      "server-sample-2.zip",
      TrustShared("server-sample-2.pem", "ExampleServer_k1", std::nullopt));
  ASSERT_THAT(result.status, IsOk());
  EXPECT_EQ(result.report.signature.verdict, SignatureVerdict::kValid);
  ASSERT_EQ(result.keys.size(), 2);
  EXPECT_EQ(result.keys[0].rolling_period, 144);
  EXPECT_EQ(result.report.counts.with_rolling_period, 0);
}

TEST(RealExportsTest, UnsignedFilesAreReadAndSaySo) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const ReadResult v15 = ReadShared("unsigned-v15-50.zip");
  ASSERT_THAT(v15.status, IsOk());
  EXPECT_EQ(v15.report.signature.verdict,
            SignatureVerdict::kEmptySignatureList);
  EXPECT_EQ(v15.keys.size(), 50);
  std::map<ReportType, int> types;
  for (const DiagnosisKey& key : v15.keys) {
    ++types[key.metadata.report_type.value_or(ReportType::kUnknown)];
  }
  EXPECT_EQ(types, (std::map<ReportType, int>{
                       {ReportType::kConfirmedTest, 13},
                       {ReportType::kConfirmedClinicalDiagnosis, 37}}));
  EXPECT_EQ(v15.report.counts.with_days_since_onset, 50);

  const ReadResult demo = ReadShared("demo-2392-nosig.zip");
  ASSERT_THAT(demo.status, IsOk());
  EXPECT_EQ(demo.report.signature.verdict, SignatureVerdict::kNoSignatureEntry);
  EXPECT_EQ(demo.keys.size(), 2392);

  const ReadResult bare = ReadShared("bare-200.export.bin");
  ASSERT_THAT(bare.status, IsOk());
  EXPECT_EQ(bare.report.signature.verdict, SignatureVerdict::kNoSignatureEntry);
  EXPECT_EQ(bare.keys.size(), 200);
  EXPECT_EQ(bare.report.counts.with_rolling_period, 198);

  const ReadResult immuni = ReadShared("immuni-2020-08-23.export.bin");
  ASSERT_THAT(immuni.status, IsOk());
  EXPECT_EQ(immuni.keys.size(), 3);
  EXPECT_EQ(immuni.report.metadata.signature_infos[0].key_id, "222");
}

TEST(RealExportsTest, InvalidFilesAreRefused) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const ReadResult no_header = ReadShared("invalid-no-header.zip");
  EXPECT_THAT(no_header.status,
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("header")));
  const ReadResult no_bin = ReadShared("invalid-no-export-bin.zip");
  EXPECT_THAT(no_bin.status, StatusIs(absl::StatusCode::kDataLoss,
                                      HasSubstr("no entry export.bin")));
}

TEST(RealExportsTest, LongKeysAreRejectedOneByOne) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const ReadResult result =
      ReadShared("invalid-32-byte-keys.zip",
                 TrustShared("cwa-dev.pem", "262", std::nullopt));
  ASSERT_THAT(result.status, IsOk());
  EXPECT_EQ(result.report.signature.verdict, SignatureVerdict::kNoTrustedKey);
  EXPECT_TRUE(result.keys.empty());
  EXPECT_EQ(result.report.counts.keys, 2);
  EXPECT_EQ(result.report.counts
                .rejected[static_cast<size_t>(KeyRejection::kWrongKeyLength)],
            2);
  EXPECT_EQ(result.report.extra_entry, "content.sig");
}

// Without an export.bin the only *.bin and the only *.sig of one name are the
// export.
TEST(ExportReaderTest, APairOfOneNameIsAnExport) {
  const RawZipEntry bin = Entry("a.bin", OneKeyBin());
  const RawZipEntry sig = Entry("a.sig", "");
  for (const std::vector<RawZipEntry>& entries :
       {std::vector<RawZipEntry>{bin, sig}, {sig, bin}}) {
    const ReadResult result = ReadBytes(RawZip{.entries = entries}.Build());
    ASSERT_THAT(result.status, IsOk());
    EXPECT_EQ(result.report.signature.verdict,
              SignatureVerdict::kEmptySignatureList);
    EXPECT_EQ(result.keys.size(), 1);
  }
  const RawZipEntry other_bin = Entry("b.bin", OneKeyBin());
  const RawZipEntry other_sig = Entry("b.sig", "");
  for (const std::vector<RawZipEntry>& entries : {std::vector<RawZipEntry>{bin},
                                                  {sig},
                                                  {bin, other_sig},
                                                  {bin, sig, other_bin},
                                                  {bin, sig, other_sig}}) {
    EXPECT_THAT(ReadBytes(RawZip{.entries = entries}.Build()).status,
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST(ExportReaderTest, AFingerprintIsTheDigestUnlessItsCallerStopsIt) {
  const std::string bin = OneKeyBin() + std::string(size_t{200} << 10, '\0');
  const auto source = MemorySource("f", bin);
  int num_asked = 0;
  const auto fingerprint =
      ExportReader::Fingerprint(*source, {}, nullptr, [&num_asked] {
        ++num_asked;
        return absl::OkStatus();
      });
  ASSERT_THAT(fingerprint, IsOk());
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const uint8_t*>(bin.data()), bin.size(),
         digest.data());
  EXPECT_EQ(fingerprint->digests.sha256, digest);
  EXPECT_GE(num_asked, 4);
  for (const int last : {1, 3}) {
    num_asked = 0;
    const auto stopped =
        ExportReader::Fingerprint(*source, {}, nullptr, [&num_asked, last] {
          return ++num_asked == last ? absl::CancelledError("enough")
                                     : absl::OkStatus();
        });
    EXPECT_THAT(stopped, StatusIs(absl::StatusCode::kCancelled, "enough"));
    EXPECT_EQ(num_asked, last);
  }
}

}  // namespace
}  // namespace tekmatch
