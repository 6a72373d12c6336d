// Plan: what sources that are no paths have in common; one each for
// descriptors, memory and callbacks, which refer to what the caller has and
// copy nothing; the list of them, with names that tell them apart.
//
// Paths are not opened here: the reader does that, with the verdict of a file
// that cannot be read.
#include "matcher/api/sources.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "matcher/api/call.h"

namespace tekmatch {
namespace {

// Bounds are checked here, once, since lengths within a file are the file's
// word.
class NamedSource : public ByteSource {
 public:
  NamedSource(std::string name, uint64_t size)
      : name_(std::move(name)), size_(size) {}

  const std::string& name() const override { return name_; }
  uint64_t size() const override { return size_; }

  absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> out) const override {
    if (offset > size_ || out.size() > size_ - offset) return Truncated();
    if (out.empty()) return absl::OkStatus();
    return Read(offset, out);
  }

 protected:
  // A range within the source, which is not empty.
  virtual absl::Status Read(uint64_t offset, absl::Span<uint8_t> out) const = 0;
  absl::Status Error(absl::string_view reason) const {
    return absl::DataLossError(absl::StrCat(name_, ": ", reason));
  }
  absl::Status Truncated() const { return Error("the file is truncated"); }

 private:
  const std::string name_;
  const uint64_t size_;
};

// By pread, so that the caller's place in the file stays, and threads can share
// it.
class DescriptorSource : public NamedSource {
 public:
  DescriptorSource(std::string name, int descriptor, uint64_t size)
      : NamedSource(std::move(name), size), descriptor_(descriptor) {}

 private:
  absl::Status Read(uint64_t offset, absl::Span<uint8_t> out) const override {
    while (!out.empty()) {
      const ssize_t n = pread(descriptor_, out.data(), out.size(),
                              static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        return SystemError(errno, absl::StrCat(name(), ": reading"));
      }
      // It became shorter since its size was asked.
      if (n == 0) return Truncated();
      offset += static_cast<uint64_t>(n);
      out.remove_prefix(static_cast<size_t>(n));
    }
    return absl::OkStatus();
  }

  const int descriptor_;
};

class BorrowedSource : public NamedSource {
 public:
  BorrowedSource(std::string name, const void* bytes, uint64_t size)
      : NamedSource(std::move(name), size),
        bytes_(static_cast<const uint8_t*>(bytes)) {}

 private:
  absl::Status Read(uint64_t offset, absl::Span<uint8_t> out) const override {
    std::memcpy(out.data(), bytes_ + offset, out.size());
    return absl::OkStatus();
  }

  const uint8_t* const bytes_;
};

// One thread at a time asks, whichever sources they have: the functions may
// share what they work with.
class CallbackSource : public NamedSource {
 public:
  CallbackSource(const tekmatch_source& source, std::shared_ptr<std::mutex> one)
      : NamedSource(source.name, source.num_bytes),
        read_(source.read),
        context_(source.context),
        one_(std::move(one)) {}

 private:
  absl::Status Read(uint64_t offset, absl::Span<uint8_t> out) const override {
    const std::lock_guard<std::mutex> lock(*one_);
    return read_(context_, offset, out.data(), out.size()) == out.size()
               ? absl::OkStatus()
               : Error("its function could not read");
  }

  const tekmatch_read_function read_;
  void* const context_;
  const std::shared_ptr<std::mutex> one_;
};

absl::StatusOr<std::shared_ptr<const ByteSource>> OpenDescriptor(
    const tekmatch_source& source) {
  struct stat info {};
  if (fstat(source.descriptor, &info) != 0) {
    return SystemError(errno, source.name);
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(source.name, ": its descriptor is of no regular file"));
  }
  return std::make_shared<DescriptorSource>(
      source.name, source.descriptor, static_cast<uint64_t>(info.st_size));
}

// Of one that is no path.
absl::StatusOr<std::shared_ptr<const ByteSource>> OpenSource(
    const tekmatch_source& source, const std::shared_ptr<std::mutex>& one) {
  switch (source.kind) {
    case TEKMATCH_SOURCE_DESCRIPTOR:
      return OpenDescriptor(source);
    case TEKMATCH_SOURCE_MEMORY:
      TEKMATCH_RETURN_IF_ERROR(IsArray(
          source.bytes, static_cast<size_t>(source.num_bytes), "bytes"));
      return std::make_shared<BorrowedSource>(source.name, source.bytes,
                                              source.num_bytes);
    case TEKMATCH_SOURCE_CALLBACK:
      if (source.read == nullptr) {
        return absl::InvalidArgumentError("read is NULL");
      }
      return std::make_shared<CallbackSource>(source, one);
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("the kind of source ", source.kind, " is none"));
  }
}

// What the reader looks for beside N.bin: no export of its own.
bool IsSignatureList(absl::string_view name) {
  return name.size() > 4 && name.substr(name.size() - 4) == ".sig";
}

}  // namespace

absl::StatusOr<NamedSources> ReadSources(const tekmatch_source* sources,
                                         size_t num_sources) {
  TEKMATCH_RETURN_IF_ERROR(IsArray(sources, num_sources, "sources"));
  NamedSources read;
  // Of all callbacks: see CallbackSource.
  const auto one = std::make_shared<std::mutex>();
  for (size_t i = 0; i < num_sources; ++i) {
    const tekmatch_source& source = sources[i];
    TEKMATCH_RETURN_IF_ERROR(NotNull(source.name, "the name of a source"));
    if (source.kind == TEKMATCH_SOURCE_PATH) {
      read.names.emplace_back(source.name);
      continue;
    }
    TEKMATCH_ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> opened,
                              OpenSource(source, one));
    // Results name files; two of one name could not be told apart there.
    if (!read.sources.emplace(source.name, std::move(opened)).second) {
      return absl::InvalidArgumentError("two sources have one name");
    }
    if (!IsSignatureList(source.name)) read.names.emplace_back(source.name);
  }
  return read;
}

}  // namespace tekmatch
