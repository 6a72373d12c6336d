#include "matcher/match_engine.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "matcher/en_crypto.h"

namespace tekmatch {
namespace {

absl::Status CheckKeys(const KeyBlock& block) {
  for (size_t k = 0; k < block.size(); ++k) {
    const uint8_t period = block.rolling_periods()[k];
    if (period < 1 || period > kMaxRollingPeriod) {
      return absl::InvalidArgumentError(
          absl::StrCat("key ", k, " of the block: rolling period ", period,
                       " is not in 1..", kMaxRollingPeriod));
    }
    if (block.rolling_starts()[k] >
        std::numeric_limits<EnIntervalNumber>::max() - period) {
      return absl::InvalidArgumentError(
          absl::StrCat("key ", k,
                       " of the block: rolling start + rolling period "
                       "overflows"));
    }
  }
  return absl::OkStatus();
}

absl::Status KernelFailed(const Kernels& kernels) {
  return absl::InternalError(
      absl::StrCat("kernel ", kernels.name, ": BoringSSL failed"));
}

// The kernels' view of keys and RPIs, which are arrays of bytes.
template <typename T>
const uint8_t* Bytes(const T* values) {
  return reinterpret_cast<const uint8_t*>(values);
}
template <typename T>
uint8_t* Bytes(T* values) {
  return reinterpret_cast<uint8_t*>(values);
}

}  // namespace

absl::StatusOr<MatchEngine> MatchEngine::Create(
    std::shared_ptr<const SightingIndex> index, const MatchPolicy& policy,
    absl::flat_hash_set<Tek> own_keys, const Kernels& kernels) {
  if (index == nullptr) {
    return absl::InvalidArgumentError("the sighting index is null");
  }
  if (absl::Status status = Validate(policy); !status.ok()) return status;
  return MatchEngine(std::move(index), policy, std::move(own_keys), kernels);
}

MatchEngine::MatchEngine(std::shared_ptr<const SightingIndex> index,
                         const MatchPolicy& policy,
                         absl::flat_hash_set<Tek> own_keys,
                         const Kernels& kernels)
    : index_(std::move(index)),
      policy_(policy),
      own_keys_(std::move(own_keys)),
      kernels_(&kernels) {}

absl::Status MatchEngine::MatchBlock(const KeyBlock& block, uint32_t source,
                                     MatchBatch* out) const {
  if (absl::Status status = CheckKeys(block); !status.ok()) return status;

  std::vector<Rpik> rpiks(block.size());
  if (!kernels_->derive_rpiks(Bytes(block.teks().data()), block.size(),
                              Bytes(rpiks.data()))) {
    return KernelFailed(*kernels_);
  }
  std::vector<Match> candidates;
  std::vector<KeyPublication> publications;
  uint64_t num_own_keys = 0;
  std::array<Rpi, kMaxRollingPeriod> rpis;
  for (size_t k = 0; k < block.size(); ++k) {
    if (own_keys_.contains(block.teks()[k])) {
      ++num_own_keys;
      continue;
    }
    const DiagnosisKey key = block.key(k);
    if (!kernels_->generate_rpis(rpiks[k].bytes.data(), key.rolling_start,
                                 key.rolling_period, Bytes(rpis.data()))) {
      return KernelFailed(*kernels_);
    }
    const size_t num_before = candidates.size();
    absl::Status status = MatchKey(key, rpis.data(), source, &candidates);
    if (!status.ok()) return status;
    if (candidates.size() > num_before) {
      publications.push_back({.tek = key.tek,
                              .published_seconds = 0,
                              .source = source,
                              .revised = key.metadata.revised,
                              .report_type = key.metadata.report_type});
    }
  }

  out->candidates.insert(out->candidates.end(), candidates.begin(),
                         candidates.end());
  out->publications.insert(out->publications.end(), publications.begin(),
                           publications.end());
  out->num_keys += block.size();
  out->num_own_keys += num_own_keys;
  return absl::OkStatus();
}

absl::Status MatchEngine::MatchKey(const DiagnosisKey& key, const Rpi* rpis,
                                   uint32_t source,
                                   std::vector<Match>* candidates) const {
  // Few keys match, so the AEMK is derived for those only.
  std::optional<Aemk> aemk;
  for (uint32_t j = 0; j < key.rolling_period; ++j) {
    const int64_t interval = int64_t{key.rolling_start} + j;
    for (const Sighting& sighting : index_->Find(rpis[j])) {
      const int64_t sighted = sighting.unix_seconds / kIntervalSeconds;
      if (sighted < interval - policy_.tolerance_intervals ||
          sighted > interval + policy_.tolerance_intervals) {
        continue;
      }
      if (!aemk.has_value()) {
        const absl::StatusOr<Aemk> derived = DeriveAemk(key.tek);
        if (!derived.ok()) return derived.status();
        aemk = *derived;
      }
      const absl::StatusOr<BluetoothMetadata> bluetooth_metadata =
          DecryptAem(*aemk, sighting.rpi, sighting.aem);
      if (!bluetooth_metadata.ok()) return bluetooth_metadata.status();

      Match& match = candidates->emplace_back();
      match.tek = key.tek;
      match.rolling_start = key.rolling_start;
      match.rolling_period = key.rolling_period;
      match.metadata = key.metadata;
      match.source = source;
      match.interval = static_cast<EnIntervalNumber>(interval);
      match.sighting = sighting;
      match.sighting_position = index_->PositionOf(sighting);
      match.bluetooth_metadata = *bluetooth_metadata;
      match.tx_power = bluetooth_metadata->tx_power();
      match.attenuation =
          std::max<int32_t>(0, match.tx_power - int32_t{sighting.rssi});
    }
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
