// Plan: a file is opened, with the signature list beside it; it is read to its
// end; its verdict decides whether it counts, and is put into words. Batches
// are judged when all files are read.
#include "matcher/check/export_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "keyformat/batch.h"
#include "keyformat/printable.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

// What went wrong with the file itself; other errors are ours.
bool IsOfTheFile(const absl::Status& status) {
  return !absl::IsInternal(status) && !absl::IsInvalidArgument(status);
}

ExportFileResult Refused(const std::string& path, const absl::Status& status) {
  ExportFileResult result;
  result.path = path;
  result.verdict = absl::IsDataLoss(status) ? "malformed" : "unreadable";
  result.message = std::string(status.message());
  return result;
}

absl::StatusOr<std::shared_ptr<const ByteSource>> OpenExport(
    const std::string& path, const ExportFileOptions& options) {
  const auto known = options.sources.find(path);
  if (known != options.sources.end()) return known->second;
  absl::StatusOr<std::unique_ptr<ByteSource>> file = OpenFileSource(path);
  if (!file.ok()) return file.status();
  return std::shared_ptr<const ByteSource>(*std::move(file));
}

// The signature list beside a bare export.bin; null where there is none.
absl::StatusOr<std::shared_ptr<const ByteSource>> OpenSignatureBeside(
    const std::string& path, const ExportFileOptions& options) {
  const std::string beside = SignaturePathBeside(path);
  if (beside.empty()) return nullptr;
  const auto known = options.sources.find(beside);
  if (known != options.sources.end()) return known->second;
  struct stat info {};
  // A link that leads nowhere is there.
  if (lstat(beside.c_str(), &info) != 0 &&
      (errno == ENOENT || errno == ENOTDIR)) {
    return nullptr;
  }
  absl::StatusOr<std::unique_ptr<ByteSource>> list = OpenFileSource(beside);
  if (list.ok()) return std::shared_ptr<const ByteSource>(*std::move(list));
  return absl::Status(
      list.status().code(),
      absl::StrCat(path, ": its signature list: ", list.status().message()));
}

// Whether a signature is there, and only nobody to check it.
bool IsUncheckable(SignatureVerdict verdict) {
  return verdict == SignatureVerdict::kNoTrustedKey ||
         verdict == SignatureVerdict::kUnknownAlgorithm ||
         verdict == SignatureVerdict::kRawSignature ||
         verdict == SignatureVerdict::kMalformedSignature;
}

// For a person: what a verdict other than `valid` means.
std::string Explain(const std::string& path, const ExportReport& report) {
  // In a zip an entry, elsewhere a file beside it.
  std::string list = report.signature_list;
  if (list.empty()) list = SignaturePathBeside(path);
  if (list.empty()) list = "export.sig";
  std::vector<std::string> names;
  for (const ExportSignature& signature : report.signatures) {
    names.push_back(absl::StrCat("\"", Printable(signature.info.key_id),
                                 "\" version \"",
                                 Printable(signature.info.key_version), "\""));
  }
  const std::string signers = absl::StrJoin(names, ", ");
  switch (report.signature.verdict) {
    case SignatureVerdict::kValid:
      return "";
    case SignatureVerdict::kNoSignatureEntry:
      return absl::StrCat("not signed: there is no ", list);
    case SignatureVerdict::kEmptySignatureList:
      return absl::StrCat("not signed: ", list, " lists no signature");
    case SignatureVerdict::kMalformedSignatureList:
      return absl::StrCat(list, " ", report.signature_list_defect);
    case SignatureVerdict::kIncompleteSet:
      return absl::StrCat(
          "some of the signatures that are needed together are missing; it "
          "names ",
          signers);
    case SignatureVerdict::kWrongSignature:
      return absl::StrCat(
          "the signature does not fit the file and the key of id ", signers);
    case SignatureVerdict::kNoTrustedKey:
      return absl::StrCat("it names key id ", signers,
                          ", for which no key is trusted");
    case SignatureVerdict::kUnknownAlgorithm:
      return "signed with an algorithm other than ECDSA P-256";
    case SignatureVerdict::kRawSignature:
      return "the signature is 64 raw bytes instead of DER";
    case SignatureVerdict::kMalformedSignature:
      return "the signature is not DER";
  }
  return "";
}

}  // namespace

