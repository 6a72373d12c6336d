// tekmatch export: keys as JSON lines in, signed export files out.
//
// Plan: options become the writer's; keys are read, left out where the folder's
// files publish them already, and held back where they may not go out yet; the
// writer's files gather beside the folder's and are published together.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "keyformat/export_writer.h"
#include "keyformat/printable.h"
#include "keyformat/random_source.h"
#include "keyformat/release.h"
#include "keyformat/status_macros.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/export_settings.h"
#include "tools/commands/format_option.h"
#include "tools/commands/key_lines.h"
#include "tools/commands/published_keys.h"
#include "tools/commands/run_paths.h"
#include "tools/commands/trusted_key_flag.h"
#include "tools/files/key_file.h"
#include "tools/files/published_folder.h"
#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

struct Options {
  std::string keys;
  std::string signing_key;
  std::string key_id;
  std::string key_version = "v1";
  std::string algorithm = "sha256";
  std::string out;
  std::string summary_out;
  std::string now;
  bool release_same_day = false;
  std::optional<uint64_t> seed;
  ExportSettings settings;
};

// Lines for the person who publishes, of keys that no file of this run has;
// empty where there are none.
std::string HeldBackText(uint64_t num_held_back, ReleaseRule rule) {
  if (num_held_back == 0) return "";
  return absl::StrCat("Held back: ", Counted(num_held_back, "key"),
                      rule == ReleaseRule::kSameDay
                          ? ", until the beginning of each\n"
                          : ", until 2 hours after the end of each\n");
}

std::string LeftOutText(const PublishedBefore& before) {
  if (before.num_keys == 0) return "";
  std::string text = absl::StrCat("Left out: ", Counted(before.num_keys, "key"),
                                  " that files of the folder publish already");
  if (before.num_contradicting > 0) {
    absl::StrAppend(&text, ", ", before.num_contradicting,
                    " of them with other metadata");
  }
  return text + "\n";
}

absl::StatusOr<int> Export(const Options& options) {
  TEKMATCH_RETURN_IF_ERROR(CheckFolder("--out", options.out));
  TEKMATCH_RETURN_IF_ERROR(
      CheckNameOfOutput("--summary-out", options.summary_out, "text"));
  // Files of a window that is there are not written over; the index is.
  RunPaths paths;
  paths.Reads("--keys", options.keys);
  paths.Reads("--signing-key", options.signing_key);
  paths.Writes("--out", absl::StrCat(options.out, "/", kPublishedIndex));
  paths.WritesFolder("--out", options.out);
  paths.Writes("--summary-out", options.summary_out);
  TEKMATCH_RETURN_IF_ERROR(paths.Check());
  TEKMATCH_ASSIGN_OR_RETURN(ResultFile summary,
                            ResultFile::Open(options.summary_out));
  TEKMATCH_ASSIGN_OR_RETURN(const absl::Time now,
                            ParseTime("--now", options.now));
  TEKMATCH_ASSIGN_OR_RETURN(ExportWriterOptions writer,
                            WriterOptions(options.settings, now));
  TEKMATCH_ASSIGN_OR_RETURN(const SigningKey key,
                            ReadSigningKey(options.signing_key));
  writer.signers.push_back(
      {.key = key,
       .id = options.key_id,
       .version = options.key_version,
       .algorithm = options.algorithm == "sha512"
                        ? SignatureAlgorithm::kEcdsaP256Sha512
                        : SignatureAlgorithm::kEcdsaP256Sha256});
  TEKMATCH_ASSIGN_OR_RETURN(std::vector<DiagnosisKey> keys,
                            ReadKeysToPublish(options.keys));
  // From here on other runs wait for this one (PublishedFolder), so all that
  // can be wrong with the input alone comes before.
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PublishedFolder> folder,
                            PublishedFolder::Open(options.out));
  if (!folder->completed().empty()) {
    Say(absl::StrCat(options.out,
                     ": completed what a run that was killed had begun to "
                     "publish: ",
                     absl::StrJoin(folder->completed(), ", ")));
  }
  TEKMATCH_RETURN_IF_ERROR(
      folder->CheckUnpublished(writer.start_timestamp, writer.end_timestamp));
  TEKMATCH_ASSIGN_OR_RETURN(const PublishedBefore left_out,
                            LeaveOutPublished(folder->PublishedPaths(), keys));
  // A key that is out already is not also counted as held back.
  const ReleaseRule rule =
      options.release_same_day ? ReleaseRule::kSameDay : ReleaseRule::kAfterEnd;
  // A file is out when its window ends, or now if that is yet to come.
  const uint64_t num_held_back =
      HoldBack(std::min(absl::ToUnixSeconds(now),
                        static_cast<int64_t>(writer.end_timestamp)),
               rule, keys);

  // Said only when the files are published: of those of a run that fails none
  // is there.
  std::string said;
  RandomSource random = options.seed.has_value()
                            ? RandomSource::Seeded(*options.seed)
                            : RandomSource::FromSystem();
  TEKMATCH_RETURN_IF_ERROR(WriteExports(
      std::move(keys), writer, random,
      [&](const ExportFile& file) -> absl::Status {
        const PublishedName name = {
            .end_timestamp = file.end_timestamp,
            .start_timestamp = writer.start_timestamp,
            .number = static_cast<uint64_t>(file.batch_num)};
        absl::StrAppend(&said, Printable(folder->PathOf(ToString(name))), ": ",
                        Counted(file.num_keys, "key"), ", ", file.num_padding,
                        " of them padding, batch ", file.batch_num, " of ",
                        file.batch_size);
        // Both cost privacy: no padding hides such keys.
        if (file.num_kinds_unpadded > 0) {
          absl::StrAppend(&said, "; no room to pad ",
                          Counted(file.num_kinds_unpadded, "kind"), " of keys");
        }
        if (file.num_revised_alone > 0) {
          absl::StrAppend(
              &said, "; ", Counted(file.num_revised_alone, "revised key"),
              file.num_revised_alone == 1 ? " is" : " are", " like no other");
        }
        said += "\n";
        return folder->Add(name, file.zip);
      }));
  TEKMATCH_RETURN_IF_ERROR(folder->Publish());
  TEKMATCH_RETURN_IF_ERROR(summary.Write(said + LeftOutText(left_out) +
                                         HeldBackText(num_held_back, rule)));
  return kExitDone;
}

}  // namespace

