#include "matcher/check/tek_prefixes.h"

#include <cstring>

namespace tekmatch {
namespace {

constexpr uint32_t kHalf = (uint32_t{1} << 16) - 1;

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

PrefixCounter::PrefixCounter(const HashMap<Tek, uint64_t>& known)
    : halves_(size_t{kHalf} + 1) {
  for (const auto& [tek, number] : known) {
    const uint32_t prefix = PrefixOf(tek);
    halves_[prefix & kHalf] = true;
    numbers_[prefix] += number;
  }
}

bool PrefixCounter::HoldsMoreWith(absl::Span<const uint32_t> prefixes) {
  for (const uint32_t prefix : prefixes) {
    if (!halves_[prefix & kHalf]) continue;
    const auto found = numbers_.find(prefix);
    if (found == numbers_.end()) continue;
    if (found->second == 0) return true;
    --found->second;
  }
  return false;
}

bool TekPrefixes::MayHoldMore(const HashMap<Tek, uint64_t>& known) const {
  if (gave_up_) return true;
  PrefixCounter counter(known);
  for (const std::vector<uint32_t>& prefixes : prefixes_) {
    if (counter.HoldsMoreWith(prefixes)) return true;
  }
  return false;
}

}  // namespace tekmatch
