// What every output of a run has to say beside its result: what of the input
// was left out, and which of it anybody could have made up.
#ifndef TEKMATCH_TOOLS_REPORT_RUN_REMARKS_H_
#define TEKMATCH_TOOLS_REPORT_RUN_REMARKS_H_

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "matcher/check/exposure_check.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {

enum class Language : uint8_t { kJapanese, kEnglish };

// Rows of --own-keys.
struct OwnKeyCounts {
  uint64_t of_all_devices = 0;
  uint64_t of_one_device = 0;
  // Of a device that the run's sightings do not name: own to nobody here.
  uint64_t of_no_device = 0;
};

// A complete run and what it was made of.
struct RunAccount {
  const ExposureCheckResult& run;
  const SightingsCounts& sightings;
  OwnKeyCounts own_keys;
};

// Input that was given and could not be compared.
struct LeftOut {
  uint64_t files = 0;      // not accepted, or compared in part
  uint64_t keys = 0;       // that the decoder rejected, of accepted files
  uint64_t sightings = 0;  // malformed rows
  // Files of a store that are missing or damaged: how many sightings were in
  // them nobody knows.
  uint64_t losses = 0;

  // Everything that was given was compared.
  bool complete() const { return files + keys + sightings + losses == 0; }
};

LeftOut CountLeftOut(const RunAccount& account);
// {"files": 1, "keys": 0, "sightings": 12, "losses": 0}
nlohmann::ordered_json LeftOutJson(const LeftOut& left_out);

// Whether every file that counts is signed by a key that is trusted: none is
// unsigned or not verified.
bool AllSigned(const ExposureCheckResult& run);

// Lines on all of it, ready to stand before a result; empty if there is nothing
// to say. Of a file they have its path and its verdict, and nothing that stands
// in it: they go before a notice to a person. Those before a report have the
// reason, too, for which a file is left out.
enum class Remarks : uint8_t { kOfNotice, kOfReport };
std::string RemarksText(const RunAccount& account, Language language,
                        Remarks remarks);

// The part of it that is about sightings.
std::string SightingsRemarks(const SightingsCounts& sightings,
                             Language language);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_RUN_REMARKS_H_
