// A call from which no exception comes out: the library throws none, and what
// the standard library throws without memory, or a caller's function throws,
// becomes a status.
#ifndef TEKMATCH_MATCHER_CHECK_NO_EXCEPTIONS_H_
#define TEKMATCH_MATCHER_CHECK_NO_EXCEPTIONS_H_

#include <new>
#include <stdexcept>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tekmatch {

// What `work` returns. RESOURCE_EXHAUSTED: it had no memory. INTERNAL: it threw
// anything else.
template <typename T>
absl::StatusOr<T> WithoutExceptions(
    absl::FunctionRef<absl::StatusOr<T>()> work) {
  // Made while there is memory.
  const absl::Status no_memory =
      absl::ResourceExhaustedError("not enough memory to match the files");
  const absl::Status exception =
      absl::InternalError("an exception while the files were matched");
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return no_memory;
  } catch (const std::length_error&) {
    return no_memory;
  } catch (...) {
    return exception;
  }
}

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_NO_EXCEPTIONS_H_
