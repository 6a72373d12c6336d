// bazel run -c opt //bench:ratios -- --json FILE
//
// Prints the table of ratio_rows.h and writes it as JSON. Exit status 1 when an
// answer was wrong. --quick does little work and says so in both; fewer runs or
// rows alone make no quick run.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "bench/ratio_rows.h"
#include "bench/ratio_table.h"
#include "tools/files/output_file.h"

namespace tekmatch {
namespace {

int Run(int argc, char** argv) {
  CLI::App app("The engine's speed as ratios to the baseline");
  RatioOptions options;
  std::string json;
  RatioRun run;
  app.add_option("--json", json, "File to write the table to");
  app.add_option("--commit", run.commit, "Of this program: for the table")
      ->capture_default_str();
  CLI::Option* const runs =
      app.add_option("--runs", options.num_runs, "Each on fresh keys")
          ->check(CLI::Range(1, 1000))
          ->capture_default_str();
  app.add_option("--rows", options.rows, "Only these rows")->delimiter(',');
  app.add_flag("--quick", run.quick,
               "Little work, in one run: to see it run, not to measure")
      ->excludes(runs);
  CLI11_PARSE(app, argc, argv);
  std::error_code error;
  const std::filesystem::path self =
      std::filesystem::read_symlink("/proc/self/exe", error);
  options.programs = WaitPrograms::Beside(self.string());
  if (run.quick) {
    options.num_runs = 1;
    options.num_keys = 20'000;
    options.num_baseline_keys = 2'000;
    options.num_sightings = 200;
  }
  const absl::StatusOr<std::vector<RatioRow>> rows = MeasureRatios(options);
  if (!rows.ok()) {
    std::fprintf(stderr, "ratios: %s\n", rows.status().ToString().c_str());
    return 1;
  }
  std::fputs(RatiosText(*rows, run).c_str(), stdout);
  if (json.empty()) return 0;
  const absl::Status written =
      WriteWholeFile(json, RatiosJson(*rows, run).dump(2) + "\n",
                     OutputFile::Readers::kAnyone);
  if (!written.ok()) {
    std::fprintf(stderr, "ratios: %s\n", written.ToString().c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tekmatch

int main(int argc, char** argv) {
  try {
    return tekmatch::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ratios: %s\n", error.what());
    return 1;
  }
}
