// Keys that are published already, and must not go out once more.
//
// Padding is drawn anew for every file. A primary key that stands in two files
// is thereby known to be real, whatever their windows are; so it goes out once.
// Revised keys are never padded, and a revision belongs to a key that is
// published: it may go out, and so may a second one that says something else.
// The same revision goes out once.
#ifndef TEKMATCH_TOOLS_COMMANDS_PUBLISHED_KEYS_H_
#define TEKMATCH_TOOLS_COMMANDS_PUBLISHED_KEYS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/diagnosis_key.h"

namespace tekmatch {

// Which keys stay out.
struct PublishedBefore {
  uint64_t num_keys = 0;
  // Of these, primary keys of which the files say something else.
  uint64_t num_contradicting = 0;
};

// Takes out of `keys`, which are distinct in their bytes, what `files` publish,
// as above; the order of others stays. A primary key is also taken out where a
// file has it among its revised ones alone: it is known to be real, and what
// hides in the padding beside it would be one less. Whoever signed a file, it
// publishes what it holds. Memory does not grow with the files.
//
// FAILED_PRECONDITION: a file cannot be read, or is no export; the message
// begins with its path. `keys` are then as before. INTERNAL: BoringSSL or us.
absl::StatusOr<PublishedBefore> LeaveOutPublished(
    const std::vector<std::string>& files, std::vector<DiagnosisKey>& keys);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_PUBLISHED_KEYS_H_
