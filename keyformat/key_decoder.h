// Decodes export.bin, header line and TemporaryExposureKeyExport message, as a
// stream: memory does not grow with the file (some 260 KiB, beside the block).
//
// A file is refused (DATA_LOSS, "file: reason") when its header line is not
// `EK Export v1` and four spaces, when the message is not valid protobuf (as
// protobuf's own parser has it), when its batch numbers make no sense, or when
// it is beyond limits of ours, which the message then names: a region of 1,024
// bytes, 64 signature infos, 4,096 bytes for one of them. A single bad key is
// not a bad file: it is left out and counted by reason. A bad optional field of
// a good key is dropped and counted, and the key kept.
//
// Source: DOMAIN "Export format"; limits of google/exposure-notifications-
// server internal/publish/model and of the EU gateway's validator.
#ifndef TEKMATCH_KEYFORMAT_KEY_DECODER_H_
#define TEKMATCH_KEYFORMAT_KEY_DECODER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "keyformat/byte_source.h"
#include "keyformat/key_block.h"
#include "keyformat/signature_info.h"

namespace tekmatch {

// The 16 bytes before the message.
inline constexpr absl::string_view kExportHeader = "EK Export v1    ";
// As Google's verifier has it.
inline constexpr int kMaxBatchSize = 1'000'000;

// Why a key was left out. A key with several defects counts under the first.
enum class KeyRejection : uint8_t {
  kWrongKeyLength,         // key_data is not 16 bytes
  kBadRollingPeriod,       // not in 1..144
  kMissingRollingStart,    // absent, or 0: no key is of 1970
  kNegativeRollingStart,   // before 1970
  kFarFutureRollingStart,  // after DecodeOptions::latest_rolling_start
};
inline constexpr int kNumKeyRejections = 5;
// Stable names, for reports: "wrong_key_length" and so on.
absl::string_view KeyRejectionName(KeyRejection reason);

// Which optional field of a key was dropped, the key being kept without it.
enum class DroppedField : uint8_t {
  kDaysSinceOnset,    // beyond +-14
  kTransmissionRisk,  // not in 0..8
  kReportType,        // not a number of the enumeration
  kVariantOfConcern,  // not in 0..255
};
inline constexpr int kNumDroppedFields = 4;
absl::string_view DroppedFieldName(DroppedField field);

// What was read, for reports. Fields are counted as the file carries them,
// over all keys, rejected ones included.
struct DecodeCounts {
  uint64_t keys = 0;          // in `keys`, rejected ones included
  uint64_t revised_keys = 0;  // in `revised_keys`, likewise
  std::array<uint64_t, kNumKeyRejections> rejected{};
  std::array<uint64_t, kNumDroppedFields> dropped{};
  uint64_t with_transmission_risk = 0;
  uint64_t with_rolling_period = 0;
  uint64_t with_report_type = 0;
  uint64_t with_days_since_onset = 0;
  uint64_t with_variant_of_concern = 0;

  uint64_t num_rejected() const;
};

// The message without its keys. Absent fields are as protobuf has them (0,
// empty), but that a file without batch numbers is batch 1 of 1.
struct ExportMetadata {
  uint64_t start_timestamp = 0;  // Unix seconds
  uint64_t end_timestamp = 0;
  std::string region;
  int batch_num = 1;
  int batch_size = 1;
  std::vector<SignatureInfo> signature_infos;
};

struct DecodeOptions {
  // Keys that start later are rejected. The library reads no clock: callers
  // set this from theirs (LatestRollingStart). Default: anything that leaves
  // room for a period.
  EnIntervalNumber latest_rolling_start = std::numeric_limits<int32_t>::max();
  // Keys in a block.
  size_t block_capacity = KeyBlock::kDefaultCapacity;
};

// The latest plausible rolling start at `now`: a day later, since clocks and
// time zones differ; within what the format can say.
EnIntervalNumber LatestRollingStart(absl::Time now);

class KeyDecoder {
 public:
  // `name` is for messages; `stream` must outlive the decoder.
  KeyDecoder(std::string name, ByteStream& stream, DecodeOptions options);
  ~KeyDecoder();

  // Clears `block` and fills it with up to block_capacity good keys, in file
  // order. False: no more keys, `block` is empty, and the whole message was
  // valid. After an error the decoder is useless.
  absl::StatusOr<bool> Next(KeyBlock* block);

  // Complete once Next has returned false.
  const ExportMetadata& metadata() const;
  const DecodeCounts& counts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_KEY_DECODER_H_
