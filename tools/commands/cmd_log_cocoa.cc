// Plan:
//   1. members of JSON become plain values, each within bounds: anybody may
//      have written the file;
//   2. the configuration, in the form of the phone's platform, since summaries
//      can only be made again with the weights that the phone used;
//   3. windows and the phone's summaries are read; summaries are made again out
//      of the windows; both meet by date.
#include "tools/commands/cmd_log_cocoa.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "keyformat/status_macros.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_window.h"
#include "matcher/exposure/json_fields.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;

absl::Status Wrong(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", what));
}

// A member; null where it is absent or null.
const json* Find(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string TextOf(const json& object, const char* name) {
  const json* found = Find(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>()
                                                : std::string();
}

absl::Status GetInteger(const json& object, const char* name, int64_t low,
                        int64_t high, int64_t* value) {
  const json* found = Find(object, name);
  if (found == nullptr || !found->is_number_integer() ||
      (found->is_number_unsigned() && found->get<uint64_t>() > INT64_MAX) ||
      found->get<int64_t>() < low || found->get<int64_t>() > high) {
    return Wrong(name, absl::StrCat("not an integer in ", low, "..", high));
  }
  *value = found->get<int64_t>();
  return absl::OkStatus();
}

absl::Status GetNumber(const json& object, const char* name, double* value) {
  const json* found = Find(object, name);
  if (found == nullptr || !found->is_number()) {
    return Wrong(name, "not a number");
  }
  *value = found->get<double>();
  return absl::OkStatus();
}

// 1970 to 2100. A date beyond is damage: no phone made it.
absl::Status GetMillis(const json& object, int64_t* seconds) {
  constexpr int64_t kYear2100 = 4102444800;
  int64_t millis = 0;
  TEKMATCH_RETURN_IF_ERROR(
      GetInteger(object, "DateMillisSinceEpoch", 0, 1000 * kYear2100, &millis));
  *seconds = millis / 1000;
  return absl::OkStatus();
}

absl::CivilDay DateOf(int64_t seconds) {
  return absl::ToCivilDay(absl::FromUnixSeconds(seconds), absl::UTCTimeZone());
}

// The keys of these maps are enumerators. The app's serializer writes them as
// names or as numbers, as it was set up; either is taken.
void SetWeight(const json& weights, int number, const char* name,
               double* weight) {
  for (const std::string& key : {std::string(name), absl::StrCat(number)}) {
    const json* found = Find(weights, key.c_str());
    if (found != nullptr && found->is_number()) *weight = found->get<double>();
  }
}

template <size_t N, typename T>
bool SetArray(const json* array, std::array<T, N>* values) {
  if (array == nullptr || !array->is_array() || array->size() != N) {
    return false;
  }
  for (size_t i = 0; i < N; ++i) {
    if (!(*array)[i].is_number()) return false;
    // What is beyond every limit may have no int: Validate refuses the -1.
    const double number = (*array)[i].template get<double>();
    const bool is_possible = number >= 0 && number <= kMaxAttenuation;
    (*values)[i] = static_cast<T>(is_possible ? number : -1);
  }
  return true;
}

// Android's. False: there is none. A weight that a map lacks is 0, not that of
// the configuration "cocoa", which this one replaces.
bool SetGoogle(const json& object, DailySummariesConfig* config) {
  if (!SetArray(Find(object, "attenuation_bucket_threshold_db"),
                &config->attenuation_thresholds) ||
      !SetArray(Find(object, "attenuation_bucket_weights"),
                &config->attenuation_weights)) {
    return false;
  }
  config->report_type_weights = {};
  config->infectiousness_weights = {};
  if (const json* weights = Find(object, "report_type_weights")) {
    SetWeight(*weights, 1, "ConfirmedTest", &config->report_type_weights[1]);
    SetWeight(*weights, 2, "ConfirmedClinicalDiagnosis",
              &config->report_type_weights[2]);
    SetWeight(*weights, 3, "SelfReport", &config->report_type_weights[3]);
  }
  if (const json* weights = Find(object, "infectiousness_weights")) {
    SetWeight(*weights, 1, "Standard", &config->infectiousness_weights[1]);
    SetWeight(*weights, 2, "High", &config->infectiousness_weights[2]);
  }
  config->minimum_window_score = 0;
  static_cast<void>(
      GetNumber(object, "minimum_risk_score", &config->minimum_window_score)
          .ok());
  return true;
}

// iOS': weights in percent. All of them have to be there, since a guess for one
// would show as a summary that differs.
bool SetApple(const json& object, DailySummariesConfig* config) {
  if (!SetArray(Find(object, "attenuation_duration_thresholds"),
                &config->attenuation_thresholds)) {
    return false;
  }
  config->report_type_weights = {};
  config->infectiousness_weights = {};
  const std::pair<const char*, double*> percents[] = {
      {"immediate_duration_weight", &config->attenuation_weights[0]},
      {"near_duration_weight", &config->attenuation_weights[1]},
      {"medium_duration_weight", &config->attenuation_weights[2]},
      {"other_duration_weight", &config->attenuation_weights[3]},
      {"infectiousness_standard_weight", &config->infectiousness_weights[1]},
      {"infectiousness_high_weight", &config->infectiousness_weights[2]},
      {"report_type_confirmed_test_weight", &config->report_type_weights[1]},
      {"report_type_confirmed_clinical_diagnosis_weight",
       &config->report_type_weights[2]},
      {"report_type_self_reported_weight", &config->report_type_weights[3]},
  };
  for (const auto& [name, weight] : percents) {
    double percent = 0;
    if (!GetNumber(object, name, &percent).ok()) return false;
    *weight = percent / 100;
  }
  config->minimum_window_score = 0;
  return true;
}

// Sets the configuration that the phone's summaries come from, and its name.
absl::Status SetConfig(const json& root, ExposureConfig* config,
                       std::string* name) {
  TEKMATCH_ASSIGN_OR_RETURN(*config, NamedExposureConfig("cocoa"));
  *name = "cocoa";
  // A half-read one of the file's would be nobody's.
  DailySummariesConfig read = config->daily_summaries;
  if (const json* all = Find(root, "exposure_configuration")) {
    const bool is_ios = absl::EqualsIgnoreCase(TextOf(root, "platform"), "ios");
    constexpr char kGoogle[] = "google_daily_summaries_config";
    constexpr char kApple[] = "apple_exposure_config_v2";
    // Both platforms' members may be there, whatever the phone is. Apple's has
    // two names.
    const json* apple = Find(*all, kApple);
    if (apple == nullptr) apple = Find(*all, "apple_exposure_v2_config");
    const json* google = Find(*all, kGoogle);
    if (is_ios && apple != nullptr && SetApple(*apple, &read)) {
      *name = kApple;
      config->daily_summaries = read;
    } else if (!is_ios && google != nullptr && SetGoogle(*google, &read)) {
      *name = kGoogle;
      config->daily_summaries = read;
    }
  }
  // Days that are too old for a summary have none on the phone either; that is
  // said of each.
  config->daily_summaries.days_since_exposure_threshold = 0;
  const absl::Status valid = Validate(*config);
  return valid.ok() ? valid : Wrong(*name, valid.message());
}

// The platform caps it at five minutes; nobody relies on that here.
constexpr int64_t kMaxScanSeconds = int64_t{24} * 60 * 60;

absl::Status ReadWindow(const json& object, ExposureWindow* window) {
  int64_t number = 0;
  TEKMATCH_RETURN_IF_ERROR(GetMillis(object, &window->start_seconds));
  TEKMATCH_RETURN_IF_ERROR(
      GetInteger(object, "ReportType", 0, kNumReportTypes - 1, &number));
  window->report_type = static_cast<ReportType>(number);
  TEKMATCH_RETURN_IF_ERROR(
      GetInteger(object, "Infectiousness", 0, kNumInfectiousness - 1, &number));
  window->infectiousness = static_cast<Infectiousness>(number);
  const json* scans = Find(object, "ScanInstances");
  if (scans == nullptr || !scans->is_array()) {
    return Wrong("ScanInstances", "not an array");
  }
  for (const json& scan : *scans) {
    ScanInstance& added = window->scans.emplace_back();
    TEKMATCH_RETURN_IF_ERROR(
        GetInteger(scan, "SecondsSinceLastScan", 0, kMaxScanSeconds, &number));
    added.seconds_since_last_scan = static_cast<int>(number);
    TEKMATCH_RETURN_IF_ERROR(
        GetInteger(scan, "TypicalAttenuationDb", -255, 255, &number));
    added.typical_attenuation = static_cast<int>(number);
    TEKMATCH_RETURN_IF_ERROR(
        GetInteger(scan, "MinAttenuationDb", -255, 255, &number));
    added.min_attenuation = static_cast<int>(number);
  }
  return absl::OkStatus();
}

absl::Status ReadSummary(const json& object, CocoaDay* day) {
  int64_t seconds = 0;
  TEKMATCH_RETURN_IF_ERROR(GetMillis(object, &seconds));
  day->date = DateOf(seconds);
  const json* data = Find(object, "DaySummary");
  if (data == nullptr) return Wrong("DaySummary", "missing");
  ExposureSummaryData& logged = day->logged.emplace();
  TEKMATCH_RETURN_IF_ERROR(
      GetNumber(*data, "MaximumScore", &logged.maximum_score));
  TEKMATCH_RETURN_IF_ERROR(GetNumber(*data, "ScoreSum", &logged.score_sum));
  return GetNumber(*data, "WeightedDurationSum", &logged.weighted_duration_sum);
}

// The phone may add in another order, and writes decimals: sums may differ in
// their last digits.
bool Near(double a, double b) {
  return std::abs(a - b) <= 1e-6 * std::max({1.0, std::abs(a), std::abs(b)});
}

bool Same(const ExposureSummaryData& a, const ExposureSummaryData& b) {
  return Near(a.maximum_score, b.maximum_score) &&
         Near(a.score_sum, b.score_sum) &&
         Near(a.weighted_duration_sum, b.weighted_duration_sum);
}

// A member that is absent has no elements: a log may lack either list. Errors
// name the element's number, never its contents.
absl::Status EachOf(
    const json& root, const char* name,
    const std::function<absl::Status(const json& object)>& read) {
  const json* array = Find(root, name);
  if (array == nullptr) return absl::OkStatus();
  if (!array->is_array()) return Wrong(name, "not an array");
  size_t number = 0;
  for (const json& object : *array) {
    ++number;
    if (absl::Status status = read(object); !status.ok()) {
      return Wrong(absl::StrCat(name, " ", number), status.message());
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool LooksLikeCocoaLog(absl::string_view text) {
  return absl::StrContains(text, "\"daily_summaries\"") ||
         absl::StrContains(text, "\"exposure_windows\"");
}

absl::StatusOr<CocoaLog> ParseCocoaLog(absl::string_view text) {
  TEKMATCH_ASSIGN_OR_RETURN(const json root, ParseJsonObject(text));
  CocoaLog log;
  log.platform = TextOf(root, "platform");
  log.app_version = TextOf(root, "app_version");
  ExposureConfig config;
  TEKMATCH_RETURN_IF_ERROR(SetConfig(root, &config, &log.config));
  std::vector<ExposureWindow> windows;
  TEKMATCH_RETURN_IF_ERROR(
      EachOf(root, "exposure_windows", [&](const json& object) {
        return ReadWindow(object, &windows.emplace_back());
      }));
  std::map<absl::CivilDay, CocoaDay> days;
  TEKMATCH_RETURN_IF_ERROR(
      EachOf(root, "daily_summaries", [&](const json& object) {
        CocoaDay day;
        TEKMATCH_RETURN_IF_ERROR(ReadSummary(object, &day));
        if (!days.emplace(day.date, day).second) {
          return Wrong("DateMillisSinceEpoch", "another one has this date");
        }
        return absl::OkStatus();
      }));
  log.num_windows = windows.size();
  log.num_not_reported = static_cast<uint64_t>(std::count_if(
      windows.begin(), windows.end(), [](const ExposureWindow& window) {
        return !IsReportable(window.report_type) ||
               window.infectiousness == Infectiousness::kNone;
      }));
  // The file does not say on which day it was made. Without a threshold today's
  // date leaves nothing out; it only has to be one.
  for (const DailySummary& made :
       SummarizeDays(windows, config.daily_summaries, config.alert,
                     absl::UTCTimeZone(), absl::CivilDay(2101, 1, 1))) {
    CocoaDay& day = days[made.date];
    day.date = made.date;
    day.made = made;
  }
  for (auto& [date, day] : days) {
    if (day.logged.has_value() && day.made.has_value()) {
      day.agrees = Same(*day.logged, day.made->all);
    }
    log.days.push_back(day);
  }
  return log;
}

}  // namespace tekmatch
