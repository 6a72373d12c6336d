#include "tools/world/world_options.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tekmatch {
namespace {

absl::Status OutOfRange(absl::string_view option, uint64_t low, uint64_t high) {
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": not in ", low, "..", high));
}

}  // namespace

absl::Status Validate(const GeneratorOptions& options) {
  constexpr uint64_t kMostKeys = 1'000'000'000;
  constexpr uint64_t kMostSightings = std::numeric_limits<uint32_t>::max();
  if (options.num_keys < 1 || options.num_keys > kMostKeys) {
    return OutOfRange("--keys", 1, kMostKeys);
  }
  if (options.num_met > options.num_keys) {
    return OutOfRange("--met", 0, options.num_keys);
  }
  if (options.num_sightings < options.num_met ||
      options.num_sightings > kMostSightings) {
    return OutOfRange("--sightings", options.num_met, kMostSightings);
  }
  if (options.num_devices < 1) {
    return OutOfRange("--devices", 1, std::numeric_limits<uint32_t>::max());
  }
  constexpr uint16_t kMostPhones = 16;
  if (options.num_phones < 1 || options.num_phones > kMostPhones) {
    return OutOfRange("--phones", 1, kMostPhones);
  }
  if (options.num_days < 1 || options.num_days > 1000) {
    return OutOfRange("--days", 1, 1000);
  }
  if (options.keys_per_file < 1) {
    return OutOfRange("keys_per_file", 1, std::numeric_limits<uint64_t>::max());
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
