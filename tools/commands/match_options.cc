#include "tools/commands/match_options.h"

#include "absl/strings/str_cat.h"
#include "tools/commands/config_flag.h"
#include "tools/commands/trusted_key_flag.h"
#include "tools/files/output_file.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {

absl::Status CheckMatchOptions(const MatchOptions& options) {
  if (options.notice_options && options.format == "json") {
    return absl::InvalidArgumentError(
        "--lang and --dates have no effect on --format json");
  }
  if (options.notice_options && !options.explain.empty()) {
    return absl::InvalidArgumentError(
        "--lang and --dates have no effect on --explain");
  }
  // Lines of JSON and a text for people, mixed, are neither.
  if (IsStdout(options.matches_out) && PrintsResult(options)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--matches-out ", options.matches_out,
        ": the result goes to stdout, too; give it a file (--out FILE)"));
  }
  return absl::OkStatus();
}

RunPaths MatchPaths(const MatchOptions& options,
                    const std::vector<std::string>& exports) {
  RunPaths paths;
  ReadsExports(exports, &paths);
  for (const std::string& argument : options.sightings) {
    paths.Reads("--sightings", StorePath(argument));
  }
  paths.Reads("--trusted-key", TrustedKeyPaths(options.trusted_keys));
  paths.Reads("--own-keys", options.own_keys);
  paths.Reads("--policy", ConfigPath(options.window_policy));
  paths.Reads("--config", ConfigPath(options.config));
  paths.Writes("--out", options.out);
  paths.Writes("--matches-out", options.matches_out);
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
