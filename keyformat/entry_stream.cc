// OpenEntry of archive.h: inflates one entry and holds it to its declaration.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/archive.h"
#include "keyformat/block_inflater.h"
#include "keyformat/inflater_costs.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

class EntryStream : public ByteStream {
 public:
  EntryStream(const ByteSource& source, ArchiveEntry entry)
      : source_(source), entry_(std::move(entry)) {
    if (!entry_.deflated) return;
    input_.resize(kInputBytes);
    inflater_ = std::make_unique<BlockInflater>();
  }

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> out) override {
    if (finished_) return 0;
    out = out.first(static_cast<size_t>(
        std::min<uint64_t>(out.size(), entry_.bytes - produced_)));
    TEKMATCH_ASSIGN_OR_RETURN(const size_t n,
                              entry_.deflated ? Inflate(out) : ReadStored(out));
    produced_ += n;
    crc_ = Crc32(crc_, out.first(n));
    if (produced_ == entry_.bytes) {
      TEKMATCH_RETURN_IF_ERROR(CheckEnd());
      finished_ = true;
    }
    return n;
  }

 private:
  static constexpr size_t kInputBytes = 64 << 10;
  // What its blocks may cost, so that an entry takes at most half as long again
  // as an honest one for them: 64 blocks with tables, and one for each 8 KiB,
  // or 16 times as many without. Keys are hardly compressed: zlib, Go and Java
  // end a block after 16,383 symbols, which are some 15 KiB, others later.
  static constexpr uint64_t kFreeBlocksCost = 64 * kTablesCost;
  static constexpr uint64_t kBytesPerCost = 8192 / kTablesCost;

  absl::Status Error(absl::string_view reason) const {
    return absl::DataLossError(
        absl::StrCat(source_.name(), ": entry ", entry_.name, ": ", reason));
  }

  absl::StatusOr<size_t> ReadStored(absl::Span<uint8_t> out) {
    TEKMATCH_RETURN_IF_ERROR(
        source_.ReadAt(entry_.data_offset + consumed_, out));
    consumed_ += out.size();
    return out.size();
  }

  // Inflates into all of `out`; an earlier end of the data is an error.
  absl::StatusOr<size_t> Inflate(absl::Span<uint8_t> out) {
    size_t filled = 0;
    while (filled < out.size()) {
      if (inflater_->ended()) return Error("inflates to less than declared");
      TEKMATCH_ASSIGN_OR_RETURN(const size_t n,
                                InflateOnce(out.subspan(filled)));
      filled += n;
    }
    return filled;
  }

  absl::StatusOr<size_t> InflateOnce(absl::Span<uint8_t> out) {
    if (inflater_->needs_input() && consumed_ < entry_.compressed_bytes) {
      const auto input =
          absl::MakeSpan(input_).first(static_cast<size_t>(std::min<uint64_t>(
              input_.size(), entry_.compressed_bytes - consumed_)));
      TEKMATCH_RETURN_IF_ERROR(
          source_.ReadAt(entry_.data_offset + consumed_, input));
      consumed_ += input.size();
      inflater_->SetInput(input);
    }
    const std::optional<size_t> n = inflater_->Inflate(out);
    if (!n.has_value()) return Error("the compressed data is damaged");
    if (inflater_->stalled() && consumed_ == entry_.compressed_bytes) {
      return Error("the compressed data is truncated");
    }
    if (inflater_->blocks_cost() >
        kFreeBlocksCost + entry_.compressed_bytes / kBytesPerCost) {
      return Error("the compressed data has too many blocks");
    }
    return *n;
  }

  // All declared bytes are out. The compressed data must end here too, and its
  // CRC must be the declared one.
  absl::Status CheckEnd() {
    if (entry_.deflated) {
      uint8_t beyond = 0;
      while (!inflater_->ended()) {
        TEKMATCH_ASSIGN_OR_RETURN(const size_t n,
                                  InflateOnce(absl::MakeSpan(&beyond, 1)));
        if (n > 0) return Error("inflates to more than declared");
      }
      if (inflater_->has_rest() || consumed_ < entry_.compressed_bytes) {
        return Error("has data after its compressed stream");
      }
    }
    if (crc_ != entry_.crc32) return Error("wrong CRC");
    return absl::OkStatus();
  }

  const ByteSource& source_;
  const ArchiveEntry entry_;
  std::unique_ptr<BlockInflater> inflater_;
  std::vector<uint8_t> input_;
  uint64_t consumed_ = 0;  // compressed bytes taken from the source
  uint64_t produced_ = 0;  // bytes handed out
  uint32_t crc_ = 0;
  bool finished_ = false;  // everything is handed out and checked
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteStream>> OpenEntry(
    const ByteSource& source, const ArchiveEntry& entry) {
  return std::make_unique<EntryStream>(source, entry);
}

}  // namespace tekmatch
