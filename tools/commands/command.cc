// Plan: what commands say, and how they end; the flags that they share; what
// their texts of times, dates and zones mean.
#include "tools/commands/command.h"

#include <cerrno>
#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "keyformat/printable.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "tools/commands/command_line.h"
#include "tools/files/input_stream.h"
#include "tools/files/output_file.h"

namespace tekmatch {

void Say(absl::string_view message) {
  std::fprintf(stderr, "tekmatch: %s\n", Printable(message).c_str());
}

void SayLines(absl::string_view text) {
  for (const absl::string_view line :
       absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    Say(line);
  }
}

absl::Status WriteResult(const std::string& path, const std::string& text) {
  TEKMATCH_ASSIGN_OR_RETURN(ResultFile file, ResultFile::Open(path));
  return file.Write(text);
}

absl::StatusOr<ResultFile> ResultFile::Open(const std::string& path) {
  ResultFile result;
  // stdout goes through Print(), as a terminal may stand behind it.
  if (path.empty() || IsStdout(path)) return result;
  TEKMATCH_ASSIGN_OR_RETURN(result.file_, OutputFile::Open(path));
  return result;
}

absl::Status ResultFile::Write(const std::string& text) {
  if (file_ == nullptr) return Print(text);
  TEKMATCH_RETURN_IF_ERROR(file_->Append(text));
  return file_->Commit();
}

void AddSummaryOption(OptionSet& command, std::string& path) {
  command.Text("--summary-out", path,
               "Write what was done here, not to stdout (-); not into\n"
               "the folder of --out");
}

absl::Status CheckFolder(absl::string_view option, const std::string& path) {
  if (path != kStdStream) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      option, " -: a folder is wanted, not stdout (./- is one of that name)"));
}

int Fail(const absl::Status& status) {
  Say(status.message());
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitBadInput;
}

absl::Status Print(absl::string_view text) {
  const std::string printable = PrintableLines(text);
  // That stdout is full may show only when the buffer is flushed.
  if (std::fwrite(printable.data(), 1, printable.size(), stdout) !=
          printable.size() ||
      std::fflush(stdout) != 0) {
    return SystemError(errno, "stdout");
  }
  return absl::OkStatus();
}

int SayRefused(const std::vector<ExportFileResult>& files) {
  int num_refused = 0;
  for (const ExportFileResult& file : files) {
    if (file.accepted) continue;
    ++num_refused;
    Say(absl::StrCat(file.message, " (", file.verdict, ")"));
  }
  return num_refused;
}

void AddNowOption(OptionSet& command, std::string& value) {
  command.Text(
      "--now", value,
      "Time (RFC 3339 or Unix seconds) in place of the clock's: keys that\n"
      "start more than a day later are rejected");
}

absl::StatusOr<absl::Time> ParseTime(absl::string_view option,
                                     const std::string& value) {
  if (value.empty()) return absl::Now();
  // No RFC 3339 time is digits alone.
  int64_t seconds = 0;
  if (absl::SimpleAtoi(value, &seconds)) return absl::FromUnixSeconds(seconds);
  absl::Time time;
  std::string error;
  // The second one lacks the seconds, which nobody likes to type.
  for (const char* format : {absl::RFC3339_full, "%Y-%m-%d%ET%H:%M%Ez"}) {
    // They also take "infinite-future" and "infinite-past".
    if (absl::ParseTime(format, value, &time, &error) &&
        time != absl::InfiniteFuture() && time != absl::InfinitePast()) {
      return time;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat(option, " ", value,
                   ": neither RFC 3339, such as 2020-12-10T09:00+09:00, nor "
                   "Unix seconds, such as 1607558400"));
}

absl::StatusOr<absl::CivilDay> ParseDate(absl::string_view option,
                                         const std::string& value) {
  absl::CivilDay date;
  if (absl::ParseCivilTime(value, &date)) return date;
  return absl::InvalidArgumentError(
      absl::StrCat(option, " ", value, ": not a date such as 2020-12-10"));
}

absl::StatusOr<absl::TimeZone> ParseTimeZone(const std::string& name) {
  absl::TimeZone zone;
  // Abseil would open any file, also one that never ends.
  const bool is_path = absl::StartsWith(name, "/") ||
                       absl::StartsWith(name, "file:") ||
                       absl::StrContains(name, "..");
  if (is_path || !absl::LoadTimeZone(name, &zone)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--time-zone ", name,
                     ": no such time zone; names are like Asia/Tokyo and UTC"));
  }
  return zone;
}

}  // namespace tekmatch
