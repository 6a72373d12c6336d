// What a call leaves behind beside its own memory: its stack and the vector
// registers, where keys and identifiers were worked on.
#ifndef TEKMATCH_MATCHER_API_TRACES_H_
#define TEKMATCH_MATCHER_API_TRACES_H_

namespace tekmatch {

// Overwrites 96 KiB of the stack below the caller's part of it, and the vector
// registers that a function need not preserve. A register is no memory, but the
// next lookup of a function by the loader, or a signal, writes all of them to
// the stack. On other processors than x86-64 and 64-bit Arm only the stack. A
// caller has that much stack left, beside what a call needs.
void WipeTraces();

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_API_TRACES_H_
