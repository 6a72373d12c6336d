// Versions and names for C.
#include "matcher/api/tekmatch.h"

#include <cstddef>
#include <cstdint>

#include "matcher/kernels/dispatch.h"

const char* tekmatch_status_name(int32_t status) {
  switch (status) {
    case TEKMATCH_OK:
      return "OK";
    case TEKMATCH_CANCELLED:
      return "CANCELLED";
    case TEKMATCH_UNKNOWN:
      return "UNKNOWN";
    case TEKMATCH_INVALID_ARGUMENT:
      return "INVALID_ARGUMENT";
    case TEKMATCH_DEADLINE_EXCEEDED:
      return "DEADLINE_EXCEEDED";
    case TEKMATCH_NOT_FOUND:
      return "NOT_FOUND";
    case TEKMATCH_ALREADY_EXISTS:
      return "ALREADY_EXISTS";
    case TEKMATCH_PERMISSION_DENIED:
      return "PERMISSION_DENIED";
    case TEKMATCH_RESOURCE_EXHAUSTED:
      return "RESOURCE_EXHAUSTED";
    case TEKMATCH_FAILED_PRECONDITION:
      return "FAILED_PRECONDITION";
    case TEKMATCH_ABORTED:
      return "ABORTED";
    case TEKMATCH_OUT_OF_RANGE:
      return "OUT_OF_RANGE";
    case TEKMATCH_UNIMPLEMENTED:
      return "UNIMPLEMENTED";
    case TEKMATCH_INTERNAL:
      return "INTERNAL";
    case TEKMATCH_UNAVAILABLE:
      return "UNAVAILABLE";
    case TEKMATCH_DATA_LOSS:
      return "DATA_LOSS";
  }
  return "UNKNOWN";
}

uint32_t tekmatch_version_number() { return TEKMATCH_VERSION_NUMBER; }

int tekmatch_is_compatible(uint32_t header_version_number) {
  // A later minor version has functions that this library lacks.
  return header_version_number / 10000 == TEKMATCH_VERSION_MAJOR &&
                 header_version_number / 100 % 100 <= TEKMATCH_VERSION_MINOR
             ? 1
             : 0;
}

const char* tekmatch_kernel_name(size_t position) {
  for (const tekmatch::KernelChoice& choice : tekmatch::AllKernels()) {
    if (!choice.available) continue;
    if (position == 0) return choice.kernels->name;
    --position;
  }
  return nullptr;
}
