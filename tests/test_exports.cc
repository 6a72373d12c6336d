#include "tests/test_exports.h"

#include <zlib.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "keyformat/archive.h"
#include "keyformat/byte_source.h"
#include "keyformat/random_source.h"
#include "tests/status_matchers.h"
#include "tools/world/broadcast.h"

namespace tekmatch {
namespace {

// The value of a StatusOr, or a failure of the test and an empty value.
template <typename T>
T ValueOf(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  ADD_FAILURE() << value.status();
  return T();
}

std::string LittleEndian(uint64_t value, int bytes) {
  std::string out;
  for (; bytes > 0; --bytes, value >>= 8) out += static_cast<char>(value);
  return out;
}

// A field of bytes, shorter than 128, in the wire format of protobuf.
std::string WireField(int number, const std::string& bytes) {
  EXPECT_LT(bytes.size(), 128);
  return static_cast<char>(number << 3 | 2) +
         (static_cast<char>(bytes.size()) + bytes);
}

}  // namespace

std::vector<DiagnosisKey> TestKeys(size_t n, uint64_t seed) {
  RandomSource random = RandomSource::Seeded(seed);
  std::vector<DiagnosisKey> keys(n);
  for (DiagnosisKey& key : keys) {
    random.Fill(absl::MakeSpan(key.tek.bytes));
    key.rolling_start = kTestDay;
  }
  return keys;
}

Sighting HearKey(const DiagnosisKey& key, int64_t unix_seconds, int rssi) {
  const auto interval =
      static_cast<EnIntervalNumber>(unix_seconds / kIntervalSeconds);
  const absl::StatusOr<Broadcast> broadcast = Broadcast::Of(key.tek);
  EXPECT_THAT(broadcast, IsOk());
  if (!broadcast.ok()) return {};
  return ValueOf(broadcast->Heard(interval, unix_seconds, /*tx_power=*/-20,
                                  static_cast<int16_t>(rssi)));
}

const ExportSigner& TestSigner() {
  static const auto* const signer = new ExportSigner(OtherSigner("440", "v1"));
  return *signer;
}

ExportSigner OtherSigner(const std::string& id, const std::string& version) {
  return {.key = *SigningKey::Generate(), .id = id, .version = version};
}

TrustedKey Trust(const ExportSigner& signer) {
  return {.id = signer.id,
          .version = signer.version,
          .key = *VerificationKey::Parse(*signer.key.PublicPem())};
}

TrustedKeys TrustTestSigner() {
  TrustedKeys trusted;
  EXPECT_TRUE(trusted.AddSet({Trust(TestSigner())}).ok());
  return trusted;
}

ExportWriterOptions TestExportOptions(std::vector<ExportSigner> signers) {
  ExportWriterOptions options;
  options.start_timestamp = kTestDaySeconds + 86400;
  options.end_timestamp = kTestDaySeconds + int64_t{2} * 86400;
  options.region = "440";
  options.min_keys = 0;
  options.padding_range = 0;
  options.signers = std::move(signers);
  return options;
}

std::vector<std::string> WriteTestBatch(std::vector<DiagnosisKey> keys,
                                        const ExportWriterOptions& options) {
  RandomSource random = RandomSource::Seeded(1);
  std::vector<std::string> zips;
  const absl::Status status =
      WriteExports(std::move(keys), options, random, [&zips](ExportFile file) {
        zips.push_back(std::move(file.zip));
        return absl::OkStatus();
      });
  EXPECT_THAT(status, IsOk());
  return zips;
}

std::string WriteTestExport(std::vector<DiagnosisKey> keys,
                            const ExportWriterOptions& options) {
  std::vector<std::string> zips = WriteTestBatch(std::move(keys), options);
  EXPECT_EQ(zips.size(), 1);
  return zips.empty() ? "" : std::move(zips.front());
}

std::string ZipEntry(const std::string& zip, const std::string& name) {
  const auto source = MemorySource("test.zip", zip);
  const ArchiveLimits limits{.max_compression_percent = 200000};
  for (const ArchiveEntry& entry :
       ValueOf(ReadArchiveDirectory(*source, limits))) {
    if (entry.name != name) continue;
    const auto stream = ValueOf(OpenEntry(*source, entry));
    std::vector<uint8_t> bytes(entry.bytes + 1);
    size_t size = 0;
    while (const size_t n =
               ValueOf(stream->Read(absl::MakeSpan(bytes).subspan(size)))) {
      size += n;
    }
    return {bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)};
  }
  ADD_FAILURE() << "no entry " << name;
  return "";
}

std::string StoredZip(
    const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string locals;
  std::string directory;
  for (const auto& [name, content] : entries) {
    const uint64_t crc =
        crc32(0, reinterpret_cast<const Bytef*>(content.data()),
              static_cast<uInt>(content.size()));
    // What both headers have: version 2.0, no flags, stored, 1980-01-01.
    const std::string common =
        LittleEndian(20, 2) + LittleEndian(0, 6) + LittleEndian(0x21, 2) +
        LittleEndian(crc, 4) + LittleEndian(content.size(), 4) +
        LittleEndian(content.size(), 4) + LittleEndian(name.size(), 2);
    absl::StrAppend(&directory, "PK\1\2", LittleEndian(20, 2), common,
                    LittleEndian(0, 12), LittleEndian(locals.size(), 4), name);
    absl::StrAppend(&locals, "PK\3\4", common, LittleEndian(0, 2), name,
                    content);
  }
  return locals + directory + "PK\5\6" + LittleEndian(0, 4) +
         LittleEndian(entries.size(), 2) + LittleEndian(entries.size(), 2) +
         LittleEndian(directory.size(), 4) + LittleEndian(locals.size(), 4) +
         LittleEndian(0, 2);
}

std::string StoredExport(const std::string& zip) {
  return StoredZip({{"export.bin", ZipEntry(zip, "export.bin")},
                    {"export.sig", ZipEntry(zip, "export.sig")}});
}

std::string SignatureList(const std::string& algorithm,
                          const std::string& signature) {
  const std::string info =
      WireField(3, "v1") + WireField(4, "440") + WireField(5, algorithm);
  return WireField(1, WireField(1, info) + WireField(4, signature));
}

}  // namespace tekmatch
