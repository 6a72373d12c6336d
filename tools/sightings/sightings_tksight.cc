// Plan: the header; what the file's length says of it; block by block, each
// used once its check is right, with memory for all once the first one's is;
// then the end. Writing is the same the other way round.
#include "tools/sightings/sightings_tksight.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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

class TksightReader {
 public:
  TksightReader(const std::string& path, InputStream& stream,
                const SightingsReaderOptions& options)
      : path_(path), stream_(stream), options_(options) {}

  absl::StatusOr<SightingsFile> Read() {
    file_.format = SightingsFormat::kTksight;
    TEKMATCH_RETURN_IF_ERROR(ReadHeader());
    while (num_read_ < header_.num_sightings) {
      TEKMATCH_ASSIGN_OR_RETURN(const std::string reason, ReadBlock());
      if (reason.empty()) continue;
      TEKMATCH_RETURN_IF_ERROR(Lose(reason));
      return std::move(file_);
    }
    char more = 0;
    TEKMATCH_ASSIGN_OR_RETURN(const size_t num_more,
                              ReadFrom(path_, &stream_, {&more, 1}));
    if (num_more > 0) TEKMATCH_RETURN_IF_ERROR(Lose(kGoesOn));
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

  // The reason why there is no next block; empty if it was read.
  absl::StatusOr<std::string> ReadBlock() {
    const auto num = static_cast<size_t>(std::min<uint64_t>(
        kTksightBlockRecords, header_.num_sightings - num_read_));
    const size_t num_bytes = num * header_.record_bytes();
    block_.resize(num_bytes + kTksightCheckBytes);
    TEKMATCH_ASSIGN_OR_RETURN(
        const size_t num_there,
        ReadFrom(path_, &stream_, {block_.data(), block_.size()}));
    if (num_there < block_.size()) return std::string("is cut");
    check_ = ExtendCrc32c(check_, {block_.data(), num_bytes});
    if (LoadTksightNumber(&block_[num_bytes]) != check_) {
      return absl::StrCat("is damaged: the checksum of sightings ",
                          num_read_ + 1, " to ", num_read_ + num, " is wrong");
    }
    // Not before: a header and a hole may be as long as any file.
    if (num_read_ == 0) file_.sightings.reserve(num_to_expect_);
    progress_.done += block_.size();
    if (options_.progress) options_.progress(progress_);
    const char* at = block_.data();
    for (size_t i = 0; i < num; ++i, at += header_.record_bytes()) {
      const Sighting sighting = DecodeTksightRecord(at, header_);
      if (num_read_ > 0 && TksightOrder(sighting, last_)) {
        return absl::StrCat("is damaged: sighting ", num_read_ + 1,
                            " is not in order");
      }
      last_ = sighting;
      ++num_read_;
      TEKMATCH_RETURN_IF_ERROR(Keep(sighting));
    }
    return std::string();
  }

  absl::Status Keep(Sighting sighting) {
    if (sighting.unix_seconds > kMaxHeardSeconds || sighting.rssi > kMaxRssi) {
      absl::Status bad = SetTime(sighting.unix_seconds, &sighting);
      if (bad.ok()) bad = SetRssi(sighting.rssi, &sighting);
      return BadRow(
          [this] { return absl::StrCat(path_, ": sighting ", num_read_); },
          bad.message(), options_, &file_);
    }
    if (IsBefore1970(sighting)) {
      sighting.seconds_since_previous_scan = kNoPreviousScan;
      ++file_.dropped.previous_scan;
    }
    file_.sightings.push_back(sighting);
    return absl::OkStatus();
  }

  const std::string& path_;
  InputStream& stream_;
  const SightingsReaderOptions& options_;
  SightingsFile file_;
  SightingsProgress progress_;
  TksightHeader header_;
  uint32_t check_ = 0;
  std::string block_;
  size_t num_to_expect_ = 0;  // as far as the file's length tells
  uint64_t num_read_ = 0;     // good and bad ones
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
