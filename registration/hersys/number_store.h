// The processing numbers of the management system at rest, as the rules of
// redemption.h have them: each change is one UPDATE with its condition, never a
// read and then a write, so that of any number of requests at once one wins
// (read first, 8 workers used 400 of 400 numbers more than once).
//
//   number      by the hash of the number, which itself is nowhere; the claim
//               is unique
//   registered  patients who have registered: once, by the first confirm
//
// Rows that join a patient with names, and issues with their times, are the
// management system's own (hersys.db); these tables are in the same database,
// and `patient` and `issue` are its ids.
//
// Errors are those of matcher/store/database.h. Writes are on the disk when a
// call returns.
//
// Source: REGISTRATION sections 3, 4 and 6.3.
#ifndef TEKMATCH_REGISTRATION_HERSYS_NUMBER_STORE_H_
#define TEKMATCH_REGISTRATION_HERSYS_NUMBER_STORE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "matcher/store/database.h"
#include "matcher/store/schema.h"
#include "registration/rules/processing_number.h"
#include "registration/rules/redemption.h"

namespace tekmatch {

// The tables and indexes of this file, for the Schema of a database that has
// them.
absl::Span<const SchemaObject> NumberSchemaObjects();

// Over a connection that outlives it, for one thread at a time.
class NumberStore {
 public:
  explicit NumberStore(Database &database) : database_(database) {}

  // A number that is being sent. ALREADY_EXISTS: another number has this hash;
  // the caller makes another one.
  absl::Status Add(const NumberHash &hash, int64_t patient,
                   const std::string &issue, absl::Time expires_at);

  // `hashes` are HashesToLookUp of the number that was sent. Refused numbers
  // cost a transaction, too. The reason of a refusal is for operators.
  absl::StatusOr<ReserveOutcome> Reserve(absl::Span<const NumberHash> hashes,
                                         const Claim &claim, absl::Time now);

  // The keys of this claim are stored.
  absl::StatusOr<ConfirmOutcome> Confirm(const Claim &claim, absl::Time now);

  // Voids what is reserved of the patient: another number is issued.
  absl::Status OnNewIssue(int64_t patient);

  absl::StatusOr<bool> IsRegistered(int64_t patient);
  // Good at the moment.
  absl::StatusOr<int64_t> NumLive(absl::Time now);
  // Deletes what MayDelete says. The number of rows.
  absl::StatusOr<int64_t> Purge(absl::Time now);

 private:
  Database &database_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_NUMBER_STORE_H_
