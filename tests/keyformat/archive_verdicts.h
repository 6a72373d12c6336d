// What becomes of a zip when its directory is read, for tests of that.
#ifndef TEKMATCH_TESTS_KEYFORMAT_ARCHIVE_VERDICTS_H_
#define TEKMATCH_TESTS_KEYFORMAT_ARCHIVE_VERDICTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/archive.h"
#include "tests/keyformat/raw_zip.h"

namespace tekmatch {

// The directory of a zip of these bytes, which is called a.zip.
absl::StatusOr<std::vector<ArchiveEntry>> Directory(
    const std::string& bytes, const ArchiveLimits& limits = {});

// Fails the test unless the zip is refused as damaged, by a message that names
// the file and holds the reason.
void ExpectRefused(const std::string& bytes, const std::string& reason,
                   const ArchiveLimits& limits = {});
void ExpectRefused(const RawZip& zip, const std::string& reason);

// Fails the test unless the zip is accepted.
void ExpectAccepted(const RawZip& zip, const ArchiveLimits& limits = {});

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_KEYFORMAT_ARCHIVE_VERDICTS_H_
