#include "keyformat/boringssl_errors.h"

#include <openssl/err.h>

#include <cstdint>

#include "absl/status/status.h"

namespace tekmatch {

bool LackedMemory() {
  bool lacked = false;
  uint32_t error = ERR_get_error();
  if (error == 0) {
    // No reason at all: can one be noted?
    ERR_put_error(ERR_LIB_USER, 0, ERR_R_INTERNAL_ERROR, __FILE__, __LINE__);
    error = ERR_get_error();
    lacked = error == 0;
  }
  for (; error != 0; error = ERR_get_error()) {
    lacked = lacked || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
  }
  ERR_clear_error();
  return lacked;
}

absl::Status NoMemoryToReadAKey() {
  return absl::ResourceExhaustedError("not enough memory to read a key");
}

}  // namespace tekmatch
