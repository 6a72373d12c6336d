// OpenEntry of archive.h: inflates one entry and holds it to its declaration.
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/archive.h"

namespace tekmatch {
namespace {

class EntryStream : public ByteStream {
 public:
  EntryStream(const ByteSource& source, ArchiveEntry entry)
      : source_(source), entry_(std::move(entry)) {}
  ~EntryStream() override {
    if (zlib_ready_) inflateEnd(&zlib_);
  }

  absl::Status Init() {
    if (!entry_.deflated) return absl::OkStatus();
    input_.resize(kInputBytes);
    // Negative window bits: raw deflate, as zip has it.
    if (inflateInit2(&zlib_, -MAX_WBITS) != Z_OK) {
      return absl::InternalError("zlib could not be initialised");
    }
    zlib_ready_ = true;
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> out) override {
    if (finished_) return 0;
    out = out.first(static_cast<size_t>(
        std::min<uint64_t>(out.size(), entry_.bytes - produced_)));
    absl::StatusOr<size_t> n = entry_.deflated ? Inflate(out) : ReadStored(out);
    if (!n.ok()) return n;
    produced_ += *n;
    crc_ = crc32_z(crc_, out.data(), *n);
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
    zlib_.next_out = out.data();
    zlib_.avail_out = static_cast<uInt>(out.size());
    while (zlib_.avail_out > 0) {
      if (absl::Status s = InflateOnce(); !s.ok()) return s;
      if (ended_ && zlib_.avail_out > 0) {
        return Error("inflates to less than declared");
      }
    }
    return out.size();
  }

  absl::Status InflateOnce() {
    if (zlib_.avail_in == 0 && consumed_ < entry_.compressed_bytes) {
      const size_t n = static_cast<size_t>(std::min<uint64_t>(
          input_.size(), entry_.compressed_bytes - consumed_));
      if (absl::Status s = source_.ReadAt(entry_.data_offset + consumed_,
                                          absl::MakeSpan(input_).first(n));
          !s.ok()) {
        return s;
      }
      consumed_ += n;
      zlib_.next_in = input_.data();
      zlib_.avail_in = static_cast<uInt>(n);
    }
    const int result = inflate(&zlib_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      ended_ = true;
      return absl::OkStatus();
    }
    // Z_BUF_ERROR means no progress: all input is used up, or all output.
    if (result == Z_BUF_ERROR && zlib_.avail_out > 0) {
      return Error("the compressed data is truncated");
    }
    if (result != Z_OK && result != Z_BUF_ERROR) {
      return Error("the compressed data is damaged");
    }
    return absl::OkStatus();
  }

  // All declared bytes are out: the data must end here too, and be the right.
  absl::Status CheckEnd() {
    if (entry_.deflated) {
      uint8_t beyond = 0;
      zlib_.next_out = &beyond;
      zlib_.avail_out = 1;
      while (!ended_ && zlib_.avail_out > 0) {
        if (absl::Status s = InflateOnce(); !s.ok()) return s;
      }
      if (zlib_.avail_out == 0) return Error("inflates to more than declared");
      if (zlib_.avail_in > 0 || consumed_ < entry_.compressed_bytes) {
        return Error("has data after its compressed stream");
      }
    }
    if (crc_ != entry_.crc32) return Error("wrong CRC");
    return absl::OkStatus();
  }

  const ByteSource& source_;
  const ArchiveEntry entry_;
  z_stream zlib_{};
  bool zlib_ready_ = false;
  std::vector<uint8_t> input_;
  uint64_t consumed_ = 0;  // compressed bytes taken from the source
  uint64_t produced_ = 0;  // bytes handed out
  uLong crc_ = 0;
  bool ended_ = false;     // zlib saw the end of the compressed stream
  bool finished_ = false;  // and everything checked
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteStream>> OpenEntry(
    const ByteSource& source, const ArchiveEntry& entry) {
  auto stream = std::make_unique<EntryStream>(source, entry);
  if (absl::Status s = stream->Init(); !s.ok()) return s;
  return stream;
}

}  // namespace tekmatch
