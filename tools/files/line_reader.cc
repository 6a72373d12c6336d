// Plan: a buffer is refilled when the line in it does not end; the first line
// loses its byte order mark. Who wants many lines gets the whole buffer, for
// another one.
#include "tools/files/line_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"

namespace tekmatch {
namespace {

constexpr size_t kBufferBytes = 4 * LineReader::kMaxLineBytes;
constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(
    const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(const InputStream stream, OpenInputStream(path));
  return Over(path, stream);
}

std::unique_ptr<LineReader> LineReader::Over(const std::string& path,
                                             const InputStream& stream) {
  return std::unique_ptr<LineReader>(new LineReader(path, stream));
}

LineReader::LineReader(std::string path, const InputStream& stream)
    : path_(std::move(path)),
      fd_(stream.fd),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)),
      end_(stream.first.size()) {
  std::copy(stream.first.begin(), stream.first.end(), buffer_.get());
}

LineReader::~LineReader() { close(fd_); }

std::string LineReader::Place() const {
  return absl::StrCat(path_, ":", number_);
}

absl::StatusOr<bool> LineReader::Fill() {
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  while (true) {
    const ssize_t n = read(fd_, buffer_.get() + end_, kBufferBytes - end_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return SystemError(errno, absl::StrCat(path_, ": reading"));
    }
    end_ += static_cast<size_t>(n);
    return n > 0;
  }
}

absl::Status LineReader::NextLines(Lines* lines) {
  lines->text = {};
  const char* last = nullptr;
  while (true) {
    bool more = false;
    // Whole lines remain of a buffer only before the first call of this.
    if (begin_ > 0 || end_ < kBufferBytes) {
      TEKMATCH_ASSIGN_OR_RETURN(more, Fill());
    }
    last = static_cast<const char*>(
        memrchr(buffer_.get() + begin_, '\n', end_ - begin_));
    if (last != nullptr) break;
    if (!more) return absl::OkStatus();
  }
  const auto length = static_cast<size_t>(last + 1 - (buffer_.get() + begin_));
  num_bytes_ += length;
  lines->end = num_bytes_;
  if (lines->buffer == nullptr) {
    lines->buffer = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  }
  const size_t first = begin_;
  begin_ += length;
  std::copy(buffer_.get() + begin_, buffer_.get() + end_, lines->buffer.get());
  end_ -= begin_;
  begin_ = 0;
  buffer_.swap(lines->buffer);
  lines->text = absl::string_view(lines->buffer.get() + first, length);
  return absl::OkStatus();
}

absl::StatusOr<bool> LineReader::Next(Line* line) {
  *line = {};
  size_t searched = 0;  // of the bytes from begin_ on
  uint64_t passed_over = 0;
  while (true) {
    const char* start = buffer_.get() + begin_;
    const auto* newline = static_cast<const char*>(
        std::memchr(start + searched, '\n', end_ - begin_ - searched));
    size_t length = end_ - begin_;
    if (newline != nullptr) {
      length = static_cast<size_t>(newline - start);
    } else {
      searched = length;
      if (length > kMaxLineBytes) {
        line->too_long = true;
        passed_over += length;
        if (passed_over > kEndlessLineBytes) {
          return absl::DataLossError(
              absl::StrCat(path_, ":", number_ + 1, ": the line has no end"));
        }
        begin_ = end_;
        num_bytes_ += length;
        searched = 0;
      }
      TEKMATCH_ASSIGN_OR_RETURN(const bool more, Fill());
      if (more) continue;
      if (begin_ == end_ && !line->too_long) return false;
      length = end_ - begin_;
    }
    ++number_;
    line->too_long = line->too_long || length > kMaxLineBytes;
    if (!line->too_long) {
      line->text = absl::string_view(buffer_.get() + begin_, length);
      if (absl::EndsWith(line->text, "\r")) line->text.remove_suffix(1);
      if (number_ == 1 && absl::StartsWith(line->text, kByteOrderMark)) {
        line->text.remove_prefix(kByteOrderMark.size());
      }
    }
    line->has_end = newline != nullptr;
    length += line->has_end ? 1 : 0;
    begin_ += length;
    num_bytes_ += length;
    return true;
  }
}

}  // namespace tekmatch
