// The border between C and the library: what every entry point of tekmatch.h
// does beside its work.
//
// tekmatch_status tekmatch_f(..., char* message, size_t message_bytes) {
//   return Call(message, message_bytes, [&]() -> absl::Status { ... });
// }
//
// No exception crosses it: std::bad_alloc becomes RESOURCE_EXHAUSTED, others
// INTERNAL.
#ifndef TEKMATCH_MATCHER_API_CALL_H_
#define TEKMATCH_MATCHER_API_CALL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "matcher/api/tekmatch.h"
#include "matcher/api/traces.h"

namespace tekmatch {

// Runs `work`; writes its message, cut to whole characters, to `message`; wipes
// the traces of it.
tekmatch_status Call(char* message, size_t message_bytes,
                     absl::FunctionRef<absl::Status()> work);

// What a handle is destroyed by.
template <typename T>
void Destroy(T* handle) {
  delete handle;
  WipeTraces();
}

// INVALID_ARGUMENT, with the name, for null.
absl::Status NotNull(const void* pointer, absl::string_view name);

// A rows' array: null only if there are none.
absl::Status IsArray(const void* rows, size_t num_rows, absl::string_view name);

// Whether the struct that the caller gave, of so many bytes, can be read or
// written as one of `known_bytes`: it has at least `least_bytes`, those of the
// first version, and nothing but zero beyond what is known.
absl::Status CheckSize(const void* given, uint32_t given_bytes,
                       size_t least_bytes, size_t known_bytes,
                       absl::string_view name);

// The size that the caller's struct has, by its own word, after CheckSize.
template <typename T>
absl::StatusOr<uint32_t> GivenBytes(const T* given, absl::string_view name,
                                    size_t least_bytes) {
  absl::Status status = NotNull(given, name);
  if (!status.ok()) return status;
  uint32_t given_bytes = 0;
  std::memcpy(&given_bytes, given, sizeof(given_bytes));
  status = CheckSize(given, given_bytes, least_bytes, sizeof(T), name);
  if (!status.ok()) return status;
  return given_bytes;
}

// The struct that the caller gave; members that the caller's header did not
// have are zero.
template <typename T>
absl::StatusOr<T> ReadStruct(const T* given, absl::string_view name,
                             size_t least_bytes = sizeof(T)) {
  const auto given_bytes = GivenBytes(given, name, least_bytes);
  if (!given_bytes.ok()) return given_bytes.status();
  T read{};
  std::memcpy(&read, given, std::min<size_t>(*given_bytes, sizeof(T)));
  return read;
}

// Writes as much of `made` as the caller's struct has room for, but for its
// size.
template <typename T>
absl::Status WriteStruct(T made, T* given, absl::string_view name,
                         size_t least_bytes = sizeof(T)) {
  const auto given_bytes = GivenBytes(given, name, least_bytes);
  if (!given_bytes.ok()) return given_bytes.status();
  made.struct_size = *given_bytes;
  std::memcpy(given, &made, std::min<size_t>(*given_bytes, sizeof(T)));
  return absl::OkStatus();
}

// Rows by tekmatch.h's convention. OUT_OF_RANGE: there is too little room.
template <typename T>
absl::Status WriteRows(const std::vector<T>& made, T* rows, size_t* num_rows) {
  absl::Status status = NotNull(num_rows, "num_rows");
  if (!status.ok()) return status;
  const size_t room = *num_rows;
  *num_rows = made.size();
  if (rows == nullptr) return absl::OkStatus();
  if (room < made.size()) {
    return absl::OutOfRangeError(
        absl::StrCat("there are ", made.size(), " rows, and room for ", room));
  }
  std::copy(made.begin(), made.end(), rows);
  return absl::OkStatus();
}

// INVALID_ARGUMENT, with the name of the argument: null, or no time zone.
absl::StatusOr<absl::TimeZone> ReadZone(const char* zone,
                                        absl::string_view name);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_API_CALL_H_
