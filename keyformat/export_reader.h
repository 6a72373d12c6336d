// Reads one published export: a zip with export.bin and export.sig (and at
// most one more entry), or a bare export.bin, recognised by content.
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
// FAILED_PRECONDITION: the order of calls. INTERNAL: BoringSSL or zlib.
// Memory: some 500 KiB beside the block, whatever the size of the file.
#ifndef TEKMATCH_KEYFORMAT_EXPORT_READER_H_
#define TEKMATCH_KEYFORMAT_EXPORT_READER_H_

#include <memory>
#include <string>
#include <vector>

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
  ExportMetadata metadata;
  DecodeCounts counts;
  ExportDigests digests;  // sha512 only where a signature uses it
  // Name of the one entry beside export.bin and export.sig; empty if none.
  std::string extra_entry;
};

class ExportReader {
 public:
  // `source` must outlive the reader.
  static absl::StatusOr<std::unique_ptr<ExportReader>> Open(
      const ByteSource& source, const ExportReaderOptions& options);
  ~ExportReader();

  // As KeyDecoder::Next. Keys are not to be trusted yet.
  absl::StatusOr<bool> Next(KeyBlock* block);

  // The verdict under `trusted`. FAILED_PRECONDITION before Next() returned
  // false.
  absl::StatusOr<ExportReport> Finish(const TrustedKeys& trusted) const;

 private:
  class Impl;
  explicit ExportReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_EXPORT_READER_H_
