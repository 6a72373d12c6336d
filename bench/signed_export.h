// Keys as one signed export on disk, for benchmarks that begin there.
#ifndef TEKMATCH_BENCH_SIGNED_EXPORT_H_
#define TEKMATCH_BENCH_SIGNED_EXPORT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "keyformat/export_writer.h"
#include "keyformat/key_block.h"
#include "keyformat/signature.h"

namespace tekmatch {

// "440 v1", with a key of its own. INTERNAL: BoringSSL failed.
absl::StatusOr<ExportSigner> MakeSigner();

// A set of that signer alone. As the functions it calls.
absl::Status Trust(const ExportSigner& signer, TrustedKeys& trusted);

// All keys in one file, whatever their number. As WriteExportFile.
absl::StatusOr<std::string> SignedExport(const KeyBlock& keys,
                                         const ExportSigner& signer);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_SIGNED_EXPORT_H_
