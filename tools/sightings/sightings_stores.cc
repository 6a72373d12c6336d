// Plan: read each store; part its sightings by device; number each device's
// stores by what is in them; drop what several of them say.
#include "tools/sightings/sightings_stores.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

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

// The only device of a store's sightings, once GiveDevice has been; nothing if
// there may be several.
std::optional<uint32_t> OnlyDevice(const Store& store,
                                   const SightingsFile& file,
                                   const TaskRunner& tasks) {
  if (store.device.has_value()) return store.device;
  if (!file.may_name_devices) return 0;
  const absl::Span<const Sighting> sightings = file.sightings;
  if (sightings.empty()) return std::nullopt;
  const uint32_t first = sightings.front().device;
  // Fewer are looked at before a thread has started.
  constexpr size_t kEnoughForThreads = size_t{1} << 15;
  const size_t num_parts =
      sightings.size() < kEnoughForThreads ? 1 : tasks.num_threads();
  std::atomic<bool> all_are = true;
  tasks.Run(num_parts, [&](size_t i) {
    const Part part = PartOf(sightings.size(), i, num_parts);
    for (size_t s = part.begin; s < part.end; ++s) {
      if (sightings[s].device == first) continue;
      all_are = false;
      return;
    }
  });
  return all_are ? std::optional(first) : std::nullopt;
}

// The sightings of each device, in their order. Those of a single one, as most
// files have, are not copied: there may be millions.
std::map<uint32_t, std::vector<Sighting>> ByDevice(
    std::vector<Sighting> sightings, std::optional<uint32_t> only) {
  std::map<uint32_t, std::vector<Sighting>> parts;
  if (sightings.empty()) return parts;
  if (only.has_value()) {
    parts[*only] = std::move(sightings);
    return parts;
  }
  std::map<uint32_t, size_t> sizes;
  for (const Sighting& sighting : sightings) ++sizes[sighting.device];
  for (const auto& [device, size] : sizes) parts[device].reserve(size);
  for (const Sighting& sighting : sightings) {
    parts[sighting.device].push_back(sighting);
  }
  return parts;
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
  std::vector<Sighting> all;
  for (size_t i = 0; i < stores.size(); ++i) {
    for (Sighting& sighting : stores[i]) {
      sighting.store = static_cast<uint16_t>(i);
      all.push_back(sighting);
    }
    stores[i] = {};  // else all would be in memory twice
  }
  std::sort(all.begin(), all.end());
  std::vector<Sighting> joined;
  for (size_t i = 0; i < all.size();) {
    // A run of equal sightings, store after store: the k-th of a store is the
    // k-th of another one, so that what one store has twice stays twice.
    const size_t first = joined.size();
    const size_t begin = i;
    size_t k = 0;
    for (; i < all.size() && SameSighting(all[i], all[begin]); ++i, ++k) {
      if (i > begin && all[i].store != all[i - 1].store) k = 0;
      if (first + k == joined.size()) {
        joined.push_back(all[i]);
        continue;
      }
      uint32_t& kept = joined[first + k].seconds_since_previous_scan;
      kept = std::min(kept, all[i].seconds_since_previous_scan);
      ++*num_repeated;
    }
  }
  return joined;
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
  std::map<uint32_t, std::vector<std::vector<Sighting>>> stores_of_device;
  bool by_device = false;
  // So that losses and messages do not depend on how a shell lists files.
  std::sort(arguments.begin(), arguments.end());
  StoresProgress progress(options, arguments.size());
  for (const std::string& argument : arguments) {
    TEKMATCH_ASSIGN_OR_RETURN(const Store store, ParseStore(argument));
    TEKMATCH_ASSIGN_OR_RETURN(SightingsFile file,
                              ReadSightings(store.path, progress.Next()));
    TEKMATCH_RETURN_IF_ERROR(GiveDevice(store, absl::MakeSpan(file.sightings)));
    AddWords(store, file, run);
    by_device = by_device || store.device.has_value();
    const std::optional<uint32_t> only = OnlyDevice(store, file, *tasks);
    for (auto& [device, part] : ByDevice(std::move(file.sightings), only)) {
      by_device = by_device || device != 0;
      stores_of_device[device].push_back(std::move(part));
    }
  }
  for (auto& [device, stores] : stores_of_device) {
    // Sighting::store has to number them.
    if (stores.size() > std::numeric_limits<uint16_t>::max()) {
      return absl::InvalidArgumentError("--sightings: too many stores");
    }
    std::vector<Sighting> joined;
    // A single store is not sorted: its order and what it says twice stay.
    if (stores.size() == 1) {
      joined = std::move(stores.front());
    } else {
      for (std::vector<Sighting>& store : stores) {
        std::sort(store.begin(), store.end());
      }
      joined = Join(std::move(stores), &counts.num_repeated);
    }
    counts.by_device[device] += joined.size();
    counts.num_read += joined.size();
    if (run.sightings.empty()) {
      run.sightings = std::move(joined);
    } else {
      run.sightings.insert(run.sightings.end(), joined.begin(), joined.end());
    }
  }
  if (!by_device) counts.by_device.clear();
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
