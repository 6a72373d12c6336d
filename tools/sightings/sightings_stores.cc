// Plan: read each store, and count its devices. Where no device is in two of
// them, that is all. Else part the sightings by device; number each device's
// stores by what is in them; drop what several of them say.
#include "tools/sightings/sightings_stores.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "matcher/join/tasks.h"
#include "tools/sightings/sightings_reader.h"

namespace tekmatch {
namespace {

struct Store {
  std::optional<uint32_t> device;
  std::string path;
};

// A path may hold "=", too: only digits before the first one name a device.
absl::StatusOr<Store> ParseStore(const std::string& argument) {
  const size_t equals = argument.find('=');
  const std::string digits = argument.substr(0, equals);
  if (equals == std::string::npos || digits.empty() ||
      !std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit)) {
    return Store{.device = std::nullopt, .path = argument};
  }
  uint32_t device = 0;
  if (!absl::SimpleAtoi(digits, &device)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--sightings ", argument, ": the device is not in 0..",
                     std::numeric_limits<uint32_t>::max(),
                     " (a path that begins so is written ./", argument, ")"));
  }
  return Store{.device = device, .path = argument.substr(equals + 1)};
}

// Sets the device of a store's sightings. 0: the store does not name one.
absl::Status GiveDevice(const Store& store, absl::Span<Sighting> sightings) {
  if (!store.device.has_value()) return absl::OkStatus();
  for (Sighting& sighting : sightings) {
    if (sighting.device != 0 && sighting.device != *store.device) {
      return absl::InvalidArgumentError(
          absl::StrCat(store.path, ": names device ", sighting.device,
                       ", and --sightings ", *store.device, "=... another"));
    }
    sighting.device = *store.device;
  }
  return absl::OkStatus();
}

// Adds what a store says beside its sightings.
void AddWords(const Store& store, const SightingsFile& file,
              RunSightings& run) {
  SightingsCounts& counts = run.counts;
  counts.num_bad += file.num_bad;
  for (const auto& [reason, num_rows] : file.bad_reasons) {
    CountReason(reason, num_rows, &counts.bad_reasons);
  }
  counts.conversion.Add(file.conversion);
  counts.dropped.previous_scan += file.dropped.previous_scan;
  counts.losses.insert(counts.losses.end(), file.losses.begin(),
                       file.losses.end());
  run.messages.insert(run.messages.end(), file.messages.begin(),
                      file.messages.end());
  // Also one that heard nothing.
  if (store.device.has_value()) counts.by_device[*store.device] += 0;
}

// Says of each store's progress which of them it is of.
class StoresProgress {
 public:
  StoresProgress(const SightingsReaderOptions& options, size_t num_stores)
      : of_store_(options) {
    if (!options.progress) return;
    of_store_.progress = [this, &options,
                          num_stores](SightingsProgress progress) {
      progress.store = number_;
      progress.num_stores = num_stores;
      options.progress(progress);
    };
  }
  StoresProgress(const StoresProgress&) = delete;
  StoresProgress& operator=(const StoresProgress&) = delete;

  // Those of the next store.
  SightingsReaderOptions& Next() {
    ++number_;
    return of_store_;
  }

 private:
  SightingsReaderOptions of_store_;
  size_t number_ = 0;
};

// What one store has.
struct StoreSightings {
  std::vector<Sighting> sightings;
  std::map<uint32_t, uint64_t> num_of;  // of each device, 1 or more
};

// Of a part of the sightings, mostly many of a device after another.
std::map<uint32_t, uint64_t> CountDevices(absl::Span<const Sighting> part) {
  absl::flat_hash_map<uint32_t, uint64_t> num_of;
  for (size_t begin = 0; begin < part.size();) {
    size_t end = begin + 1;
    while (end < part.size() && part[end].device == part[begin].device) ++end;
    num_of[part[begin].device] += end - begin;
    begin = end;
  }
  return {num_of.begin(), num_of.end()};
}

