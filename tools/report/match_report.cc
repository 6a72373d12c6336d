// Plan: parts of the JSON object, and the table of the text; what is said of a
// file; then the two outputs. Members of the object stand in the order in which
// docs/formats.md has them. Reasons that never occurred are left out of objects
// by reason, counts of 0 elsewhere are not: their absence would be a question.
#include "tools/report/match_report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "keyformat/printable.h"
#include "matcher/exposure/match_counts.h"
#include "tools/files/hex.h"
#include "tools/report/match_sources.h"
#include "tools/report/match_totals.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;

constexpr char kNothingMatched[] = "No key matched a sighting.\n";

ordered_json DatesJson(const std::vector<DateCount>& dates) {
  ordered_json json = ordered_json::array();
  for (const DateCount& d : dates) {
    json.push_back({{"date", absl::FormatCivilTime(d.date)},
                    {"keys", d.num_keys},
                    {"sightings", d.num_sightings}});
  }
  return json;
}

// Files of stores that could not be read; the rest of the store counts.
ordered_json LossesJson(const std::vector<SightingsLoss>& losses) {
  ordered_json json = ordered_json::array();
  for (const SightingsLoss& loss : losses) {
    json.push_back({{"path", loss.file}, {"reason", loss.reason}});
  }
  return json;
}

ordered_json DroppedFieldsJson(const DroppedSightingFields& dropped) {
  ordered_json json = ordered_json::object();
  if (dropped.previous_scan > 0) json["previous_scan"] = dropped.previous_scan;
  return json;
}

// What a foreign store had beside sightings; nothing where there was none.
ordered_json ConversionJson(const SightingsConversion& conversion) {
  if (conversion == SightingsConversion()) return nullptr;
  return {{"spans", conversion.num_spans},
          {"sightings_of_spans", conversion.num_of_spans},
          {"addresses_not_kept", conversion.num_addresses},
          {"positions_not_kept", conversion.num_positions},
          {"rows_of_overwritten_identifiers", conversion.num_overwritten},
          {"doubts", LossesJson(conversion.doubts)}};
}

ordered_json FilesJson(const ExposureCheckResult& run,
                       const std::vector<SourceCount>& matched) {
  ordered_json json = ordered_json::array();
  for (size_t i = 0; i < run.files.size(); ++i) {
    ordered_json file = ExportFileJson(run.files[i]);
    file["keys_matched"] = matched[i].num_keys;
    file["sightings_matched"] = matched[i].num_sightings;
    json.push_back(std::move(file));
  }
  return json;
}

ordered_json AuthoritiesJson(const std::vector<AuthorityCount>& authorities) {
  ordered_json json = ordered_json::array();
  for (const AuthorityCount& authority : authorities) {
    json.push_back({{"key_ids", authority.key_ids},
                    {"region", authority.region},
                    {"files", authority.num_files},
                    {"keys_matched", authority.matched.num_keys},
                    {"sightings_matched", authority.matched.num_sightings}});
  }
  return json;
}

// Matches that do not count by the transmission window, by reason.
ordered_json NotCountedJson(const ExposureCheckResult& run) {
  ordered_json json = ordered_json::object();
  for (int i = 0; i < kNumWindowReasons; ++i) {
    if (const uint64_t n = run.num_outside_window[static_cast<size_t>(i)];
        n > 0) {
      json[std::string(WindowReasonName(static_cast<WindowReason>(i)))] = n;
    }
  }
  return json;
}

// Keys that were heard and whose publications disagree, by field.
ordered_json ConflictsJson(const ExposureCheckResult& run) {
  ordered_json json = ordered_json::object();
  for (int i = 0; i < kNumPublishedFields; ++i) {
    if (const uint64_t n = run.num_conflicts[static_cast<size_t>(i)]; n > 0) {
      json[std::string(PublishedFieldName(static_cast<PublishedField>(i)))] = n;
    }
  }
  return json;
}

// The columns hold counts below 10^8.
std::string DateTable(const std::vector<DateCount>& dates,
                      absl::TimeZone zone) {
  std::string text =
      absl::StrFormat("%-10s  %8s  %9s   (dates in %s)\n", "date", "keys",
                      "sightings", std::string(zone.name()));
  for (const DateCount& d : dates) {
    absl::StrAppendFormat(&text, "%-10s  %8d  %9d\n",
                          absl::FormatCivilTime(d.date), d.num_keys,
                          d.num_sightings);
  }
  return text;
}

