// tekmatch verify: a verdict for each file.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "keyformat/printable.h"
#include "tools/command.h"
#include "tools/trusted_key_flag.h"

namespace tekmatch {
namespace {

struct Options {
  std::vector<std::string> exports;
  std::vector<std::string> trusted_keys;
};

std::string Line(const ExportFileResult& file) {
  std::string line = absl::StrCat(Printable(file.path), ": ", file.verdict);
  if (!file.report.signature.signed_by.empty()) {
    absl::StrAppend(
        &line, ", signed by ",
        Printable(absl::StrJoin(file.report.signature.signed_by, ", ")));
  }
  if (!file.report.extra_entry.empty()) {
    absl::StrAppend(&line, ", extra entry ",
                    Printable(file.report.extra_entry));
  }
  return line + "\n";
}

int Verify(const Options& options) {
  ExportFileOptions file_options;
  absl::StatusOr<TrustedKeys> trusted = LoadTrustedKeys(options.trusted_keys);
  if (!trusted.ok()) return Fail(trusted.status());
  file_options.trusted = *std::move(trusted);

  std::vector<ExportFileResult> files;
  for (const std::string& path : options.exports) {
    absl::StatusOr<ExportFileResult> file = ReadExportFile(
        path, file_options,
        [](const std::unique_ptr<KeyBlock>&) { return absl::OkStatus(); });
    if (!file.ok()) return Fail(file.status());
    files.push_back(*std::move(file));
  }
  RefuseIncompleteBatches(files);
  std::string text;
  for (const ExportFileResult& file : files) text += Line(file);
  const int printed = Print(text);
  return SayRefused(files) > 0 ? kExitBadInput : printed;
}

}  // namespace

void AddVerifyCommand(CLI::App& app, CommandBody* body) {
  CLI::App* command = app.add_subcommand(
      "verify",
      "Print a verdict for each export; exit 0 only when every one is valid");
  const auto options = std::make_shared<Options>();
  command->add_option("EXPORT", options->exports, "Zip, or bare export.bin")
      ->required();
  AddRepeatable(*command, "--trusted-key", options->trusted_keys,
                "ID[:VERSION]=FILE, a key to trust; A=a.pem&B=b.pem: both "
                "must sign");
  command->callback(
      [body, options] { *body = [options] { return Verify(*options); }; });
}

}  // namespace tekmatch
