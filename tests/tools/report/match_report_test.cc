#include "tools/report/match_report.h"

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/match_at.h"
#include "tests/time_zones.h"
#include "tools/files/hex.h"
#include "tools/files/json_text.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CountedTest, SingularAndPlural) {
  EXPECT_EQ(Counted(0, "key"), "0 keys");
  EXPECT_EQ(Counted(1, "key"), "1 key");
  EXPECT_EQ(Counted(2, "key"), "2 keys");
}

// A run over a signed, an unsigned and a refused file.
ExposureCheckResult ARun() {
  ExposureCheckResult run;
  run.complete = true;
  run.files.resize(3);
  run.files[0].path = "a.zip";
  run.files[0].verdict = "valid";
  run.files[0].accepted = true;
  ExportReport& report = run.files[0].report;
  report.signature.verdict = SignatureVerdict::kValid;
  report.signature.signed_by = {"440:v1"};
  report.signature.signer_ids = {"440"};
  report.counts.keys = 10;
  report.counts.revised_keys = 2;
  report.counts
      .rejected[static_cast<size_t>(KeyRejection::kFarFutureRollingStart)] = 3;
  report.counts.dropped[static_cast<size_t>(DroppedField::kDaysSinceOnset)] = 1;
  report.extra_entry = "notes.txt";
  run.files[1].path = "b.zip";
  run.files[1].verdict = "no_signature_entry";
  run.files[1].accepted = true;
  run.files[1].report.counts.keys = 5;
  run.files[1].report.metadata.region = "DE";
  run.files[2].path = "c.zip";
  run.files[2].verdict = "wrong_signature";
  run.files[2].message = "c.zip: the signature does not fit";
  run.files[2].report.signature.verdict = SignatureVerdict::kWrongSignature;
  run.num_keys = 17;
  run.num_rejected = 3;
  run.num_own_keys = 1;
  run.num_compared = 12;
  run.num_own_matches = 18;
  run.result.matches = {MatchAt("2020-05-20T14:59:59Z", 0xab, 0, 0xcd),
                        MatchAt("2020-05-20T15:00:00Z", 0xab, 1, 0xcd),
                        MatchAt("2020-05-20T15:00:00Z", 0xef, 1, 0xcd)};
  run.result.num_duplicates = 4;
  run.result.num_replayed = 5;
  run.result.num_tx_power_out_of_bounds = 6;
  run.report_types = {.num_revoked = 7, .num_recursive = 8};
  run.num_outside_first_publication = 11;
  run.num_outside_tolerance = 14;
  run.num_revisions = 12;
  run.num_ignored_revisions = 13;
  run.num_conflicts = {0, 1, 0, 2, 0};
  run.num_outside_window[static_cast<size_t>(WindowReason::kTooOld)] = 9;
  run.num_outside_window[static_cast<size_t>(WindowReason::kAfterWindow)] = 10;
  return run;
}

SightingsCounts Sightings() {
  SightingsCounts sightings;
  sightings.num_read = 100;
  sightings.num_bad = 7;
  sightings.num_repeated = 14;
  sightings.dropped = {.previous_scan = 11};
  sightings.losses = {{"db/000006.log", "is missing: a reason"}};
  return sightings;
}

MatchReportInput Input(const ExposureCheckResult& run,
                       const SightingsCounts& sightings) {
  return {.account = {.run = run,
                      .sightings = sightings,
                      .own_keys = {.of_all_devices = 15,
                                   .of_one_device = 16,
                                   .of_no_device = 17}},
          .zone = Zone("Asia/Tokyo"),
          .window_policy = "mine"};
}

MatchReportInput Input(const ExposureCheckResult& run) {
  static const SightingsCounts* sightings = new SightingsCounts(Sightings());
  return Input(run, *sightings);
}

