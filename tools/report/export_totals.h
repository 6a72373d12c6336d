// What many exports hold together: keys by authority, new, revised and
// repeated ones, and new keys by key day, age at publication and metadata.
// Never a key.
//
// A key is revised where it stands in revised_keys; of others it is new the
// first time that its TEK is met, in the order of the files, and repeated every
// further time. Distributions are of new keys, so that one that is published
// every day counts once. Days are UTC's.
//
// Files are of one authority when they say the same region and the same key
// ids. Nobody has checked that: whoever signed it, a file is counted as what it
// says that it is.
//
// TEKs are remembered by 8 of their bytes, 18 bytes of memory each at most.
// They are random numbers: of ten million, two that agree in those bytes are to
// be expected once in 370,000 runs. Whoever chooses them so makes new keys read
// as repeated.
#ifndef TEKMATCH_TOOLS_REPORT_EXPORT_TOTALS_H_
#define TEKMATCH_TOOLS_REPORT_EXPORT_TOTALS_H_

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/time/civil_time.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/key_block.h"
#include "matcher/check/export_files.h"

namespace tekmatch {

struct PublishedCounts {
  uint64_t files = 0;
  uint64_t new_keys = 0;
  uint64_t repeated_keys = 0;
  uint64_t revised_keys = 0;
  uint64_t rejected_keys = 0;  // by the decoder

  // Of new keys. Days from a key's day to that on which its export ends: a key
  // whose export has no such time is not in it.
  std::map<std::pair<absl::CivilDay, std::optional<ReportType>>, uint64_t>
      by_day_and_type;
  std::map<std::pair<absl::CivilDay, std::optional<int>>, uint64_t>
      by_day_and_risk;
  std::map<int64_t, uint64_t> by_age;
  std::map<std::optional<int>, uint64_t> by_days_since_onset;

  void Add(const PublishedCounts& other);
};

class ExportTotals {
 public:
  // What the file says of itself, in any bytes.
  struct Authority {
    std::string region;
    std::vector<std::string> key_ids;  // ascending, each once

    auto operator<=>(const Authority&) const = default;
  };

  // A block of keys of the file that is read.
  void Add(const KeyBlock& block);
  // The file was read. One that is not whole leaves no trace.
  void EndFile(const ExportFileResult& file);

  const std::map<Authority, PublishedCounts>& by_authority() const {
    return by_authority_;
  }
  PublishedCounts All() const;

  // For a person: a table of authorities, and of all of them every
  // distribution, a value a line.
  std::string Text() const;
  // The documented object (docs/formats.md).
  nlohmann::ordered_json Json() const;
  // The same numbers, a row each: table,region,key_ids,value,count.
  std::string Csv() const;

 private:
  std::map<Authority, PublishedCounts> by_authority_;
  absl::flat_hash_set<uint64_t> teks_;
  // Of the file that is read.
  PublishedCounts file_;
  std::vector<uint64_t> file_teks_;  // that it put into teks_
};

// "absent" for a value that a key does not have.
std::string ValueText(const std::optional<int>& value);
std::string ValueText(const std::optional<ReportType>& value);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_REPORT_EXPORT_TOTALS_H_
