// Reads one published export: a zip with export.bin and export.sig (and at
// most one more entry), or a bare export.bin, recognised by content. Where a
// zip has no export.bin, its only NAME.bin and its only NAME.sig at the root,
// of one NAME, are the two. A bare export.bin may come with the signature list
// that was published beside it: iPhones are given 1.bin and 1.sig.
//
// Source of the pairs: Apple, "Setting Up a Key Server".
//
//   open -> blocks of keys, as a stream -> verdict
//
// The keys come before the verdict, because the signature covers the file to
// its last byte and the file is read once. A caller may work ahead with them,
// but nothing that follows from a key may leave it before Finish() has
// returned a verdict that it accepts.
//
// Errors name file, entry and reason. NOT_FOUND and the like: the system's.
// DATA_LOSS: the file is no export, damaged, or beyond the limits.
// FAILED_PRECONDITION: the order of calls. INTERNAL: BoringSSL.
// Memory: some 500 KiB beside the block, whatever the size of the file.
#ifndef TEKMATCH_KEYFORMAT_EXPORT_READER_H_
#define TEKMATCH_KEYFORMAT_EXPORT_READER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "keyformat/archive.h"
#include "keyformat/byte_source.h"
#include "keyformat/key_block.h"
#include "keyformat/key_decoder.h"
#include "keyformat/signature.h"

namespace tekmatch {

struct ExportReaderOptions {
  ArchiveLimits archive;
  DecodeOptions decode;
};

// Everything known of a file that was read to its end.
struct ExportReport {
  SignatureReport signature;
  // Of export.sig, whether or not they verified.
  std::vector<ExportSignature> signatures;
  // What is wrong with export.sig: ParseSignatureList's message. Else empty.
  std::string signature_list_defect;
  ExportMetadata metadata;
  DecodeCounts counts;
  ExportDigests digests;  // sha512 only where a signature uses it
  // Name of the one entry beside export.bin and export.sig; empty if none.
  std::string extra_entry;
  // What the signature list is called, be it there or not: an entry's name, or
  // the name of the source beside a bare export.bin; empty where that has none.
  std::string signature_list;
};

// As ExportReport has them.
struct ExportFingerprint {
  ExportDigests digests;
  std::vector<ExportSignature> signatures;
};

class ExportReader {
 public:
  // `source` must outlive the reader. `signature_list`, if not null, is what
  // was published beside a bare export.bin, and is read here; a zip has its
  // own, and what is beside it is not looked at.
  static absl::StatusOr<std::unique_ptr<ExportReader>> Open(
      const ByteSource& source, const ExportReaderOptions& options,
      const ByteSource* signature_list = nullptr);
  ~ExportReader();

  // As KeyDecoder::Next. Keys are not to be trusted yet.
  absl::StatusOr<bool> Next(KeyBlock* block);

  // The verdict under `trusted`. FAILED_PRECONDITION before Next() returned
  // false.
  absl::StatusOr<ExportReport> Finish(const TrustedKeys& trusted) const;

  // What a caller may know the file by, and who signed it, without decoding its
  // keys. `goes_on` is asked for each 64 KiB; its error ends the reading and is
  // returned.
  static absl::StatusOr<ExportFingerprint> Fingerprint(
      const ByteSource& source, const ArchiveLimits& limits,
      const ByteSource* signature_list,
      absl::FunctionRef<absl::Status()> goes_on);

 private:
  class Impl;
  explicit ExportReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_EXPORT_READER_H_
