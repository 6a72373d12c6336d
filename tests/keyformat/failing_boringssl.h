// Lets BoringSSL's allocations fail, in a test that links this.
#ifndef TEKMATCH_TESTS_KEYFORMAT_FAILING_BORINGSSL_H_
#define TEKMATCH_TESTS_KEYFORMAT_FAILING_BORINGSSL_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace tekmatch {

inline constexpr char kNoMemoryForKey[] = "not enough memory to read a key";

// What `call` returns in a process of its own, which ends then.
std::string InChild(const std::function<std::string()>& call);

// Calls `call` again and again, the n-th time with its n-th allocation failing
// (and, `for_ever`, all after it), until it needs no more. It has to be OK
// then. Before, it is OK, as BoringSSL can do without some, or
// RESOURCE_EXHAUSTED with one of these messages, or throws std::bad_alloc.
// Returns how many allocations it has.
//
// Each call is in a child of its own. So it is a process's first, with what
// BoringSSL makes once, as long as nothing was asked of BoringSSL before; a
// test does that by InChild, too.
int FailEachAllocation(const std::function<absl::Status()>& call, bool for_ever,
                       const std::vector<std::string>& messages = {
                           kNoMemoryForKey});

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_KEYFORMAT_FAILING_BORINGSSL_H_
