// Plan: matches are added up, and sorted where they are written; the answer is
// made a device at a time. What is printed is complete before its first line
// is: a run that fails has printed no result.
#include "tools/commands/merged_results.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/status_macros.h"
#include "matcher/exposure/exposure_findings.h"
#include "matcher/join/match_order.h"
#include "tools/commands/command.h"
#include "tools/commands/match_results.h"
#include "tools/commands/screen.h"
#include "tools/files/match_line.h"
#include "tools/files/output_file.h"
#include "tools/files/scratch_folder.h"
#include "tools/report/match_answer.h"
#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

// A text in pieces, which are in a file but for the last ones.
class SpilledText {
 public:
  SpilledText(size_t memory_bytes, SpillFile* file)
      : max_held_(std::min(kMostHeldBytes, memory_bytes)), file_(file) {}

  absl::Status Append(absl::string_view piece) {
    absl::StrAppend(&held_, piece);
    if (held_.size() <= max_held_) return absl::OkStatus();
    TEKMATCH_ASSIGN_OR_RETURN(
        const uint64_t offset,
        file_->Append(
            {reinterpret_cast<const uint8_t*>(held_.data()), held_.size()}));
    written_.push_back({offset, held_.size()});
    held_.clear();
    return absl::OkStatus();
  }

  // In parts that end where a piece does.
  absl::Status PrintAll() const {
    std::string part;
    for (const Part& one : written_) {
      part.resize(one.size);
      TEKMATCH_RETURN_IF_ERROR(file_->ReadAt(
          one.offset, {reinterpret_cast<uint8_t*>(part.data()), part.size()}));
      TEKMATCH_RETURN_IF_ERROR(Print(part));
    }
    return Print(held_);
  }

 private:
  static constexpr size_t kMostHeldBytes = size_t{1} << 20;
  struct Part {
    uint64_t offset = 0;
    size_t size = 0;
  };

  const size_t max_held_;
  SpillFile* const file_;
  std::string held_;
  std::vector<Part> written_;
};

absl::Status WriteAnswer(const MatchOptions& options,
                         const MatchReportInput& input,
                         const AnswerOptions& answer, const ShardMerger& merger,
                         AnswerSink sink) {
  const EachFindings each =
      [&merger](
          absl::FunctionRef<absl::Status(uint32_t, const ExposureFindings&)>
              device) { return merger.VisitFindings(device); };
  if (options.format == "json") {
    return WriteAnswerJson(input, answer, each, sink);
  }
  return WriteAnswerText(input, answer, each, [&](absl::string_view text) {
    return sink(FitReport(options.out, std::string(text)));
  });
}

}  // namespace

MergeSettings SettingsOfMerge(size_t memory_bytes) {
  return {.memory_bytes = memory_bytes - memory_bytes / 4,
          .folder = TemporaryFolder()};
}

bool IsWrittenInPieces(const MatchOptions& options) {
  return options.html.empty() && options.explain.empty();
}

MergedResults::MergedResults(const MatchOptions& options, bool by_device,
                             absl::TimeZone zone, size_t memory_bytes)
    : options_(options),
      by_device_(by_device),
      memory_bytes_(memory_bytes / 4),
      totals_(by_device, zone),
      spill_(TemporaryFolder()) {
  if (!options.matches_out.empty()) {
    matches_.emplace(InResultOrder, memory_bytes_, &spill_);
  }
}

absl::Status MergedResults::Take(absl::Span<const Match> matches) {
  totals_.Add(matches);
  if (!matches_.has_value()) return absl::OkStatus();
  for (const Match& match : matches) {
    TEKMATCH_RETURN_IF_ERROR(matches_->Add(match));
  }
  return absl::OkStatus();
}

absl::Status MergedResults::Write(const MatchRules& rules,
                                  const ExposureCheckOptions& check,
                                  const RunAccount& account,
                                  const ShardMerger& merger) {
  std::unique_ptr<OutputFile> matches;
  if (matches_.has_value()) {
    TEKMATCH_ASSIGN_OR_RETURN(matches, OutputFile::Open(options_.matches_out));
    TEKMATCH_RETURN_IF_ERROR(matches_->Finish());
    TEKMATCH_RETURN_IF_ERROR(matches_->Visit([&](const Match& match) {
      return matches->Append(
          MatchLine(match, account.run.files[match.source].path, by_device_));
    }));
  }
  const MatchTotals totals = totals_.Take(account.run, account.sightings);
  MatchReportInput input = ReportInput(rules, check, account);
  input.totals = &totals;
  const AnswerOptions answer = AnswerOptionsOf(options_, rules);
  SpilledText printed(memory_bytes_, &spill_);
  std::unique_ptr<OutputFile> file;
  if (!PrintsResult(options_)) {
    TEKMATCH_ASSIGN_OR_RETURN(file, OutputFile::Open(options_.out));
  }
  TEKMATCH_RETURN_IF_ERROR(WriteAnswer(
      options_, input, answer, merger, [&](absl::string_view piece) {
        return file != nullptr ? file->Append(piece) : printed.Append(piece);
      }));
  TEKMATCH_RETURN_IF_ERROR(CommitAll({file.get(), matches.get()}));
  return file != nullptr ? absl::OkStatus() : printed.PrintAll();
}

}  // namespace tekmatch
