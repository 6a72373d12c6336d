// What weak_symbols_test has to report: a unit compiled for one instruction set
// must not look like this.
#include "matcher/kernels/kernels.h"

namespace tekmatch {

extern const Kernels kFixtureKernels;
int GlobalFunction(int x);

inline int inline_variable = 1;
inline __attribute__((noinline)) int InlineFunction(int x) {
  return x + inline_variable;
}
template <typename T>
__attribute__((noinline)) T FunctionTemplate(T x) {
  return x + 1;
}

int GlobalFunction(int x) { return InlineFunction(x) + FunctionTemplate(x); }

const Kernels kFixtureKernels = {"fixture", nullptr, nullptr, nullptr};

}  // namespace tekmatch
