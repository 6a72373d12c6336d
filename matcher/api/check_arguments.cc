// Plan: sightings; the options, one after another; trust and files.
#include "matcher/api/check_arguments.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "keyformat/status_macros.h"
#include "matcher/api/call.h"
#include "matcher/api/rules.h"
#include "matcher/api/sources.h"
#include "matcher/kernels/dispatch.h"

namespace tekmatch {

absl::Status IsTime(int64_t seconds, absl::string_view name) {
  constexpr int64_t kMost = 253402300799;
  return seconds > 0 && seconds <= kMost
             ? absl::OkStatus()
             : absl::InvalidArgumentError(
                   absl::StrCat(name, " is no time in seconds since 1970"));
}

namespace {

absl::StatusOr<Sighting> ReadSighting(const tekmatch_sighting& given) {
  if (given.reserved != 0 || given.reserved2 != 0) {
    return absl::InvalidArgumentError(
        "what is reserved in a sighting is not zero");
  }
  Sighting sighting;
  sighting.unix_seconds = given.unix_seconds;
  std::copy_n(given.rpi, kRpiBytes, sighting.rpi.bytes.begin());
  std::copy_n(given.aem, kAemBytes, sighting.aem.bytes.begin());
  sighting.rssi = given.rssi;
  sighting.seconds_since_previous_scan = given.seconds_since_previous_scan;
  return sighting;
}

// What is told to the caller, and asked of it.
void ReadCallbacks(const tekmatch_check_options& given,
                   ExposureCheckOptions& options) {
  void* const context = given.context;
  if (const auto progress = given.progress; progress != nullptr) {
    options.progress = [=](size_t num_files, uint64_t num_keys) {
      progress(context, num_files, num_keys);
    };
  }
  if (const auto cancelled = given.cancelled; cancelled != nullptr) {
    options.cancelled = [=] { return cancelled(context) != 0; };
  }
}

absl::Status ReadFlags(uint32_t flags, ExposureCheckOptions& options) {
  constexpr uint32_t kKnown =
      TEKMATCH_SKIP_BAD_FILES | TEKMATCH_ALLOW_UNSIGNED | TEKMATCH_NO_VERIFY;
  if ((flags & ~kKnown) != 0) {
    return absl::InvalidArgumentError("flags has a bit that means nothing");
  }
  options.skip_bad_files = (flags & TEKMATCH_SKIP_BAD_FILES) != 0;
  options.files.allow_unsigned = (flags & TEKMATCH_ALLOW_UNSIGNED) != 0;
  options.files.no_verify = (flags & TEKMATCH_NO_VERIFY) != 0;
  return absl::OkStatus();
}

// All but trust and files.
absl::StatusOr<ExposureCheckOptions> ReadOptions(
    const tekmatch_check_options& given) {
  ExposureCheckOptions options;
  TEKMATCH_RETURN_IF_ERROR(ReadFlags(given.flags, options));
  if (given.reserved != 0) {
    return absl::InvalidArgumentError("options.reserved is not zero");
  }
  TEKMATCH_RETURN_IF_ERROR(IsTime(given.now, "options.now"));
  options.now = absl::FromUnixSeconds(given.now);
  if (given.as_of != 0) {
    TEKMATCH_RETURN_IF_ERROR(IsTime(given.as_of, "options.as_of"));
    options.as_of = absl::FromUnixSeconds(given.as_of);
  }
  if (given.policy != nullptr) {
    TEKMATCH_ASSIGN_OR_RETURN(options.window_policy, ReadPolicy(given.policy));
  }
  if (given.policy_zone != nullptr) {
    TEKMATCH_ASSIGN_OR_RETURN(
        options.window_zone,
        ReadZone(given.policy_zone, "options.policy_zone"));
  }
  if (given.config != nullptr) {
    TEKMATCH_ASSIGN_OR_RETURN(options.config, ReadConfig(given.config));
  }
  TEKMATCH_ASSIGN_OR_RETURN(options.zone, ReadZone(given.zone, "options.zone"));
  if (given.kernel != nullptr) {
    TEKMATCH_ASSIGN_OR_RETURN(options.kernels, FindKernels(given.kernel));
  }
  TEKMATCH_RETURN_IF_ERROR(
      IsArray(given.own_keys, given.num_own_keys, "options.own_keys"));
  for (size_t i = 0; i < given.num_own_keys; ++i) {
    Tek tek;
    std::copy_n(given.own_keys + i * kTekBytes, kTekBytes, tek.bytes.begin());
    options.own_keys.of_all.insert(tek);
  }
  constexpr uint32_t kMostThreads = 256;
  if (given.num_threads > kMostThreads) {
    return absl::InvalidArgumentError("options.num_threads is above 256");
  }
  options.num_threads = static_cast<int>(std::max(given.num_threads, 1U));
  ReadCallbacks(given, options);
  return options;
}

}  // namespace

absl::StatusOr<std::vector<Sighting>> ReadSightings(
    const tekmatch_sighting* sightings, size_t num_sightings) {
  TEKMATCH_RETURN_IF_ERROR(IsArray(sightings, num_sightings, "sightings"));
  std::vector<Sighting> read;
  read.reserve(num_sightings);
  for (size_t i = 0; i < num_sightings; ++i) {
    TEKMATCH_ASSIGN_OR_RETURN(const Sighting sighting,
                              ReadSighting(sightings[i]));
    read.push_back(sighting);
  }
  return read;
}

absl::StatusOr<CheckArguments> ReadCheckArguments(
    const tekmatch_trust* trust, const tekmatch_source* sources,
    size_t num_sources, const tekmatch_check_options* options) {
  TEKMATCH_RETURN_IF_ERROR(NotNull(trust, "trust"));
  TEKMATCH_ASSIGN_OR_RETURN(const tekmatch_check_options given,
                            ReadStruct(options, "options"));
  CheckArguments read;
  TEKMATCH_ASSIGN_OR_RETURN(read.options, ReadOptions(given));
  TEKMATCH_ASSIGN_OR_RETURN(NamedSources files,
                            ReadSources(sources, num_sources));
  read.options.files.trusted = trust->keys;
  read.options.files.sources = std::move(files.sources);
  read.names = std::move(files.names);
  return read;
}

}  // namespace tekmatch
