// What the options of `tekmatch export` ask of the writer.
#ifndef TEKMATCH_TOOLS_COMMANDS_EXPORT_SETTINGS_H_
#define TEKMATCH_TOOLS_COMMANDS_EXPORT_SETTINGS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "keyformat/export_writer.h"

namespace tekmatch {

// As they stand on the command line.
struct ExportSettings {
  std::string region;
  std::string start;  // RFC 3339 or Unix seconds, as below
  std::string end;
  std::string split = "windows";
  std::string order = "sorted";
  uint64_t min_keys = 1000;
  uint64_t padding_range = 100;
  uint64_t max_keys = 500'000;
};

// Keys in a file that both platforms take. Source: Apple, "Setting up a key
// server".
inline constexpr uint64_t kMostKeysOnPhones = 750'000;

// Without signers. The window of the keys' arrival is --start to --end; without
// --end it ends with the last whole hour before `now`, without --start it lasts
// a day.
//
// INVALID_ARGUMENT: an option is no time, the window begins before 1970 or does
// not end after its start, or a number is out of its range. The message begins
// with the option's name.
absl::StatusOr<ExportWriterOptions> WriterOptions(
    const ExportSettings& settings, absl::Time now);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_EXPORT_SETTINGS_H_