// Those that are given, or those of the run, which go to `own`.
const MatchTotals& TotalsFor(const MatchReportInput& input, MatchTotals& own) {
  if (input.totals != nullptr) return *input.totals;
  own = TotalsOf(input.account.run, input.account.sightings, input.zone);
  return own;
}

}  // namespace

std::map<uint32_t, std::vector<Match>> SplitByDevice(
    const std::vector<Match>& matches, const SightingsCounts& sightings) {
  std::map<uint32_t, std::vector<Match>> by_device;
  // Devices that matched nothing, too: each one gets an answer.
  for (const auto& [device, n] : sightings.by_device) by_device[device];
  for (const Match& match : matches) {
    by_device[match.sighting.device].push_back(match);
  }
  return by_device;
}

ordered_json ExportFileJson(const ExportFileResult& file) {
  const ExportReport& report = file.report;
  ordered_json rejected = ordered_json::object();
  for (int i = 0; i < kNumKeyRejections; ++i) {
    if (const uint64_t n = report.counts.rejected[static_cast<size_t>(i)];
        n > 0) {
      rejected[std::string(KeyRejectionName(static_cast<KeyRejection>(i)))] = n;
    }
  }
  ordered_json dropped = ordered_json::object();
  for (int i = 0; i < kNumDroppedFields; ++i) {
    if (const uint64_t n = report.counts.dropped[static_cast<size_t>(i)];
        n > 0) {
      dropped[std::string(DroppedFieldName(static_cast<DroppedField>(i)))] = n;
    }
  }
  ordered_json json = {
      {"path", file.path},
      {"verdict", file.verdict},
      {"accepted", file.accepted},
      // Names of trusted keys; what a file says of its signer proves nothing.
      {"signed_by", report.signature.signed_by},
      {"keys", report.counts.keys + report.counts.revised_keys},
      {"rejected", rejected},
      {"dropped_fields", dropped}};
  // What most files do not have is there only where it is so.
  if (!file.copy_of.empty()) json["copy_of"] = file.copy_of;
  if (!report.extra_entry.empty()) json["extra_entry"] = report.extra_entry;
  if (!file.message.empty()) json["message"] = file.message;
  return json;
}

ordered_json DeviceJson(uint32_t device, const MatchNumbers& numbers) {
  return {{"device", device},
          {"keys_matched", numbers.num_keys},
          {"rpis_matched", numbers.num_rpis},
          {"sightings_matched", numbers.num_sightings},
          {"dates", DatesJson(numbers.dates)}};
}

ordered_json MatchReportJson(const MatchReportInput& input) {
  MatchTotals own;
  const MatchTotals& totals = TotalsFor(input, own);
  ordered_json json = MatchReportHeadJson(input, totals);
  // Where nothing names a device, all sightings are one's, and the rest of the
  // object is its answer.
  if (totals.by_device.empty()) return json;
  ordered_json& devices = json["devices"] = ordered_json::array();
  for (const auto& [device, numbers] : totals.by_device) {
    devices.push_back(DeviceJson(device, numbers));
  }
  return json;
}

ordered_json MatchReportHeadJson(const MatchReportInput& input,
                                 const MatchTotals& totals) {
  const ExposureCheckResult& run = input.account.run;
  const SightingsCounts& sightings = input.account.sightings;
  const OwnKeyCounts& own_keys = input.account.own_keys;
  const LeftOut left_out = CountLeftOut(input.account);
  ordered_json json = {
      {"files", FilesJson(run, totals.by_file)},
      {"authorities", AuthoritiesJson(totals.by_authority)},
      {"all_files_signed", AllSigned(run)},
      {"complete", left_out.complete()},
      {"left_out", LeftOutJson(left_out)},
      {"policy",
       {{"tolerance_intervals", input.policy.tolerance_intervals},
        {"replay_cut_seconds", input.policy.replay_cut_seconds},
        {"min_tx_power", input.policy.min_tx_power},
        {"max_tx_power", input.policy.max_tx_power}}},
      {"keys_read", run.num_keys},
      {"keys_rejected", run.num_rejected},
      {"keys_own", run.num_own_keys},
      {"keys_compared", run.num_compared},
      {"own_keys",
       {{"all_devices", own_keys.of_all_devices},
        {"one_device", own_keys.of_one_device},
        {"no_device", own_keys.of_no_device}}},
      {"keys_matched", totals.all.num_keys},
      {"rpis_matched", totals.all.num_rpis},
      {"sightings_read", sightings.num_read},
      {"sightings_skipped", sightings.num_bad},
      {"sightings_repeated", sightings.num_repeated},
      {"sightings_lost", LossesJson(sightings.losses)},
      {"dropped_fields", DroppedFieldsJson(sightings.dropped)},
      {"sightings_matched", totals.all.num_sightings},
      {"dropped",
       {{"duplicate", run.result.num_duplicates},
        {"own_key", run.num_own_matches},
        {"replayed", run.result.num_replayed},
        {"tx_power_out_of_bounds", run.result.num_tx_power_out_of_bounds},
        {"outside_first_publication", run.num_outside_first_publication},
        {"outside_tolerance", run.num_outside_tolerance},
        {"revoked_key", run.report_types.num_revoked},
        {"recursive_key", run.report_types.num_recursive}}},
      {"conflicts", ConflictsJson(run)},
      {"revisions",
       {{"counted", run.num_revisions},
        {"ignored", run.num_ignored_revisions}}},
      {"window_policy",
       {{"name", input.window_policy},
        {"time_zone", std::string(input.window_zone.name())},
        {"not_counted", NotCountedJson(run)}}},
      {"time_zone", std::string(input.zone.name())},
      {"dates", DatesJson(totals.all.dates)}};
  // Where there is nothing to say of them, these two are not there.
  if (!sightings.bad_reasons.empty()) {
    json["sightings_skipped_reasons"] = sightings.bad_reasons;
  }
  if (ordered_json conversion = ConversionJson(sightings.conversion);
      !conversion.is_null()) {
    json["sightings_converted"] = std::move(conversion);
  }
  if (input.store != nullptr) json["store"] = StoreJson(*input.store);
  return json;
}

