// Where the bytes of a published file come from: a file or memory, read at any
// offset, and a forward-only stream over bytes, which decoders consume.
//
// Files are read with pread, not mapped: a file that shrinks meanwhile is then
// an error and not a SIGBUS.
#ifndef TEKMATCH_KEYFORMAT_BYTE_SOURCE_H_
#define TEKMATCH_KEYFORMAT_BYTE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tekmatch {

// Immutable for its life; ReadAt may be called from several threads.
class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  // What messages call it: the path, for a file.
  virtual const std::string& name() const = 0;
  virtual uint64_t size() const = 0;

  // Fills `out` from `offset`. DATA_LOSS when the range does not lie within
  // the source. Where the system cannot read, that is no fault of the file's:
  // UNKNOWN (EIO) and so on, as the system says.
  virtual absl::Status ReadAt(uint64_t offset,
                              absl::Span<uint8_t> out) const = 0;
};

// A regular file. NOT_FOUND, PERMISSION_DENIED and so on as the system says;
// FAILED_PRECONDITION when `path` is no regular file.
absl::StatusOr<std::unique_ptr<ByteSource>> OpenFileSource(
    const std::string& path);

// Takes the bytes.
std::unique_ptr<ByteSource> MemorySource(std::string name, std::string bytes);

// A forward-only stream.
class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  // Reads up to out.size() bytes (at least one asked for) and returns how
  // many; 0 at the end of a stream that is whole. DATA_LOSS for one that is
  // not, or the source's error; the stream is then useless.
  virtual absl::StatusOr<size_t> Read(absl::Span<uint8_t> out) = 0;
};

// All of `source`, which must outlive the stream.
std::unique_ptr<ByteStream> StreamWholeSource(const ByteSource& source);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_BYTE_SOURCE_H_
