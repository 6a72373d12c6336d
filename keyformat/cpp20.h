// Says what is missing where an app is compiled as an older C++, before the
// compiler says it of each line that needs C++20. What needs it includes this,
// directly or not; tools/dev/check_examples.sh tries.
#ifndef TEKMATCH_KEYFORMAT_CPP20_H_
#define TEKMATCH_KEYFORMAT_CPP20_H_

#if __cplusplus < 202002L
#error "tekmatch needs C++20: build --cxxopt=-std=c++20"
#endif

#endif  // TEKMATCH_KEYFORMAT_CPP20_H_
