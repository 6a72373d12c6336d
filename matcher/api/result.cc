// Plan: rows of files, counts, days, windows and the notice, each as the header
// has it; what may be told; FillResult, which makes all rows; the functions
// that hand them out.
//
// Everything is made when the check ends, and nothing later: the result needs
// neither index nor store afterwards, and many threads may read it.
#include "matcher/api/result.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "keyformat/status_macros.h"
#include "matcher/api/call.h"
#include "matcher/exposure/daily_summary.h"
#include "matcher/exposure/exposure_findings.h"
#include "matcher/exposure/exposure_window.h"
#include "matcher/exposure/match_counts.h"

namespace tekmatch {
namespace {

tekmatch_date Date(absl::CivilDay day) {
  return {.year = static_cast<int16_t>(day.year()),
          .month = static_cast<uint8_t>(day.month()),
          .day = static_cast<uint8_t>(day.day())};
}

// The strings are the result's own; tekmatch_result_file sets the pointers to
// them, which moving a row would make wrong.
ResultFile FileRow(const ExportFileResult& file) {
  ResultFile made;
  made.name = file.path;
  made.verdict = file.verdict;
  made.reason = std::string(file.reason());
  made.copy_of = file.copy_of;
  made.row.accepted = file.accepted ? 1 : 0;
  made.row.verified = file.is_verified() ? 1 : 0;
  const DecodeCounts& counts = file.report.counts;
  // The header's "read": those that were published anew count as well.
  made.row.num_keys = counts.keys + counts.revised_keys;
  made.row.num_rejected_keys = counts.num_rejected();
  const Sha256Digest& digest = file.report.digests.sha256;
  static_assert(sizeof(made.row.sha256) == sizeof(digest));
  std::copy(digest.begin(), digest.end(), made.row.sha256);
  return made;
}

tekmatch_counts Counts(const ExposureCheckResult& checked) {
  tekmatch_counts counts{};
  counts.complete = checked.complete ? 1 : 0;
  counts.num_files = checked.files.size();
  counts.num_accepted_files = static_cast<uint64_t>(
      std::count_if(checked.files.begin(), checked.files.end(),
                    [](const ExportFileResult& f) { return f.accepted; }));
  counts.num_keys = checked.num_keys;
  counts.num_rejected_keys = checked.num_rejected;
  counts.num_own_keys = checked.num_own_keys;
  counts.num_compared_keys = checked.num_compared;
  counts.num_sightings = checked.num_sightings;
  counts.num_matches = checked.result.matches.size();
  counts.num_outside_tolerance = checked.num_outside_tolerance;
  // By reason there; C has tekmatch_judge_contact for whoever wants to know.
  for (const uint64_t num : checked.num_outside_window) {
    counts.num_outside_window += num;
  }
  counts.num_replayed = checked.result.num_replayed;
  counts.num_tx_power_out_of_bounds = checked.result.num_tx_power_out_of_bounds;
  counts.num_revoked = checked.report_types.num_revoked;
  counts.num_recursive = checked.report_types.num_recursive;
  counts.num_own_matches = checked.num_own_matches;
  counts.num_partly_compared_files = checked.num_partly_compared;
  return counts;
}

tekmatch_summary_data Data(const ExposureSummaryData& data) {
  return {.maximum_score = data.maximum_score,
          .score_sum = data.score_sum,
          .weighted_duration_sum = data.weighted_duration_sum};
}

tekmatch_day Day(const DailySummary& summary) {
  tekmatch_day day{};
  day.date = Date(summary.date);
  day.alerting = summary.alerting ? 1 : 0;
  day.seconds = summary.seconds;
  day.num_windows = static_cast<uint32_t>(summary.num_windows);
  day.num_keys = static_cast<uint32_t>(summary.num_keys);
  day.all = Data(summary.all);
  static_assert(std::size(decltype(day.by_report_type){}) == kNumReportTypes);
  std::transform(summary.by_report_type.begin(), summary.by_report_type.end(),
                 day.by_report_type, Data);
  return day;
}

// Scans of all windows are in one array, so that C needs no array in an array.
void AddWindow(const ExposureWindow& window, absl::TimeZone zone,
               tekmatch_result& result) {
  tekmatch_window row{};
  row.date = Date(WindowDate(window, zone));
  row.report_type = static_cast<uint8_t>(window.report_type);
  row.infectiousness = static_cast<uint8_t>(window.infectiousness);
  row.calibration_confidence =
      static_cast<uint8_t>(window.calibration_confidence);
  row.first_scan = static_cast<uint32_t>(result.scans.size());
  row.num_scans = static_cast<uint32_t>(window.scans.size());
  result.windows.push_back(row);
  for (const ScanInstance& scan : window.scans) {
    result.scans.push_back(
        {.seconds_since_last_scan = scan.seconds_since_last_scan,
         .typical_attenuation = static_cast<int16_t>(scan.typical_attenuation),
         .min_attenuation = static_cast<int16_t>(scan.min_attenuation)});
  }
}

void FillFindings(const ExposureFindings& findings,
                  const ExposureConfig& config, absl::TimeZone zone,
                  tekmatch_result& result) {
  // A configuration was given, even where nobody was met.
  result.has_findings = true;
  for (const DailySummary& day : findings.days) {
    result.days.push_back(Day(day));
  }
  for (const ExposureWindow& window : findings.windows) {
    AddWindow(window, zone, result);
  }
  // The notice points into the result, which is not moved any more.
  result.consultation_japanese = config.consultation.japanese;
  result.consultation_english = config.consultation.english;
  tekmatch_notice& notice = result.notice;
  notice.today = Date(findings.today);
  if (findings.since.has_value()) notice.since = Date(*findings.since);
  notice.num_days = static_cast<uint32_t>(findings.days.size());
  notice.num_alerting_days = static_cast<uint32_t>(
      std::count_if(findings.days.begin(), findings.days.end(),
                    [](const DailySummary& day) { return day.alerting; }));
  notice.num_contacts = static_cast<uint32_t>(findings.num_contacts);
  notice.zone = result.zone.c_str();
  notice.consultation_japanese = result.consultation_japanese.c_str();
  notice.consultation_english = result.consultation_english.c_str();
  const ExposureSummaryV1& version_1 = findings.version_1;
  notice.num_matched_keys = static_cast<uint32_t>(version_1.num_matched_keys);
  notice.days_since_last_exposure =
      static_cast<uint32_t>(version_1.days_since_last_exposure);
  notice.maximum_risk_score =
      static_cast<uint32_t>(version_1.maximum_risk_score);
  notice.summation_risk_score =
      static_cast<uint64_t>(version_1.summation_risk_score);
  std::copy(version_1.attenuation_minutes.begin(),
            version_1.attenuation_minutes.end(), notice.attenuation_minutes);
}

// What CheckCompared asks for. The rest would be identifiers and times of
// contact that stay in memory as long as the result, for nothing.
ExposureCheckResult WithoutMatches(ExposureCheckResult checked) {
  checked.result.matches = {};
  checked.findings = {};
  checked.dropped = {};
  return checked;
}

// Whoever did not ask what "no contact" would rest on is not told of none: the
// mistake would look like good news.
absl::Status CanTell(const tekmatch_result* result) {
  TEKMATCH_RETURN_IF_ERROR(NotNull(result, "result"));
  if (result->counts.complete == 0) {
    return absl::FailedPreconditionError(
        "the result is not complete: tekmatch_result_file says why");
  }
  if (!result->asked) {
    return absl::FailedPreconditionError(
        "tekmatch_result_compared was not asked");
  }
  return absl::OkStatus();
}

absl::Status CanTellFindings(const tekmatch_result* result) {
  TEKMATCH_RETURN_IF_ERROR(CanTell(result));
  return result->has_findings
             ? absl::OkStatus()
             : absl::FailedPreconditionError("the check had no configuration");
}

}  // namespace

void FillResult(ExposureCheckResult checked,
                const std::optional<ExposureConfig>& config,
                absl::TimeZone zone, tekmatch_result& result) {
  result.counts = Counts(checked);
  result.files.reserve(checked.files.size());
  for (const ExportFileResult& file : checked.files) {
    result.files.push_back(FileRow(file));
  }
  result.zone = zone.name();
  if (checked.complete) {
    for (const DateCount& count : CountByDate(checked.result.matches, zone)) {
      tekmatch_date_count row{};
      row.date = Date(count.date);
      row.num_keys = count.num_keys;
      row.num_sightings = count.num_sightings;
      result.dates.push_back(row);
    }
    // An app is of one person: device 0.
    const auto findings = checked.findings.find(0);
    if (config.has_value() && findings != checked.findings.end()) {
      FillFindings(findings->second, *config, zone, result);
    }
  }
  result.compared = WithoutMatches(std::move(checked));
}

}  // namespace tekmatch

