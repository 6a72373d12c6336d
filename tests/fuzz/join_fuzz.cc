// A small world out of the bytes: keys, sightings of their RPIs and of others,
// a tolerance. What the engine finds, with every kernel that this machine has,
// is what the definition says: for each key, each of its intervals, and each
// sighting of that interval's RPI within the tolerance, one candidate.
//
// The definition goes through BoringSSL alone (en_crypto.h).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "keyformat/hash_tables.h"
#include "keyformat/key_block.h"
#include "matcher/join/en_crypto.h"
#include "matcher/join/match_engine.h"
#include "matcher/join/sighting_index.h"
#include "matcher/kernels/dispatch.h"

namespace {

using tekmatch::DiagnosisKey;
using tekmatch::Sighting;

// Takes bytes from the front; 0 where none is left.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint8_t Next() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  bool empty() const { return size_ == 0; }

 private:
  const uint8_t* data_;
  size_t size_;
};

constexpr tekmatch::EnIntervalNumber kFirstInterval = 2'676'240;

// (key's number, interval, position of the sighting)
using Candidate = std::tuple<size_t, int64_t, uint32_t>;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes(data, size);
  tekmatch::MatchPolicy policy;
  policy.tolerance_intervals = bytes.Next() % 16;
  const int32_t index_tolerance = policy.tolerance_intervals + bytes.Next() % 4;
  const size_t num_keys = bytes.Next() % 6;

  std::vector<DiagnosisKey> keys(num_keys);
  std::vector<tekmatch::Rpik> rpiks(num_keys);
  tekmatch::KeyBlock block;
  for (size_t i = 0; i < num_keys; ++i) {
    // The first byte alone: keys that repeat each other are among them.
    keys[i].tek.bytes.fill(bytes.Next() % 8);
    keys[i].rolling_start = kFirstInterval + bytes.Next();
    // Mostly short: what the definition costs is its number of intervals.
    const uint8_t period = bytes.Next();
    keys[i].rolling_period =
        static_cast<uint8_t>(1 + period % (period < 224 ? 12 : 144));
    const auto rpik = tekmatch::DeriveRpik(keys[i].tek);
    if (!rpik.ok()) return 0;
    rpiks[i] = *rpik;
    block.Append(keys[i]);
  }
  tekmatch::HashSet<tekmatch::Tek> own;
  if (num_keys > 0 && bytes.Next() % 4 == 0) own.insert(keys[0].tek);

  std::vector<Sighting> sightings;
  while (!bytes.empty() && sightings.size() < 24) {
    Sighting sighting;
    const uint8_t which = bytes.Next();
    const int64_t interval = kFirstInterval + bytes.Next() + bytes.Next();
    const int64_t drift = static_cast<int8_t>(bytes.Next()) / 4;
    if (num_keys > 0 && which % 8 != 0) {
      const auto rpi = tekmatch::GenerateRpi(
          rpiks[which % num_keys],
          static_cast<tekmatch::EnIntervalNumber>(interval));
      if (!rpi.ok()) return 0;
      sighting.rpi = *rpi;
    } else {
      sighting.rpi.bytes.fill(which);
    }
    sighting.unix_seconds = (interval + drift) * tekmatch::kIntervalSeconds +
                            int64_t{which % 2} * 599;
    sighting.rssi = static_cast<int16_t>(-40 - which % 50);
    sightings.push_back(sighting);
  }
  auto created = tekmatch::SightingIndex::Create(sightings, index_tolerance);
  if (!created.ok()) __builtin_trap();
  const auto index =
      std::make_shared<const tekmatch::SightingIndex>(*std::move(created));

  // The definition. Keys that repeat each other are told apart by number here,
  // and are one number to the engine: the first of each.
  const auto first_of = [&keys](const DiagnosisKey& key) {
    const auto same = [&key](const DiagnosisKey& other) {
      return other.tek == key.tek && other.rolling_start == key.rolling_start &&
             other.rolling_period == key.rolling_period;
    };
    return static_cast<size_t>(std::find_if(keys.begin(), keys.end(), same) -
                               keys.begin());
  };
  std::vector<Candidate> expected;
  for (size_t i = 0; i < num_keys; ++i) {
    if (own.contains(keys[i].tek)) continue;
    for (int64_t step = 0; step < keys[i].rolling_period; ++step) {
      const int64_t interval = keys[i].rolling_start + step;
      const auto rpi = tekmatch::GenerateRpi(
          rpiks[i], static_cast<tekmatch::EnIntervalNumber>(interval));
      if (!rpi.ok()) return 0;
      for (uint32_t p = 0; p < index->sightings().size(); ++p) {
        const Sighting& sighting = index->sightings()[p];
        const int64_t heard =
            sighting.unix_seconds / tekmatch::kIntervalSeconds;
        if (sighting.rpi == *rpi &&
            std::abs(heard - interval) <= policy.tolerance_intervals) {
          expected.emplace_back(first_of(keys[i]), interval, p);
        }
      }
    }
  }
  std::sort(expected.begin(), expected.end());
  const size_t num_expected = expected.size();
  expected.erase(std::unique(expected.begin(), expected.end()), expected.end());

  for (const tekmatch::KernelChoice& choice : tekmatch::AllKernels()) {
    if (!choice.available) continue;
    const auto engine =
        tekmatch::MatchEngine::Create(index, policy, own, *choice.kernels);
    if (!engine.ok()) __builtin_trap();
    tekmatch::MatchBatch batch;
    // Kept from world to world: making it anew takes most of the time.
    static auto* const scratch = new tekmatch::MatchScratch;
    if (!engine->MatchBlock(block, 0, scratch, &batch).ok()) __builtin_trap();
    std::vector<Candidate> found;
    found.reserve(batch.candidates.size());
    for (const tekmatch::Match& match : batch.candidates) {
      const DiagnosisKey key = {match.tek, match.rolling_start,
                                match.rolling_period, match.metadata};
      found.emplace_back(first_of(key), match.interval,
                         match.sighting_position);
    }
    std::sort(found.begin(), found.end());
    // Repeats may be counted in place of being listed.
    if (found.size() + batch.num_duplicates != num_expected) {
      __builtin_trap();
    }
    found.erase(std::unique(found.begin(), found.end()), found.end());
    if (found != expected) __builtin_trap();
  }
  return 0;
}
