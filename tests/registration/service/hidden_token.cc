// Compares a token that is hidden (tests/matcher/kernels/secret.h) with another
// one, as every form and cookie is (IsEqualInConstantTime): equal, and
// different at each place. tools/dev/check_memory runs it under Valgrind, which
// reports a branch or an address that depends on the token.
//
// Usage: hidden_token compare | control
// `control` compares by ==, which ends at the first difference: it has to be
// reported.
#include <cstdio>
#include <cstring>
#include <string>

#include "registration/service/digests.h"
#include "tests/matcher/kernels/secret.h"

namespace {

constexpr size_t kDigits = 32;

bool Compare(const std::string& given, bool in_constant_time) {
  std::string token = "0123456789abcdef0123456789abcdef";
  tekmatch::Hide(token.data(), kDigits);
  bool equal = in_constant_time ? tekmatch::IsEqualInConstantTime(token, given)
                                : token == given;
  // Whether they are equal is the answer, and no secret.
  tekmatch::Reveal(&equal, sizeof(equal));
  return equal;
}

}  // namespace

int main(int argc, char** argv) {
  if (!tekmatch::IsWatched() || argc != 2) {
    std::fprintf(stderr, "hidden_token: no tool is watching\n");
    return 2;
  }
  const bool in_constant_time = std::strcmp(argv[1], "compare") == 0;
  const std::string same = "0123456789abcdef0123456789abcdef";
  bool right = Compare(same, in_constant_time);
  for (size_t i = 0; i < kDigits; ++i) {
    std::string other = same;
    other[i] = '-';
    right = right && !Compare(other, in_constant_time);
  }
  return right ? 0 : 2;
}
