// A check in shards gives what one check gives, whatever the split and the
// order.
//
// Plan: worlds with keys that several files publish, revise and revoke, at
// equal and other times, in batches, and devices with own keys; a check of it
// whole and one in shards, compared as text.
#include "matcher/check/shards.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/partial.h"
#include "matcher/check/shard_merger.h"
#include "matcher/exposure/daily_summary.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_findings.h"
#include "matcher/exposure/exposure_window.h"
#include "matcher/exposure/transmission_window.h"
#include "matcher/join/match_order.h"
#include "rapidcheck/gtest.h"
#include "tests/matcher/check/shard_world.h"
#include "tests/test_exports.h"

namespace tekmatch {
namespace {

// Small numbers, so that what has to meet does.
ShardWorld MakeWorld() {
  ShardWorld world;
  const auto keys =
      TestKeys(*rc::gen::inRange<size_t>(1, 5), *rc::gen::inRange(0, 1000));
  const auto num_devices = *rc::gen::inRange<uint32_t>(1, 4);
  for (uint32_t device = 1; device <= num_devices; ++device) {
    world.options.devices.insert(device);
  }
  const auto any_key = [&keys] {
    return *rc::gen::inRange<size_t>(0, keys.size());
  };
  const auto num_files = *rc::gen::inRange<size_t>(1, 5);
  for (size_t i = 0; i < num_files; ++i) {
    std::vector<DiagnosisKey> published;
    for (DiagnosisKey key : keys) {
      if (*rc::gen::inRange(0, 3) == 0) continue;
      // Half of them say another time of the key than others do.
      key.rolling_start += *rc::gen::element<EnIntervalNumber>(0, 0, 6, 4000);
      key.metadata.revised = *rc::gen::arbitrary<bool>();
      key.metadata.report_type =
          key.metadata.revised ? *rc::gen::element(ReportType::kConfirmedTest,
                                                   ReportType::kRevoked)
                               : *rc::gen::element(ReportType::kConfirmedTest,
                                                   ReportType::kSelfReport);
      published.push_back(key);
    }
    if (published.empty()) published.push_back(keys.front());
    ExportWriterOptions writer = TestExportOptions();
    writer.end_timestamp =
        writer.start_timestamp +
        static_cast<uint64_t>(86400 * *rc::gen::inRange(1, 4));
    writer.max_keys = *rc::gen::element<uint64_t>(2, 100);
    std::vector<std::string> batch = WriteTestBatch(published, writer);
    // Now and then one of a batch is missing, and one is there twice.
    if (batch.size() > 1 && *rc::gen::arbitrary<bool>()) batch.pop_back();
    if (*rc::gen::inRange(0, 4) == 0) batch.push_back(batch.front());
    for (const std::string& bytes : batch) {
      const std::string name = absl::StrCat(world.names.size(), ".zip");
      world.options.files.sources[name] = MemorySource(name, bytes);
      world.names.push_back(name);
    }
  }
  const auto num_sightings = *rc::gen::inRange<size_t>(0, 20);
  for (size_t i = 0; i < num_sightings; ++i) {
    const DiagnosisKey& key = keys[any_key()];
    const int64_t begin = int64_t{key.rolling_start} * kIntervalSeconds;
    const int64_t second = begin + *rc::gen::inRange<int64_t>(0, 86400);
    Sighting sighting = HearKey(key, second, *rc::gen::inRange(-90, -40));
    // Some are recordings, some are heard outside the tolerance, some twice.
    sighting.unix_seconds += *rc::gen::element<int64_t>(0, 0, 1500, 40000);
    sighting.device = *rc::gen::inRange<uint32_t>(1, num_devices + 1);
    world.sightings.push_back(sighting);
    if (*rc::gen::inRange(0, 4) == 0) world.sightings.push_back(sighting);
  }
  if (*rc::gen::arbitrary<bool>()) {
    world.options.own_keys.of_device[1].insert(keys[any_key()].tek);
  }
  if (*rc::gen::inRange(0, 4) == 0) {
    world.options.own_keys.of_all.insert(keys[any_key()].tek);
  }
  // Half of them have rules for contacts, and add them up.
  if (*rc::gen::arbitrary<bool>()) {
    world.options.window_policy = *NamedTransmissionWindowPolicy("cocoa-3");
    world.options.window_zone = absl::FixedTimeZone(9 * 3600);
  }
  if (*rc::gen::arbitrary<bool>()) {
    world.options.config = *NamedExposureConfig("cocoa");
    world.options.zone = absl::FixedTimeZone(9 * 3600);
    world.options.now =
        absl::FromUnixSeconds(kTestDaySeconds + int64_t{3} * 86400);
  }
  world.options.files.trusted = TrustTestSigner();
  world.options.skip_bad_files = true;
  world.options.keep_dropped = true;
  return world;
}

std::string Hex(absl::string_view bytes) {
  return absl::BytesToHexString(bytes);
}
template <size_t N>
std::string Hex(const std::array<uint8_t, N>& bytes) {
  return Hex(absl::string_view(reinterpret_cast<const char*>(bytes.data()), N));
}

template <typename T>
std::string Text(const std::optional<T>& value) {
  return value.has_value() ? absl::StrCat(static_cast<int>(*value)) : "-";
}

// All of it but the position, by which a merge tells sightings apart that are
// equal, and which is another one there.
std::string Text(const Match& m) {
  return absl::StrCat(
      Hex(m.tek.bytes), " ", m.rolling_start, " ", m.rolling_period, " ",
      Text(m.metadata.transmission_risk), " ", Text(m.metadata.report_type),
      " ", Text(m.metadata.days_since_onset), " ",
      Text(m.metadata.variant_of_concern), " ", m.metadata.revised, " ",
      m.source, " ", m.interval, " ",
      absl::StrJoin({int64_t{m.sighting.unix_seconds}, int64_t{m.sighting.rssi},
                     int64_t{m.sighting.store},
                     int64_t{m.sighting.seconds_since_previous_scan},
                     int64_t{m.sighting.device}, int64_t{m.tx_power},
                     int64_t{m.attenuation}},
                    " "),
      " ", Hex(m.sighting.rpi.bytes), " ", Hex(m.sighting.aem.bytes), " ",
      Hex(m.bluetooth_metadata.bytes));
}

std::string Text(const ExposureSummaryData& data) {
  return absl::StrCat(data.maximum_score, " ", data.score_sum, " ",
                      data.weighted_duration_sum, " ");
}

std::string Text(const ExposureFindings& f) {
  std::string text = absl::StrCat(
      absl::FormatCivilTime(f.today), " ",
      f.since.has_value() ? absl::FormatCivilTime(*f.since) : "-", " ",
      f.num_contacts, " ", f.version_1.num_matched_keys, " ",
      f.version_1.days_since_last_exposure, " ", f.version_1.maximum_risk_score,
      " ", f.version_1.summation_risk_score, " ",
      absl::StrJoin(f.version_1.attenuation_minutes, " "));
  for (const ExposureWindow& window : f.windows) {
    absl::StrAppend(&text, "\n  window ", static_cast<int>(window.report_type),
                    " ", static_cast<int>(window.infectiousness), " ",
                    window.calibration_confidence, " ", Hex(window.tek.bytes),
                    " ", window.start_seconds);
    for (const ScanInstance& scan : window.scans) {
      absl::StrAppend(&text, ", ", scan.seconds_since_last_scan, " ",
                      scan.typical_attenuation, " ", scan.min_attenuation, " ",
                      absl::StrJoin(scan.matches, " "));
    }
  }
  for (const DailySummary& day : f.days) {
    absl::StrAppend(&text, "\n  day ", absl::FormatCivilTime(day.date), " ",
                    Text(day.all), day.seconds, " ", day.num_windows, " ",
                    day.num_keys, " ", day.alerting, " ");
    for (const ExposureSummaryData& data : day.by_report_type) {
      absl::StrAppend(&text, Text(data));
    }
  }
  return text;
}

// All that a result says.
std::string Text(const ExposureCheckResult& r) {
  std::string text = absl::StrCat(
      r.complete, " ", r.num_keys, " ", r.num_rejected, " ", r.num_own_keys,
      " ", r.num_compared, " ", r.num_believed_keys, " ",
      r.num_believed_compared, " ", r.num_revisions, " ",
      r.num_ignored_revisions, " ", r.num_outside_first_publication, " ",
      r.num_partly_compared, " ", r.num_own_matches, " ",
      r.num_outside_tolerance, " ", r.report_types.num_revoked, " ",
      r.report_types.num_recursive, " ", r.result.num_duplicates, " ",
      r.result.num_replayed, " ", r.result.num_tx_power_out_of_bounds, " ",
      r.num_sightings, "\n");
  absl::StrAppend(&text, absl::StrJoin(r.num_conflicts, " "), ", ",
                  absl::StrJoin(r.num_outside_window, " "), ", ",
                  absl::StrJoin(r.devices_without_keys, " "));
  for (const auto& [device, n] : r.num_sightings_of) {
    absl::StrAppend(&text, ", ", device, ": ", n);
  }
  for (const ExportFileResult& file : r.files) {
    const auto description = FileDescription(file);
    RC_ASSERT(description.ok());
    absl::StrAppend(&text, "\n", file.path, " ", file.verdict, " ",
                    file.copy_of, " ", file.message, " ", Hex(*description));
  }
  for (const Match& match : r.result.matches) {
    absl::StrAppend(&text, "\n", Text(match));
  }
  for (const auto& [device, findings] : r.findings) {
    absl::StrAppend(&text, "\n", device, ": ", Text(findings));
  }
  std::vector<std::string> dropped;
  dropped.reserve(r.dropped.size());
  for (const DroppedMatch& one : r.dropped) {
    dropped.push_back(absl::StrCat("\n", one.reason, " ", Text(one.match)));
  }
  std::sort(dropped.begin(), dropped.end());
  absl::StrAppend(&text, absl::StrJoin(dropped, ""));
  return text;
}

SightingNumbers NumbersOf(const ShardWorld& world) {
  auto numbers =
      CountSightings(*IndexOf(world.sightings), world.options.devices);
  RC_ASSERT(numbers.ok());
  return *numbers;
}

ShardPlan PlanOf(const ShardWorld& world, bool by_devices,
                 uint32_t num_shards) {
  ShardPlan plan;
  plan.digest[0] = 7;
  plan.paths = world.names;
  plan.by_devices = by_devices;
  plan.shards.resize(num_shards);
  const auto any = [&]() -> ExpectedShard& {
    return plan.shards[*rc::gen::inRange<size_t>(0, num_shards)];
  };
  const SightingNumbers numbers = NumbersOf(world);
  for (uint32_t i = 0; i < world.names.size(); ++i) {
    if (by_devices) {
      plan.common_files.push_back(i);
    } else {
      any().files.push_back(i);
    }
  }
  for (const auto& [device, num] : numbers.of_device) {
    if (!by_devices) break;
    ExpectedShard& shard = any();
    shard.devices.insert(device);
    shard.num_sightings += num;
  }
  for (ExpectedShard& shard : plan.shards) {
    if (!by_devices) shard.num_sightings = numbers.all;
  }
  return plan;
}

std::string WholeText(const ShardWorld& world) {
  auto whole =
      CheckExposure(world.names, IndexOf(world.sightings), world.options);
  RC_ASSERT(whole.ok());
  return Text(*whole);
}

// A merge whose memory is of any size, also of none: then each candidate goes
// into the file by itself.
MergeSettings AnyMemory() {
  return {.memory_bytes = *rc::gen::element<size_t>(0, 2000, 1 << 20),
          .folder = ::testing::TempDir()};
}

std::unique_ptr<ShardMerger> MergerOf(
    const ShardPlan& plan, const std::vector<std::string>& partials) {
  auto merger = std::make_unique<ShardMerger>(plan, AnyMemory());
  for (const std::string& bytes : partials) {
    const absl::Status added = merger->Add(*MemorySource("p", bytes));
    RC_LOG() << added.ToString();
    RC_ASSERT(added.ok());
  }
  return merger;
}

// What comes out of Conclude and VisitFindings, put together.
ExposureCheckResult Gathered(ShardMerger& merger, const ShardWorld& world) {
  std::vector<Match> all;
  auto merged = merger.Conclude(
      NumbersOf(world), world.options, [&](absl::Span<const Match> matches) {
        RC_ASSERT(!matches.empty());
        for (const Match& match : matches) {
          RC_ASSERT(match.tek == matches[0].tek);
          RC_ASSERT(match.sighting.device == matches[0].sighting.device);
        }
        const bool is_next =
            all.empty() || ByDeviceAndKey(all.back(), matches[0]);
        RC_ASSERT(is_next);
        all.insert(all.end(), matches.begin(), matches.end());
        return absl::OkStatus();
      });
  RC_ASSERT(merged.ok());
  RC_ASSERT(merged->result.matches.size() == (all.empty() ? 0U : 1U));
  RC_ASSERT(merged->dropped.empty());
  RC_ASSERT(merged->findings.empty());
  std::sort(all.begin(), all.end(), InResultOrder);
  merged->result.matches = std::move(all);
  // As often as is wanted.
  for (int i = 0; i < 2 && world.options.config.has_value(); ++i) {
    merged->findings.clear();
    std::vector<uint32_t> devices;
    RC_ASSERT(merger
                  .VisitFindings(
                      [&](uint32_t device, const ExposureFindings& findings) {
                        devices.push_back(device);
                        merged->findings[device] = findings;
                        return absl::OkStatus();
                      })
                  .ok());
    const auto& expected = world.options.devices;
    RC_ASSERT(devices ==
              std::vector<uint32_t>(expected.begin(), expected.end()));
  }
  return *std::move(merged);
}

RC_GTEST_PROP(ShardsTest, AnySplitInAnyOrderGivesWhatOneCheckGives, ()) {
  const ShardWorld world = MakeWorld();
  const bool by_devices = *rc::gen::arbitrary<bool>();
  const auto num_shards = *rc::gen::inRange<uint32_t>(1, 5);
  const ShardPlan plan = PlanOf(world, by_devices, num_shards);
  std::vector<std::string> partials;
  for (uint32_t i = 0; i < num_shards; ++i) {
    partials.push_back(PartialOf(world, plan, i));
  }
  // Equal findings give equal bytes.
  RC_ASSERT(PartialOf(world, plan, 0) == partials.front());
  for (uint32_t i = num_shards; i > 1; --i) {
    std::swap(partials[i - 1], partials[*rc::gen::inRange<uint32_t>(0, i)]);
  }
  auto merged = MergerOf(plan, partials)
                    ->ConcludeInMemory(NumbersOf(world), world.options);
  RC_ASSERT(merged.ok());
  RC_ASSERT(Text(*merged) == WholeText(world));
  ShardWorld without = world;
  without.options.keep_dropped = false;
  RC_ASSERT(Text(Gathered(*MergerOf(plan, partials), world)) ==
            WholeText(without));
}

}  // namespace
}  // namespace tekmatch
