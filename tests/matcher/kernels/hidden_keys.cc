// Plan: the functions of one kernel, over keys that are hidden, and over arrays
// whose bytes are all set; two that do what a kernel must not, to see that the
// tool reports it.
//
// Usage: hidden_keys CASE, under Valgrind or built by MemorySanitizer
// (tools/dev/check_memory runs each case). The tool decides the exit status.
//   KERNEL derive    RPIKs of hidden TEKs; under MemorySanitizer they have to
//                    be those of x86_aesni
//   KERNEL generate  RPIs of a hidden RPIK
//   KERNEL memory    all three functions, every size: what they write is set
//   control branch   a branch on a hidden byte
//   control address  a look-up at a hidden index
//   control unset    an output with a byte that was never written
// It has no part of the C++ library: under MemorySanitizer all code that sets
// memory has to be built by it.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <initializer_list>

#include "matcher/kernels/kernels.h"
#include "matcher/kernels/x86_aesni.h"
#include "matcher/kernels/x86_vaes256.h"
#include "matcher/kernels/x86_vaes512.h"
#include "tests/matcher/kernels/secret.h"
#ifndef TEKMATCH_HAS_MSAN
#include "matcher/kernels/portable.h"
#endif

namespace tekmatch {
namespace {

constexpr size_t kKeyBytes = 16;
constexpr size_t kMostKeys = 69;
constexpr size_t kMostRpis = 144;

const Kernels* FindTable(const char* name) {
  const Kernels* const tables[] = {
#ifndef TEKMATCH_HAS_MSAN
      &kPortableKernels,
#endif
      &kX86AesniKernels, &kX86Vaes256Kernels, &kX86Vaes512Kernels};
  for (const Kernels* table : tables) {
    if (strcmp(table->name, name) == 0) return table;
  }
  return nullptr;
}

void FillKeys(uint8_t* keys, size_t num_bytes) {
  for (size_t i = 0; i < num_bytes; ++i) {
    keys[i] = static_cast<uint8_t>(i * 167 + 13);
  }
}

bool Derive(const Kernels& kernels) {
  uint8_t teks[kMostKeys * kKeyBytes];
  uint8_t rpiks[sizeof(teks)];
  for (const size_t num_keys : {size_t{1}, size_t{2}, size_t{17}, kMostKeys}) {
    FillKeys(teks, sizeof(teks));
    Hide(teks, sizeof(teks));
    if (!kernels.derive_rpiks(teks, num_keys, rpiks) ||
        !IsHidden(rpiks, num_keys * kKeyBytes)) {
      return false;
    }
    Reveal(rpiks, sizeof(rpiks));
#ifdef TEKMATCH_HAS_MSAN
    // Of x86_vaes512 it follows other instructions than what is shipped has:
    // they have to be the same function.
    uint8_t others[sizeof(teks)];
    Reveal(teks, sizeof(teks));
    if (!kX86AesniKernels.derive_rpiks(teks, num_keys, others) ||
        memcmp(rpiks, others, num_keys * kKeyBytes) != 0) {
      return false;
    }
#endif
  }
  return true;
}

bool Generate(const Kernels& kernels) {
  uint8_t rpik[kKeyBytes];
  uint8_t rpis[kMostRpis * kKeyBytes];
  for (size_t num_rpis = 1; num_rpis <= kMostRpis; ++num_rpis) {
    FillKeys(rpik, sizeof(rpik));
    Hide(rpik, sizeof(rpik));
    if (!kernels.generate_rpis(rpik, 2642976, num_rpis, rpis) ||
        !IsHidden(rpis, num_rpis * kKeyBytes)) {
      return false;
    }
    Reveal(rpis, sizeof(rpis));
  }
  return true;
}

// A new array, none of whose bytes is set.
template <typename T>
T* NewArray(size_t n) {
  return static_cast<T*>(malloc(n * sizeof(T) + 1));
}

bool RunAll(const Kernels& kernels, size_t num_keys, size_t num_intervals) {
  auto* const teks = NewArray<uint8_t>(num_keys * kKeyBytes);
  auto* const rpiks = NewArray<uint8_t>(num_keys * kKeyBytes);
  auto* const rpis = NewArray<uint8_t>(num_intervals * kKeyBytes);
  auto* const found = NewArray<RpiCandidate>(num_keys * num_intervals);
  size_t num_found = 0;
  const uint32_t words[2] = {0xf0e0f0f0, 0x70f0f0f0};
  const RpiFilter filter = {words, 31};
  FillKeys(teks, num_keys * kKeyBytes);
  const bool ok =
      kernels.derive_rpiks(teks, num_keys, rpiks) &&
      (num_keys == 0 ||
       kernels.generate_rpis(rpiks, 2642976, num_intervals, rpis)) &&
      kernels.find_candidates(rpiks, num_keys, 2642976, num_intervals, &filter,
                              found, &num_found);
  ExpectSet(rpiks, num_keys * kKeyBytes);
  if (num_keys != 0) ExpectSet(rpis, num_intervals * kKeyBytes);
  ExpectSet(&num_found, sizeof(num_found));
  ExpectSet(found, num_found * sizeof(RpiCandidate));
  free(found);
  free(rpis);
  free(rpiks);
  free(teks);
  return ok;
}

bool Memory(const Kernels& kernels) {
  for (size_t num_keys = 0; num_keys <= kMostKeys; ++num_keys) {
    for (const size_t num_intervals : {0, 1, 4, 5, 11, 13, 24, 144}) {
      if (!RunAll(kernels, num_keys, num_intervals)) return false;
    }
  }
  return true;
}

// What the tools have to report. By volatile, so that no compiler decides it.
bool Control(const char* what) {
  uint8_t key[kKeyBytes];
  FillKeys(key, sizeof(key));
  if (strcmp(what, "branch") == 0) {
    Hide(key, sizeof(key));
    if (*static_cast<volatile uint8_t*>(&key[3]) == 7) puts("seven");
    return true;
  }
  if (strcmp(what, "address") == 0) {
    static volatile uint8_t table[256];
    Hide(key, sizeof(key));
    uint8_t looked_up = table[key[3]];
    Reveal(&looked_up, 1);
    return looked_up == 0;
  }
  if (strcmp(what, "unset") == 0) {
    auto* const bytes = NewArray<uint8_t>(16);
    memset(bytes, 0, 15);
    ExpectSet(bytes, 16);
    free(bytes);
    return true;
  }
  return false;
}

bool Run(const char* name, const char* what) {
  if (strcmp(name, "control") == 0) return Control(what);
  const Kernels* const kernels = FindTable(name);
  if (kernels == nullptr) return false;
  if (strcmp(what, "derive") == 0) return Derive(*kernels);
  if (strcmp(what, "generate") == 0) return Generate(*kernels);
  return strcmp(what, "memory") == 0 && Memory(*kernels);
}

}  // namespace
}  // namespace tekmatch

int main(int argc, char** argv) {
  if (!tekmatch::IsWatched()) {
    fprintf(stderr, "hidden_keys: no tool is watching\n");
    return 2;
  }
  if (argc != 3 || !tekmatch::Run(argv[1], argv[2])) {
    fprintf(stderr, "hidden_keys: there is no such case, or it failed\n");
    return 2;
  }
  return 0;
}
