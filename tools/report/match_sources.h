// Where a run's matches come from: how many each file and each authority gave.
// A key that several publish is of the first publication, which decides what is
// known of it (matcher/exposure/key_publications.h).
#ifndef TEKMATCH_TOOLS_REPORT_MATCH_SOURCES_H_
#define TEKMATCH_TOOLS_REPORT_MATCH_SOURCES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "matcher/check/exposure_check.h"

namespace tekmatch {

struct SourceCount {
  uint64_t num_keys = 0;       // distinct TEKs with a match
  uint64_t num_sightings = 0;  // distinct, of all devices

  bool operator==(const SourceCount&) const = default;
};

// By file, in the order of run.files.
std::vector<SourceCount> CountByFile(const ExposureCheckResult& run);

// What one authority published for one region.
struct AuthorityCount {
  // Of the trusted keys that signed, ascending; empty for files that nobody
  // trusted signed, whoever wrote them.
  std::vector<std::string> key_ids;
  std::string region;  // as the files say, in any bytes
  uint64_t num_files = 0;
  SourceCount matched;

  bool operator==(const AuthorityCount&) const = default;
};

// Of the files that count, by key ids and region. One without matches, too.
std::vector<AuthorityCount> CountByAuthority(const ExposureCheckResult& run);
// The same of the counts of run.files, each of whose keys and sightings is one
// file's.
std::vector<AuthorityCount> CountByAuthority(
    const ExposureCheckResult& run, const std::vector<SourceCount>& by_file);

// Two tables for a person: every authority, and the files that gave a match.
// Empty where the run is of one file, of which all matches are. `by_file` and
// `by_authority` are its counts.
std::string SourcesText(const ExposureCheckResult& run,
                        const std::vector<SourceCount>& by_file,
                        const std::vector<AuthorityCount>& by_authority);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_MATCH_SOURCES_H_
