// Whatever sightings there are: written and read again they are the same, but
// for their store, which no file has; of a text in the same order, of a
// .tksight in its own. Over sightings that RapidCheck makes.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "matcher/join/sighting.h"
#include "rapidcheck/gtest.h"
#include "tests/test_files.h"
#include "tools/files/output_file.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_tksight.h"
#include "tools/sightings/sightings_writer.h"
#include "tools/sightings/tksight_layout.h"

namespace tekmatch {
namespace {

Sighting MakeSighting() {
  Sighting sighting;
  // The edges as often as what lies between.
  sighting.unix_seconds =
      *rc::gen::oneOf(rc::gen::inRange<int64_t>(0, kMaxHeardSeconds),
                      rc::gen::element<int64_t>(0, 1, kMaxHeardSeconds - 1));
  for (uint8_t& byte : sighting.rpi.bytes) {
    byte = *rc::gen::arbitrary<uint8_t>();
  }
  for (uint8_t& byte : sighting.aem.bytes) {
    byte = *rc::gen::arbitrary<uint8_t>();
  }
  sighting.rssi = *rc::gen::inRange<int16_t>(kMinRssi, kMaxRssi + 1);
  sighting.seconds_since_previous_scan = *rc::gen::oneOf(
      rc::gen::just(kNoPreviousScan), rc::gen::inRange<uint32_t>(0, 4000),
      rc::gen::just(kMaxPreviousScanSeconds));
  // The files say when that scan was: not before 1970.
  if (sighting.seconds_since_previous_scan > sighting.unix_seconds) {
    sighting.seconds_since_previous_scan = kNoPreviousScan;
  }
  sighting.device = *rc::gen::oneOf(
      rc::gen::just<uint32_t>(0), rc::gen::inRange<uint32_t>(0, 4),
      rc::gen::just(std::numeric_limits<uint32_t>::max()));
  sighting.store =
      *rc::gen::oneOf(rc::gen::inRange<uint16_t>(0, 3),
                      rc::gen::just(std::numeric_limits<uint16_t>::max()));
  return sighting;
}

// Some RPIs are heard more than once, so that order is not by them alone. Some
// sightings are another one's twins, but for store and device.
std::vector<Sighting> MakeSightings() {
  const auto num = *rc::gen::inRange<size_t>(0, 30);
  std::vector<Sighting> sightings = *rc::gen::resize(
      rc::kNominalSize, rc::gen::container<std::vector<Sighting>>(
                            num, rc::gen::exec(MakeSighting)));
  for (size_t i = 0; i + 2 < sightings.size(); i += 4) {
    sightings[i].rpi = sightings[i + 1].rpi;
    Sighting twin = sightings[i + 1];
    twin.store = sightings[i + 2].store;
    twin.device = sightings[i + 2].device;
    sightings[i + 2] = twin;
  }
  return sightings;
}

RC_GTEST_PROP(RoundTripLawTest, ATksightIsTheSameBytesInAnyOrder, ()) {
  std::vector<Sighting> sightings = MakeSightings();
  const auto bytes_of = [&sightings] {
    std::string bytes;
    RC_ASSERT(WriteTksight(sightings, [&bytes](absl::string_view some) {
                bytes.append(some.data(), some.size());
                return absl::OkStatus();
              }).ok());
    return bytes;
  };
  const std::string bytes = bytes_of();
  std::reverse(sightings.begin(), sightings.end());
  RC_ASSERT(bytes_of() == bytes);
  std::sort(sightings.begin(), sightings.end());
  RC_ASSERT(bytes_of() == bytes);
}

RC_GTEST_PROP(RoundTripLawTest, WrittenAndReadAgainIsTheSame, ()) {
  const std::vector<Sighting> sightings = MakeSightings();
  for (const SightingsFormat format :
       {SightingsFormat::kCsv, SightingsFormat::kJsonLines,
        SightingsFormat::kTksight}) {
    const std::string path = TempPath("round_trip");
    auto out = OutputFile::Open(path);
    RC_ASSERT(out.ok());
    RC_ASSERT(WriteSightings(sightings, format, **out).ok());
    RC_ASSERT((*out)->Commit().ok());
    const auto file = ReadSightings(path, {});
    // Without a row there is nothing that says which format it is.
    if (sightings.empty() && format == SightingsFormat::kJsonLines) continue;
    RC_ASSERT(file.ok());
    RC_ASSERT(file->format == format);
    std::vector<Sighting> wanted = sightings;
    for (Sighting& sighting : wanted) {
      sighting.store = 0;
      // A text has the scan's time, where 0 says that it is not known.
      if (format != SightingsFormat::kTksight &&
          sighting.unix_seconds == sighting.seconds_since_previous_scan) {
        sighting.seconds_since_previous_scan = kNoPreviousScan;
      }
    }
    if (format == SightingsFormat::kTksight) {
      std::sort(wanted.begin(), wanted.end(), TksightOrder);
    }
    RC_ASSERT(file->sightings == wanted);
    RC_ASSERT(file->num_bad == 0U);
  }
}

}  // namespace

// For RapidCheck. They are made up.
void showValue(const Sighting& sighting, std::ostream& out) {
  out << sighting.unix_seconds << " " << sighting.rssi << " "
      << sighting.seconds_since_previous_scan << " " << sighting.device << " "
      << sighting.store;
}

}  // namespace tekmatch
