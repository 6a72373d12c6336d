// Plan: a block of whole lines becomes a batch of sightings and bad rows: of
// several threads, each has a block (PiecesInOrder), and adds its batch to the
// file when its turn has come. So line numbers, messages and the first error
// are those of one thread, which adds sightings at once.
#include "tools/sightings/row_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "keyformat/status_macros.h"
#include "tools/sightings/pages_ahead.h"
#include "tools/sightings/pieces_in_order.h"
#include "tools/sightings/plain_row.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

bool IsBlank(const LineReader::Line& line) {
  return !line.too_long && absl::StripAsciiWhitespace(line.text).empty();
}

absl::Status ParseRow(const LineReader::Line& line,
                      const std::optional<CsvLayout>& layout,
                      Sighting* sighting, DroppedSightingFields* dropped) {
  if (line.too_long) return absl::InvalidArgumentError("the line is too long");
  if (!layout.has_value()) return ParseJsonRow(line.text, sighting, dropped);
  // A CSV ends in a number. Of -77 a file that was cut can leave -7, which is a
  // number, too; a JSON object shows it by its missing brace.
  if (!line.has_end) {
    return absl::InvalidArgumentError(
        "the last line has no line end: the file may be cut there");
  }
  if (layout->is_plain()) {
    return ParseCsvRow(line.text, layout->columns(), sighting, dropped);
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::string row, layout->PlainRow(line.text));
  return ParseCsvRow(row, layout->columns(), sighting, dropped);
}

// What the rows of a block gave.
struct Batch {
  struct Bad {
    uint64_t line = 0;  // of the block, from 0
    std::string reason;
  };
  std::vector<Sighting> sightings;
  std::vector<Bad> bad;
  DroppedSightingFields dropped;
  uint64_t num_lines = 0;
};

// Reads whole lines, and adds their sightings to *sightings, the rest to
// *batch. Not beyond a bad row, unless rows are skipped.
void ReadBlock(absl::string_view lines, const std::optional<CsvLayout>& layout,
               bool skip_bad, std::vector<Sighting>* sightings, Batch* batch) {
  const bool is_plain = layout.has_value() && layout->is_plain();
  const char* at = lines.data();
  const char* const end = at + lines.size();
  for (; at != end; ++batch->num_lines) {
    Sighting& sighting = sightings->emplace_back();
    if (is_plain && end - at >= static_cast<ptrdiff_t>(kMostPlainRowBytes)) {
      const char* next = ReadPlainRow(at, layout->columns(), &sighting);
      if (next != nullptr) {
        at = next;
        continue;
      }
    }
    const auto* line_end = static_cast<const char*>(
        std::memchr(at, '\n', static_cast<size_t>(end - at)));
    LineReader::Line line{
        .text = absl::string_view(at, static_cast<size_t>(line_end - at)),
        .has_end = true};
    at = line_end + 1;
    line.too_long = line.text.size() > LineReader::kMaxLineBytes;
    absl::ConsumeSuffix(&line.text, "\r");
    if (line.too_long) line.text = {};
    if (IsBlank(line)) {
      sightings->pop_back();
      continue;
    }
    sighting = {};
    const absl::Status status =
        ParseRow(line, layout, &sighting, &batch->dropped);
    if (status.ok()) continue;
    sightings->pop_back();
    batch->bad.push_back({batch->num_lines, std::string(status.message())});
    if (!skip_bad) return;
  }
}

// How many sightings a file has is guessed from its first rows.
constexpr size_t kRowsToGuessFrom = 4096;
// Fewer bytes are read before a thread has started.
constexpr uint64_t kBytesForThread = uint64_t{512} << 10;

// A block of whole lines, and what its rows gave.
struct Block {
  LineReader::Lines lines;
  Batch batch;
};

class RowReader : public PiecesInOrder<Block> {
 public:
  RowReader(LineReader& reader, const std::optional<CsvLayout>& layout,
            uint64_t num_bytes, const SightingsReaderOptions& options,
            size_t num_threads, SightingsFile* file)
      : reader_(reader),
        layout_(layout),
        options_(options),
        file_(file),
        is_alone_(num_threads == 1) {
    progress_.total = num_bytes;
  }

 private:
  absl::StatusOr<bool> Take(Block& block) override {
    while (true) {
      const absl::Status status = reader_.NextLines(&block.lines);
      if (status.ok() && !block.lines.text.empty()) return true;
      // Rare. Who is before this hands on first: lines are counted then.
      if (!AwaitOthers()) return false;
      TEKMATCH_RETURN_IF_ERROR(status);
      TEKMATCH_ASSIGN_OR_RETURN(const bool more, OneLine());
      if (!more) return false;
    }
  }

