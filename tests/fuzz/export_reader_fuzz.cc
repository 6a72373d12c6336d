// Any bytes as an export: the reader has to end with an answer, and what it
// hands out has to be within the limits that its headers promise.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "keyformat/export_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tekmatch::ExportReader;
  const std::unique_ptr<tekmatch::ByteSource> source = tekmatch::MemorySource(
      "fuzz", std::string(reinterpret_cast<const char*>(data), size));
  tekmatch::ExportReaderOptions options;
  options.archive.max_entry_bytes = 1 << 20;
  options.decode.latest_rolling_start = 3000000;
  options.decode.block_capacity = 16;
  auto reader = ExportReader::Open(*source, options);
  if (!reader.ok()) return 0;
  tekmatch::KeyBlock block;
  uint64_t num_keys = 0;
  while (true) {
    const auto more = (*reader)->Next(&block);
    if (!more.ok()) return 0;
    if (!*more) break;
    if (block.empty() || block.size() > 16) __builtin_trap();
    num_keys += block.size();
    for (size_t i = 0; i < block.size(); ++i) {
      const int period = block.rolling_periods()[i];
      if (period < 1 || period > 144) __builtin_trap();
      const auto start = block.rolling_starts()[i];
      if (start < 1 || start > 3000000) __builtin_trap();
    }
  }
  const auto report = (*reader)->Finish({});
  if (!report.ok()) __builtin_trap();
  const tekmatch::DecodeCounts& counts = report->counts;
  if (num_keys + counts.num_rejected() != counts.keys + counts.revised_keys) {
    __builtin_trap();
  }
  // Nobody is trusted, so nothing may be valid.
  if (report->signature.verdict == tekmatch::SignatureVerdict::kValid) {
    __builtin_trap();
  }
  return 0;
}
