#include "keyformat/padding.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/types/span.h"

namespace tekmatch {
namespace {

// Without their bytes, kind by kind.
std::vector<DiagnosisKey> SortedByKind(std::vector<DiagnosisKey> keys) {
  for (DiagnosisKey& key : keys) key.tek = Tek{};
  std::sort(keys.begin(), keys.end());
  return keys;
}

// Keys without their bytes, one for each of `keys`: one of each kind, the
// rarest kinds first, and then all others in random order.
struct Models {
  std::vector<DiagnosisKey> keys;
  uint64_t num_kinds = 0;
};

Models ModelsOf(const std::vector<DiagnosisKey>& keys, RandomSource& random) {
  const std::vector<DiagnosisKey> all = SortedByKind(keys);
  struct Kind {
    size_t first;
    size_t size;
  };
  std::vector<Kind> kinds;
  for (size_t i = 0; i < all.size(); ++i) {
    if (i == 0 || all[i] != all[i - 1])
      kinds.push_back({.first = i, .size = 0});
    ++kinds.back().size;
  }
  random.Shuffle(kinds);
  std::stable_sort(
      kinds.begin(), kinds.end(),
      [](const Kind& a, const Kind& b) { return a.size < b.size; });
  std::vector<DiagnosisKey> others;
  Models models;
  models.num_kinds = kinds.size();
  for (const Kind& kind : kinds) {
    models.keys.push_back(all[kind.first]);
    others.insert(others.end(), kind.size - 1, all[kind.first]);
  }
  random.Shuffle(others);
  models.keys.insert(models.keys.end(), others.begin(), others.end());
  return models;
}

}  // namespace

uint64_t AddPadding(uint64_t num_padding, RandomSource& random,
                    std::vector<DiagnosisKey>& keys) {
  if (keys.empty()) return 0;
  const Models models = ModelsOf(keys, random);
  keys.reserve(keys.size() + num_padding);
  for (uint64_t i = 0; i < num_padding; ++i) {
    DiagnosisKey key =
        models.keys[i < models.keys.size() ? i
                                           : random.Below(models.keys.size())];
    random.Fill(absl::MakeSpan(key.tek.bytes));
    keys.push_back(key);
  }
  return models.num_kinds - std::min(models.num_kinds, num_padding);
}

uint64_t NumAlone(std::vector<DiagnosisKey> keys) {
  const std::vector<DiagnosisKey> all = SortedByKind(std::move(keys));
  uint64_t num_alone = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const bool like_last = i > 0 && all[i] == all[i - 1];
    const bool like_next = i + 1 < all.size() && all[i] == all[i + 1];
    if (!like_last && !like_next) ++num_alone;
  }
  return num_alone;
}

}  // namespace tekmatch
