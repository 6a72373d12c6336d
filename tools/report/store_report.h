// What a check over a store did to it and what it remembers, as JSON and text:
// numbers and the names of files, never a date of a contact.
#ifndef TEKMATCH_TOOLS_REPORT_STORE_REPORT_H_
#define TEKMATCH_TOOLS_REPORT_STORE_REPORT_H_

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "matcher/check/stored_check.h"
#include "matcher/store/sighting_store.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

struct StoreAccount {
  const StoredCheckResult& checked;
  // Of all sightings that were given in the run.
  AddedSightings added;
  // Files that lie in the store's folder, and are no part of it
  // (Database::ListSetAside).
  std::vector<std::string> set_aside = {};
};

// The documented object (docs/formats.md), member `store` of a check's.
nlohmann::ordered_json StoreJson(const StoreAccount& account);

// What was done, in two lines.
std::string StoreText(const StoreAccount& account);

// Lines on what the store lacks for its answer, and on a clock that is not
// believed, ready to stand before a result; empty if there is nothing to say.
std::string StoreRemarks(const StoreAccount& account, Language language);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_STORE_REPORT_H_
