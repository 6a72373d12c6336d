// Writes diagnosis keys as signed exports, by the rules that servers follow.
//
// - At most max_keys keys in a file, primary and revised together. Several
//   files of one call are a batch, numbered 1..n of n, or they share the
//   window: each is 1 of 1, and the ends of their windows ascend by a second,
//   the last one being the call's. iPhones refuse a batch of several files.
// - Keys are spread over the files of a call at random, primary ones over the
//   first of them and revised ones over the rest. Were they spread by their
//   bytes, a generated key would show itself beside its file's others.
// - A file with at least one primary key and fewer keys than min_keys, plus a
//   random number up to padding_range, is padded to that number with generated
//   keys, each like a primary key of its file in all but its bytes (padding.h
//   has the rule). Revised keys are never padded: they would contradict earlier
//   files.
// - Order within a file, padding included: by key bytes, or random. Primary
//   keys go before revised ones. Either order hides who uploaded together.
// - rolling_period is left out when it is 144.
// - Every signer signs export.bin; export.sig lists them in the given order.
//
// With a seeded RandomSource export.bin is the same on every machine; the
// signatures are not (see SigningKey::Sign).
//
// Source: google/exposure-notifications-server internal/export/{worker,
// exportfile}.go.
#ifndef TEKMATCH_KEYFORMAT_EXPORT_WRITER_H_
#define TEKMATCH_KEYFORMAT_EXPORT_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/p256_key.h"
#include "keyformat/random_source.h"
#include "keyformat/signature.h"

namespace tekmatch {

struct ExportSigner {
  SigningKey key;
  std::string id;
  std::string version;
  SignatureAlgorithm algorithm = SignatureAlgorithm::kEcdsaP256Sha256;
};

// In a file; a reader's limit of bytes allows fewer, if they have all fields.
inline constexpr uint64_t kMostKeysInAFile = 20'000'000;

enum class KeyOrder : uint8_t { kSorted, kRandom };

// What the files of one call are.
enum class ExportSplit : uint8_t {
  kBatch,    // 1..n of n, of one window
  kWindows,  // 1 of 1 each, of windows with ends of their own
};

struct ExportWriterOptions {
  // Unix seconds; start < end. When the keys arrived, not when they were valid.
  uint64_t start_timestamp = 0;
  uint64_t end_timestamp = 0;
  std::string region;
  ExportSplit split = ExportSplit::kBatch;
  KeyOrder order = KeyOrder::kSorted;
  // Defaults of Google's server. max_keys at least min_keys + padding_range,
  // and 1..kMostKeysInAFile.
  uint64_t max_keys = 500'000;
  uint64_t min_keys = 1'000;
  uint64_t padding_range = 100;
  // May be empty: export.sig is then an empty list.
  std::vector<ExportSigner> signers;
};

struct ExportFile {
  uint64_t end_timestamp = 0;  // of its window
  int batch_num = 1;
  int batch_size = 1;
  uint64_t num_keys = 0;  // padding included
  uint64_t num_padding = 0;
  // Of primary keys that agree in all but their bytes: how many such kinds have
  // no padding key, since there was no room. 0 where no padding is asked for
  // (min_keys and padding_range are 0).
  uint64_t num_kinds_unpadded = 0;
  // Revised keys that no other one of the file agrees with in all but its
  // bytes: who knows that of a person knows the key. 0 likewise.
  uint64_t num_revised_alone = 0;
  // The file's bytes. export.bin is deflated, or stored where its keys repeat
  // themselves so much that a reader would refuse it.
  std::string zip;
};

// Calls `sink` with the files in order of their numbers; one is in memory at a
// time, beside the keys. No keys: one empty file, which a device may fetch to
// learn that there is nothing.
//
// INVALID_ARGUMENT: options or a key contradict the format (a window that has
// fewer seconds than files of its own window; a period outside 1..144; no
// rolling_start; a primary key that is revoked; a revised key that is a
// self-report or a clinical diagnosis); the message says which rule, never the
// key. RESOURCE_EXHAUSTED: BoringSSL or zlib had no memory. INTERNAL: zlib
// failed. What `sink` returns, if not OK, ends the call.
absl::Status WriteExports(std::vector<DiagnosisKey> keys,
                          const ExportWriterOptions& options,
                          RandomSource& random,
                          absl::FunctionRef<absl::Status(ExportFile)> sink);

// One file of a batch whose keys nobody holds all at once. The caller spreads
// the keys over the files, so that those of a person do not stay together.
//
// INVALID_ARGUMENT and INTERNAL as above, and INVALID_ARGUMENT for more than
// options.max_keys keys or a batch_num that is not in 1..batch_size.
absl::StatusOr<ExportFile> WriteExportFile(absl::Span<const DiagnosisKey> keys,
                                           int batch_num, int batch_size,
                                           const ExportWriterOptions& options,
                                           RandomSource& random);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_EXPORT_WRITER_H_