  void WorkOn(Block& block) override {
    Batch& batch = block.batch;
    batch.sightings.clear();
    batch = {.sightings = std::move(batch.sightings)};
    if (is_alone_) {
      MakeRoom();
      // As many as the block before had: blocks are alike.
      HavePagesFor(num_of_last_);
    }
    ReadBlock(block.lines.text, layout_, options_.skip_bad,
              is_alone_ ? &file_->sightings : &batch.sightings, &batch);
  }

  absl::StatusOr<bool> HandOn(Block& block) override {
    const Batch& batch = block.batch;
    if (!is_alone_) {
      MakeRoom();
      HavePagesFor(batch.sightings.size());
      file_->sightings.insert(file_->sightings.end(), batch.sightings.begin(),
                              batch.sightings.end());
    }
    file_->dropped.previous_scan += batch.dropped.previous_scan;
    num_of_last_ = batch.num_lines;
    uint64_t num_counted = 0;
    for (const Batch::Bad& bad : batch.bad) {
      reader_.CountLines(bad.line + 1 - num_counted);
      num_counted = bad.line + 1;
      TEKMATCH_RETURN_IF_ERROR(BadRow([this] { return reader_.Place(); },
                                      bad.reason, options_, file_));
    }
    reader_.CountLines(batch.num_lines - num_counted);
    Show(block.lines.end);
    TEKMATCH_RETURN_IF_ERROR(HandOver(options_, file_));
    return true;
  }

  // What comes where no block does: the end, an error, or a line. False: the
  // end.
  absl::StatusOr<bool> OneLine() {
    LineReader::Line line;
    TEKMATCH_ASSIGN_OR_RETURN(const bool more, reader_.Next(&line));
    if (!more) return false;
    Show(reader_.num_bytes());
    TEKMATCH_RETURN_IF_ERROR(ReadRow(reader_, line, layout_, options_, file_));
    TEKMATCH_RETURN_IF_ERROR(HandOver(options_, file_));
    return true;
  }

  void Show(uint64_t num_bytes) {
    progress_.done = num_bytes;
    if (options_.progress) options_.progress(progress_);
  }

  // Rows are alike. Without this, growing takes the most memory of all.
  void MakeRoom() {
    std::vector<Sighting>& sightings = file_->sightings;
    if (options_.sink || sightings.size() < kRowsToGuessFrom ||
        progress_.done >= progress_.total) {
      return;
    }
    const auto to_come = static_cast<size_t>(
        static_cast<double>(progress_.total - progress_.done) /
        static_cast<double>(progress_.done) * 1.01 *
        static_cast<double>(sightings.size()));
    const size_t wanted = sightings.size() + to_come;
    if (wanted <= sightings.capacity()) return;
    // Not by little, again and again, where rows get shorter and shorter.
    sightings.reserve(std::max(wanted, sightings.size() / 8 * 9));
  }

  void HavePagesFor(size_t num) {
    const std::vector<Sighting>& sightings = file_->sightings;
    num = std::min(num, sightings.capacity() - sightings.size());
    HavePages(sightings.data() + sightings.size(), num * sizeof(Sighting));
  }

  LineReader& reader_;
  const std::optional<CsvLayout>& layout_;
  const SightingsReaderOptions& options_;
  SightingsFile* const file_;
  SightingsProgress progress_;
  const bool is_alone_;
  uint64_t num_of_last_ = 0;  // lines of the block that was handed on last
};

}  // namespace

absl::Status ReadRow(const LineReader& reader, const LineReader::Line& line,
                     const std::optional<CsvLayout>& layout,
                     const SightingsReaderOptions& options,
                     SightingsFile* file) {
  if (IsBlank(line)) return absl::OkStatus();
  Sighting sighting;
  const absl::Status status = ParseRow(line, layout, &sighting, &file->dropped);
  if (!status.ok()) {
    return BadRow([&reader] { return reader.Place(); }, status.message(),
                  options, file);
  }
  file->sightings.push_back(sighting);
  return absl::OkStatus();
}

absl::Status ReadRows(LineReader& reader,
                      const std::optional<CsvLayout>& layout,
                      uint64_t num_bytes, const SightingsReaderOptions& options,
                      SightingsFile* file) {
  const size_t most =
      options.tasks == nullptr ? 1 : options.tasks->num_threads();
  const auto num_threads = static_cast<size_t>(
      std::clamp<uint64_t>(num_bytes / kBytesForThread, 1, most));
  return RowReader(reader, layout, num_bytes, options, num_threads, file)
      .Run(num_threads, options.tasks);
}

}  // namespace tekmatch
