#include "matcher/check/tek_prefixes.h"

#include <cstring>

namespace tekmatch {
namespace {

uint32_t PrefixOf(const Tek& tek) {
  uint32_t prefix = 0;
  std::memcpy(&prefix, tek.bytes.data(), sizeof prefix);
  return prefix;
}

}  // namespace

std::vector<uint32_t> TekPrefixes::Of(absl::Span<const Tek> teks) {
  std::vector<uint32_t> prefixes;
  prefixes.reserve(teks.size());
  for (const Tek& tek : teks) prefixes.push_back(PrefixOf(tek));
  return prefixes;
}

bool TekPrefixes::MayHoldMore(const HashMap<Tek, uint64_t>& known) const {
  // The half of a prefix that says at once, for nearly all keys, that it is
  // not one of these.
  constexpr uint32_t kHalf = (uint32_t{1} << 16) - 1;
  std::vector<bool> halves(size_t{kHalf} + 1);
  HashMap<uint32_t, uint64_t> numbers;
  for (const auto& [tek, number] : known) {
    const uint32_t prefix = PrefixOf(tek);
    halves[prefix & kHalf] = true;
    numbers[prefix] += number;
  }
  for (const std::vector<uint32_t>& prefixes : prefixes_) {
    for (const uint32_t prefix : prefixes) {
      if (!halves[prefix & kHalf]) continue;
      const auto found = numbers.find(prefix);
      if (found == numbers.end()) continue;
      if (found->second == 0) return true;
      --found->second;
    }
  }
  return false;
}

}  // namespace tekmatch
