// What a server has published, as a phone and `tekmatch verify` see it.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_PUBLISHED_EXPORTS_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_PUBLISHED_EXPORTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "keyformat/signature.h"
#include "registration/rehearsal/evidence.h"

namespace tekmatch {

struct ListedExport {
  std::string file;  // "7.zip"
  absl::Time created;
};

// The entries of list.json. INVALID_ARGUMENT: it is none.
absl::StatusOr<std::vector<ListedExport>> ParseListedExports(
    absl::string_view json);

struct PublishedExports {
  std::vector<SeenExport> exports;  // all zips of the folder, by name
  std::vector<std::string> listed_without_file;
  std::map<Tek, absl::Time> created;  // of the first file that has the key
};

// Verifies each file by the library's own reader. Errors are the system's; what
// is wrong with a file is its defect.
absl::StatusOr<PublishedExports> ReadPublishedExports(
    const std::string& folder, const std::vector<ListedExport>& list,
    const TrustedKeys& trusted);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_PUBLISHED_EXPORTS_H_