// Once GiveDevice has been.
std::map<uint32_t, uint64_t> CountDevices(const Store& store,
                                          const SightingsFile& file,
                                          const TaskRunner& tasks) {
  const absl::Span<const Sighting> sightings = file.sightings;
  if (sightings.empty()) return {};
  if (store.device.has_value()) return {{*store.device, sightings.size()}};
  if (!file.may_name_devices) return {{0, sightings.size()}};
  // Fewer are looked at before a thread has started.
  constexpr size_t kEnoughForThreads = size_t{1} << 15;
  const size_t num_parts =
      sightings.size() < kEnoughForThreads ? 1 : tasks.num_threads();
  std::vector<std::map<uint32_t, uint64_t>> of_parts(num_parts);
  tasks.Run(num_parts, [&](size_t i) {
    const Part part = PartOf(sightings.size(), i, num_parts);
    of_parts[i] =
        CountDevices(sightings.subspan(part.begin, part.end - part.begin));
  });
  std::map<uint32_t, uint64_t> num_of;
  for (const auto& of_part : of_parts) {
    for (const auto& [device, num] : of_part) num_of[device] += num;
  }
  return num_of;
}

// The sightings of stores that have no device in common. Those of a single one
// are not copied: there may be many millions.
std::vector<Sighting> PutTogether(std::vector<StoreSightings> stores) {
  if (stores.size() == 1) return std::move(stores.front().sightings);
  size_t num = 0;
  for (const StoreSightings& store : stores) num += store.sightings.size();
  std::vector<Sighting> all;
  all.reserve(num);
  for (StoreSightings& store : stores) {
    all.insert(all.end(), store.sightings.begin(), store.sightings.end());
    store.sightings = {};  // else all would be in memory twice
  }
  return all;
}

bool SameSighting(const Sighting& a, const Sighting& b) {
  return std::tie(a.unix_seconds, a.rpi, a.aem, a.rssi) ==
         std::tie(b.unix_seconds, b.rpi, b.aem, b.rssi);
}

