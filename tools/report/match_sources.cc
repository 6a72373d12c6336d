// Plan: gather the distinct keys and sightings of each file, or of each group
// of files; count them; and put them into two tables.
#include "tools/report/match_sources.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "keyformat/printable.h"
#include "matcher/check/authorities.h"

namespace tekmatch {
namespace {

// Matches by a number for each source, below `num`. `number_of` is by
// Match::source.
std::vector<SourceCount> Count(const ExposureCheckResult& run,
                               const std::vector<size_t>& number_of,
                               size_t num) {
  std::vector<std::set<Tek>> keys(num);
  std::vector<std::set<uint32_t>> sightings(num);
  for (const Match& match : run.result.matches) {
    const size_t number = number_of[match.source];
    keys[number].insert(match.tek);
    sightings[number].insert(match.sighting_position);
  }
  std::vector<SourceCount> counts;
  counts.reserve(num);
  for (size_t i = 0; i < num; ++i) {
    counts.push_back({keys[i].size(), sightings[i].size()});
  }
  return counts;
}

std::string Row(const SourceCount& count) {
  return absl::StrFormat("%8d  %9d  ", count.num_keys, count.num_sightings);
}

// Files that count, by who signed them and for which region.
struct AuthorityFiles {
  std::vector<AuthorityCount> authorities;  // without `matched`
  // The authority of each of run.files; files that do not count have number 0,
  // and no match.
  std::vector<size_t> number_of;
};

AuthorityFiles GroupFiles(const ExposureCheckResult& run) {
  // All ids of an authority, by its number: one file need not name them all.
  const std::vector<uint32_t> authorities = AuthoritiesOf(run.files);
  std::map<uint32_t, std::set<std::string>> ids;
  for (size_t i = 0; i < run.files.size(); ++i) {
    const auto& signers = run.files[i].report.signature.signer_ids;
    if (run.files[i].counts()) {
      ids[authorities[i]].insert(signers.begin(), signers.end());
    }
  }
  std::map<std::pair<std::set<std::string>, std::string>, std::vector<size_t>>
      files_of;
  for (size_t i = 0; i < run.files.size(); ++i) {
    if (!run.files[i].counts()) continue;
    files_of[{ids[authorities[i]], run.files[i].report.metadata.region}]
        .push_back(i);
  }
  AuthorityFiles grouped;
  grouped.number_of.resize(run.files.size());
  std::vector<AuthorityCount>& counts = grouped.authorities;
  counts.reserve(files_of.size());
  for (const auto& [authority, files] : files_of) {
    for (const size_t file : files) grouped.number_of[file] = counts.size();
    const auto& [key_ids, region] = authority;
    counts.push_back({.key_ids = {key_ids.begin(), key_ids.end()},
                      .region = region,
                      .num_files = files.size()});
  }
  return grouped;
}

}  // namespace

std::vector<SourceCount> CountByFile(const ExposureCheckResult& run) {
  std::vector<size_t> number_of(run.files.size());
  for (size_t i = 0; i < number_of.size(); ++i) number_of[i] = i;
  return Count(run, number_of, number_of.size());
}

std::vector<AuthorityCount> CountByAuthority(const ExposureCheckResult& run) {
  AuthorityFiles grouped = GroupFiles(run);
  std::vector<AuthorityCount>& counts = grouped.authorities;
  const std::vector<SourceCount> matched =
      Count(run, grouped.number_of, counts.size());
  for (size_t i = 0; i < counts.size(); ++i) counts[i].matched = matched[i];
  return std::move(counts);
}

std::vector<AuthorityCount> CountByAuthority(
    const ExposureCheckResult& run, const std::vector<SourceCount>& by_file) {
  AuthorityFiles grouped = GroupFiles(run);
  for (size_t i = 0; i < run.files.size(); ++i) {
    if (!run.files[i].counts()) continue;
    SourceCount& matched = grouped.authorities[grouped.number_of[i]].matched;
    matched.num_keys += by_file[i].num_keys;
    matched.num_sightings += by_file[i].num_sightings;
  }
  return std::move(grouped.authorities);
}

std::string SourcesText(const ExposureCheckResult& run,
                        const std::vector<SourceCount>& by_file,
                        const std::vector<AuthorityCount>& by_authority) {
  if (run.files.size() < 2) return "";
  std::string text =
      "    keys  sightings   files  by signing key id and region\n";
  for (const AuthorityCount& authority : by_authority) {
    absl::StrAppend(
        &text, Row(authority.matched),
        absl::StrFormat("%6d  ", authority.num_files),
        authority.key_ids.empty()
            ? "(nobody trusted)"
            : Printable(absl::StrJoin(authority.key_ids, ", ")),
        ", ",
        authority.region.empty() ? "(no region)" : Printable(authority.region),
        "\n");
  }
  text += "\n    keys  sightings  by file\n";
  for (size_t i = 0; i < by_file.size(); ++i) {
    if (by_file[i].num_keys == 0) continue;
    absl::StrAppend(&text, Row(by_file[i]), Printable(run.files[i].path), "\n");
  }
  return text;
}

}  // namespace tekmatch
