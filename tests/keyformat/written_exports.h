// Exports that the real writer writes and the real reader reads back, for tests
// of the writer.
#ifndef TEKMATCH_TESTS_KEYFORMAT_WRITTEN_EXPORTS_H_
#define TEKMATCH_TESTS_KEYFORMAT_WRITTEN_EXPORTS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "keyformat/archive.h"
#include "keyformat/byte_source.h"
#include "keyformat/export_reader.h"
#include "keyformat/export_writer.h"
#include "keyformat/random_source.h"

namespace tekmatch {

inline std::vector<DiagnosisKey> MakeKeys(size_t n, uint64_t seed = 1) {
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

inline ExportWriterOptions Options() {
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

inline std::string EntryContent(const ByteSource& source,
                                const std::string& name) {
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
inline absl::StatusOr<Written> ReadBack(ExportFile file,
                                        const TrustedKeys& trusted) {
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
inline absl::StatusOr<std::vector<Written>> WriteAndRead(
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

inline std::vector<DiagnosisKey> Sorted(std::vector<DiagnosisKey> keys) {
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_KEYFORMAT_WRITTEN_EXPORTS_H_
