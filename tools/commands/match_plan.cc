// Plan: dealing out; the JSON, each group of members with the function that
// writes it beside the one that reads it; what follows from a plan that was
// read.
#include "tools/commands/match_plan.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "matcher/check/export_files.h"
#include "matcher/join/sighting_index.h"
#include "tools/commands/config_flag.h"
#include "tools/commands/trusted_key_flag.h"
#include "tools/files/file_digest.h"
#include "tools/files/hex.h"
#include "tools/files/json_text.h"
#include "tools/files/small_file.h"

namespace tekmatch {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMaxPlanBytes = uint64_t{256} << 20;

// The shard of each item: the heaviest ones first, each to the shard with the
// least; of equal ones the first. Equal weights give equal shards.
std::vector<uint32_t> Spread(const std::vector<uint64_t>& weights,
                             uint32_t num_shards) {
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return weights[a] > weights[b]; });
  // By weight, then by number.
  std::set<std::pair<uint64_t, uint32_t>> shards;
  for (uint32_t i = 0; i < num_shards; ++i) shards.emplace(0, i);
  std::vector<uint32_t> shard_of(weights.size());
  for (const size_t item : order) {
    const auto [weight, shard] = *shards.begin();
    shards.erase(shards.begin());
    shard_of[item] = shard;
    // At least 1, so that no shard stays without.
    shards.emplace(weight + std::max<uint64_t>(1, weights[item]), shard);
  }
  return shard_of;
}

// A number as a plan has it; nlohmann takes any number for any other. Throws
// what nlohmann throws for a member of another type.
template <typename T>
T NumberFrom(const Json& json) {
  if (!json.is_number_unsigned() ||
      json.get<uint64_t>() > std::numeric_limits<T>::max()) {
    static_cast<void>(Json().at("a number"));
  }
  return json.get<T>();
}

// ------------------------------------------------------------------ options

Json OptionsJson(const MatchOptions& options) {
  return {{"sightings", options.sightings},
          {"trusted_keys", options.trusted_keys},
          {"allow_unsigned", options.allow_unsigned},
          {"no_verify", options.no_verify},
          {"skip_bad_files", options.skip_bad_files},
          {"skip_bad_sightings", options.skip_bad_sightings},
          {"own_keys", options.own_keys},
          {"time_zone", options.time_zone},
          {"policy", options.window_policy},
          {"config", options.config}};
}

MatchOptions OptionsFrom(const Json& json) {
  MatchOptions options;
  json.at("sightings").get_to(options.sightings);
  json.at("trusted_keys").get_to(options.trusted_keys);
  json.at("allow_unsigned").get_to(options.allow_unsigned);
  json.at("no_verify").get_to(options.no_verify);
  json.at("skip_bad_files").get_to(options.skip_bad_files);
  json.at("skip_bad_sightings").get_to(options.skip_bad_sightings);
  json.at("own_keys").get_to(options.own_keys);
  json.at("time_zone").get_to(options.time_zone);
  json.at("policy").get_to(options.window_policy);
  json.at("config").get_to(options.config);
  return options;
}

// ---------------------------------------------------------------- sightings

Json LossesJson(const std::vector<SightingsLoss>& losses) {
  Json json = Json::array();
  for (const SightingsLoss& loss : losses) {
    json.push_back({{"file", loss.file}, {"reason", loss.reason}});
  }
  return json;
}

std::vector<SightingsLoss> LossesFrom(const Json& json) {
  std::vector<SightingsLoss> losses;
  losses.reserve(json.size());
  for (const Json& loss : json) {
    losses.push_back({.file = loss.at("file").get<std::string>(),
                      .reason = loss.at("reason").get<std::string>()});
  }
  return losses;
}

