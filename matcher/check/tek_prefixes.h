// A note of the keys of a file, 4 bytes each, that lasts until it is known
// which keys were heard: it tells which files may say more of those than
// matching found, and have to be read once more for it.
#ifndef TEKMATCH_MATCHER_CHECK_TEK_PREFIXES_H_
#define TEKMATCH_MATCHER_CHECK_TEK_PREFIXES_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/hash_tables.h"

namespace tekmatch {

// Some keys, with how often each is known to be in a file, and the prefixes of
// all of its keys, which come in pieces.
class PrefixCounter {
 public:
  explicit PrefixCounter(const HashMap<Tek, uint64_t>& known);

  // True: with these prefixes a key of `known` may be there more often than its
  // number says, as TekPrefixes::MayHoldMore.
  bool HoldsMoreWith(absl::Span<const uint32_t> prefixes);

 private:
  // The half of a prefix that says at once, for nearly all keys, that it is
  // not one of these.
  std::vector<bool> halves_;
  HashMap<uint32_t, uint64_t> numbers_;
};

class TekPrefixes {
 public:
  // Notes of many threads are made apart and added.
  static std::vector<uint32_t> Of(absl::Span<const Tek> teks);
  void Add(std::vector<uint32_t> prefixes) {
    if (!gave_up_) prefixes_.push_back(std::move(prefixes));
  }

  // Forgets what was and will be added: any key may be there from now on.
  void GiveUp() {
    prefixes_ = {};
    gave_up_ = true;
  }

  // Those that were added, of each Add by itself; none after GiveUp.
  absl::Span<const std::vector<uint32_t>> all() const { return prefixes_; }

  // Whether any of these keys may be there more often than its number says.
  // Where it is, the answer is yes. Where none is, it is yes by chance for one
  // of 4 billion pairs of a key here and one there. After GiveUp it is yes.
  bool MayHoldMore(const HashMap<Tek, uint64_t>& known) const;

 private:
  std::vector<std::vector<uint32_t>> prefixes_;
  bool gave_up_ = false;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_TEK_PREFIXES_H_
