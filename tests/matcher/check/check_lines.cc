#include "tests/matcher/check/check_lines.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/report/exposure_json.h"

namespace tekmatch {
namespace {

std::string Hex(absl::Span<const uint8_t> bytes) {
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

std::string MetadataText(const KeyMetadata& m) {
  return absl::StrCat(
      m.transmission_risk.has_value() ? int{*m.transmission_risk} : -1, "/",
      m.report_type.has_value() ? static_cast<int>(*m.report_type) : -1, "/",
      m.days_since_onset.has_value() ? int{*m.days_since_onset} : -99, "/",
      m.variant_of_concern.has_value() ? int{*m.variant_of_concern} : -1, "/",
      int{m.revised});
}

std::string MatchText(const Match& match, const ExposureCheckResult& result) {
  const Sighting& sighting = match.sighting;
  const Sha256Digest& file =
      result.files.at(match.source).report.digests.sha256;
  return absl::StrCat(
      Hex(match.tek.bytes), " ", match.rolling_start, "+",
      int{match.rolling_period}, " ", MetadataText(match.metadata), " of ",
      Hex(file).substr(0, 8), " in ", match.interval, " at ",
      int64_t{sighting.unix_seconds}, " (", match.sighting_position, ") ",
      Hex(sighting.rpi.bytes), " rssi ", sighting.rssi, " since ",
      sighting.seconds_since_previous_scan, " power ", match.tx_power,
      " attenuation ", match.attenuation);
}

}  // namespace

bool IsOfStore(const ExportFileResult& file) {
  return file.verdict == "valid" || file.verdict == "incomplete_batch" ||
         file.verdict == "needed_again";
}

std::vector<std::string> CheckLines(const ExposureCheckResult& result,
                                    const ExposureCheckOptions& options,
                                    bool with_duplicates) {
  std::vector<std::string> lines;
  const auto add = [&lines](absl::string_view name, const auto& value) {
    lines.push_back(absl::StrCat(name, ": ", value));
  };
  add("complete", result.complete);
  for (const ExportFileResult& file : result.files) {
    if (!IsOfStore(file)) continue;
    lines.push_back(
        absl::StrCat("file ", Hex(file.report.digests.sha256).substr(0, 8), " ",
                     file.verdict, " ", file.report.counts.keys, " ",
                     file.report.counts.revised_keys, " ",
                     absl::StrJoin(file.report.counts.rejected, ","), " ",
                     absl::StrJoin(file.report.signature.signed_by, ",")));
  }
  add("keys", result.num_keys);
  add("rejected", result.num_rejected);
  add("own keys", result.num_own_keys);
  add("compared", result.num_compared);
  add("believed keys", result.num_believed_keys);
  add("believed compared", result.num_believed_compared);
  add("revisions", result.num_revisions);
  add("ignored revisions", result.num_ignored_revisions);
  add("conflicts", absl::StrJoin(result.num_conflicts, ","));
  add("outside first publication", result.num_outside_first_publication);
  add("own matches", result.num_own_matches);
  add("outside tolerance", result.num_outside_tolerance);
  add("revoked", result.report_types.num_revoked);
  add("recursive", result.report_types.num_recursive);
  add("outside window", absl::StrJoin(result.num_outside_window, ","));
  add("sightings", result.num_sightings);
  add("replayed", result.result.num_replayed);
  add("power", result.result.num_tx_power_out_of_bounds);
  if (with_duplicates) add("duplicates", result.result.num_duplicates);
  for (const Match& match : result.result.matches) {
    lines.push_back(MatchText(match, result));
  }
  for (const auto& [device, findings] : result.findings) {
    add(absl::StrCat("findings of ", device),
        ExposureJson(findings, *options.config, LeftOut(), *options.zone)
            .dump());
  }
  std::vector<std::string> dropped;
  for (const DroppedMatch& drop : result.dropped) {
    dropped.push_back(
        absl::StrCat(drop.reason, ": ", MatchText(drop.match, result)));
  }
  std::sort(dropped.begin(), dropped.end());
  lines.insert(lines.end(), dropped.begin(), dropped.end());
  return lines;
}

}  // namespace tekmatch
