// A .tksight file that a stranger makes: any records, with the checks that
// belong to them, in order or not, some of them thousands of times, under a
// number that fits or not; or any bytes behind its magic. What is read of it is
// what a naive reader of the records gives, and the same after it was written
// and read again. A byte that is changed afterwards is seen.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/printable.h"
#include "matcher/join/sighting.h"
#include "matcher/join/sighting_index.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/memory_file.h"
#include "tools/sightings/crc32c.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_tksight.h"
#include "tools/sightings/tksight_layout.h"

namespace tekmatch {
namespace {

absl::StatusOr<SightingsFile> Read(absl::string_view bytes, bool skip_bad) {
  const MemoryFile file(bytes);
  auto read =
      ReadSightings(file.path(), {.skip_bad = skip_bad, .progress = {}});
  if (!read.ok()) {
    Require(absl::StartsWith(read.status().message(), file.path()));
    Require(Printable(read.status().message()) == read.status().message());
  }
  return read;
}

std::string Written(const std::vector<Sighting>& sightings) {
  std::string bytes;
  Require(WriteTksight(sightings, [&bytes](absl::string_view some) {
            absl::StrAppend(&bytes, some);
            return absl::OkStatus();
          }).ok());
  return bytes;
}

void CheckWrittenAgain(std::vector<Sighting> sightings) {
  std::sort(sightings.begin(), sightings.end(), TksightOrder);
  const std::string bytes = Written(sightings);
  const auto again = Read(bytes, /*skip_bad=*/false);
  Require(again.ok() && again->sightings == sightings);
  Require(again->dropped == DroppedSightingFields());
  Require(Written(again->sightings) == bytes);
}

// As WriteTksight makes it, of records that it would not take.
std::string Sealed(const TksightHeader& header, absl::string_view records) {
  std::string bytes = EncodeTksightHeader(header);
  uint32_t check = LoadTksightNumber(&bytes[bytes.size() - kTksightCheckBytes]);
  while (!records.empty()) {
    const absl::string_view block =
        records.substr(0, kTksightBlockRecords * header.record_bytes());
    records.remove_prefix(block.size());
    check = ExtendCrc32c(check, block);
    std::string stored(kTksightCheckBytes, '\0');
    StoreTksightNumber(check, stored.data());
    absl::StrAppend(&bytes, block, stored);
  }
  return bytes;
}

struct Expected {
  std::vector<Sighting> good;
  uint64_t num_bad = 0;
  uint64_t num_dropped = 0;
};

Expected NaivelyRead(const std::vector<Sighting>& records) {
  Expected expected;
  for (Sighting sighting : records) {
    if (!CheckHeard({sighting}).ok()) {
      ++expected.num_bad;
      continue;
    }
    uint32_t& since = sighting.seconds_since_previous_scan;
    if (since != kNoPreviousScan && since > sighting.unix_seconds) {
      since = kNoPreviousScan;
      ++expected.num_dropped;
    }
    expected.good.push_back(sighting);
  }
  return expected;
}

void CheckRecords(FuzzBytes bytes) {
  const uint8_t choices = bytes.Next();
  TksightHeader header = {.previous_scan = (choices & 1) != 0,
                          .device = (choices & 2) != 0};
  // Thousands are slow: few inputs have them.
  const size_t num_copies =
      bytes.Next() == 0xC0 ? bytes.Next() * size_t{20} : 0;
  const int num_more = bytes.NextSigned();
  const size_t damage = bytes.Next() * size_t{256} + bytes.Next();

  std::vector<Sighting> records;
  while (true) {
    const std::string record = bytes.Take(header.record_bytes());
    if (record.size() < header.record_bytes()) break;
    records.push_back(DecodeTksightRecord(record.data(), header));
  }
  if (!records.empty()) {
    records.insert(records.end(), num_copies, Sighting(records.back()));
  }
  if ((choices & 4) != 0) {
    std::sort(records.begin(), records.end(), TksightOrder);
  }
  std::string encoded(records.size() * header.record_bytes(), '\0');
  for (size_t i = 0; i < records.size(); ++i) {
    EncodeTksightRecord(records[i], header,
                        &encoded[i * header.record_bytes()]);
  }
  const bool fits = (choices & 8) == 0 || num_more == 0;
  header.num_sightings =
      fits ? records.size()
           : static_cast<uint32_t>(static_cast<int64_t>(records.size()) +
                                   num_more);
  std::string file = Sealed(header, encoded);

  const auto strict = Read(file, /*skip_bad=*/false);
  const auto lenient = Read(file, /*skip_bad=*/true);
  Require(lenient.ok());
  Require(CheckHeard(lenient->sightings).ok());
  CheckWrittenAgain(lenient->sightings);
  const bool is_whole =
      fits && std::is_sorted(records.begin(), records.end(), TksightOrder);
  Require(lenient->losses.empty() == is_whole);
  if (is_whole) {
    const Expected expected = NaivelyRead(records);
    Require(lenient->sightings == expected.good);
    Require(lenient->num_bad == expected.num_bad);
    Require(lenient->dropped.previous_scan == expected.num_dropped);
  }
  Require(strict.ok() == (is_whole && lenient->num_bad == 0));
  if (strict.ok()) Require(strict->sightings == lenient->sightings);

  char& changed = file[damage % file.size()];
  changed = static_cast<char>(changed ^ (1 << (choices >> 5)));
  Require(!Read(file, /*skip_bad=*/false).ok());
}

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tekmatch;  // NOLINT(google-build-using-namespace)
  FuzzBytes bytes(data, size);
  if (bytes.Next() % 4 != 0) {
    CheckRecords(bytes);
    return 0;
  }
  const std::string file = absl::StrCat(kTksightMagic, bytes.Rest());
  const auto strict = Read(file, /*skip_bad=*/false);
  const auto lenient = Read(file, /*skip_bad=*/true);
  Require(lenient.ok() || !strict.ok());
  if (lenient.ok()) CheckWrittenAgain(lenient->sightings);
  return 0;
}
