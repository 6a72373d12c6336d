// The notification server's database, server.sqlite: keys, what became of
// submissions, batches, counters.
//
//   diagnosis_key  a key once, by its bytes; the hour it arrived in; the batch
//                  that publishes it, NULL until one is planned
//   submission     by the hash of its idempotency key: a digest of the body,
//                  the answer, the claim, and whether the management system
//                  still has to be told
//   batch          planned, then published; numbers are never used again
//   counter        events of an hour, by name
//
// No row joins a key with a submission, and rows lie in the order of their
// bytes, not of their arrival. Nothing of a number, a name or a date of
// symptoms is here, nor an idempotency key: only its hash.
//
// A submission is stored with its keys in one transaction, which is on the disk
// when the call returns. So is everything that a batch goes through.
//
// Errors are those of matcher/store/database.h.
//
// Source: REGISTRATION sections 3 and 6.
#ifndef TEKMATCH_REGISTRATION_SERVER_SERVER_STORE_H_
#define TEKMATCH_REGISTRATION_SERVER_SERVER_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/store/database.h"
#include "registration/rules/key_acceptance.h"
#include "registration/service/digests.h"

namespace tekmatch {

struct StoredSubmission {
  Digest body_digest{};
  std::string outcome;
  bool is_new = false;  // of StoreSubmission: it was not there before
};

struct NewSubmission {
  Digest idem_hash{};
  Digest body_digest{};
  Digest claim{};
  absl::Span<const AcceptedKey> keys;
};

// A key that no batch publishes yet.
struct UnpublishedKey {
  DiagnosisKey key;
  absl::Time arrived;  // the hour
};

struct Batch {
  int64_t num = 0;
  int64_t start = 0;  // Unix seconds
  int64_t end = 0;
  int64_t created_ms = 0;
  int64_t num_keys = 0;
  bool published = false;
  Digest sha256{};  // of the file, once it is published
};

// One connection, for one thread at a time.
class ServerStore {
 public:
  static absl::StatusOr<std::unique_ptr<ServerStore>> Open(
      const std::string& folder, OpenMode mode = OpenMode::kCreate);

  // ---- Submissions

  absl::StatusOr<std::optional<StoredSubmission>> FindSubmission(
      const Digest& idem_hash);

  // What is stored of keys with these bytes; one for each.
  absl::StatusOr<std::vector<std::optional<DiagnosisKey>>> FindKeys(
      absl::Span<const AcceptedKey> keys);

  // Stores the keys that are new, and the submission with what `outcome` says
  // of the verdicts over its keys (kAccepted, kRepeated or kOtherMetadata, one
  // for each). Where the submission is there already, returns it, and stores
  // nothing.
  absl::StatusOr<StoredSubmission> StoreSubmission(
      const NewSubmission& submission, absl::Time now,
      absl::FunctionRef<std::string(absl::Span<const KeyVerdict>)> outcome);

  // Claims of which the management system has not acknowledged that they are
  // used, at most so many.
  absl::StatusOr<std::vector<Digest>> UnconfirmedClaims(int limit);
  absl::Status MarkConfirmed(const Digest& claim);

  // ---- Batches

  absl::StatusOr<std::vector<UnpublishedKey>> UnpublishedKeys();
  // The keys go into a new batch, whose window is (the last batch's end, or a
  // day before `end`; the later of `end` and a second after that). created_ms
  // is later than that of all before. INTERNAL: one of them is in a batch, or
  // is not there.
  absl::StatusOr<Batch> PlanBatch(absl::Span<const Tek> keys, absl::Time end,
                                  absl::Time now);
  // Ascending by number.
  absl::StatusOr<std::vector<Batch>> Batches();
  absl::StatusOr<std::optional<Batch>> FindBatch(int64_t num);
  absl::StatusOr<std::vector<DiagnosisKey>> KeysOfBatch(int64_t num);
  absl::Status MarkPublished(int64_t num, const Digest& sha256);
  absl::Status DeleteBatch(int64_t num);

  // The slot that the publisher ran for last; nullopt: never.
  absl::StatusOr<std::optional<absl::Time>> LastSlot();
  absl::Status SetLastSlot(absl::Time slot);

  // ---- Retention and counters

  struct Purged {
    int64_t num_keys = 0;
    int64_t num_unpublished = 0;  // of them: lost, which has to be said
  };
  // Keys that are too old (publish_schedule.h), submissions of 24 hours ago and
  // more that are confirmed, counters of 15 days.
  absl::StatusOr<Purged> Purge(absl::Time now);

  absl::Status Count(absl::string_view name, absl::Time now, int64_t n = 1);
  // The sum over the hours of [from, to).
  absl::StatusOr<int64_t> CountOf(absl::string_view name, absl::Time from,
                                  absl::Time to);

  // Moves what was written into the database; what was deleted is then in no
  // file any more.
  absl::Status Checkpoint();

 private:
  explicit ServerStore(std::unique_ptr<Database> database)
      : database_(std::move(database)) {}

  std::unique_ptr<Database> database_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVER_SERVER_STORE_H_
