// tekmatch window: which of a person's keys a transmission-window policy lets
// go out, key by key.
//
// Plan: a registration is made of dates and times; each key gets a decision, a
// row; rows become JSON or a table, and a page.
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "keyformat/status_macros.h"
#include "tools/commands/cmd_window_page.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/config_flag.h"
#include "tools/commands/format_option.h"
#include "tools/commands/key_lines.h"
#include "tools/commands/page_option.h"
#include "tools/commands/run_paths.h"
#include "tools/commands/screen.h"
#include "tools/files/hex.h"
#include "tools/files/json_text.h"
#include "tools/files/output_file.h"
#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;

struct Options {
  std::string onset;
  std::string test_date;
  std::string registered;
  std::string window_policy;  // --policy
  std::string keys;
  std::string time_zone;
  std::string format;
  std::string out;
  PageOption page;
  bool show_days_since_onset = false;
};

absl::StatusOr<Registration> ParseRegistration(const Options& options) {
  Registration registration;
  // One of the two is given: the parser has seen to that.
  registration.by_test_date = options.onset.empty();
  TEKMATCH_ASSIGN_OR_RETURN(registration.onset_or_test,
                            registration.by_test_date
                                ? ParseDate("--test-date", options.test_date)
                                : ParseDate("--onset", options.onset));
  TEKMATCH_ASSIGN_OR_RETURN(registration.registered,
                            ParseTime("--registered", options.registered));
  return registration;
}

// Nobody registers before falling ill or being tested.
absl::Status CheckOrder(const Registration& registration, absl::TimeZone zone) {
  const absl::CivilDay registered =
      absl::ToCivilDay(registration.registered, zone);
  if (registration.onset_or_test <= registered) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      registration.by_test_date ? "--test-date " : "--onset ",
      absl::FormatCivilTime(registration.onset_or_test),
      " is after --registered, which is on ", absl::FormatCivilTime(registered),
      " in ", std::string(zone.name())));
}

ordered_json RowJson(const WindowRow& row) {
  ordered_json json = {
      {"tek", EncodeHex(row.key.tek.bytes)},
      {"rolling_start", row.key.rolling_start},
      {"published", row.decision.counts},
      {"reason", std::string(WindowReasonName(row.decision.reason))}};
  if (row.days_since_onset.has_value()) {
    json["days_since_onset"] = *row.days_since_onset;
  }
  return json;
}

// A line under the heading that Report() makes: the widths are the same.
std::string RowText(const WindowRow& row, absl::TimeZone zone) {
  const absl::Time start =
      absl::FromUnixSeconds(int64_t{row.key.rolling_start} * kIntervalSeconds);
  std::string text = absl::StrFormat(
      "%s  %-16s  %6d  %-3s  %s", EncodeHex(row.key.tek.bytes),
      absl::FormatTime("%Y-%m-%d %H:%M", start, zone),
      int{row.key.rolling_period}, row.decision.counts ? "in" : "out",
      std::string(WindowReasonName(row.decision.reason)));
  if (row.days_since_onset.has_value()) {
    absl::StrAppend(&text, "  ", *row.days_since_onset);
  }
  return text + "\n";
}

std::string Report(const std::vector<WindowRow>& rows, const Options& options,
                   const TransmissionWindowPolicy& window_policy,
                   absl::TimeZone zone) {
  if (options.format == "json") {
    ordered_json keys = ordered_json::array();
    for (const WindowRow& row : rows) keys.push_back(RowJson(row));
    // A member "policy", as the option is called; in the report of a match,
    // which has more than one policy, it is "window_policy".
    return DumpJson({{"policy", window_policy.name},
                     {"time_zone", std::string(zone.name())},
                     {"keys", keys}},
                    2) +
           "\n";
  }
  std::string text = absl::StrFormat(
      "%-32s  %-16s  %6s  %-3s  %s\n", "tek", "starts", "period", "",
      absl::StrCat("reason (policy ", window_policy.name, ", times in ",
                   std::string(zone.name()), ")"));
  for (const WindowRow& row : rows) text += RowText(row, zone);
  return FitReport(options.out, text);
}

absl::StatusOr<int> Window(const Options& options) {
  TEKMATCH_RETURN_IF_ERROR(
      CheckNameOfOutput("--html", options.page.html, "html"));
  TEKMATCH_RETURN_IF_ERROR(CheckOneOnStdout(
      {{"--html", options.page.html}, {"--out", options.out}}));
  RunPaths paths;
  paths.Reads("--keys", options.keys);
  paths.Reads("--policy", ConfigPath(options.window_policy));
  paths.Writes("--out", options.out);
  paths.Writes("--html", options.page.html);
  TEKMATCH_RETURN_IF_ERROR(paths.Check());
  TEKMATCH_ASSIGN_OR_RETURN(const Registration registration,
                            ParseRegistration(options));
  TEKMATCH_ASSIGN_OR_RETURN(const TransmissionWindowPolicy window_policy,
                            LoadWindowPolicy(options.window_policy));
  TEKMATCH_ASSIGN_OR_RETURN(
      const absl::TimeZone zone,
      ParseTimeZone(options.time_zone.empty() ? DefaultTimeZone(window_policy)
                                              : options.time_zone));
  TEKMATCH_RETURN_IF_ERROR(CheckOrder(registration, zone));
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<DiagnosisKey> keys,
                            ReadKeyLines(options.keys));

  const std::vector<WindowDecision> decisions =
      SelectKeysForPublication(keys, registration, window_policy, zone);
  std::vector<WindowRow> rows;
  rows.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    WindowRow row{
        .key = keys[i], .decision = decisions[i], .days_since_onset = {}};
    if (options.show_days_since_onset) {
      row.days_since_onset =
          DaysSinceOnset(row.key.rolling_start, registration.onset_or_test,
                         window_policy, zone);
    }
    rows.push_back(row);
  }
  const std::string page = options.page.html.empty()
                               ? ""
                               : WindowPage(rows, window_policy.name, zone,
                                            PageLanguage(options.page));
  TEKMATCH_RETURN_IF_ERROR(
      WritePageAndResult(options.page, page, options.out,
                         Report(rows, options, window_policy, zone)));
  return kExitDone;
}

}  // namespace

void AddWindowCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "window", "Say of each key of a person whether it may be published");
  const auto o = std::make_shared<Options>();
  OptionSet date = command.ExactlyOne("date");
  date.Text("--onset", o->onset, "Date of symptom onset, local");
  date.Text("--test-date", o->test_date,
            "Date of the test, when there are no symptoms");
  command
      .Text("--registered", o->registered,
            "Time of registration, RFC 3339 or Unix seconds")
      .Required();
  command
      .Text("--policy", o->window_policy,
            "none, civil, cocoa-1.2.1, cocoa-3, or a JSON file")
      .Required();
  command.Text("--keys", o->keys, "Keys as JSON lines (docs/formats.md)")
      .Required();
  command.Text("--time-zone", o->time_zone,
               "Of local dates (default: Asia/Tokyo for cocoa-*, UTC)");
  const FormatOption format =
      AddFormatOption(command, {"text", "json"}, o->format);
  command.Text("--out", o->out, "Write the result here, not to stdout (-)");
  AddPageOption(command, "Write a page, with plots and without keys, here",
                o->page);
  command.Flag("--show-days-since-onset", o->show_days_since_onset,
               "Add each key's days since onset");
  command.Runs([o, format]() -> absl::StatusOr<int> {
    TEKMATCH_RETURN_IF_ERROR(format.Settle(o->out));
    return Window(*o);
  });
}

}  // namespace tekmatch
