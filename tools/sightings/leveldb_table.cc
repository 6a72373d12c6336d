// The plan: the footer, at the end, says where the index block is; each entry
// of the index where a data block is. A block holds its content, a byte that
// says how that is compressed, and a checksum of both. The content is entries,
// each with the length of what its key shares with the key before, and at its
// end the places of the entries that share nothing, for binary search, which is
// not needed here.
#include "tools/sightings/leveldb_table.h"

#include <snappy.h>

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "tools/sightings/leveldb_coding.h"

namespace tekmatch {
namespace {

constexpr uint64_t kFooterBytes = 48;
constexpr size_t kHandlesBytes = 40;  // of the footer: two handles and zeros
constexpr uint64_t kMagic = 0xdb4775248b80fb57;
constexpr uint64_t kBlockTrailerBytes = 5;  // compression, checksum
constexpr uint8_t kNotCompressed = 0;
constexpr uint8_t kSnappy = 1;
// Snappy could pack 22 to 1. A contact has a random RPI and random metadata, so
// that not even many like sightings of it pack as much as this.
constexpr size_t kMaxSnappyRatio = 8;
// Of an internal key: sequence number (56 bits) and kind of change (8).
constexpr size_t kKeySuffixBytes = 8;
constexpr uint8_t kDeletion = 0;
constexpr uint8_t kValue = 1;

struct Handle {
  uint64_t offset = 0;
  uint64_t size = 0;  // without trailer
};

bool ParseHandle(LevelDbInput& in, Handle* handle) {
  return in.Varint64(&handle->offset) && in.Varint64(&handle->size);
}

// Whether a block lies within the first `limit` bytes.
bool EndsBefore(const Handle& handle, uint64_t limit) {
  return limit >= kBlockTrailerBytes && handle.offset <= limit &&
         handle.size <= limit - kBlockTrailerBytes &&
         handle.offset <= limit - kBlockTrailerBytes - handle.size;
}

absl::Status Read(const ByteSource& source, uint64_t offset, uint64_t size,
                  std::string* bytes) {
  bytes->resize(size);
  return source.ReadAt(
      offset,
      absl::MakeSpan(reinterpret_cast<uint8_t*>(bytes->data()), bytes->size()));
}

// The content of a block that was read with its trailer; false if it is
// damaged.
bool Unpack(std::string* block) {
  const size_t size = block->size() - kBlockTrailerBytes;
  LevelDbInput trailer(absl::string_view(*block).substr(size));
  uint8_t compression = 0;
  uint32_t checksum = 0;
  if (!trailer.Byte(&compression) || !trailer.Fixed32(&checksum) ||
      !LevelDbChecksumIs(checksum,
                         absl::string_view(*block).substr(0, size + 1))) {
    return false;
  }
  block->resize(size);
  if (compression == kNotCompressed) return true;
  size_t unpacked_size = 0;
  if (compression != kSnappy ||
      !snappy::GetUncompressedLength(block->data(), size, &unpacked_size) ||
      unpacked_size / kMaxSnappyRatio > size) {
    return false;
  }
  std::string unpacked;
  if (!snappy::Uncompress(block->data(), size, &unpacked)) return false;
  block->swap(unpacked);
  return true;
}

// Calls `entry` with each internal key and value until it returns false. False
// if it did, or if the content is no block's.
bool ForEachEntry(
    absl::string_view content, size_t max_key_bytes,
    absl::FunctionRef<bool(absl::string_view, absl::string_view)> entry) {
  constexpr size_t kNumberBytes = sizeof(uint32_t);
  if (content.size() < kNumberBytes) return false;
  uint32_t num_restarts = 0;
  LevelDbInput(content.substr(content.size() - kNumberBytes))
      .Fixed32(&num_restarts);
  content.remove_suffix(kNumberBytes);
  if (num_restarts > content.size() / kNumberBytes) return false;
  content.remove_suffix(num_restarts * kNumberBytes);
  LevelDbInput in(content);
  std::string key;
  while (!in.empty()) {
    uint32_t shared = 0;
    uint32_t not_shared = 0;
    uint32_t value_size = 0;
    absl::string_view key_end;
    absl::string_view value;
    if (!in.Varint32(&shared) || !in.Varint32(&not_shared) ||
        !in.Varint32(&value_size) || !in.Bytes(not_shared, &key_end) ||
        !in.Bytes(value_size, &value) || shared > key.size() ||
        shared + key_end.size() > max_key_bytes) {
      return false;
    }
    key.resize(shared);
    key.append(key_end.data(), key_end.size());
    if (!entry(key, value)) return false;
  }
  return true;
}

bool SendChange(absl::string_view internal_key, absl::string_view value,
                LevelDbChangeSink sink) {
  if (internal_key.size() < kKeySuffixBytes) return false;
  const size_t key_size = internal_key.size() - kKeySuffixBytes;
  uint64_t suffix = 0;
  LevelDbInput(internal_key.substr(key_size)).Fixed64(&suffix);
  const auto kind = static_cast<uint8_t>(suffix & 0xff);
  if (kind != kDeletion && kind != kValue) return false;
  sink({.key = internal_key.substr(0, key_size),
        .sequence = suffix >> 8,
        .deletes = kind == kDeletion,
        .value = value});
  return true;
}

}  // namespace

absl::StatusOr<LevelDbTableBlocks> ReadLevelDbTable(const ByteSource& source,
                                                    LevelDbChangeSink sink) {
  const absl::Status bad_footer = absl::DataLossError("has a damaged footer");
  const absl::Status bad_index = absl::DataLossError("has a damaged index");
  if (source.size() < kFooterBytes) return bad_footer;
  const uint64_t blocks_end = source.size() - kFooterBytes;
  std::string bytes;
  TEKMATCH_RETURN_IF_ERROR(Read(source, blocks_end, kFooterBytes, &bytes));
  LevelDbInput handles(absl::string_view(bytes).substr(0, kHandlesBytes));
  LevelDbInput end(absl::string_view(bytes).substr(kHandlesBytes));
  Handle index_handle;
  uint64_t magic = 0;
  if (!end.Fixed64(&magic) || magic != kMagic ||
      !ParseHandle(handles, &index_handle) ||  // of the meta blocks' index
      !ParseHandle(handles, &index_handle) ||
      !EndsBefore(index_handle, blocks_end)) {
    return bad_footer;
  }
  std::string index;
  TEKMATCH_RETURN_IF_ERROR(Read(source, index_handle.offset,
                                index_handle.size + kBlockTrailerBytes,
                                &index));
  if (!Unpack(&index)) return bad_index;

  LevelDbTableBlocks blocks;
  absl::Status status;
  uint64_t end_of_last = 0;
  const auto read_block = [&](absl::string_view, absl::string_view value) {
    LevelDbInput in(value);
    Handle handle;
    if (!ParseHandle(in, &handle) || handle.offset < end_of_last ||
        !EndsBefore(handle, index_handle.offset)) {
      return false;
    }
    end_of_last = handle.offset + handle.size + kBlockTrailerBytes;
    status =
        Read(source, handle.offset, handle.size + kBlockTrailerBytes, &bytes);
    if (!status.ok()) return false;
    ++blocks.num_blocks;
    if (!Unpack(&bytes) ||
        !ForEachEntry(bytes, kMaxLevelDbKeyBytes + kKeySuffixBytes,
                      [sink](absl::string_view key, absl::string_view v) {
                        return SendChange(key, v, sink);
                      })) {
      ++blocks.num_damaged;
    }
    return true;
  };
  // The keys of the index lie between those of the blocks.
  const bool whole =
      ForEachEntry(index, kMaxLevelDbKeyBytes + kKeySuffixBytes, read_block);
  if (!status.ok()) return status;
  if (!whole) return bad_index;
  return blocks;
}

}  // namespace tekmatch