Json SightingsJson(const MatchPlan& plan) {
  const SightingsCounts& counts = plan.counts;
  const SightingsConversion& conversion = counts.conversion;
  Json reasons = Json::object();
  for (const auto& [reason, num] : counts.bad_reasons) reasons[reason] = num;
  Json devices = Json::array();
  for (const auto& [device, num] : counts.by_device) {
    Json one = {{"device", device}, {"sightings", num}};
    if (plan.by_devices) one["shard"] = plan.shard_of_device.at(device) + 1;
    devices.push_back(std::move(one));
  }
  Json heard = Json::array();
  for (const auto& [first, last] : plan.heard.runs) {
    heard.push_back({first, last});
  }
  return {{"read", counts.num_read},
          {"bad", counts.num_bad},
          {"repeated", counts.num_repeated},
          {"bad_reasons", std::move(reasons)},
          {"dropped_previous_scans", counts.dropped.previous_scan},
          {"spans", conversion.num_spans},
          {"of_spans", conversion.num_of_spans},
          {"addresses", conversion.num_addresses},
          {"positions", conversion.num_positions},
          {"overwritten", conversion.num_overwritten},
          {"doubts", LossesJson(conversion.doubts)},
          {"losses", LossesJson(counts.losses)},
          {"messages", plan.messages},
          {"covered_intervals", std::move(heard)},
          {"devices", std::move(devices)}};
}

// A shard as people count it, as the plan has it.
uint32_t ShardFrom(const Json& json) { return NumberFrom<uint32_t>(json) - 1; }

void SightingsFrom(const Json& json, MatchPlan& plan) {
  SightingsCounts& counts = plan.counts;
  SightingsConversion& conversion = counts.conversion;
  counts.num_read = NumberFrom<uint64_t>(json.at("read"));
  counts.num_bad = NumberFrom<uint64_t>(json.at("bad"));
  counts.num_repeated = NumberFrom<uint64_t>(json.at("repeated"));
  for (const auto& [reason, num] : json.at("bad_reasons").items()) {
    counts.bad_reasons[reason] = NumberFrom<uint64_t>(num);
  }
  counts.dropped.previous_scan =
      NumberFrom<uint64_t>(json.at("dropped_previous_scans"));
  conversion.num_spans = NumberFrom<uint64_t>(json.at("spans"));
  conversion.num_of_spans = NumberFrom<uint64_t>(json.at("of_spans"));
  conversion.num_addresses = NumberFrom<uint64_t>(json.at("addresses"));
  conversion.num_positions = NumberFrom<uint64_t>(json.at("positions"));
  conversion.num_overwritten = NumberFrom<uint64_t>(json.at("overwritten"));
  conversion.doubts = LossesFrom(json.at("doubts"));
  counts.losses = LossesFrom(json.at("losses"));
  json.at("messages").get_to(plan.messages);
  for (const Json& run : json.at("covered_intervals")) {
    plan.heard.runs.emplace_back(NumberFrom<uint32_t>(run.at(0)),
                                 NumberFrom<uint32_t>(run.at(1)));
  }
  for (const Json& one : json.at("devices")) {
    const auto device = NumberFrom<uint32_t>(one.at("device"));
    counts.by_device[device] = NumberFrom<uint64_t>(one.at("sightings"));
    if (plan.by_devices) {
      plan.shard_of_device[device] = ShardFrom(one.at("shard"));
    }
  }
}

// --------------------------------------------------------------------- all

std::string TimeText(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone());
}

// False for another text, and for what Abseil calls infinite.
bool TimeFrom(const Json& json, absl::Time* time) {
  return absl::ParseTime(absl::RFC3339_full, json.get<std::string>(), time,
                         nullptr) &&
         *time != absl::InfiniteFuture() && *time != absl::InfinitePast();
}