TEST(MatchReportTest, JsonIsAsDocumented) {
  const ExposureCheckResult run = ARun();
  const ordered_json expected = ordered_json::parse(R"({
    "files": [
      {"path": "a.zip", "verdict": "valid", "accepted": true,
       "signed_by": ["440:v1"], "keys": 12,
       "rejected": {"far_future_rolling_start": 3},
       "dropped_fields": {"days_since_onset": 1},
       "extra_entry": "notes.txt",
       "keys_matched": 2, "sightings_matched": 2},
      {"path": "b.zip", "verdict": "no_signature_entry", "accepted": true,
       "signed_by": [], "keys": 5, "rejected": {}, "dropped_fields": {},
       "keys_matched": 0, "sightings_matched": 0},
      {"path": "c.zip", "verdict": "wrong_signature", "accepted": false,
       "signed_by": [], "keys": 0, "rejected": {}, "dropped_fields": {},
       "message": "c.zip: the signature does not fit",
       "keys_matched": 0, "sightings_matched": 0}],
    "authorities": [
      {"key_ids": [], "region": "DE", "files": 1, "keys_matched": 0,
       "sightings_matched": 0},
      {"key_ids": ["440"], "region": "", "files": 1, "keys_matched": 2,
       "sightings_matched": 2}],
    "all_files_signed": false, "complete": false,
    "left_out": {"files": 1, "keys": 3, "sightings": 7, "losses": 1},
    "policy": {"tolerance_intervals": 12, "replay_cut_seconds": 1200,
               "min_tx_power": -50, "max_tx_power": 20},
    "keys_read": 17, "keys_rejected": 3, "keys_own": 1, "keys_compared": 12,
    "own_keys": {"all_devices": 15, "one_device": 16, "no_device": 17},
    "keys_matched": 2, "rpis_matched": 1,
    "sightings_read": 100, "sightings_skipped": 7, "sightings_repeated": 14,
    "sightings_lost": [{"path": "db/000006.log",
                        "reason": "is missing: a reason"}],
    "dropped_fields": {"previous_scan": 11}, "sightings_matched": 2,
    "dropped": {"duplicate": 4, "own_key": 18, "replayed": 5,
                "tx_power_out_of_bounds": 6,
                "outside_first_publication": 11, "outside_tolerance": 14,
                "revoked_key": 7, "recursive_key": 8},
    "conflicts": {"rolling_period": 1, "days_since_onset": 2},
    "revisions": {"counted": 12, "ignored": 13},
    "window_policy": {"name": "mine", "time_zone": "UTC",
                      "not_counted": {"too_old": 9, "after_window": 10}},
    "time_zone": "Asia/Tokyo",
    "dates": [{"date": "2020-05-20", "keys": 1, "sightings": 1},
              {"date": "2020-05-21", "keys": 2, "sightings": 1}]})");
  EXPECT_EQ(DumpJson(MatchReportJson(Input(run)), 1), DumpJson(expected, 1));
}

TEST(MatchReportTest, NothingIsSaidOfLossesWhereThereAreNone) {
  const ExposureCheckResult run = ARun();
  const SightingsCounts sightings;
  const MatchReportInput input = Input(run, sightings);
  EXPECT_THAT(MatchReportText(input), Not(HasSubstr("LOST")));
  EXPECT_THAT(MatchReportText(input), Not(HasSubstr("previous scan")));
  EXPECT_EQ(MatchReportJson(input)["sightings_lost"], ordered_json::array());
  EXPECT_EQ(MatchReportJson(input)["dropped_fields"], ordered_json::object());
}

TEST(MatchReportTest, WhatForeignStoresHadIsSaid) {
  const ExposureCheckResult run = ARun();
  SightingsCounts sightings;
  sightings.num_bad = 3;
  sightings.bad_reasons = {{"rssi: missing", 2}, {"rpi: not a blob", 1}};
  sightings.conversion = {.num_spans = 5,
                          .num_of_spans = 9,
                          .num_addresses = 7,
                          .num_positions = 6,
                          .num_overwritten = 4,
                          .doubts = {{"exposure.db", "no \x1b -wal"}}};
  const MatchReportInput input = Input(run, sightings);
  const ordered_json json = MatchReportJson(input);
  EXPECT_EQ(
      json["sightings_skipped_reasons"],
      ordered_json::parse(R"({"rpi: not a blob": 1, "rssi: missing": 2})"));
  EXPECT_EQ(json["sightings_converted"], ordered_json::parse(R"({
    "spans": 5, "sightings_of_spans": 9, "addresses_not_kept": 7,
    "positions_not_kept": 6, "rows_of_overwritten_identifiers": 4,
    "doubts": [{"path": "exposure.db", "reason": "no \u001b -wal"}]})"));
  const std::string text = MatchReportText(input);
  for (const char* words :
       {"Rows left out, rpi: not a blob: 1.\n",
        "DOUBT: exposure.db: no \\x1b -wal\n", "a first and a last time: 5.",
        "in all 9;", "address: 7;", "position: 6.", "left\nout: 4.\n"}) {
    EXPECT_THAT(text, HasSubstr(words));
  }
  const std::string japanese = SightingsRemarks(sightings, Language::kJapanese);
  for (const char* words : {"除外した行（rssi: missing）：2件", "注意：", "5件",
                            "計9件", "7件", "6件", "4件"}) {
    EXPECT_THAT(japanese, HasSubstr(words));
  }
}

TEST(MatchReportTest, AllFilesSigned) {
  ExposureCheckResult run = ARun();
  // A file that was left out says nothing about those that count.
  run.files[1].accepted = false;
  EXPECT_EQ(MatchReportJson(Input(run))["all_files_signed"], true);
  EXPECT_THAT(MatchReportText(Input(run)), Not(HasSubstr("UNSIGNED")));
  EXPECT_THAT(MatchReportText(Input(run)), Not(HasSubstr("unsigned")));
  run.files[1].accepted = true;
  run.files[1].report.signature.verdict = SignatureVerdict::kEmptySignatureList;
  EXPECT_EQ(MatchReportJson(Input(run))["all_files_signed"], false);
}

