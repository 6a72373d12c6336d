// Plan: blocks of the file are read one after another; NextFragment takes what
// a block holds apart, and counts what it loses; Next joins fragments to
// records.
#include "tools/sightings/leveldb_log.h"

#include <algorithm>

#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "tools/sightings/leveldb_coding.h"

namespace tekmatch {
namespace {

constexpr size_t kBlockBytes = 32768;
// Checksum (4 bytes) of type and data, length of the data (2), type (1).
constexpr size_t kHeaderBytes = 7;
constexpr size_t kTypeOffset = 6;

// Types of fragments; 0 is none.
constexpr uint8_t kFull = 1;
constexpr uint8_t kFirst = 2;
constexpr uint8_t kMiddle = 3;
constexpr uint8_t kLast = 4;

}  // namespace

absl::Status LevelDbLogReader::ReadBlock() {
  block_.resize(std::min<uint64_t>(kBlockBytes, size() - offset_));
  begin_ = 0;
  absl::Status status = source_.ReadAt(
      offset_,
      absl::MakeSpan(reinterpret_cast<uint8_t*>(block_.data()), block_.size()));
  offset_ += block_.size();
  return status;
}

void LevelDbLogReader::LosePartial() {
  lost_bytes_ += partial_bytes_;
  partial_bytes_ = 0;
  partial_.clear();
}

void LevelDbLogReader::Lose(uint64_t num_bytes) {
  LosePartial();
  lost_bytes_ += num_bytes;
}

bool LevelDbLogReader::NextFragment(Fragment* fragment) {
  const absl::string_view rest = absl::string_view(block_).substr(begin_);
  const bool is_last_block = offset_ == size();
  if (rest.size() < kHeaderBytes) {
    // A trailer, which counts as lost if the log ends with it.
    begin_ = block_.size();
    if (is_last_block && !rest.empty()) Lose(rest.size());
    return false;
  }
  uint32_t checksum = 0;
  uint16_t length = 0;
  LevelDbInput header(rest);
  (void)(header.Fixed32(&checksum) && header.Fixed16(&length) &&
         header.Byte(&fragment->type));
  if (!header.Bytes(length, &fragment->data) || fragment->type == 0 ||
      !LevelDbChecksumIs(checksum, rest.substr(kTypeOffset, 1 + length))) {
    // Its length is not to be trusted.
    begin_ = block_.size();
    Lose(rest.size());
    return false;
  }
  begin_ += kHeaderBytes + length;
  return true;
}

absl::StatusOr<bool> LevelDbLogReader::Next(std::string* record) {
  while (true) {
    Fragment fragment;
    if (!NextFragment(&fragment)) {
      if (offset_ == size()) {
        LosePartial();
        return false;
      }
      TEKMATCH_RETURN_IF_ERROR(ReadBlock());
      continue;
    }
    const uint64_t num_bytes = kHeaderBytes + fragment.data.size();
    const bool begins = fragment.type == kFull || fragment.type == kFirst;
    const bool goes_on = fragment.type == kMiddle || fragment.type == kLast;
    if (begins) LosePartial();
    if (!begins && (!goes_on || partial_bytes_ == 0)) {
      Lose(num_bytes);
      continue;
    }
    partial_.append(fragment.data.data(), fragment.data.size());
    partial_bytes_ += num_bytes;
    if (fragment.type == kFull || fragment.type == kLast) {
      record->swap(partial_);
      partial_.clear();
      partial_bytes_ = 0;
      end_of_last_ = offset_ - block_.size() + begin_;
      return true;
    }
  }
}

}  // namespace tekmatch