// What nlohmann has no say in. Empty: all is well.
std::string DefectOf(const MatchPlan& plan) {
  // As DealOut deals: no shard is without a file or a device.
  const size_t num_items =
      plan.by_devices ? plan.shard_of_device.size() : plan.shard_of_file.size();
  if (plan.num_shards < 1 || plan.num_shards > kMaxShards ||
      plan.num_shards > num_items) {
    return "its number of shards";
  }
  const auto is_shard = [&plan](uint32_t shard) {
    return shard < plan.num_shards;
  };
  if (!std::all_of(plan.shard_of_file.begin(), plan.shard_of_file.end(),
                   is_shard) ||
      !std::all_of(plan.shard_of_device.begin(), plan.shard_of_device.end(),
                   [&](const auto& one) { return is_shard(one.second); })) {
    return "the number of a shard";
  }
  uint64_t num_sightings = 0;
  for (const auto& [device, num] : plan.counts.by_device) {
    if (num > plan.counts.num_read) return "the sightings of a device";
    num_sightings += num;
  }
  if (plan.counts.num_read > std::numeric_limits<uint32_t>::max() ||
      (!plan.counts.by_device.empty() &&
       num_sightings != plan.counts.num_read)) {
    return "its number of sightings";
  }
  uint64_t next = 0;
  for (const auto& [first, last] : plan.heard.runs) {
    if (first < next || last < first) return "the covered intervals";
    next = uint64_t{last} + 1;
  }
  return "";
}

}  // namespace

std::vector<std::string> InputPaths(const MatchOptions& options,
                                    const std::vector<std::string>& exports) {
  std::vector<std::string> paths;
  const auto add = [&paths](std::string path) {
    if (!path.empty()) paths.push_back(std::move(path));
  };
  for (const std::string& path : exports) {
    add(path);
    add(SignaturePathBeside(path));
  }
  for (const std::string& argument : options.sightings) {
    const std::string path = StorePath(argument);
    if (path.empty()) continue;
    add(path);
    add(path + "-wal");
  }
  for (std::string& path : TrustedKeyPaths(options.trusted_keys)) {
    add(std::move(path));
  }
  if (!options.own_keys.empty()) {
    add(options.own_keys);
    add(options.own_keys + "-wal");
  }
  add(ConfigPath(options.window_policy));
  add(ConfigPath(options.config));
  return paths;
}

absl::Status DealOut(MatchPlan& plan) {
  const size_t num_items = plan.by_devices ? plan.counts.by_device.size()
                                           : plan.options.exports.given.size();
  if (num_items < plan.num_shards) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--shards ", plan.num_shards, ": there ",
        num_items == 1 ? "is " : "are ", num_items == 0 ? "no" : "only ",
        num_items == 0 ? std::string() : absl::StrCat(num_items),
        plan.by_devices ? " device" : " file", num_items == 1 ? "" : "s",
        plan.by_devices && num_items == 0
            ? " named; --by files splits one person's run"
            : ""));
  }
  std::vector<uint64_t> weights;
  weights.reserve(num_items);
  if (plan.by_devices) {
    for (const auto& [device, num] : plan.counts.by_device) {
      weights.push_back(num);
    }
    const std::vector<uint32_t> shard_of = Spread(weights, plan.num_shards);
    size_t i = 0;
    for (const auto& [device, num] : plan.counts.by_device) {
      plan.shard_of_device[device] = shard_of[i++];
    }
    return absl::OkStatus();
  }
  for (const std::string& path : plan.options.exports.given) {
    std::error_code error;
    const uint64_t size = std::filesystem::file_size(path, error);
    if (error && error != std::errc::no_such_file_or_directory) {
      return SystemError(error.value(), path);
    }
    weights.push_back(error ? 0 : size);
  }
  plan.shard_of_file = Spread(weights, plan.num_shards);
  return absl::OkStatus();
}

std::string MatchPlanText(const MatchPlan& plan) {
  Json exports = Json::array();
  for (size_t i = 0; i < plan.options.exports.given.size(); ++i) {
    Json one = {{"path", plan.options.exports.given[i]}};
    if (!plan.by_devices) one["shard"] = plan.shard_of_file[i] + 1;
    exports.push_back(std::move(one));
  }
  Json inputs = Json::array();
  for (const auto& [path, digest] : plan.digests) {
    inputs.push_back({{"path", path}, {"sha256", digest}});
  }
  const Json json = {{"tekmatch_plan", kMatchPlanVersion},
                     {"shards", plan.num_shards},
                     {"by", plan.by_devices ? "devices" : "files"},
                     {"now", TimeText(plan.now)},
                     {"as_of", TimeText(plan.as_of)},
                     {"options", OptionsJson(plan.options)},
                     {"exports", std::move(exports)},
                     {"sightings", SightingsJson(plan)},
                     {"inputs", std::move(inputs)}};
  return absl::StrCat(DumpJson(json, 1), "\n");
}

