// Plan: the writer, which digests what leaves its buffer; the reader, which
// reads ahead, and digests what it reads; the seal.
#include "matcher/check/partial_fields.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 16;

}  // namespace

void FieldWriter::Append(absl::string_view bytes) {
  if (!status_.ok()) return;
  absl::StrAppend(&buffer_, bytes);
  if (buffer_.size() >= kBufferBytes) Flush();
}

void FieldWriter::Flush() {
  SHA256_Update(&sha256_, buffer_.data(), buffer_.size());
  if (status_.ok()) status_ = sink_(buffer_);
  buffer_.clear();
}

absl::Status FieldWriter::Finish() {
  Flush();
  TEKMATCH_RETURN_IF_ERROR(status_);
  Sha256Digest digest;
  SHA256_Final(digest.data(), &sha256_);
  return sink_({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

void FieldReader::Fail(const char* field) {
  if (!status_.ok()) return;
  status_ = absl::DataLossError(absl::StrCat(source_.name(), ": ", field,
                                             " before byte ", position_,
                                             " is none that a partial has"));
}

void FieldReader::Read(uint8_t* out, size_t size, const char* field) {
  if (size == 0) return;
  std::memset(out, 0, size);
  if (!status_.ok()) return;
  if (size > end_ - position_) {
    status_ = absl::DataLossError(absl::StrCat(
        source_.name(), ": ends at byte ", position_, ", within ", field));
    return;
  }
  while (size > 0) {
    const uint64_t buffer_end = buffer_begin_ + buffer_.size();
    if (position_ >= buffer_end) {
      buffer_begin_ = position_;
      buffer_.resize(static_cast<size_t>(
          std::min<uint64_t>(kBufferBytes, end_ - position_)));
      status_ = source_.ReadAt(position_, absl::MakeSpan(buffer_));
      if (!status_.ok()) return;
      SHA256_Update(&sha256_, buffer_.data(), buffer_.size());
      continue;
    }
    const auto part =
        static_cast<size_t>(std::min<uint64_t>(size, buffer_end - position_));
    std::memcpy(out, buffer_.data() + (position_ - buffer_begin_), part);
    out += part;
    position_ += part;
    size -= part;
  }
}

absl::Status FieldReader::CheckDigest(const Sha256Digest& expected) {
  Sha256Digest digest;
  SHA256_Final(digest.data(), &sha256_);
  if (digest == expected) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(source_.name(), ": has changed while it was read"));
}

void FieldReader::Text(std::string& text, const char* field) {
  uint32_t size = 0;
  Number(size, field);
  if (size > kMaxPartialText) {
    Fail(field);
    size = 0;
  }
  text.resize(size);
  Read(reinterpret_cast<uint8_t*>(text.data()), size, field);
}

void FieldReader::Count(uint64_t& count, size_t bytes, const char* field) {
  Number(count, field);
  if (count > (end_ - position_) / bytes) {
    Fail(field);
    count = 0;
  }
}

void FieldReader::Numbers(absl::Span<uint32_t> numbers, const char* field) {
  auto* const bytes = reinterpret_cast<uint8_t*>(numbers.data());
  Read(bytes, numbers.size() * sizeof(uint32_t), field);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const uint8_t* const one = bytes + i * sizeof(uint32_t);
    numbers[i] = uint32_t{one[0]} | uint32_t{one[1]} << 8 |
                 uint32_t{one[2]} << 16 | uint32_t{one[3]} << 24;
  }
}

absl::StatusOr<Sha256Digest> CheckSeal(const ByteSource& source) {
  Sha256Digest written;
  if (source.size() < written.size()) {
    return absl::DataLossError(
        absl::StrCat(source.name(), ": too short for a partial"));
  }
  const uint64_t end = source.size() - written.size();
  SHA256_CTX sha256;
  SHA256_Init(&sha256);
  std::vector<uint8_t> buffer;
  for (uint64_t at = 0; at < end; at += buffer.size()) {
    buffer.resize(
        static_cast<size_t>(std::min<uint64_t>(kBufferBytes, end - at)));
    TEKMATCH_RETURN_IF_ERROR(source.ReadAt(at, absl::MakeSpan(buffer)));
    SHA256_Update(&sha256, buffer.data(), buffer.size());
  }
  Sha256Digest digest;
  SHA256_Final(digest.data(), &sha256);
  TEKMATCH_RETURN_IF_ERROR(source.ReadAt(end, absl::MakeSpan(written)));
  if (digest == written) return digest;
  return absl::DataLossError(
      absl::StrCat(source.name(), ": is damaged: its checksum is another one"));
}

}  // namespace tekmatch
