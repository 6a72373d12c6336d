// Plan: Whether there is a result at all; the report and the page, made in
// memory; then files, which are all written before the first one replaces an
// older one.
#include "tools/commands/match_results.h"

#include <memory>

#include "keyformat/status_macros.h"
#include "tools/commands/command.h"
#include "tools/commands/screen.h"
#include "tools/files/match_line.h"
#include "tools/files/output_file.h"
#include "tools/report/match_page.h"

namespace tekmatch {
namespace {

// Fills the file, but does not commit it.
absl::Status AppendMatches(const RunAccount& account, OutputFile& file) {
  const bool by_device = !account.sightings.by_device.empty();
  for (const Match& match : account.run.result.matches) {
    TEKMATCH_RETURN_IF_ERROR(file.Append(
        MatchLine(match, account.run.files[match.source].path, by_device)));
  }
  return absl::OkStatus();
}

}  // namespace

MatchReportInput ReportInput(const MatchRules& rules,
                             const ExposureCheckOptions& check,
                             const RunAccount& account,
                             const StoreAccount* store) {
  return {.account = account,
          .policy = check.policy,
          .zone = rules.dates_zone,
          .window_policy = rules.window_policy.name,
          .window_zone = rules.window_zone,
          .store = store};
}

AnswerOptions AnswerOptionsOf(const MatchOptions& options,
                              const MatchRules& rules) {
  return {.config = rules.config,
          .explain = rules.explain,
          .language = options.language == "ja" ? Language::kJapanese
                                               : Language::kEnglish,
          .long_dates = options.dates == "long"};
}

absl::Status CheckHasResult(const MatchOptions& options,
                            const ExposureCheckResult& run,
                            const SightingsCounts& sightings) {
  if (!run.complete) {
    SayRefused(run.files);
    return absl::DataLossError(
        "no result: every file has to be accepted (--skip-bad-files leaves "
        "refused ones out, --allow-unsigned lets unsigned ones count, "
        "--no-verify signed ones whose key nobody here has)");
  }
  absl::Status compared = CheckCompared(run, sightings.num_bad);
  if (!compared.ok()) {
    SayRefused(run.files);
    // With the result in a file they were said when they were met.
    if (PrintsResult(options)) SayLosses(sightings);
  }
  return compared;
}

std::string MatchReport(const MatchOptions& options, const MatchRules& rules,
                        const ExposureCheckOptions& check,
                        const RunAccount& account, const StoreAccount* store) {
  const MatchReportInput input = ReportInput(rules, check, account, store);
  const AnswerOptions answer = AnswerOptionsOf(options, rules);
  return options.format == "json"
             ? AnswerJson(input, answer)
             : FitReport(options.out, AnswerText(input, answer));
}

std::string MatchResultPage(const MatchOptions& options,
                            const MatchRules& rules,
                            const ExposureCheckOptions& check,
                            const RunAccount& account,
                            absl::Span<const Sighting> sightings,
                            const StoreAccount* store) {
  if (options.html.empty()) return "";
  return MatchPage(ReportInput(rules, check, account, store),
                   AnswerOptionsOf(options, rules), sightings,
                   options.show_contacts);
}

absl::Status WriteMatchResults(const MatchOptions& options,
                               const RunAccount& account,
                               const std::string& report,
                               const std::string& page) {
  std::unique_ptr<OutputFile> matches;
  if (!options.matches_out.empty()) {
    TEKMATCH_ASSIGN_OR_RETURN(matches, OutputFile::Open(options.matches_out));
    TEKMATCH_RETURN_IF_ERROR(AppendMatches(account, *matches));
  }
  std::unique_ptr<OutputFile> html;
  if (!options.html.empty()) {
    TEKMATCH_ASSIGN_OR_RETURN(html, OutputFile::Open(options.html));
    TEKMATCH_RETURN_IF_ERROR(html->Append(page));
  }
  std::unique_ptr<OutputFile> file;
  if (!PrintsResult(options)) {
    TEKMATCH_ASSIGN_OR_RETURN(file, OutputFile::Open(options.out));
    TEKMATCH_RETURN_IF_ERROR(file->Append(report));
  }
  return CommitAll({file.get(), html.get(), matches.get()});
}

}  // namespace tekmatch
