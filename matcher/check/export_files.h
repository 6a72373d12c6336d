// Reads export files one after another and says of each whether it counts.
#ifndef TEKMATCH_MATCHER_CHECK_EXPORT_FILES_H_
#define TEKMATCH_MATCHER_CHECK_EXPORT_FILES_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "keyformat/byte_source.h"
#include "keyformat/export_reader.h"
#include "keyformat/key_block.h"
#include "keyformat/signature.h"

namespace tekmatch {

inline constexpr char kNotVerified[] = "not_verified";

struct ExportFileOptions {
  // The contents of exports that are no files, or can be read only once (pipes,
  // stdin), by path: any name will do. The signature list of a bare 1.bin is
  // looked for here, too, as 1.sig.
  std::map<std::string, std::shared_ptr<const ByteSource>> sources;
  ExportReaderOptions reader;
  TrustedKeys trusted;
  // Accept files without any signature (IsUnsigned). A file that is signed,
  // but not validly by somebody trusted, is not accepted even so.
  bool allow_unsigned = false;
  // Accept signed files, too, of which no signature can be checked, since it
  // names no key that is trusted or has no form that is known: as
  // "not_verified". A signature that a trusted key should have made, and has
  // not, stays refused, and so does a list that is damaged.
  bool no_verify = false;
};

struct ExportFileResult {
  std::string path;
  // A SignatureVerdict's name, or "unreadable" (the system), "malformed" (the
  // file), "incomplete_batch", "not_verified" (ExportFileOptions::no_verify).
  std::string verdict;
  bool accepted = false;
  // Why it is not accepted, for a person; begins with the path.
  std::string message;
  // The path of the file that counts in place of this one, which is accepted
  // and holds the same export.bin (publication_order.h); or empty.
  std::string copy_of;
  // Empty but for `malformed` and `unreadable`, of which too little is known.
  ExportReport report;

  // It was read to its end: it is neither `malformed` nor `unreadable`.
  bool is_whole() const { return report.digests.sha256 != Sha256Digest{}; }
  // `message` after the path.
  absl::string_view reason() const {
    absl::string_view text = message;
    absl::ConsumePrefix(&text, path);
    absl::ConsumePrefix(&text, ": ");
    return text;
  }
  // A key that is trusted signed it. Of other files anybody can have made up
  // the keys, also where they are accepted.
  bool is_verified() const {
    return report.signature.verdict == SignatureVerdict::kValid;
  }
  // Its keys count.
  bool counts() const { return accepted && copy_of.empty(); }
};

// Where the signature list of a bare export.bin is published: 1.sig beside
// 1.bin. Empty for a path that does not end so.
std::string SignaturePathBeside(const std::string& path);

// Reads a whole file, with the signature list beside it, and calls `sink` with
// each block of keys: to work ahead with, not to be believed before the result
// is `accepted`. `sink` may take the block, and may leave another one: what is
// there after it is filled next, in the memory that it has. What `sink`
// returns, if not OK, ends the call; otherwise the file's defects are in the
// result and the status is OK.
absl::StatusOr<ExportFileResult> ReadExportFile(
    const std::string& path, const ExportFileOptions& options,
    absl::FunctionRef<absl::Status(std::unique_ptr<KeyBlock>&)> sink);

// What the file can be known by, without reading its keys
// (ExportReader::Fingerprint).
absl::StatusOr<ExportFingerprint> FingerprintOf(
    const std::string& path, const ExportFileOptions& options,
    absl::FunctionRef<absl::Status()> goes_on);

// Withdraws acceptance from the accepted files of batches that are not
// complete (keyformat/batch.h), naming the missing numbers. Signers are those
// of the signatures that verified.
void RefuseIncompleteBatches(std::vector<ExportFileResult>& files);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_EXPORT_FILES_H_
