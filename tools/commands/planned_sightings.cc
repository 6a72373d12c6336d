// Plan: which devices may have several stores, by the arguments alone; each
// piece of a store is counted, and what others may repeat goes into a sort; the
// sorted are counted by runs of equal ones.
#include "tools/commands/planned_sightings.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "matcher/check/external_sort.h"
#include "matcher/check/spill_file.h"
#include "matcher/join/sighting.h"
#include "matcher/join/sighting_index.h"

namespace tekmatch {
namespace {

// What makes sightings of one device the same (sightings_stores.h).
auto Sameness(const Sighting& s) {
  return std::tie(s.device, s.unix_seconds, s.rpi, s.aem, s.rssi);
}

bool BySamenessAndStore(const Sighting& a, const Sighting& b) {
  return std::tuple_cat(Sameness(a), std::tie(a.store)) <
         std::tuple_cat(Sameness(b), std::tie(b.store));
}

// Which devices may be in several stores.
class SharedDevices {
 public:
  // `named`: the devices that arguments name; none where one names no device,
  // so that its rows may name any.
  explicit SharedDevices(const std::vector<std::optional<uint32_t>>& named) {
    for (const std::optional<uint32_t>& device : named) {
      ++(device.has_value() ? num_of_[*device] : num_of_any_);
    }
  }

  bool Contains(uint32_t device) const {
    if (num_of_any_ > 1) return true;
    const auto found = num_of_.find(device);
    return found != num_of_.end() && num_of_any_ + found->second > 1;
  }

 private:
  size_t num_of_any_ = 0;
  std::map<uint32_t, size_t> num_of_;
};

class Planner {
 public:
  Planner(const std::vector<std::optional<uint32_t>>& named,
          const PlanMemory& memory)
      : shared_(named),
        spill_(memory.folder),
        repeated_(BySamenessAndStore, memory.bytes, &spill_) {}

  absl::Status Take(size_t store, absl::Span<const Sighting> sightings) {
    TEKMATCH_RETURN_IF_ERROR(CheckHeard(sightings));
    heard_.Add(HeardIntervals::Of(sightings));
    for (const Sighting& sighting : sightings) {
      newest_ = std::max<int64_t>(newest_.value_or(0), sighting.unix_seconds);
      if (last_ == nullptr || last_number_ != sighting.device) {
        last_ = &devices_[sighting.device];
        last_number_ = sighting.device;
      }
      Device& device = *last_;
      if (device.num_stores == 0) device.is_shared = IsShared(sighting);
      if (device.num_stores == 0 || device.last_store != store) {
        device.last_store = store;
        ++device.num_stores;
      }
      ++device.num_sightings;
      if (!device.is_shared) continue;
      Sighting numbered = sighting;
      // Of more stores than that, there is no plan.
      numbered.store = static_cast<uint16_t>(device.num_stores - 1);
      TEKMATCH_RETURN_IF_ERROR(repeated_.Add(numbered));
    }
    return absl::OkStatus();
  }

  // `run`: VisitStores', of what was taken. Once.
  absl::StatusOr<PlannedSightings> Finish(RunSightings run) {
    SightingsCounts& counts = run.counts;
    bool by_device = !counts.by_device.empty();
    for (const auto& [number, device] : devices_) {
      if (device.num_stores > std::numeric_limits<uint16_t>::max()) {
        return absl::InvalidArgumentError("--sightings: too many stores");
      }
      by_device = by_device || number != 0;
      counts.by_device[number] += device.num_sightings;
      counts.num_read += device.num_sightings;
    }
    TEKMATCH_RETURN_IF_ERROR(DropRepeated(counts));
    if (!by_device) counts.by_device.clear();
    if (counts.num_read > std::numeric_limits<uint32_t>::max()) {
      return absl::InvalidArgumentError("--sightings: too many sightings");
    }
    return PlannedSightings{.counts = std::move(counts),
                            .messages = std::move(run.messages),
                            .heard = std::move(heard_),
                            .newest = newest_};
  }

 private:
  struct Device {
    uint64_t num_sightings = 0;
    size_t num_stores = 0;  // that have one of them
    size_t last_store = 0;
    bool is_shared = false;
  };

  bool IsShared(const Sighting& sighting) const {
    return shared_.Contains(sighting.device);
  }

  // The k-th of a store is the k-th of another one: so of equal sightings there
  // are as many as the store has that has the most.
  absl::Status DropRepeated(SightingsCounts& counts) {
    TEKMATCH_RETURN_IF_ERROR(repeated_.Finish());
    std::optional<Sighting> last;
    uint64_t num_of_store = 0;
    uint64_t num_kept = 0;
    return repeated_.Visit([&](const Sighting& sighting) {
      const bool is_same =
          last.has_value() && Sameness(*last) == Sameness(sighting);
      if (!is_same) num_kept = 0;
      if (!is_same || last->store != sighting.store) num_of_store = 0;
      if (++num_of_store > num_kept) {
        ++num_kept;
      } else {
        ++counts.num_repeated;
        --counts.num_read;
        --counts.by_device[sighting.device];
      }
      last = sighting;
      return absl::OkStatus();
    });
  }

  const SharedDevices shared_;
  SpillFile spill_;
  ExternalSort<Sighting> repeated_;
  HeardIntervals heard_;
  std::optional<int64_t> newest_;
  std::map<uint32_t, Device> devices_;  // that have sightings
  // That of the sighting before: most files are of one, or change seldom.
  Device* last_ = nullptr;
  uint32_t last_number_ = 0;
};

}  // namespace

absl::StatusOr<PlannedSightings> PlanSightings(
    const std::vector<std::string>& arguments,
    const SightingsReaderOptions& options, const PlanMemory& memory) {
  std::vector<std::optional<uint32_t>> named;
  named.reserve(arguments.size());
  for (const std::string& argument : arguments) {
    // What is wrong with one is said when its turn comes.
    const absl::StatusOr<std::optional<uint32_t>> device =
        StoreDevice(argument);
    named.push_back(device.ok() ? *device : std::nullopt);
  }
  Planner planner(named, memory);
  TEKMATCH_ASSIGN_OR_RETURN(
      RunSightings run,
      VisitStores(arguments, options,
                  [&planner](size_t store, absl::Span<const Sighting> some) {
                    return planner.Take(store, some);
                  }));
  return planner.Finish(std::move(run));
}

}  // namespace tekmatch
