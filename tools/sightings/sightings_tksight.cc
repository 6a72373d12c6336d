// Plan: the header; what the file's length says of it; block by block, each
// used once its check is right, with memory for all once the first one's is;
// then the end. Of several threads each has a block (PiecesInOrder): a block's
// check goes on from the one before as the file has it, and that one has been
// found right when the block is handed on. Writing is the same the other way
// round.
#include "tools/sightings/sightings_tksight.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/join/sighting_index.h"
#include "tools/sightings/crc32c.h"
#include "tools/sightings/pages_ahead.h"
#include "tools/sightings/pieces_in_order.h"
#include "tools/sightings/sighting_fields.h"
#include "tools/sightings/sightings_text.h"
#include "tools/sightings/tksight_layout.h"

namespace tekmatch {
namespace {

// Bytes from here to the end, those in `stream.first` too; none of a pipe.
std::optional<uint64_t> BytesLeft(const InputStream& stream) {
  struct stat info {};
  if (fstat(stream.fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return std::nullopt;
  }
  const off_t at = lseek(stream.fd, 0, SEEK_CUR);
  if (at < 0 || at > info.st_size) return std::nullopt;
  return static_cast<uint64_t>(info.st_size - at) + stream.first.size();
}

// Of a header: that of the first block goes on with it.
uint32_t CheckOf(absl::string_view header) {
  return LoadTksightNumber(&header[kTksightHeaderBytes - kTksightCheckBytes]);
}

bool IsBefore1970(const Sighting& previous_of) {
  return previous_of.seconds_since_previous_scan != kNoPreviousScan &&
         previous_of.seconds_since_previous_scan > previous_of.unix_seconds;
}

// A block of the file, and what its records gave.
struct Block {
  std::string bytes;  // its records and their check, as far as they are there
  size_t num_there = 0;
  uint64_t first = 0;  // the number of records before it
  size_t num = 0;      // of its records
  uint32_t check_before = 0;

  struct Bad {
    uint64_t number = 0;  // of the record in the file, from 1
    std::string reason;
  };
  // Of the records before the first that is not in order.
  size_t num_read = 0;  // good and bad ones
  Sighting begin;       // of these
  Sighting end;
  std::vector<Sighting> sightings;
  std::vector<Bad> bad;
  uint64_t num_dropped = 0;
  bool is_sound = false;  // whole, and its check is right
  // Why nothing after these is used; empty if all is well.
  std::string damage;
};

// Fewer bytes are read before a thread has started.
constexpr uint64_t kBytesForThread = uint64_t{128} << 10;

class TksightReader : public PiecesInOrder<Block> {
 public:
  TksightReader(const std::string& path, InputStream& stream,
                const SightingsReaderOptions& options)
      : path_(path), stream_(stream), options_(options) {}

  absl::StatusOr<SightingsFile> Read() {
    file_.format = SightingsFormat::kTksight;
    TEKMATCH_RETURN_IF_ERROR(ReadHeader());
    const size_t most =
        options_.tasks == nullptr ? 1 : options_.tasks->num_threads();
    const auto num_threads = static_cast<size_t>(
        std::clamp<uint64_t>(progress_.total / kBytesForThread, 1, most));
    is_alone_ = num_threads == 1;
    TEKMATCH_RETURN_IF_ERROR(Run(num_threads, options_.tasks));
    return std::move(file_);
  }

 private:
  static constexpr char kGoesOn[] = "goes on after its last sighting";

  absl::Status Lose(absl::string_view reason) {
    const bool some = options_.skip_bad && num_read_ < header_.num_sightings;
    return LosePart(
        {.file = path_,
         .reason =
             some ? absl::StrCat(reason, ": ", num_read_, " of ",
                                 header_.num_sightings, " sightings are read")
                  : std::string(reason)},
        options_, &file_);
  }

  absl::Status ReadHeader() {
    const std::optional<uint64_t> size = BytesLeft(stream_);
    std::string bytes(kTksightHeaderBytes, '\0');
    TEKMATCH_ASSIGN_OR_RETURN(
        const size_t num,
        ReadFrom(path_, &stream_, {bytes.data(), bytes.size()}));
    bytes.resize(num);
    absl::StatusOr<TksightHeader> header = DecodeTksightHeader(bytes);
    if (!header.ok()) {
      return absl::DataLossError(
          absl::StrCat(path_, ": ", header.status().message()));
    }
    header_ = *header;
    file_.may_name_devices = header_.device;
    check_ = CheckOf(bytes);
    progress_.done = bytes.size();
    if (!size.has_value()) return absl::OkStatus();
    progress_.total = *size;
    if (!options_.skip_bad && *size != header_.file_bytes()) {
      return absl::DataLossError(
          absl::StrCat(path_, ": ",
                       *size < header_.file_bytes()
                           ? absl::StrCat("is cut: it has ", *size,
                                          " bytes of ", header_.file_bytes())
                           : kGoesOn));
    }
    num_to_expect_ = static_cast<size_t>(
        std::min(header_.num_sightings, *size / header_.record_bytes()));
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Take(Block& block) override {
    block.first = num_taken_;
    block.num = static_cast<size_t>(std::min<uint64_t>(
        kTksightBlockRecords, header_.num_sightings - num_taken_));
    if (block.num == 0) {
      if (!AwaitOthers()) return false;
      char more = 0;
      TEKMATCH_ASSIGN_OR_RETURN(const size_t num_more,
                                ReadFrom(path_, &stream_, {&more, 1}));
      if (num_more > 0) TEKMATCH_RETURN_IF_ERROR(Lose(kGoesOn));
      return false;
    }
    num_taken_ += block.num;
    const size_t num_bytes = block.num * header_.record_bytes();
    block.bytes.resize(num_bytes + kTksightCheckBytes);
    TEKMATCH_ASSIGN_OR_RETURN(
        block.num_there,
        ReadFrom(path_, &stream_, {block.bytes.data(), block.bytes.size()}));
    // As the file has it: who hands on that block has seen whether it is right.
    block.check_before = check_;
    check_ = LoadTksightNumber(&block.bytes[num_bytes]);
    return true;
  }

  void WorkOn(Block& block) override {
    block.num_read = 0;
    block.sightings.clear();
    block.bad.clear();
    block.num_dropped = 0;
    block.is_sound = false;
    if (block.num_there < block.bytes.size()) {
      block.damage = "is cut";
      return;
    }
    const size_t num_bytes = block.num * header_.record_bytes();
    const uint32_t check =
        ExtendCrc32c(block.check_before, {block.bytes.data(), num_bytes});
    if (LoadTksightNumber(&block.bytes[num_bytes]) != check) {
      block.damage = absl::StrCat("is damaged: the checksum of sightings ",
                                  block.first + 1, " to ",
                                  block.first + block.num, " is wrong");
      return;
    }
    block.damage.clear();
    block.is_sound = true;
    if (is_alone_) MakeRoom(block);
    HavePagesOf(block);
    Decode(block, is_alone_ ? file_.sightings : block.sightings);
  }

  void Decode(Block& block, std::vector<Sighting>& sightings) const {
    const char* at = block.bytes.data();
    for (; block.num_read < block.num; ++block.num_read) {
      Sighting sighting = DecodeTksightRecord(at, header_);
      at += header_.record_bytes();
      if (block.num_read == 0) {
        block.begin = sighting;
      } else if (TksightOrder(sighting, block.end)) {
        block.damage = NotInOrder(block.first + block.num_read);
        return;
      }
      block.end = sighting;
      if (sighting.unix_seconds > kMaxHeardSeconds ||
          sighting.rssi > kMaxRssi) {
        absl::Status bad = SetTime(sighting.unix_seconds, &sighting);
        if (bad.ok()) bad = SetRssi(sighting.rssi, &sighting);
        block.bad.push_back(
            {block.first + block.num_read + 1, std::string(bad.message())});
        continue;
      }
      if (IsBefore1970(sighting)) {
        sighting.seconds_since_previous_scan = kNoPreviousScan;
        ++block.num_dropped;
      }
      sightings.push_back(sighting);
    }
  }

  // `num_before`: of the sightings before the one that is not.
  static std::string NotInOrder(uint64_t num_before) {
    return absl::StrCat("is damaged: sighting ", num_before + 1,
                        " is not in order");
  }

  absl::StatusOr<bool> HandOn(Block& block) override {
    if (block.is_sound) {
      progress_.done += block.bytes.size();
      if (options_.progress) options_.progress(progress_);
    }
    if (block.num_read > 0) {
      if (block.first > 0 && TksightOrder(block.begin, last_)) {
        if (is_alone_) DropLast(block);
        TEKMATCH_RETURN_IF_ERROR(Lose(NotInOrder(block.first)));
        return false;
      }
      TEKMATCH_RETURN_IF_ERROR(Add(block));
    }
    if (block.damage.empty()) return true;
    TEKMATCH_RETURN_IF_ERROR(Lose(block.damage));
    return false;
  }

  absl::Status Add(const Block& block) {
    if (!is_alone_) {
      MakeRoom(block);
      file_.sightings.insert(file_.sightings.end(), block.sightings.begin(),
                             block.sightings.end());
    }
    last_ = block.end;
    num_read_ = block.first + block.num_read;
    file_.dropped.previous_scan += block.num_dropped;
    for (const Block::Bad& bad : block.bad) {
      TEKMATCH_RETURN_IF_ERROR(
          BadRow([&] { return absl::StrCat(path_, ": sighting ", bad.number); },
                 bad.reason, options_, &file_));
    }
    return HandOver(options_, &file_);
  }

  // Not before a first block is sound: a header and a hole may be as long as
  // any file.
  void MakeRoom(const Block& block) {
    if (block.first != 0 || options_.sink) return;
    file_.sightings.reserve(num_to_expect_);
    begin_ = file_.sightings.data();
  }

  // On any number of threads, and before the block's turn: what the system does
  // for its pages is then done beside other blocks. Where there were
  // bad sightings before it, it begins a little before these pages. The first
  // block's pages come as they are written. So do a pipe's, of which nobody
  // knows how many come, and a sink's, for which there is no such room.
  void HavePagesOf(const Block& block) const {
    const Sighting* const begin = begin_;
    if (begin == nullptr || block.first + block.num > num_to_expect_) return;
    HavePages(begin + block.first, block.num * sizeof(Sighting));
  }

  // Those of a block that one thread has added, and that do not count.
  void DropLast(const Block& block) {
    file_.sightings.resize(file_.sightings.size() -
                           (block.num_read - block.bad.size()));
  }

  const std::string& path_;
  InputStream& stream_;
  const SightingsReaderOptions& options_;
  bool is_alone_ = true;
  TksightHeader header_;
  size_t num_to_expect_ = 0;  // as far as the file's length tells
  // Of the room for these; null until it is there.
  std::atomic<const Sighting*> begin_ = nullptr;

  // Of who takes.
  uint64_t num_taken_ = 0;  // of the records
  uint32_t check_ = 0;      // the last that was read

  // Of whose turn it is.
  SightingsFile file_;
  SightingsProgress progress_;
  uint64_t num_read_ = 0;  // good and bad ones
  Sighting last_;
};

absl::Status CheckRecords(absl::Span<const Sighting> sightings) {
  if (sightings.size() > kMaxTksightSightings) {
    return absl::InvalidArgumentError(
        absl::StrCat(sightings.size(), " sightings are more than the ",
                     kMaxTksightSightings, " of a .tksight file"));
  }
  TEKMATCH_RETURN_IF_ERROR(CheckHeard(sightings));
  const auto wrong =
      std::find_if(sightings.begin(), sightings.end(), IsBefore1970);
  if (wrong == sightings.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("sighting ", wrong - sightings.begin(),
                   ": its scan before is before 1970"));
}

}  // namespace

bool IsTksight(absl::string_view begin) {
  return absl::StartsWith(begin, kTksightBegin);
}

absl::StatusOr<SightingsFile> ReadTksight(
    const std::string& path, InputStream stream,
    const SightingsReaderOptions& options) {
  const auto closer = absl::MakeCleanup([&stream] { close(stream.fd); });
  return TksightReader(path, stream, options).Read();
}

absl::Status WriteTksight(
    absl::Span<const Sighting> sightings,
    absl::FunctionRef<absl::Status(absl::string_view)> append) {
  TEKMATCH_RETURN_IF_ERROR(CheckRecords(sightings));
  if (!std::is_sorted(sightings.begin(), sightings.end(), TksightOrder)) {
    std::vector<Sighting> sorted(sightings.begin(), sightings.end());
    std::sort(sorted.begin(), sorted.end(), TksightOrder);
    return WriteTksight(sorted, append);
  }
  const CsvColumns columns = ColumnsFor(sightings);
  const TksightHeader header = {.previous_scan = columns.previous_scan,
                                .device = columns.device,
                                .num_sightings = sightings.size()};
  const std::string begin = EncodeTksightHeader(header);
  TEKMATCH_RETURN_IF_ERROR(append(begin));
  uint32_t check = CheckOf(begin);
  std::string block;
  while (!sightings.empty()) {
    const size_t num = std::min(kTksightBlockRecords, sightings.size());
    const size_t num_bytes = num * header.record_bytes();
    block.resize(num_bytes + kTksightCheckBytes);
    char* at = block.data();
    for (const Sighting& sighting : sightings.first(num)) {
      EncodeTksightRecord(sighting, header, at);
      at += header.record_bytes();
    }
    check = ExtendCrc32c(check, {block.data(), num_bytes});
    StoreTksightNumber(check, at);
    TEKMATCH_RETURN_IF_ERROR(append(block));
    sightings.remove_prefix(num);
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
