// The keys of the hashes of processing numbers, in a file of the management
// system: a key a day (UTC), that of the day before kept, others deleted
// (processing_number.h says why).
//
// The file has a line for each key, "2020-12-10 <64 hex digits>", and mode
// 0600. It should be in no backup of the database: whoever has both can try all
// 10^8 numbers.
//
// Source: REGISTRATION section 3.
#ifndef TEKMATCH_REGISTRATION_HERSYS_NUMBER_KEYS_H_
#define TEKMATCH_REGISTRATION_HERSYS_NUMBER_KEYS_H_

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registration/rules/processing_number.h"

namespace tekmatch {

// Any number of threads may call at once; one process has the file.
class NumberKeys {
 public:
  // A file that is not there is made when a key is needed. DATA_LOSS: it holds
  // something else; it stays as it is. Others are the system's.
  static absl::StatusOr<std::unique_ptr<NumberKeys>> Open(
      const std::string& path);

  // With the day's key, which is in the file before this returns. The system's
  // errors; RESOURCE_EXHAUSTED as HashNumber.
  absl::StatusOr<NumberHash> Hash(const ProcessingNumber& number,
                                  absl::Time now);
  // With all keys that are kept.
  absl::StatusOr<std::vector<NumberHash>> LookUp(const ProcessingNumber& number,
                                                 absl::Time now);

 private:
  explicit NumberKeys(std::string path) : path_(std::move(path)) {}

  // Under the mutex: deletes old keys, makes today's.
  absl::Status Rotate(absl::CivilDay today);
  absl::Status Write();

  const std::string path_;
  std::mutex mutex_;
  std::vector<NumberHashKeyOfDay> keys_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_NUMBER_KEYS_H_