// Joins sorted stores of one device, and counts what goes. The order of
// sightings is by what makes them the same, then by store.
std::vector<Sighting> Join(std::vector<std::vector<Sighting>> stores,
                           uint64_t* num_repeated) {
  // By what is in them: no order of arguments may move a match to another
  // store.
  std::sort(stores.begin(), stores.end(), [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  size_t num = 0;
  for (const std::vector<Sighting>& store : stores) num += store.size();
  std::vector<Sighting> all;
  all.reserve(num);
  for (size_t i = 0; i < stores.size(); ++i) {
    for (Sighting& sighting : stores[i]) {
      sighting.store = static_cast<uint16_t>(i);
      all.push_back(sighting);
    }
    stores[i] = {};  // else all would be in memory twice
  }
  std::sort(all.begin(), all.end());
  // What is kept of them stays in front.
  size_t num_kept = 0;
  for (size_t i = 0; i < all.size();) {
    // A run of equal sightings, store after store: the k-th of a store is the
    // k-th of another one, so that what one store has twice stays twice.
    const Sighting run = all[i];
    const size_t first = num_kept;
    uint16_t store = run.store;
    size_t k = 0;
    for (; i < all.size() && SameSighting(all[i], run); ++i, ++k) {
      if (all[i].store != store) {
        store = all[i].store;
        k = 0;
      }
      if (first + k == num_kept) {
        all[num_kept++] = all[i];
        continue;
      }
      uint32_t& kept = all[first + k].seconds_since_previous_scan;
      kept = std::min(kept, all[i].seconds_since_previous_scan);
      ++*num_repeated;
    }
  }
  all.resize(num_kept);
  return all;
}

// The sightings of all stores, by device. Counts what is left, and what goes.
absl::StatusOr<std::vector<Sighting>> JoinByDevice(
    std::vector<StoreSightings> stores, SightingsCounts* counts) {
  std::map<uint32_t, std::vector<std::vector<Sighting>>> of_device;
  size_t num_of_all = 0;
  for (StoreSightings& store : stores) {
    num_of_all += store.sightings.size();
    if (store.num_of.size() == 1) {
      of_device[store.num_of.begin()->first].push_back(
          std::move(store.sightings));
      continue;
    }
    for (const auto& [device, num] : store.num_of) {
      of_device[device].emplace_back().reserve(num);
    }
    for (const Sighting& sighting : store.sightings) {
      of_device[sighting.device].back().push_back(sighting);
    }
    store.sightings = {};
  }
  std::vector<Sighting> all;
  if (of_device.size() > 1) all.reserve(num_of_all);
  for (auto& [device, parts] : of_device) {
    // Sighting::store has to number them.
    if (parts.size() > std::numeric_limits<uint16_t>::max()) {
      return absl::InvalidArgumentError("--sightings: too many stores");
    }
    std::vector<Sighting> joined;
    // A single store is not sorted: its order and what it says twice stay.
    if (parts.size() == 1) {
      joined = std::move(parts.front());
    } else {
      for (std::vector<Sighting>& part : parts) {
        std::sort(part.begin(), part.end());
      }
      joined = Join(std::move(parts), &counts->num_repeated);
    }
    counts->by_device[device] += joined.size();
    if (of_device.size() == 1) return joined;
    all.insert(all.end(), joined.begin(), joined.end());
    parts = {};
  }
  return all;
}

}  // namespace

absl::StatusOr<std::optional<uint32_t>> StoreDevice(
    const std::string& argument) {
  TEKMATCH_ASSIGN_OR_RETURN(const Store store, ParseStore(argument));
  return store.device;
}

std::string StorePath(const std::string& argument) {
  const absl::StatusOr<Store> store = ParseStore(argument);
  return store.ok() ? store->path : "";
}

absl::StatusOr<RunSightings> ReadStores(std::vector<std::string> arguments,
                                        const SightingsReaderOptions& options) {
  const InTurn alone;
  const TaskRunner* const tasks =
      options.tasks == nullptr ? &alone : options.tasks;
  RunSightings run;
  SightingsCounts& counts = run.counts;
  std::vector<StoreSightings> stores;
  // So that losses and messages do not depend on how a shell lists files.
  std::sort(arguments.begin(), arguments.end());
  StoresProgress progress(options, arguments.size());
  bool is_named = false;
  for (const std::string& argument : arguments) {
    TEKMATCH_ASSIGN_OR_RETURN(const Store store, ParseStore(argument));
    TEKMATCH_ASSIGN_OR_RETURN(SightingsFile file,
                              ReadSightings(store.path, progress.Next()));
    TEKMATCH_RETURN_IF_ERROR(GiveDevice(store, absl::MakeSpan(file.sightings)));
    AddWords(store, file, run);
    is_named = is_named || store.device.has_value();
    std::map<uint32_t, uint64_t> num_of = CountDevices(store, file, *tasks);
    stores.push_back(
        {.sightings = std::move(file.sightings), .num_of = std::move(num_of)});
  }
  std::map<uint32_t, uint64_t> num_of;
  size_t num_with_repeated = 0;
  for (const StoreSightings& store : stores) {
    num_with_repeated += store.num_of.size();
    for (const auto& [device, num] : store.num_of) num_of[device] += num;
  }
  if (num_of.size() == num_with_repeated) {  // each device is in one store
    for (const auto& [device, num] : num_of) counts.by_device[device] += num;
    run.sightings = PutTogether(std::move(stores));
  } else {
    TEKMATCH_ASSIGN_OR_RETURN(run.sightings,
                              JoinByDevice(std::move(stores), &counts));
  }
  counts.num_read = run.sightings.size();
  // What names no device is of device 0, and of that alone.
  is_named = is_named || counts.by_device.size() > 1 ||
             (counts.by_device.size() == 1 && !counts.by_device.contains(0));
  if (!is_named) counts.by_device.clear();
  return run;
}

absl::StatusOr<RunSightings> VisitStores(std::vector<std::string> arguments,
                                         const SightingsReaderOptions& options,
                                         StoreSink sink) {
  RunSightings run;
  std::sort(arguments.begin(), arguments.end());
  StoresProgress progress(options, arguments.size());
  for (size_t i = 0; i < arguments.size(); ++i) {
    TEKMATCH_ASSIGN_OR_RETURN(const Store store, ParseStore(arguments[i]));
    // What the reader has to say of a later row comes before it, as where all
    // rows are read first.
    absl::Status of_devices;
    SightingsReaderOptions& of_store = progress.Next();
    of_store.sink = [&](absl::Span<Sighting> sightings) {
      if (of_devices.ok()) of_devices = GiveDevice(store, sightings);
      return of_devices.ok() ? sink(i, sightings) : absl::OkStatus();
    };
    TEKMATCH_ASSIGN_OR_RETURN(const SightingsFile file,
                              ReadSightings(store.path, of_store));
    TEKMATCH_RETURN_IF_ERROR(of_devices);
    AddWords(store, file, run);
  }
  return run;
}

}  // namespace tekmatch
