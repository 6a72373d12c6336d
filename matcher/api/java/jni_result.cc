// Plan: counts and files; what a store's check did; what was found: dates,
// days, windows, the notice; all of it, in the order of Result.java's
// constructor.
//
// One array for the whole result, instead of an object a row: a call for each
// of some thousand scans would take longer than the check, and each could fail
// halfway. What a result does not have is a 0 where its presence is a 1, and
// nothing behind it.
#include "matcher/api/java/jni_result.h"

#include <vector>

namespace tekmatch::jni {
namespace {

// All rows, by the header's convention. False: an exception is pending.
template <typename Row, typename Function>
bool ReadAll(JNIEnv* env, Function function, const tekmatch_result* result,
             std::vector<Row>& rows) {
  Outcome outcome(env);
  size_t num_rows = 0;
  if (!outcome.Call(function, nullptr, &num_rows, result)) {
    return false;
  }
  rows.resize(num_rows);
  // Without rows there is no array, and NULL asks for their number.
  return num_rows == 0 ||
         outcome.Call(function, rows.data(), &num_rows, result);
}

void PutCounts(const tekmatch_counts& counts, Snapshot& to) {
  to.Int(counts.complete);
  for (const uint64_t count :
       {counts.num_files, counts.num_accepted_files, counts.num_keys,
        counts.num_rejected_keys, counts.num_own_keys, counts.num_compared_keys,
        counts.num_sightings, counts.num_matches, counts.num_outside_tolerance,
        counts.num_outside_window, counts.num_replayed,
        counts.num_tx_power_out_of_bounds, counts.num_revoked,
        counts.num_recursive, counts.num_own_matches,
        counts.num_partly_compared_files}) {
    to.Long(count);
  }
}

bool PutFiles(JNIEnv* env, const tekmatch_result* result, uint64_t num_files,
              Snapshot& to) {
  Outcome outcome(env);
  to.Size(num_files);
  for (size_t i = 0; i < num_files; ++i) {
    auto file = Sized<tekmatch_file>();
    if (!outcome.Call(tekmatch_result_file, &file, result, i)) {
      return false;
    }
    to.Int(file.accepted);
    to.Int(file.verified);
    to.Long(file.num_keys);
    to.Long(file.num_rejected_keys);
    to.PutBytes(file.sha256, sizeof(file.sha256));
    to.Text(file.name);
    to.Text(file.verdict);
    to.Text(file.reason);
    to.Text(file.copy_of);
  }
  return true;
}

bool PutStored(JNIEnv* env, const tekmatch_result* result, Snapshot& to) {
  Outcome outcome(env);
  auto stored = Sized<tekmatch_stored>();
  const tekmatch_status status =
      tekmatch_result_stored(&stored, result, outcome.text(), outcome.size());
  to.Int(status == TEKMATCH_OK ? 1 : 0);
  // A result without a store.
  if (status == TEKMATCH_FAILED_PRECONDITION) return true;
  if (!outcome.Check(status)) return false;
  to.Int(stored.stopped);
  to.Long(stored.num_exports);
  to.Long(stored.num_untrusted);
  to.Long(stored.num_expired_exports);
  to.Size(stored.num_given);
  for (size_t i = 0; i < stored.num_given; ++i) {
    auto given = Sized<tekmatch_given>();
    if (!outcome.Call(tekmatch_result_given, &given, result, i)) {
      return false;
    }
    to.Int(given.state);
    to.Text(given.name);
  }
  to.Size(stored.num_needed_again);
  for (size_t i = 0; i < stored.num_needed_again; ++i) {
    const char* name = nullptr;
    if (!outcome.Call(tekmatch_result_needed_again, &name, result, i)) {
      return false;
    }
    to.Text(name);
  }
  return true;
}

void PutSums(const tekmatch_summary_data& sums, Snapshot& to) {
  to.Double(sums.maximum_score);
  to.Double(sums.score_sum);
  to.Double(sums.weighted_duration_sum);
}

bool PutDates(JNIEnv* env, const tekmatch_result* result, Snapshot& to) {
  std::vector<tekmatch_date_count> dates;
  if (!ReadAll(env, tekmatch_result_dates, result, dates)) return false;
  to.Size(dates.size());
  for (const tekmatch_date_count& date : dates) {
    to.Date(date.date);
    to.Long(date.num_keys);
    to.Long(date.num_sightings);
  }
  return true;
}

bool PutDays(JNIEnv* env, const tekmatch_result* result, Snapshot& to) {
  std::vector<tekmatch_day> days;
  if (!ReadAll(env, tekmatch_result_days, result, days)) return false;
  to.Size(days.size());
  for (const tekmatch_day& day : days) {
    to.Date(day.date);
    to.Int(day.alerting);
    to.Long(static_cast<uint64_t>(day.seconds));
    to.Int(day.num_windows);
    to.Int(day.num_keys);
    PutSums(day.all, to);
    for (const tekmatch_summary_data& sums : day.by_report_type) {
      PutSums(sums, to);
    }
  }
  return true;
}

// Scans first: windows refer to them by position.
bool PutWindows(JNIEnv* env, const tekmatch_result* result, Snapshot& to) {
  std::vector<tekmatch_scan> scans;
  std::vector<tekmatch_window> windows;
  if (!ReadAll(env, tekmatch_result_scans, result, scans) ||
      !ReadAll(env, tekmatch_result_windows, result, windows)) {
    return false;
  }
  to.Size(scans.size());
  for (const tekmatch_scan& scan : scans) {
    to.Int(scan.seconds_since_last_scan);
    to.Int(scan.typical_attenuation);
    to.Int(scan.min_attenuation);
  }
  to.Size(windows.size());
  for (const tekmatch_window& window : windows) {
    to.Date(window.date);
    to.Int(window.report_type);
    to.Int(window.infectiousness);
    to.Int(window.calibration_confidence);
    to.Int(window.first_scan);
    to.Int(window.num_scans);
  }
  return true;
}

void PutNotice(const tekmatch_notice& notice, Snapshot& to) {
  to.Date(notice.today);
  to.Date(notice.since);
  to.Int(notice.num_days);
  to.Int(notice.num_alerting_days);
  to.Int(notice.num_contacts);
  to.Text(notice.zone);
  to.Text(notice.consultation_japanese);
  to.Text(notice.consultation_english);
  to.Int(notice.num_matched_keys);
  to.Int(notice.days_since_last_exposure);
  to.Int(notice.maximum_risk_score);
  for (const uint32_t minutes : notice.attenuation_minutes) to.Int(minutes);
  to.Long(notice.summation_risk_score);
}

// Of a complete result, which was asked what it rests on.
bool PutFound(JNIEnv* env, const tekmatch_result* result, Snapshot& to) {
  if (!PutDates(env, result, to)) return false;
  Outcome outcome(env);
  auto notice = Sized<tekmatch_notice>();
  const tekmatch_status status =
      tekmatch_result_notice(&notice, result, outcome.text(), outcome.size());
  to.Int(status == TEKMATCH_OK ? 1 : 0);
  // A check without a configuration.
  if (status == TEKMATCH_FAILED_PRECONDITION) return true;
  if (!outcome.Check(status)) return false;
  if (!PutDays(env, result, to) || !PutWindows(env, result, to)) return false;
  PutNotice(notice, to);
  return true;
}

}  // namespace

bool TakeSnapshot(JNIEnv* env, const tekmatch_result* result,
                  uint64_t num_bad_sightings, Snapshot& snapshot) {
  Outcome outcome(env);
  auto counts = Sized<tekmatch_counts>();
  if (!outcome.Call(tekmatch_result_counts, &counts, result)) {
    return false;
  }
  PutCounts(counts, snapshot);
  if (!PutFiles(env, result, counts.num_files, snapshot) ||
      !PutStored(env, result, snapshot)) {
    return false;
  }
  // Java keeps status and message, and throws them in requireComparison: what
  // was found is told all the same, as its contacts stand. Before PutFound,
  // which the library allows only then.
  const tekmatch_status compared = tekmatch_result_compared(
      result, num_bad_sightings, outcome.text(), outcome.size());
  snapshot.Int(compared);
  snapshot.Text(outcome.message());
  return counts.complete == 0 || PutFound(env, result, snapshot);
}

}  // namespace tekmatch::jni