std::string SignaturePathBeside(const std::string& path) {
  absl::string_view stem = path;
  return absl::ConsumeSuffix(&stem, ".bin") ? absl::StrCat(stem, ".sig") : "";
}

absl::StatusOr<ExportFileResult> ReadExportFile(
    const std::string& path, const ExportFileOptions& options,
    absl::FunctionRef<absl::Status(std::unique_ptr<KeyBlock>&)> sink) {
  const absl::StatusOr<std::shared_ptr<const ByteSource>> source =
      OpenExport(path, options);
  if (!source.ok()) return Refused(path, source.status());
  const absl::StatusOr<std::shared_ptr<const ByteSource>> list =
      OpenSignatureBeside(path, options);
  if (!list.ok()) return Refused(path, list.status());
  auto reader = ExportReader::Open(**source, options.reader, list->get());
  if (!reader.ok()) {
    if (!IsOfTheFile(reader.status())) return reader.status();
    return Refused(path, reader.status());
  }
  std::unique_ptr<KeyBlock> block;
  while (true) {
    if (block == nullptr) block = std::make_unique<KeyBlock>();
    const absl::StatusOr<bool> more = (*reader)->Next(block.get());
    if (!more.ok()) {
      if (!IsOfTheFile(more.status())) return more.status();
      return Refused(path, more.status());
    }
    if (!*more) break;
    TEKMATCH_RETURN_IF_ERROR(sink(block));
  }
  absl::StatusOr<ExportReport> report = (*reader)->Finish(options.trusted);
  if (!report.ok()) return report.status();

  ExportFileResult result;
  result.path = path;
  const SignatureVerdict verdict = report->signature.verdict;
  result.verdict = std::string(SignatureVerdictName(verdict));
  result.accepted = verdict == SignatureVerdict::kValid ||
                    (options.allow_unsigned && IsUnsigned(verdict));
  if (options.no_verify && IsUncheckable(verdict)) {
    result.verdict = kNotVerified;
    result.accepted = true;
  }
  if (!result.accepted) {
    result.message = absl::StrCat(path, ": ", Explain(path, *report));
  }
  result.report = *std::move(report);
  return result;
}

absl::StatusOr<ExportFingerprint> FingerprintOf(
    const std::string& path, const ExportFileOptions& options,
    absl::FunctionRef<absl::Status()> goes_on) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::shared_ptr<const ByteSource> source,
                            OpenExport(path, options));
  TEKMATCH_ASSIGN_OR_RETURN(const std::shared_ptr<const ByteSource> list,
                            OpenSignatureBeside(path, options));
  return ExportReader::Fingerprint(*source, options.reader.archive, list.get(),
                                   goes_on);
}

void RefuseIncompleteBatches(std::vector<ExportFileResult>& files) {
  std::vector<size_t> accepted;
  std::vector<BatchMember> members;
  for (size_t i = 0; i < files.size(); ++i) {
    if (!files[i].accepted) continue;
    accepted.push_back(i);
    members.push_back({.metadata = files[i].report.metadata,
                       .signers = files[i].report.signature.signer_ids});
  }
  for (const IncompleteBatch& batch : FindIncompleteBatches(members)) {
    std::string missing = absl::StrJoin(batch.missing, ", ");
    if (static_cast<size_t>(batch.num_missing) > batch.missing.size()) {
      absl::StrAppend(&missing, ", ...");
    }
    for (const size_t i : batch.files) {
      ExportFileResult& file = files[accepted[i]];
      file.verdict = "incomplete_batch";
      file.accepted = false;
      file.message = absl::StrCat(
          file.path, ": ", batch.num_missing, " of the ", batch.batch_size,
          " files of its batch ", batch.num_missing == 1 ? "is" : "are",
          " missing: number ", missing);
    }
  }
}

}  // namespace tekmatch
