#include "tools/command.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "keyformat/printable.h"
#include "keyformat/system_error.h"

namespace tekmatch {

void Say(absl::string_view message) {
  std::fprintf(stderr, "tekmatch: %s\n", Printable(message).c_str());
}

int Fail(const absl::Status& status) {
  Say(status.message());
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitBadInput;
}

int Print(absl::string_view text) {
  const std::string printable = PrintableLines(text);
  if (std::fwrite(printable.data(), 1, printable.size(), stdout) !=
          printable.size() ||
      std::fflush(stdout) != 0) {
    return Fail(SystemError(errno, "stdout"));
  }
  return kExitDone;
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

CLI::Option* AddRepeatable(CLI::App& command, const std::string& name,
                           std::vector<std::string>& values,
                           const std::string& help) {
  return command.add_option(name, values, help)->allow_extra_args(false);
}

CLI::Option* AddNowOption(CLI::App& command, std::string& value) {
  return command.add_option(
      "--now", value,
      "Time (RFC 3339 or Unix seconds) in place of the clock's: keys that\n"
      "start more than a day later are rejected");
}

absl::StatusOr<absl::Time> ParseTime(absl::string_view option,
                                     const std::string& value) {
  if (value.empty()) return absl::Now();
  int64_t seconds = 0;
  if (absl::SimpleAtoi(value, &seconds)) return absl::FromUnixSeconds(seconds);
  absl::Time time;
  std::string error;
  for (const char* format : {absl::RFC3339_full, "%Y-%m-%d%ET%H:%M%Ez"}) {
    // They also take "infinite-future" and "infinite-past".
    if (absl::ParseTime(format, value, &time, &error) &&
        time != absl::InfiniteFuture() && time != absl::InfinitePast()) {
      return time;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat(option, " ", value, ": neither RFC 3339 nor Unix seconds"));
}

absl::StatusOr<absl::CivilDay> ParseDate(absl::string_view option,
                                         const std::string& value) {
  absl::CivilDay date;
  if (absl::ParseCivilTime(value, &date)) return date;
  return absl::InvalidArgumentError(
      absl::StrCat(option, " ", value, ": not a date such as 2020-12-10"));
}

EnIntervalNumber LatestRollingStart(absl::Time now) {
  const int64_t latest =
      absl::ToUnixSeconds(now + absl::Hours(24)) / kIntervalSeconds;
  return static_cast<EnIntervalNumber>(
      std::clamp<int64_t>(latest, 0, std::numeric_limits<int32_t>::max()));
}

absl::StatusOr<absl::TimeZone> ParseTimeZone(const std::string& name) {
  absl::TimeZone zone;
  // Abseil would open any file, also one that never ends.
  const bool is_path = absl::StartsWith(name, "/") ||
                       absl::StartsWith(name, "file:") ||
                       absl::StrContains(name, "..");
  if (is_path || !absl::LoadTimeZone(name, &zone)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--time-zone ", name, ": no such time zone"));
  }
  return zone;
}

}  // namespace tekmatch
