#include "matcher/api/call.h"

#include <new>
#include <stdexcept>

namespace tekmatch {
namespace {

// Where UTF-8 is cut so that no character is.
size_t WholeCharacters(absl::string_view text, size_t max_bytes) {
  size_t n = std::min(text.size(), max_bytes);
  if (n == text.size()) return n;
  while (n > 0 && (static_cast<uint8_t>(text[n]) & 0xC0) == 0x80) --n;
  return n;
}

void WriteMessage(absl::string_view text, char* message, size_t message_bytes) {
  if (message == nullptr || message_bytes == 0) return;
  const size_t n = WholeCharacters(text, message_bytes - 1);
  if (n > 0) std::memcpy(message, text.data(), n);
  message[n] = '\0';
}

tekmatch_status Fail(const absl::Status& status, char* message,
                     size_t message_bytes) {
  WriteMessage(
      absl::string_view(status.message().data(), status.message().size()),
      message, message_bytes);
  return static_cast<tekmatch_status>(status.code());
}

}  // namespace

tekmatch_status Call(char* message, size_t message_bytes,
                     absl::FunctionRef<absl::Status()> work) {
  tekmatch_status result = TEKMATCH_OK;
  WriteMessage("", message, message_bytes);
  try {
    const absl::Status status = work();
    if (!status.ok()) result = Fail(status, message, message_bytes);
  } catch (const std::bad_alloc&) {
    WriteMessage("no memory", message, message_bytes);
    result = TEKMATCH_RESOURCE_EXHAUSTED;
  } catch (const std::length_error&) {
    // Of a vector that is asked to be larger than anything can be.
    WriteMessage("no memory", message, message_bytes);
    result = TEKMATCH_RESOURCE_EXHAUSTED;
  } catch (...) {
    WriteMessage("an exception that nobody expected", message, message_bytes);
    result = TEKMATCH_INTERNAL;
  }
  WipeTraces();
  return result;
}

absl::Status NotNull(const void* pointer, absl::string_view name) {
  return pointer != nullptr
             ? absl::OkStatus()
             : absl::InvalidArgumentError(absl::StrCat(name, " is NULL"));
}

absl::Status IsArray(const void* rows, size_t num_rows,
                     absl::string_view name) {
  return num_rows == 0 ? absl::OkStatus() : NotNull(rows, name);
}

absl::Status CheckSize(const void* given, uint32_t given_bytes,
                       size_t least_bytes, size_t known_bytes,
                       absl::string_view name) {
  // A struct whose size is none of tekmatch.h's is not read on: what is written
  // in it may be anything.
  constexpr uint32_t kMostBytes = 4096;
  if (given_bytes < least_bytes || given_bytes > kMostBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": struct_size is ", given_bytes, ", not ", known_bytes));
  }
  const auto* bytes = static_cast<const uint8_t*>(given);
  for (size_t i = known_bytes; i < given_bytes; ++i) {
    if (bytes[i] != 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ": a member is set that this version does not know"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::TimeZone> ReadZone(const char* zone,
                                        absl::string_view name) {
  const absl::Status status = NotNull(zone, name);
  if (!status.ok()) return status;
  absl::TimeZone read;
  if (!absl::LoadTimeZone(zone, &read)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is no time zone that this system knows"));
  }
  return read;
}

}  // namespace tekmatch
