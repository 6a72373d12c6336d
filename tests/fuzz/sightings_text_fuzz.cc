// Any bytes as a file of sightings, whatever format they begin like: CSV in its
// layouts, JSON lines, a scanner's CSV, a dump. To leave bad rows out changes
// nothing else; what is left out is counted, with its reasons; and what was
// read is the same after it was written, in either text format, and read again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "keyformat/printable.h"
#include "matcher/join/sighting_index.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/memory_file.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

void CheckMessage(absl::string_view message, const std::string& path) {
  Require(absl::StartsWith(message, path));
  Require(Printable(message) == message);
}

void CheckWrittenAgain(const std::vector<Sighting>& sightings) {
  if (sightings.empty()) return;
  const CsvColumns columns = ColumnsFor(sightings);
  std::string csv = CsvHeader(columns) + "\n";
  std::string json;
  for (const Sighting& sighting : sightings) {
    csv += CsvRow(sighting, columns);
    json += JsonRow(sighting);
  }
  for (const std::string& text : {csv, json}) {
    const MemoryFile file(text);
    const auto again = ReadSightings(file.path(), {});
    Require(again.ok() && again->sightings == sightings);
    Require(again->dropped == DroppedSightingFields());
  }
}

void CheckCounts(const SightingsFile& file, size_t num_lines) {
  uint64_t num_reasons = 0;
  for (const auto& [reason, num] : file.bad_reasons) {
    Require(!reason.empty() && num > 0 && Printable(reason) == reason);
    num_reasons += num;
  }
  Require(num_reasons == file.num_bad);
  Require(file.messages.size() <= file.num_bad);
  Require(file.messages.empty() == (file.num_bad == 0));
  if (file.format != SightingsFormat::kForeign) {
    // A row gives one sighting, or is a bad one.
    Require(file.sightings.size() + file.num_bad <= num_lines);
    Require(file.dropped.previous_scan <= file.sightings.size());
  }
  Require(file.conversion.num_of_spans <= 2 * file.conversion.num_spans);
}

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tekmatch;  // NOLINT(google-build-using-namespace)
  // Longer files have the same rows once more.
  constexpr size_t kMostBytes = 256 << 10;
  if (size > kMostBytes) return 0;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto num_lines =
      static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  const MemoryFile input(text);
  const auto strict =
      ReadSightings(input.path(), {.skip_bad = false, .progress = {}});
  const auto lenient =
      ReadSightings(input.path(), {.skip_bad = true, .progress = {}});
  if (!strict.ok()) CheckMessage(strict.status().message(), input.path());
  if (!lenient.ok()) {
    CheckMessage(lenient.status().message(), input.path());
    Require(!strict.ok());
    return 0;
  }
  for (const std::string& message : lenient->messages) {
    CheckMessage(message, input.path());
  }
  CheckCounts(*lenient, num_lines);
  Require(CheckHeard(lenient->sightings).ok());
  // Nothing bad is nothing to skip, and the other way round.
  const bool is_whole = lenient->num_bad == 0 && lenient->losses.empty();
  Require(strict.ok() == is_whole);
  if (strict.ok()) {
    Require(strict->num_bad == 0 && strict->sightings == lenient->sightings);
    Require(strict->format == lenient->format);
  }
  CheckWrittenAgain(lenient->sightings);
  return 0;
}