void AddExportCommand(CommandLine& line) {
  OptionSet command =
      line.AddCommand("export", "Write keys as signed export files");
  const auto o = std::make_shared<Options>();
  command.Text("--keys", o->keys, "Keys as JSON lines (docs/formats.md)")
      .Required();
  command.Text("--signing-key", o->signing_key, "P-256 key, PEM").Required();
  command.Text("--key-id", o->key_id, "Usually the country's MCC: 440")
      .Required();
  command.Text("--key-version", o->key_version).ShowDefault();
  command.Text("--algorithm", o->algorithm, "Digest that is signed")
      .OneOf({"sha256", "sha512"})
      .ShowDefault();
  command.Text("--region", o->settings.region, "Such as 440").Required();
  command.Text("--out", o->out, "Folder; made if it is not there").Required();
  command.Text("--start", o->settings.start,
               "Window of the keys' arrival, RFC 3339 or Unix seconds\n"
               "(default: a day before --end)");
  command.Text("--end", o->settings.end, "(default: the last whole hour)");
  command.Text("--now", o->now,
               "Time (RFC 3339 or Unix seconds) in place of the clock's");
  command.Flag("--release-same-day", o->release_same_day,
               "Let keys go out from their beginning on, not 2 hours\n"
               "after their end");
  command
      .Text("--split", o->settings.split,
            "Several files are 1 of 1 each, with ends of their own, as\n"
            "iPhones want it, or numbered 1..n of n")
      .OneOf({"windows", "batch"})
      .ShowDefault();
  command.Text("--order", o->settings.order, "Of keys in a file")
      .OneOf({"sorted", "random"})
      .ShowDefault();
  command
      .Number("--min-keys", o->settings.min_keys,
              "Pad smaller files to this, with generated keys, and")
      .ShowDefault();
  command
      .Number("--padding-range", o->settings.padding_range,
              "a random number up to this more")
      .ShowDefault();
  command.Number("--max-keys", o->settings.max_keys, "Keys a file, at most")
      .ShowDefault();
  command.Number("--seed", o->seed,
                 "Decides order and padding (tests only: padding that\n"
                 "can be computed again is no padding)");
  AddSummaryOption(command, o->summary_out);
  command.Runs([o] { return Export(*o); });
}

}  // namespace tekmatch
