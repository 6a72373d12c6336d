// The table `meta`: numbers that there is one of, each by its name. Their
// owners name them; those of the sightings are in sighting_store.cc.
//
// Errors: as for all of database.h.
#ifndef TEKMATCH_MATCHER_STORE_META_H_
#define TEKMATCH_MATCHER_STORE_META_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "matcher/store/database.h"

namespace tekmatch {

// nullopt where it was never set, or was forgotten.
absl::StatusOr<std::optional<int64_t>> GetNumber(Database& database,
                                                 absl::string_view name);
absl::Status SetNumber(Database& database, absl::string_view name,
                       int64_t value);
// No error where there is none.
absl::Status ForgetNumber(Database& database, absl::string_view name);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_STORE_META_H_
