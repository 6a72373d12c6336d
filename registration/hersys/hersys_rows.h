// Values of the management system's rows, for the sources of hersys_store.h
// alone.
#ifndef TEKMATCH_REGISTRATION_HERSYS_HERSYS_ROWS_H_
#define TEKMATCH_REGISTRATION_HERSYS_HERSYS_ROWS_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "matcher/store/database.h"
#include "registration/hersys/hersys_store.h"

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

// A patient's row, as PatientFrom reads it: these columns, further ones behind
// them, and these tables with a condition.
inline constexpr char kPatientColumns[] =
    "SELECT p.id, p.name, p.kana, p.contact, p.contact_origin, p.facility, "
    "p.positive, p.confirmed, p.diagnosed_on, p.reported, p.app_in_use, "
    "p.wants, p.consented, p.closed, c.name, r.at";
inline constexpr int kNumPatientColumns = 16;
inline constexpr char kPatientTables[] =
    " FROM patient p JOIN center c ON c.id = p.center_id LEFT JOIN registered "
    "r ON r.patient = p.id WHERE ";
Patient PatientFrom(const Statement& row);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_HERSYS_ROWS_H_
