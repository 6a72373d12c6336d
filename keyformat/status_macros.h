// Two statements that leave a function with the error of what it called. For
// sources only: no header includes this one, so that no app sees its macros.
//
//   absl::StatusOr<Foo> ReadFoo(const ByteSource& source) {
//     TEKMATCH_RETURN_IF_ERROR(CheckSize(source));
//     TEKMATCH_ASSIGN_OR_RETURN(const std::string bytes, ReadBytes(source));
//     return ParseFoo(bytes);
//   }
//
// Both evaluate the expression once, may be used in any function that returns
// absl::Status or absl::StatusOr<T>, and hand the error on as it is; one that
// is annotated or handled is written out. A lambda has to name its return type.
#ifndef TEKMATCH_KEYFORMAT_STATUS_MACROS_H_
#define TEKMATCH_KEYFORMAT_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"

// Returns the absl::Status that the expression yields, unless it is OK. A
// single statement, also below an `if` without braces that has an `else`. The
// expression may have commas.
#define TEKMATCH_RETURN_IF_ERROR(...)                                        \
  do {                                                                       \
    if (absl::Status tekmatch_error = (__VA_ARGS__); !tekmatch_error.ok()) { \
      return tekmatch_error;                                                 \
    }                                                                        \
  } while (false)

// Returns the status of the absl::StatusOr<T> that the expression yields,
// unless it is OK; else moves the value to `lhs` (copies it, where the
// expression names a variable): a declaration (`const Foo foo`, `auto foo`) or
// whatever can be assigned to (`foo`, `*foo`, `foo.bar`), which an error leaves
// as it was.
//
// The expression may have commas; `lhs` may have them only in parentheses, so
// that a type with two arguments needs an alias or `auto`. Several statements:
// below an `if` or `for` without braces it does not compile, nor does a second
// one on the same line.
#define TEKMATCH_ASSIGN_OR_RETURN(lhs, ...)                          \
  TEKMATCH_ASSIGN_OR_RETURN_AS_(                                     \
      TEKMATCH_STATUS_MACROS_JOIN_(tekmatch_result_, __LINE__), lhs, \
      __VA_ARGS__)

// The two below are parts of the one above.
#define TEKMATCH_ASSIGN_OR_RETURN_AS_(result, lhs, ...) \
  auto result = (__VA_ARGS__);                          \
  if (!result.ok()) return std::move(result).status();  \
  lhs = *std::move(result)

#define TEKMATCH_STATUS_MACROS_JOIN_(a, b) TEKMATCH_STATUS_MACROS_JOIN_2_(a, b)
#define TEKMATCH_STATUS_MACROS_JOIN_2_(a, b) a##b

#endif  // TEKMATCH_KEYFORMAT_STATUS_MACROS_H_
