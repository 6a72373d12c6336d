// What a person asks of `tekmatch match`: its options, as they stand on the
// command line, and what follows from them before anything is read.
#ifndef TEKMATCH_TOOLS_COMMANDS_MATCH_OPTIONS_H_
#define TEKMATCH_TOOLS_COMMANDS_MATCH_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/commands/command_line.h"
#include "tools/commands/export_arguments.h"
#include "tools/commands/format_option.h"
#include "tools/commands/run_paths.h"

namespace tekmatch {

// Empty texts are options that were not given. Declared below, or in
// cmd_match.cc, with their help; docs/formats.md describes the files.
struct MatchOptions {
  ExportArguments exports;
  std::vector<std::string> sightings;  // [DEVICE=]PATH, sightings_stores.h
  std::vector<std::string> trusted_keys;
  bool allow_unsigned = false;
  bool no_verify = false;
  bool skip_bad_files = false;
  bool skip_bad_sightings = false;
  std::string own_keys;
  std::string time_zone;
  std::string window_policy = "none";  // --policy
  std::string config;
  std::string language = "en";
  std::string dates = "iso";
  std::string explain;
  std::string format = "text";
  std::string out;
  std::string matches_out;
  std::string html;
  bool show_contacts = false;
  std::string now;
  int num_threads = 0;  // 0: as many as the machine has
  bool language_given = false;
  bool notice_options = false;  // --lang or --dates is given
};

// Declares EXPORT, --sightings and what decides which of them count; the first
// two are the caller's to require.
struct InputOptions {
  Option exports;
  Option sightings;
};
InputOptions AddInputOptions(OptionSet& command, MatchOptions& options);

// Declares --skip-bad-sightings and --now, which `check` has otherwise.
void AddNowOfMatch(OptionSet& command, MatchOptions& options);

// Declares --trusted-key.
void AddTrustedKeyOption(OptionSet& command, MatchOptions& options);

// Options of which the body has to know more than their values.
struct NoticeOptions {
  Option language;  // of a notice or a page
  Option dates;     // of a notice
  FormatOption format;

  // Says in `options` which were given, and settles the format of the result.
  // Errors are FormatOption's.
  absl::Status Tell(MatchOptions& options) const;
};

// Declares what decides the meaning of matches: --own-keys to --config.
// Returns --config.
Option AddMeaningOptions(OptionSet& command, MatchOptions& options);

// Declares how the result is told, and where it is written.
NoticeOptions AddOutputOptions(OptionSet& command, MatchOptions& options);

// Declares both, and --threads: everything from own_keys on, but for `now`.
NoticeOptions AddRuleOptions(OptionSet& command, MatchOptions& options);

// INVALID_ARGUMENT: options that go together wrongly, or have nothing to work
// on. Values are not looked at: the parser or their readers do that.
absl::Status CheckMatchOptions(const MatchOptions& options);

// Every file that the run reads or writes; `exports` is ListExports' answer.
RunPaths MatchPaths(const MatchOptions& options,
                    const std::vector<std::string>& exports);

// Whether the result goes to stdout. Where it does not, whoever sits there sees
// nothing of it: what was left out is then said on stderr, too.
bool PrintsResult(const MatchOptions& options);

// Whether the result goes to stdout and names the reasons for which files were
// left out: the text that a configuration gives does not (run_remarks.h).
bool PrintsReasons(const MatchOptions& options);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_MATCH_OPTIONS_H_