using tekmatch::Call;
using tekmatch::CanTell;
using tekmatch::CanTellFindings;
using tekmatch::Destroy;
using tekmatch::NotNull;
using tekmatch::WriteRows;
using tekmatch::WriteStruct;

void tekmatch_result_destroy(tekmatch_result* result) { Destroy(result); }

tekmatch_status tekmatch_result_file(tekmatch_file* file,
                                     const tekmatch_result* result,
                                     size_t position, char* message,
                                     size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(result, "result"));
    if (position >= result->files.size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "position is ", position, " of ", result->files.size(), " files"));
    }
    const tekmatch::ResultFile& found = result->files[position];
    tekmatch_file row = found.row;
    row.name = found.name.c_str();
    row.verdict = found.verdict.c_str();
    row.reason = found.reason.c_str();
    row.copy_of = found.copy_of.c_str();
    return WriteStruct(row, file, "file");
  });
}

tekmatch_status tekmatch_result_counts(tekmatch_counts* counts,
                                       const tekmatch_result* result,
                                       char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(result, "result"));
    return WriteStruct(result->counts, counts, "counts");
  });
}

tekmatch_status tekmatch_result_compared(const tekmatch_result* result,
                                         uint64_t num_bad_sightings,
                                         char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(result, "result"));
    // Asked, whatever the answer: a contact that was found stands also where
    // the comparison lacks something else.
    result->asked = true;
    if (result->counts.complete == 0) return CanTell(result);
    return CheckCompared(result->compared, num_bad_sightings);
  });
}

tekmatch_status tekmatch_result_dates(tekmatch_date_count* dates,
                                      size_t* num_rows,
                                      const tekmatch_result* result,
                                      char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(CanTell(result));
    return WriteRows(result->dates, dates, num_rows);
  });
}

tekmatch_status tekmatch_result_days(tekmatch_day* days, size_t* num_rows,
                                     const tekmatch_result* result,
                                     char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(CanTellFindings(result));
    return WriteRows(result->days, days, num_rows);
  });
}

tekmatch_status tekmatch_result_windows(tekmatch_window* windows,
                                        size_t* num_rows,
                                        const tekmatch_result* result,
                                        char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(CanTellFindings(result));
    return WriteRows(result->windows, windows, num_rows);
  });
}

tekmatch_status tekmatch_result_scans(tekmatch_scan* scans, size_t* num_rows,
                                      const tekmatch_result* result,
                                      char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(CanTellFindings(result));
    return WriteRows(result->scans, scans, num_rows);
  });
}

tekmatch_status tekmatch_result_notice(tekmatch_notice* notice,
                                       const tekmatch_result* result,
                                       char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(CanTellFindings(result));
    return WriteStruct(result->notice, notice, "notice");
  });
}
