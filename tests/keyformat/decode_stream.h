// Decodes all of a stream, or of a message, for tests of the decoder.
#ifndef TEKMATCH_TESTS_KEYFORMAT_DECODE_STREAM_H_
#define TEKMATCH_TESTS_KEYFORMAT_DECODE_STREAM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/export.pb.h"
#include "keyformat/key_block.h"
#include "keyformat/key_decoder.h"

namespace tekmatch {

// A stream that gives so many bytes at a time.
class PieceStream : public ByteStream {
 public:
  PieceStream(std::string bytes, size_t piece)
      : bytes_(std::move(bytes)), piece_(piece) {}

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> out) override {
    const size_t n = std::min({piece_, out.size(), bytes_.size() - at_});
    std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(at_), n, out.begin());
    at_ += n;
    return n;
  }

 private:
  const std::string bytes_;
  const size_t piece_;
  size_t at_ = 0;
};

struct Decoded {
  absl::Status status;
  std::vector<DiagnosisKey> keys;
  std::vector<size_t> block_sizes;
  ExportMetadata metadata;
  DecodeCounts counts;

  uint64_t rejected(KeyRejection reason) const {
    return counts.rejected[static_cast<size_t>(reason)];
  }
  uint64_t dropped(DroppedField field) const {
    return counts.dropped[static_cast<size_t>(field)];
  }
};

inline Decoded DecodeStream(ByteStream& stream, DecodeOptions options) {
  KeyDecoder decoder("f", stream, options);
  Decoded decoded;
  KeyBlock block;
  while (true) {
    const absl::StatusOr<bool> more = decoder.Next(&block);
    decoded.status = more.status();
    if (!more.ok() || !*more) break;
    decoded.block_sizes.push_back(block.size());
    for (size_t i = 0; i < block.size(); ++i) {
      decoded.keys.push_back(block.key(i));
    }
  }
  decoded.metadata = decoder.metadata();
  decoded.counts = decoder.counts();
  return decoded;
}

// All of the bytes of an export.bin.
inline Decoded Decode(std::string bytes, DecodeOptions options = {}) {
  const std::unique_ptr<ByteSource> source =
      MemorySource("f", std::move(bytes));
  return DecodeStream(*StreamWholeSource(*source), options);
}

inline Decoded DecodeMessage(const wire::TemporaryExposureKeyExport& message,
                             DecodeOptions options = {}) {
  return Decode(std::string(kExportHeader) + message.SerializeAsString(),
                options);
}

// The message's raw bytes after the header.
inline Decoded DecodeRaw(const std::string& message) {
  return Decode(std::string(kExportHeader) + message);
}

inline wire::TemporaryExposureKey* AddKey(
    wire::TemporaryExposureKeyExport& message, char byte = 'k') {
  wire::TemporaryExposureKey* key = message.add_keys();
  key->set_key_data(std::string(16, byte));
  key->set_rolling_start_interval_number(2650000);
  return key;
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_KEYFORMAT_DECODE_STREAM_H_
