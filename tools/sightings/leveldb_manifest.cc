// Plan: an edit is parsed, tag by tag; edits are applied one after another, up
// to the first that is damaged; a state that lacks a number is none.
#include "tools/sightings/leveldb_manifest.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/status_macros.h"
#include "tools/sightings/leveldb_coding.h"
#include "tools/sightings/leveldb_log.h"

namespace tekmatch {
namespace {

constexpr absl::string_view kComparator = "leveldb.BytewiseComparator";
// Sequence numbers have 56 bits.
constexpr uint64_t kMaxSequence = (uint64_t{1} << 56) - 1;

struct Edit {
  absl::string_view comparator = kComparator;
  std::optional<uint64_t> log_number;
  std::optional<uint64_t> previous_log_number;
  std::optional<uint64_t> next_file_number;
  std::optional<uint64_t> last_sequence;
  std::vector<uint64_t> removed;
  std::vector<std::pair<uint64_t, uint64_t>> added;  // number, size
};

bool ParseNumber(LevelDbInput& in, std::optional<uint64_t>* number) {
  return in.Varint64(&number->emplace());
}

bool ParseTagged(uint32_t tag, LevelDbInput& in, Edit* edit) {
  uint32_t level = 0;
  absl::string_view key;
  uint64_t number = 0;
  uint64_t size = 0;
  switch (tag) {
    case 1:
      return in.String(&edit->comparator);
    case 2:
      return ParseNumber(in, &edit->log_number);
    case 3:
      return ParseNumber(in, &edit->next_file_number);
    case 4:
      return ParseNumber(in, &edit->last_sequence) &&
             *edit->last_sequence <= kMaxSequence;
    case 5:
      return in.Varint32(&level) && in.String(&key);
    case 6:
      if (!in.Varint32(&level) || !in.Varint64(&number)) return false;
      edit->removed.push_back(number);
      return true;
    case 7:
      if (!in.Varint32(&level) || !in.Varint64(&number) ||
          !in.Varint64(&size) || !in.String(&key) || !in.String(&key)) {
        return false;
      }
      edit->added.emplace_back(number, size);
      return true;
    case 9:
      return ParseNumber(in, &edit->previous_log_number);
    default:
      return false;
  }
}

bool ParseEdit(absl::string_view record, Edit* edit) {
  LevelDbInput in(record);
  while (!in.empty()) {
    uint32_t tag = 0;
    if (!in.Varint32(&tag) || !ParseTagged(tag, in, edit)) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<LevelDbManifest> ReadLevelDbManifest(const ByteSource& source) {
  LevelDbManifest manifest;
  bool has_log = false;
  bool has_next_file = false;
  bool has_last_sequence = false;
  LevelDbLogReader reader(source);
  std::string record;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool more, reader.Next(&record));
    if (reader.lost_bytes() > 0) manifest.damage = "is cut or torn";
    if (!manifest.damage.empty() || !more) break;
    Edit edit;
    if (!ParseEdit(record, &edit)) {
      manifest.damage = "holds an edit that is none of LevelDB's";
      break;
    }
    if (edit.comparator != kComparator) {
      return absl::DataLossError("is of a database in another order of keys");
    }
    manifest.log_number = edit.log_number.value_or(manifest.log_number);
    manifest.previous_log_number =
        edit.previous_log_number.value_or(manifest.previous_log_number);
    manifest.last_sequence =
        edit.last_sequence.value_or(manifest.last_sequence);
    has_log |= edit.log_number.has_value();
    has_next_file |= edit.next_file_number.has_value();
    has_last_sequence |= edit.last_sequence.has_value();
    // A table that only changes its level is removed and added by one edit.
    for (const uint64_t number : edit.removed) manifest.tables.erase(number);
    for (const auto& [number, size] : edit.added) {
      manifest.tables[number] = size;
    }
  }
  if (!has_log || !has_next_file || !has_last_sequence) {
    return absl::DataLossError(manifest.damage.empty()
                                   ? "names no state of a database"
                                   : manifest.damage);
  }
  return manifest;
}

}  // namespace tekmatch
