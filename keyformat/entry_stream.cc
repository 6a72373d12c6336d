// OpenEntry of archive.h: inflates one entry and holds it to its declaration.
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/archive.h"

namespace tekmatch {
namespace {

class EntryStream : public ByteStream {
 public:
  EntryStream(const ByteSource& source, ArchiveEntry entry)
      : source_(source), entry_(std::move(entry)) {}

  absl::Status Init() {
    if (!entry_.deflated) return absl::OkStatus();
    input_.resize(kInputBytes);
    inflater_ = std::make_unique<inflate_state>();
    isal_inflate_init(inflater_.get());
    inflater_->crc_flag = ISAL_DEFLATE;  // raw, as zip has it
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> out) override {
    if (finished_) return 0;
    out = out.first(static_cast<size_t>(
        std::min<uint64_t>(out.size(), entry_.bytes - produced_)));
    absl::StatusOr<size_t> n = entry_.deflated ? Inflate(out) : ReadStored(out);
    if (!n.ok()) return n;
    produced_ += *n;
    crc_ = crc32_gzip_refl(crc_, out.data(), *n);
    if (produced_ == entry_.bytes) {
      if (absl::Status s = CheckEnd(); !s.ok()) return s;
      finished_ = true;
    }
    return n;
  }

 private:
  static constexpr size_t kInputBytes = 64 << 10;

  absl::Status Error(absl::string_view reason) const {
    return absl::DataLossError(
        absl::StrCat(source_.name(), ": entry ", entry_.name, ": ", reason));
  }

  absl::StatusOr<size_t> ReadStored(absl::Span<uint8_t> out) {
    if (absl::Status s = source_.ReadAt(entry_.data_offset + consumed_, out);
        !s.ok()) {
      return s;
    }
    consumed_ += out.size();
    return out.size();
  }

  // Inflates into all of `out`; an earlier end of the data is an error.
  absl::StatusOr<size_t> Inflate(absl::Span<uint8_t> out) {
    inflater_->next_out = out.data();
    inflater_->avail_out = static_cast<uint32_t>(out.size());
    while (inflater_->avail_out > 0) {
      if (absl::Status s = InflateOnce(); !s.ok()) return s;
      if (Ended() && inflater_->avail_out > 0) {
        return Error("inflates to less than declared");
      }
    }
    return out.size();
  }

  // All blocks are decoded and all of them is handed out: the inflater only
  // finishes when it holds nothing back.
  bool Ended() const { return inflater_->block_state == ISAL_BLOCK_FINISH; }

  absl::Status InflateOnce() {
    if (inflater_->avail_in == 0 && consumed_ < entry_.compressed_bytes) {
      const size_t n = static_cast<size_t>(std::min<uint64_t>(
          input_.size(), entry_.compressed_bytes - consumed_));
      if (absl::Status s = source_.ReadAt(entry_.data_offset + consumed_,
                                          absl::MakeSpan(input_).first(n));
          !s.ok()) {
        return s;
      }
      consumed_ += n;
      inflater_->next_in = input_.data();
      inflater_->avail_in = static_cast<uint32_t>(n);
    }
    const uint32_t in_before = inflater_->avail_in;
    const uint32_t out_before = inflater_->avail_out;
    if (isal_inflate(inflater_.get()) < 0) {
      return Error("the compressed data is damaged");
    }
    // Without progress in the middle all input is used up.
    if (!Ended() && inflater_->avail_in == in_before &&
        inflater_->avail_out == out_before) {
      return Error("the compressed data is truncated");
    }
    return absl::OkStatus();
  }

  // All declared bytes are out: the data must end here too, and be the right.
  absl::Status CheckEnd() {
    if (entry_.deflated) {
      uint8_t beyond = 0;
      inflater_->next_out = &beyond;
      inflater_->avail_out = 1;
      while (!Ended() && inflater_->avail_out > 0) {
        if (absl::Status s = InflateOnce(); !s.ok()) return s;
      }
      if (inflater_->avail_out == 0) {
        return Error("inflates to more than declared");
      }
      // The inflater reads ahead into a register.
      if (inflater_->avail_in > 0 || inflater_->read_in_length >= 8 ||
          consumed_ < entry_.compressed_bytes) {
        return Error("has data after its compressed stream");
      }
    }
    if (crc_ != entry_.crc32) return Error("wrong CRC");
    return absl::OkStatus();
  }

  const ByteSource& source_;
  const ArchiveEntry entry_;
  std::unique_ptr<inflate_state> inflater_;
  std::vector<uint8_t> input_;
  uint64_t consumed_ = 0;  // compressed bytes taken from the source
  uint64_t produced_ = 0;  // bytes handed out
  uint32_t crc_ = 0;
  bool finished_ = false;  // everything is handed out and checked
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteStream>> OpenEntry(
    const ByteSource& source, const ArchiveEntry& entry) {
  auto stream = std::make_unique<EntryStream>(source, entry);
  if (absl::Status s = stream->Init(); !s.ok()) return s;
  return stream;
}

}  // namespace tekmatch
