// Values of the management system's rows, for the sources of hersys_store.h
// alone.
#ifndef TEKMATCH_REGISTRATION_HERSYS_HERSYS_ROWS_H_
#define TEKMATCH_REGISTRATION_HERSYS_HERSYS_ROWS_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "matcher/store/database.h"

namespace tekmatch {

// Times are in milliseconds since 1970.
inline int64_t MillisOf(absl::Time time) { return absl::ToUnixMillis(time); }

// NULL for a value that is not there.
inline void BindOptional(Statement& statement, int index,
                         std::optional<int64_t> value) {
  if (value.has_value()) {
    statement.BindInt64(index, *value);
  } else {
    statement.BindNull(index);
  }
}

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_HERSYS_ROWS_H_