absl::StatusOr<MatchPlan> ParseMatchPlan(const std::string& name,
                                         const std::string& text) {
  const auto wrong = [&name](absl::string_view what) {
    return absl::DataLossError(
        absl::StrCat(name, ": not a plan of tekmatch plan: ", what));
  };
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("tekmatch_plan")) {
    return wrong("no such JSON object");
  }
  if (json["tekmatch_plan"] != kMatchPlanVersion) {
    return absl::DataLossError(absl::StrCat(
        name, ": a plan of another version than this tekmatch reads"));
  }
  MatchPlan plan;
  try {
    plan.num_shards = NumberFrom<uint32_t>(json.at("shards"));
    const auto by = json.at("by").get<std::string>();
    plan.by_devices = by == "devices";
    if (!plan.by_devices && by != "files") return wrong("by");
    if (!TimeFrom(json.at("now"), &plan.now)) return wrong("now");
    if (!TimeFrom(json.at("as_of"), &plan.as_of)) return wrong("as_of");
    plan.options = OptionsFrom(json.at("options"));
    for (const Json& one : json.at("exports")) {
      plan.options.exports.given.push_back(one.at("path").get<std::string>());
      if (!plan.by_devices) {
        plan.shard_of_file.push_back(ShardFrom(one.at("shard")));
      }
    }
    SightingsFrom(json.at("sightings"), plan);
    for (const Json& one : json.at("inputs")) {
      plan.digests[one.at("path").get<std::string>()] =
          one.at("sha256").get<std::string>();
    }
  } catch (const Json::exception&) {
    return wrong("a member is missing, or of another type");
  }
  const std::string defect = DefectOf(plan);
  if (!defect.empty()) return wrong(defect);
  return plan;
}

absl::StatusOr<LoadedPlan> LoadMatchPlan(const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::string text,
                            ReadSmallFile(path, kMaxPlanBytes, "a plan"));
  LoadedPlan loaded;
  TEKMATCH_ASSIGN_OR_RETURN(loaded.plan, ParseMatchPlan(path, text));
  const MatchPlan& plan = loaded.plan;
  ShardPlan& shards = loaded.shards;
  TEKMATCH_RETURN_IF_ERROR(
      DecodeHex(DigestOfText(text), absl::MakeSpan(shards.digest)));
  shards.paths = plan.options.exports.given;
  shards.by_devices = plan.by_devices;
  shards.shards.resize(plan.num_shards);
  for (uint32_t i = 0; i < shards.paths.size(); ++i) {
    if (plan.by_devices) {
      shards.common_files.push_back(i);
    } else {
      shards.shards[plan.shard_of_file[i]].files.push_back(i);
    }
  }
  for (const auto& [device, shard] : plan.shard_of_device) {
    shards.shards[shard].devices.insert(device);
    shards.shards[shard].num_sightings += plan.counts.by_device.at(device);
  }
  if (!plan.by_devices) {
    for (ExpectedShard& shard : shards.shards) {
      shard.num_sightings = plan.counts.num_read;
    }
    for (const auto& [device, num] : plan.counts.by_device) {
      shards.common_devices.insert(device);
    }
  }
  return loaded;
}

absl::Status CheckUnchanged(const MatchPlan& plan,
                            const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const auto planned = plan.digests.find(path);
    TEKMATCH_ASSIGN_OR_RETURN(const std::string digest, DigestOfPath(path));
    if (planned != plan.digests.end() && planned->second == digest) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        path,
        digest == kNoFile ? ": is not there any more" : ": is not what it was",
        " when the plan was made; make the plan anew"));
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
