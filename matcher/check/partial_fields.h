// The fields of a partial (partial.h) as bytes: numbers little-endian, texts
// and lists after their length. One writer and one reader have the same
// functions, so that what a field is stands in one place for both.
#ifndef TEKMATCH_MATCHER_CHECK_PARTIAL_FIELDS_H_
#define TEKMATCH_MATCHER_CHECK_PARTIAL_FIELDS_H_

#include <openssl/sha.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"
#include "keyformat/signature.h"

namespace tekmatch {

// What texts and lists that come from an export's description may have. An
// export's own limits are lower (keyformat).
inline constexpr size_t kMaxPartialText = size_t{1} << 16;
inline constexpr size_t kMaxPartialList = size_t{1} << 10;

// Takes the bytes that a writer made, in their order.
using ByteSink = std::function<absl::Status(absl::string_view)>;

class FieldWriter {
 public:
  // The first error of the sink stays in status(), and nothing more is written.
  explicit FieldWriter(ByteSink sink) : sink_(std::move(sink)) {
    SHA256_Init(&sha256_);
  }

  template <typename T>
  void Number(const T& value, const char* /*field*/) {
    using Unsigned = std::make_unsigned_t<T>;
    std::array<char, sizeof(T)> bytes;
    auto rest = static_cast<uint64_t>(static_cast<Unsigned>(value));
    for (char& byte : bytes) {
      byte = static_cast<char>(rest & 0xff);
      rest >>= 8;
    }
    Append({bytes.data(), bytes.size()});
  }
  void Bool(const bool& value, const char* field) {
    Number(static_cast<uint8_t>(value ? 1 : 0), field);
  }
  template <typename E>
  void Enum(const E& value, int /*num*/, const char* field) {
    Number(static_cast<uint8_t>(value), field);
  }
  template <size_t N>
  void Bytes(const std::array<uint8_t, N>& bytes, const char* /*field*/) {
    Append({reinterpret_cast<const char*>(bytes.data()), N});
  }
  void Text(const std::string& text, const char* field) {
    Number(static_cast<uint32_t>(text.size()), field);
    Append(text);
  }
  template <typename T>
  void List(const std::vector<T>& list, const char* field) {
    Number(static_cast<uint32_t>(list.size()), field);
  }
  // How many entries of at least that many bytes follow.
  void Count(const uint64_t& count, size_t /*bytes*/, const char* field) {
    Number(count, field);
  }

  // Ends with the SHA-256 of all that was written. Once, at the end.
  absl::Status Finish();
  const absl::Status& status() const { return status_; }

 private:
  void Append(absl::string_view bytes);
  void Flush();

  ByteSink sink_;
  SHA256_CTX sha256_;
  std::string buffer_;
  absl::Status status_;
};

// After an error, which stays in status(), fields that are read afterwards are
// 0, and lists empty.
class FieldReader {
 public:
  // `source` outlives the reader. Reads [0, end) of it.
  FieldReader(const ByteSource& source, uint64_t end)
      : source_(source), end_(end) {
    SHA256_Init(&sha256_);
  }

  template <typename T>
  void Number(T& value, const char* field) {
    std::array<uint8_t, sizeof(T)> bytes{};
    Read(bytes.data(), bytes.size(), field);
    uint64_t whole = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
      whole |= uint64_t{bytes[i]} << (8 * i);
    }
    value = static_cast<T>(whole);
  }
  void Bool(bool& value, const char* field) {
    uint8_t number = 0;
    Number(number, field);
    if (number > 1) Fail(field);
    value = number == 1;
  }
  // One of 0..num - 1.
  template <typename E>
  void Enum(E& value, int num, const char* field) {
    uint8_t number = 0;
    Number(number, field);
    if (number >= num) {
      Fail(field);
      number = 0;
    }
    value = static_cast<E>(number);
  }
  template <size_t N>
  void Bytes(std::array<uint8_t, N>& bytes, const char* field) {
    Read(bytes.data(), N, field);
  }
  void Text(std::string& text, const char* field);
  // At most kMaxPartialList elements.
  template <typename T>
  void List(std::vector<T>& list, const char* field) {
    uint32_t size = 0;
    Number(size, field);
    if (size > kMaxPartialList) {
      Fail(field);
      size = 0;
    }
    list.resize(size);
  }
  void Count(uint64_t& count, size_t bytes, const char* field);
  // As Number for each of them, and faster.
  void Numbers(absl::Span<uint32_t> numbers, const char* field);

  // Says that the field that was read last cannot be what it is.
  void Fail(const char* field);
  bool ok() const { return status_.ok(); }
  // DATA_LOSS, with the source's name, the field and its place.
  const absl::Status& status() const { return status_; }
  uint64_t position() const { return position_; }

  // Once, when position() is the end, and nothing was wrong. DATA_LOSS: what
  // was read has another SHA-256, so the source has changed meanwhile.
  absl::Status CheckDigest(const Sha256Digest& expected);

 private:
  void Read(uint8_t* out, size_t size, const char* field);

  const ByteSource& source_;
  uint64_t end_;
  uint64_t position_ = 0;
  std::vector<uint8_t> buffer_;
  uint64_t buffer_begin_ = 0;
  SHA256_CTX sha256_;  // of all that came into the buffer
  absl::Status status_;
};

// The SHA-256 with which the source ends. DATA_LOSS unless that is the one of
// what is before it.
absl::StatusOr<Sha256Digest> CheckSeal(const ByteSource& source);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_PARTIAL_FIELDS_H_