TEST(MatchReportTest, ACopyIsSaidAndIsNoFileOfItsOwn) {
  ExposureCheckResult run = ARun();
  run.files[1].copy_of = "a.zip";
  const ordered_json json = MatchReportJson(Input(run));
  EXPECT_EQ(json["files"][1]["copy_of"], "a.zip");
  EXPECT_FALSE(json["files"][0].contains("copy_of"));
  EXPECT_EQ(json["all_files_signed"], true);
  const std::string text = MatchReportText(Input(run));
  EXPECT_THAT(
      text, HasSubstr("COUNTED ONCE: b.zip holds the same export as a.zip\n"));
  EXPECT_THAT(text, Not(HasSubstr("UNSIGNED")));
  EXPECT_THAT(text, HasSubstr(" in 1 file "));
}

TEST(MatchReportTest, TextIsExact) {
  const ExposureCheckResult run = ARun();
  EXPECT_EQ(
      MatchReportText(Input(run)),
      "UNSIGNED (no_signature_entry): b.zip\n"
      "LEFT OUT (wrong_signature): c.zip: the signature does not fit\n"
      "Keys of unsigned files count here: anybody could have made them up.\n"
      "LOST: db/000006.log: is missing: a reason\n"
      "Sightings may be missing: 1 of the stores' files could not be read.\n"
      "Sightings that several stores have, counted once: 14.\n"
      "Sightings whose previous scan is no time before them, and is not used: "
      "11.\n"
      "Left out as unusable: files: 1, keys: 3, sightings: 7. A contact may "
      "be\nmissing here.\n"
      "Own keys of a device that is not here: 17.\n"
      "Keys that were heard and are published with more than one "
      "rolling_period: 1. The first\npublication decides.\n"
      "Keys that were heard and are published with more than one "
      "days_since_onset: 2. The first\npublication decides.\n"
      "Sightings outside the time that their key's first publication gives "
      "it: 11.\n"
      "Sightings of published identifiers outside the tolerance, within a day\n"
      "(outside_tolerance): 14. A clock is off, or they are replays.\n"
      "Revisions of report types ignored, no legal move or not the key's first "
      "one: 13.\n"
      "Read 17 keys in 2 files (3 rejected, 1 own) and 100 sightings (7 "
      "skipped).\n"
      "18 matched sightings of a device's own keys not counted.\n"
      "9 matched sightings not counted by policy mine: too_old.\n"
      "10 matched sightings not counted by policy mine: after_window.\n"
      "15 matched sightings of revoked or recursive keys not counted.\n"
      "Matched 2 keys with 2 sightings of 1 identifier (5 more dropped as "
      "replays, 6 for their transmit power).\n"
      "\n"
      "date            keys  sightings   (dates in Asia/Tokyo)\n"
      "2020-05-20         1          1\n"
      "2020-05-21         2          1\n"
      "\n"
      "    keys  sightings   files  by signing key id and region\n"
      "       0          0       1  (nobody trusted), DE\n"
      "       2          2       1  440, (no region)\n"
      "\n"
      "    keys  sightings  by file\n"
      "       2          2  a.zip\n");
}

TEST(MatchReportTest, TextWithoutAMatch) {
  ExposureCheckResult run = ARun();
  run.files.resize(1);
  run.result = {};
  run.report_types = {};
  run.num_outside_window = {};
  run.num_outside_first_publication = 0;
  run.num_outside_tolerance = 0;
  run.num_revisions = run.num_ignored_revisions = 0;
  run.num_conflicts = {};
  run.num_rejected = run.num_own_keys = run.num_own_matches = 0;
  SightingsCounts sightings;
  sightings.num_read = 100;
  MatchReportInput input = Input(run, sightings);
  input.account.own_keys = {};
  EXPECT_EQ(MatchReportText(input),
            "Read 17 keys in 1 file (0 rejected, 0 own) and 100 sightings (0 "
            "skipped).\n"
            "No key matched a sighting.\n");
  EXPECT_EQ(MatchReportJson(Input(run))["dates"], ordered_json::array());
}

TEST(MatchReportTest, TellsDatesOnly) {
  const ExposureCheckResult run = ARun();
  const std::string text = MatchReportText(Input(run));
  const std::string json = DumpJson(MatchReportJson(Input(run)), -1);
  for (const std::string& report : {text, json}) {
    for (const Match& match : run.result.matches) {
      EXPECT_THAT(report, Not(HasSubstr(EncodeHex(match.tek.bytes))));
      EXPECT_THAT(report, Not(HasSubstr(EncodeHex(match.sighting.rpi.bytes))));
      EXPECT_THAT(report,
                  Not(HasSubstr(std::to_string(match.sighting.unix_seconds))));
    }
    for (const char* clock : {"14:59", "15:00", "23:59", "00:00"}) {
      EXPECT_THAT(report, Not(HasSubstr(clock)));
    }
  }
}

}  // namespace
}  // namespace tekmatch
