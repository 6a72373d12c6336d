// Plan: Add counts the keys of a block by value; Json writes the counts, after
// what the file says of itself.
#include "tools/report/export_statistics.h"

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "keyformat/report_type_name.h"
#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;

std::string Label(int value) { return absl::StrCat(value); }
std::string Label(ReportType type) { return std::string(ReportTypeName(type)); }
std::string Label(absl::CivilDay day) { return absl::FormatCivilTime(day); }
template <typename T>
std::string Label(const std::optional<T>& value) {
  return value.has_value() ? Label(*value) : "absent";
}

// {"label": count, ...} in the order of the values.
template <typename T>
ordered_json Counts(const std::map<T, uint64_t>& counts) {
  ordered_json json = ordered_json::object();
  for (const auto& [value, count] : counts) json[Label(value)] = count;
  return json;
}

ordered_json InfoJson(const SignatureInfo& info) {
  ordered_json json = {{"key_id", info.key_id},
                       {"key_version", info.key_version},
                       {"algorithm", info.algorithm}};
  if (!info.app_bundle_id.empty()) json["app_bundle_id"] = info.app_bundle_id;
  if (!info.android_package.empty()) {
    json["android_package"] = info.android_package;
  }
  return json;
}

// Null: absent, or 0, which says as little. A timestamp that a hostile file
// made too large for a time stays a number.
ordered_json TimeJson(uint64_t unix_seconds) {
  if (unix_seconds == 0) return nullptr;
  constexpr uint64_t kYear9999 = 253402300799;
  if (unix_seconds > kYear9999) return unix_seconds;
  return absl::FormatTime(
      "%Y-%m-%dT%H:%M:%SZ",
      absl::FromUnixSeconds(static_cast<int64_t>(unix_seconds)),
      absl::UTCTimeZone());
}

}  // namespace

void ExportStatistics::Add(const KeyBlock& block) {
  for (size_t i = 0; i < block.size(); ++i) {
    const KeyMetadata& metadata = block.metadata()[i];
    ++transmission_risks_[metadata.transmission_risk];
    ++report_types_[metadata.report_type];
    ++days_since_onset_[metadata.days_since_onset];
    ++variants_[metadata.variant_of_concern];
    ++rolling_periods_[block.rolling_periods()[i]];
    ++start_days_[absl::ToCivilDay(
        absl::FromUnixSeconds(int64_t{block.rolling_starts()[i]} *
                              kIntervalSeconds),
        absl::UTCTimeZone())];
  }
}

ordered_json ExportStatistics::Json(const ExportFileResult& file) const {
  const ExportReport& report = file.report;
  ordered_json signature_infos = ordered_json::array();
  for (const SignatureInfo& info : report.metadata.signature_infos) {
    signature_infos.push_back(InfoJson(info));
  }
  ordered_json signatures = ordered_json::array();
  for (const ExportSignature& signature : report.signatures) {
    signatures.push_back(InfoJson(signature.info));
  }
  ordered_json json = {{"path", file.path}};
  json["signature"] = IsUnsigned(report.signature.verdict)
                          ? file.verdict
                          : std::string("present, not checked here");
  json["signatures"] = signatures;
  if (!report.extra_entry.empty()) json["extra_entry"] = report.extra_entry;
  json["sha256"] = absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(report.digests.sha256.data()),
      report.digests.sha256.size()));
  json["region"] = report.metadata.region;
  json["start_timestamp"] = TimeJson(report.metadata.start_timestamp);
  json["end_timestamp"] = TimeJson(report.metadata.end_timestamp);
  json["batch_num"] = report.metadata.batch_num;
  json["batch_size"] = report.metadata.batch_size;
  json["signature_infos"] = signature_infos;
  json["keys"] = report.counts.keys;
  json["revised_keys"] = report.counts.revised_keys;
  const ordered_json counts = ExportFileJson(file);
  json["rejected"] = counts["rejected"];
  json["dropped_fields"] = counts["dropped_fields"];
  json["with_field"] = {
      {"transmission_risk", report.counts.with_transmission_risk},
      {"rolling_period", report.counts.with_rolling_period},
      {"report_type", report.counts.with_report_type},
      {"days_since_onset", report.counts.with_days_since_onset},
      {"variant_of_concern", report.counts.with_variant_of_concern}};
  json["by_transmission_risk"] = Counts(transmission_risks_);
  json["by_report_type"] = Counts(report_types_);
  json["by_days_since_onset"] = Counts(days_since_onset_);
  json["by_variant_of_concern"] = Counts(variants_);
  json["by_rolling_period"] = Counts(rolling_periods_);
  json["by_start_day"] = Counts(start_days_);
  return json;
}

}  // namespace tekmatch
