// Any bytes as the message of export.bin: what the decoder makes of them has to
// agree with protobuf's own parser. Whatever protobuf refuses is refused;
// whatever it takes is taken, but for the limits that key_decoder.h names, with
// the same keys.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "keyformat/byte_source.h"
#include "keyformat/export.pb.h"
#include "keyformat/key_block.h"
#include "keyformat/key_decoder.h"

namespace {

constexpr int64_t kLatestStart = 3'000'000;

// By the header's rules, one after another.
bool IsGoodKey(const tekmatch::wire::TemporaryExposureKey& key) {
  const int64_t period = key.rolling_period();  // 144 where it is absent
  const int64_t start = key.rolling_start_interval_number();
  return key.key_data().size() == tekmatch::kTekBytes && period >= 1 &&
         period <= tekmatch::kMaxRollingPeriod && start > 0 &&
         start <= kLatestStart;
}

// What the decoder may refuse though it is a message.
bool IsBeyondLimits(const tekmatch::wire::TemporaryExposureKeyExport& message) {
  if (message.region().size() > 1024 || message.signature_infos_size() > 64) {
    return true;
  }
  for (const auto& info : message.signature_infos()) {
    // Its bytes as they came may be more than those of what is left of it.
    if (info.ByteSizeLong() > 1000) return true;
  }
  return message.has_batch_num() || message.has_batch_size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  tekmatch::wire::TemporaryExposureKeyExport message;
  const bool is_message = message.ParseFromString(bytes);

  const std::unique_ptr<tekmatch::ByteSource> source = tekmatch::MemorySource(
      "fuzz", absl::StrCat(tekmatch::kExportHeader, bytes));
  const std::unique_ptr<tekmatch::ByteStream> stream =
      tekmatch::StreamWholeSource(*source);
  tekmatch::DecodeOptions options;
  options.latest_rolling_start = kLatestStart;
  options.block_capacity = 3;
  tekmatch::KeyDecoder decoder("fuzz", *stream, options);
  std::vector<tekmatch::DiagnosisKey> decoded;
  tekmatch::KeyBlock block;
  while (true) {
    const auto more = decoder.Next(&block);
    if (!more.ok()) {
      if (is_message && !IsBeyondLimits(message)) __builtin_trap();
      return 0;
    }
    if (!*more) break;
    for (size_t i = 0; i < block.size(); ++i) decoded.push_back(block.key(i));
  }
  if (!is_message) __builtin_trap();
  const tekmatch::DecodeCounts& counts = decoder.counts();
  if (counts.keys != static_cast<uint64_t>(message.keys_size()) ||
      counts.revised_keys !=
          static_cast<uint64_t>(message.revised_keys_size())) {
    __builtin_trap();
  }
  // Keys and revised keys may stand between each other; each kind keeps its
  // order. So each decoded key is the next good one of one of the two.
  int next_key = 0;
  int next_revised = 0;
  const auto skip_bad = [](const auto& keys, int* next) {
    while (*next < keys.size() && !IsGoodKey(keys.Get(*next))) ++*next;
  };
  const auto takes = [](const auto& keys, int* next,
                        const tekmatch::DiagnosisKey& key) {
    if (*next == keys.size()) return false;
    const auto& wire = keys.Get(*next);
    if (wire.key_data() !=
            std::string(key.tek.bytes.begin(), key.tek.bytes.end()) ||
        wire.rolling_start_interval_number() !=
            static_cast<int64_t>(key.rolling_start) ||
        wire.rolling_period() != key.rolling_period) {
      return false;
    }
    ++*next;
    return true;
  };
  for (const tekmatch::DiagnosisKey& key : decoded) {
    skip_bad(message.keys(), &next_key);
    skip_bad(message.revised_keys(), &next_revised);
    if (!takes(message.keys(), &next_key, key) &&
        !takes(message.revised_keys(), &next_revised, key)) {
      __builtin_trap();
    }
  }
  skip_bad(message.keys(), &next_key);
  skip_bad(message.revised_keys(), &next_revised);
  if (next_key != message.keys_size() ||
      next_revised != message.revised_keys_size()) {
    __builtin_trap();
  }
  return 0;
}
