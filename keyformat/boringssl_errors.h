// Why a call of BoringSSL failed, as far as its queue of errors says so.
#ifndef TEKMATCH_KEYFORMAT_BORINGSSL_ERRORS_H_
#define TEKMATCH_KEYFORMAT_BORINGSSL_ERRORS_H_

#include "absl/status/status.h"

namespace tekmatch {

// After a call that failed, with the queue empty before it (ERR_clear_error):
// whether it lacked memory. Where there was none, the queue says so, or has no
// memory itself. Empties the queue: nobody else asks it, and what is left in it
// would go with the thread.
bool LackedMemory();

// What to say of a key then: RESOURCE_EXHAUSTED.
absl::Status NoMemoryToReadAKey();

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_BORINGSSL_ERRORS_H_
