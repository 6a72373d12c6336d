// Publishes what a notification server has taken: exports, and the list of them
// that phones fetch, in COCOA's form.
//
//   OUT/c19r/440/7.zip      export.bin and export.sig of batch 7
//   OUT/c19r/440/list.json  [{"region":"440","url":"...","created":<ms>}]
//
// A run, under a lock (one publisher, over all processes):
//
//   1  batches that were planned, and not published, are published: a run that
//      was killed is taken up where it was
//   2  the keys that may go out (publish_schedule.h) go into a new batch, in
//      one transaction; so a key is in one batch, whatever happens
//   3  its file is written beside its place, read back as a phone would,
//      renamed; then the batch is marked as published
//   4  list.json, by rename, last: who reads it finds every file in it
//   5  batches whose window ended 15 days ago leave the list, then the disk,
//      then the database; and keys that are too old the database
//
// A file that was renamed stays as it is, though the run was killed before it
// was marked: nobody sees two files of one number. Numbers are not used again,
// and `created` ascends, as phones take what is later than the last they took.
//
// A key that a phone would drop is not published, and one such key does not
// hold up the others (R13): it is left out and told of. Keys go out without
// days_since_onset, whatever their row says (row 27).
//
// Source: REGISTRATION sections 3, 5 and 6.5; UPSTREAM 1.4, R13, R14, R15.
#ifndef TEKMATCH_REGISTRATION_SERVER_PUBLISHER_H_
#define TEKMATCH_REGISTRATION_SERVER_PUBLISHER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "keyformat/export_writer.h"
#include "registration/rules/publish_schedule.h"
#include "registration/server/server_store.h"

namespace tekmatch {

struct PublisherOptions {
  std::string out;  // the folder above c19r
  std::string region = "440";
  // What urls in the list begin with, such as "https://example.jp"; the path
  // follows.
  std::string base_url;
  PublishSchedule schedule;
  std::vector<ExportSigner> signers;  // at least one
  // In a file.
  uint64_t max_keys = 500'000;
};

struct PublishedBatches {
  std::vector<int64_t> resumed;  // numbers that were planned before
  std::vector<int64_t> added;
  int64_t num_keys = 0;  // in all of them
  int64_t num_embargoed = 0;
  int64_t num_waiting = 0;   // for more keys
  int64_t num_unsound = 0;   // that a phone would drop; they are kept
  int64_t num_too_late = 0;  // that were never published, and are gone
  int64_t num_deleted = 0;   // batches whose time was over
  std::optional<absl::Duration> oldest_unpublished_age;
};

// A line for people: what a run did.
std::string ToString(const PublishedBatches& published);

// Names of what is on offer; no path has any other.
inline constexpr char kListName[] = "list.json";
std::string BatchFileName(int64_t num);  // "7.zip"
std::optional<int64_t> ParseBatchFileName(absl::string_view name);
std::string RegionFolder(const PublisherOptions& options);  // OUT/c19r/440

// Whether phones and readers of exports take the key, as it is published.
bool IsSound(const DiagnosisKey& key);

// One run, for the slot (DueSlot) or for `now` by hand. UNAVAILABLE: another
// run is at work. Others: the store's, the system's, the export writer's.
// DATA_LOSS: what was written is not read back as it was. FAILED_PRECONDITION:
// a file is there under a batch's number that is not of this database.
absl::StatusOr<PublishedBatches> Publish(const PublisherOptions& options,
                                         ServerStore& store, absl::Time slot,
                                         absl::Time now);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVER_PUBLISHER_H_
