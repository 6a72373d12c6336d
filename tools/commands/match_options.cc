// Plan: Options by what they are about: inputs, meaning, output, rules, in
// the order of the help; then what can be checked of them together, and the
// paths of a run.
#include "tools/commands/match_options.h"

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "tools/commands/config_flag.h"
#include "tools/commands/trusted_key_flag.h"
#include "tools/files/output_file.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {

void AddTrustedKeyOption(OptionSet& command, MatchOptions& options) {
  command.Repeatable("--trusted-key", options.trusted_keys,
                     "ID[:VERSION]=FILE, a key to trust; A=a.pem&B=b.pem: both "
                     "must sign");
}

InputOptions AddInputOptions(OptionSet& command, MatchOptions& options) {
  const Option exports = AddExportArguments(command, options.exports);
  const Option sightings = command.Repeatable(
      "--sightings", options.sightings,
      "CSV, JSON lines or .tksight (- is stdin), a LevelDB folder of\n"
      "Google Play Services, SQLite of microG or RaMBLE, a Bluetooth\n"
      "capture. DEVICE=PATH: of this device, with results of its own;\n"
      "stores without are one person's");
  AddTrustedKeyOption(command, options);
  command.Flag("--allow-unsigned", options.allow_unsigned,
               "Let files without any signature count, and say so");
  command.Flag("--no-verify", options.no_verify,
               "Let signed files count, too, whose signature nobody here\n"
               "can check, and say so: for studies of old exports");
  command.Flag("--skip-bad-files", options.skip_bad_files,
               "Leave refused files out instead of stopping");
  command.Flag("--skip-bad-sightings", options.skip_bad_sightings,
               "Leave malformed rows out, and use what is left of a\n"
               "damaged database, instead of stopping");
  return {.exports = exports, .sightings = sightings};
}

void AddNowOfMatch(OptionSet& command, MatchOptions& options) {
  command.Text(
      "--now", options.now,
      "Time (RFC 3339 or Unix seconds) that the result is made for\n"
      "(default: the newest sighting's), and in place of the clock's:\n"
      "keys that start more than a day later are rejected");
}

Option AddMeaningOptions(OptionSet& command, MatchOptions& options) {
  command.Text("--own-keys", options.own_keys,
               "JSON lines with a member tek each: own keys, of all\n"
               "devices or of the one that a member device names; or\n"
               "microG's database");
  command.Text("--time-zone", options.time_zone,
               "Decides the dates (default: UTC), and the local dates\n"
               "of the policy (default: Asia/Tokyo for cocoa-*, UTC)");
  command
      .Text("--policy", options.window_policy,
            "Transmission window: none, civil, cocoa-1.2.1, cocoa-3,\n"
            "or a JSON file")
      .ShowDefault();
  return command.Text("--config", options.config,
                      "Exposure configuration: cocoa, platform-default or a\n"
                      "JSON file. The text is then the notice to a user");
}

NoticeOptions AddOutputOptions(OptionSet& command, MatchOptions& options) {
  const Option language =
      command.Text("--lang", options.language, "Of the notice and the page")
          .OneOf({"ja", "en"})
          .ShowDefault();
  const Option dates = command.Text("--dates", options.dates, "Of the notice")
                           .OneOf({"iso", "long"})
                           .ShowDefault();
  command.Text("--explain", options.explain,
               "Say why this date alerts or not, and trace its contacts, with\n"
               "keys, identifiers and times; needs --config");
  const FormatOption format =
      AddFormatOption(command, {"text", "json"}, options.format);
  command.Text("--out", options.out,
               "Write the result here, not to stdout (-)");
  command.Text("--matches-out", options.matches_out,
               "Write every matched sighting, as JSON lines; -: to stdout");
  const Option html = command.Text(
      "--html", options.html,
      "Write a page, with tables and plots, here; of dates and counts");
  command
      .Flag("--show-contacts", options.show_contacts,
            "Plot the contacts, too, with their clock times")
      .Needs(html);
  return {.language = language, .dates = dates, .format = format};
}

absl::Status NoticeOptions::Tell(MatchOptions& options) const {
  options.language_given = language.given();
  options.notice_options = language.given() || dates.given();
  return format.Settle(options.out);
}

NoticeOptions AddRuleOptions(OptionSet& command, MatchOptions& options) {
  const Option config = AddMeaningOptions(command, options);
  NoticeOptions notice = AddOutputOptions(command, options);
  notice.dates.Needs(config);
  command.Number("--threads", options.num_threads, "(default: all cores)", 1,
                 1024);
  return notice;
}

absl::Status CheckMatchOptions(const MatchOptions& options) {
  const bool has_page = !options.html.empty();
  if (options.language_given && options.config.empty() && !has_page) {
    return absl::InvalidArgumentError("--lang requires --config or --html");
  }
  if (options.notice_options && options.format == "json" && !has_page) {
    return absl::InvalidArgumentError(
        "--lang and --dates have no effect on --format json");
  }
  if (options.notice_options && !options.explain.empty() && !has_page) {
    return absl::InvalidArgumentError(
        "--lang and --dates have no effect on --explain");
  }
  TEKMATCH_RETURN_IF_ERROR(
      CheckNameOfOutput("--matches-out", options.matches_out, "jsonl"));
  TEKMATCH_RETURN_IF_ERROR(CheckNameOfOutput("--html", options.html, "html"));
  // Lines of JSON, a page and a text for people, mixed, are none of them.
  for (const auto& [flag, path] :
       {std::pair("--matches-out ", &options.matches_out),
        std::pair("--html ", &options.html)}) {
    if (IsStdout(*path) && PrintsResult(options)) {
      return absl::InvalidArgumentError(absl::StrCat(
          flag, *path,
          ": the result goes to stdout, too; give it a file (--out FILE)"));
    }
  }
  if (IsStdout(options.matches_out) && IsStdout(options.html)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--matches-out ", options.matches_out, " and --html ",
                     options.html, ": both are stdout"));
  }
  return absl::OkStatus();
}

RunPaths MatchPaths(const MatchOptions& options,
                    const std::vector<std::string>& exports) {
  RunPaths paths;
  ReadsExports(exports, &paths);
  for (const std::string& argument : options.sightings) {
    const std::string path = StorePath(argument);
    paths.Reads("--sightings", path);
    if (!path.empty()) paths.Reads("--sightings", path + "-wal");
  }
  paths.Reads("--trusted-key", TrustedKeyPaths(options.trusted_keys));
  paths.Reads("--own-keys", options.own_keys);
  paths.Reads("--policy", ConfigPath(options.window_policy));
  paths.Reads("--config", ConfigPath(options.config));
  paths.Writes("--out", options.out);
  paths.Writes("--matches-out", options.matches_out);
  paths.Writes("--html", options.html);
  return paths;
}

bool PrintsResult(const MatchOptions& options) {
  return options.out.empty() || IsStdout(options.out);
}

bool PrintsReasons(const MatchOptions& options) {
  return PrintsResult(options) &&
         (options.config.empty() || options.format == "json");
}

}  // namespace tekmatch
