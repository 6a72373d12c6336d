#include "tests/keyformat/archive_verdicts.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "tests/status_matchers.h"

namespace tekmatch {

absl::StatusOr<std::vector<ArchiveEntry>> Directory(
    const std::string& bytes, const ArchiveLimits& limits) {
  return ReadArchiveDirectory(*MemorySource("a.zip", bytes), limits);
}

void ExpectRefused(const std::string& bytes, const std::string& reason,
                   const ArchiveLimits& limits) {
  const absl::Status status = Directory(bytes, limits).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(status.message(), reason) &&
              absl::StrContains(status.message(), "a.zip: "))
      << status << ", not: " << reason;
}

void ExpectRefused(const RawZip& zip, const std::string& reason) {
  ExpectRefused(zip.Build(), reason);
}

void ExpectAccepted(const RawZip& zip, const ArchiveLimits& limits) {
  const auto directory = Directory(zip.Build(), limits);
  EXPECT_THAT(directory, IsOk());
}

}  // namespace tekmatch