std::string MatchReportText(const MatchReportInput& input) {
  const ExposureCheckResult& run = input.account.run;
  const SightingsCounts& sightings = input.account.sightings;
  MatchTotals own;
  const MatchTotals& totals = TotalsFor(input, own);
  // Copies of a file are accepted, and count once.
  const auto num_accepted =
      std::count_if(run.files.begin(), run.files.end(),
                    [](const ExportFileResult& file) { return file.counts(); });
  std::string text =
      RemarksText(input.account, Language::kEnglish, Remarks::kOfReport);
  if (input.store != nullptr) text += StoreText(*input.store);
  absl::StrAppend(&text, "Read ", Counted(run.num_keys, "key"), " in ",
                  Counted(static_cast<uint64_t>(num_accepted), "file"), " (",
                  run.num_rejected, " rejected, ", run.num_own_keys,
                  " own) and ", Counted(sightings.num_read, "sighting"), " (",
                  sightings.num_bad, " skipped).\n");
  if (run.num_own_matches > 0) {
    absl::StrAppend(&text, Counted(run.num_own_matches, "matched sighting"),
                    " of a device's own keys not counted.\n");
  }
  // Before the matches, since these are not among them.
  // The JSON has the names already, without those that never occurred.
  const ordered_json not_counted = NotCountedJson(run);
  for (const auto& [reason, n] : not_counted.items()) {
    absl::StrAppend(&text, Counted(n.get<uint64_t>(), "matched sighting"),
                    " not counted by policy ", input.window_policy, ": ",
                    reason, ".\n");
  }
  // In one line: for a person it is the same, the contact does not count.
  const ReportTypeCounts& types = run.report_types;
  if (types.num_revoked + types.num_recursive > 0) {
    absl::StrAppend(
        &text,
        Counted(types.num_revoked + types.num_recursive, "matched sighting"),
        " of revoked or recursive keys not counted.\n");
  }
  // That then holds for each device, so that none gets a line.
  if (totals.all.num_keys == 0) return text + kNothingMatched;
  absl::StrAppend(&text, "Matched ", Counted(totals.all.num_keys, "key"),
                  " with ", Counted(totals.all.num_sightings, "sighting"),
                  " of ", Counted(totals.all.num_rpis, "identifier"), " (",
                  run.result.num_replayed, " more dropped as replays, ",
                  run.result.num_tx_power_out_of_bounds,
                  " for their transmit power).\n\n");
  text += DateTable(totals.all.dates, input.zone);
  // Empty for a single file, which all matches are of.
  if (const std::string sources =
          SourcesText(run, totals.by_file, totals.by_authority);
      !sources.empty()) {
    absl::StrAppend(&text, "\n", sources);
  }
  for (const auto& [device, numbers] : totals.by_device) {
    absl::StrAppend(&text, "\nDevice ", device, "\n",
                    numbers.num_keys == 0
                        ? kNothingMatched
                        : DateTable(numbers.dates, input.zone));
  }
  return text;
}

std::string Counted(uint64_t n, absl::string_view singular) {
  return absl::StrCat(n, " ", singular, n == 1 ? "" : "s");
}

}  // namespace tekmatch
