// What a run answers, and whether it does: run as a person runs it.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/files/hex.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// An export of two keys, and sightings of the first one for 24 minutes.
class RunAnswerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    keys_ = TestKeys(2, 1);
    WriteFile(At("public.pem"), *TestSigner().key.PublicPem());
    WriteFile(At("good.zip"), WriteTestExport(keys_));
    WriteFile(At("empty.zip"), WriteTestExport({}));
    WriteFile(At("cut.zip"), ReadFile(At("good.zip")).substr(0, 100));
    WriteRows("good.csv", Heard(0));
    WriteRows("others.csv", Heard(7200));
    WriteFile(At("none.csv"), "time,rpi,aem,rssi\n");
    WriteFile(At("bad.csv"), "time,rpi,aem,rssi\n1,2,3,4\n5,6,7,8\n");
  }

  static std::string At(const std::string& name) { return TempPath(name); }

  // By a phone that listens every four minutes, from noon and `later` on.
  std::vector<Sighting> Heard(int64_t later) const {
    std::vector<Sighting> sightings;
    for (int i = 0; i < 6; ++i) {
      Sighting sighting =
          HearKey(keys_[0], kTestDaySeconds + 43200 + later + int64_t{240} * i);
      sighting.seconds_since_previous_scan = 240;
      sightings.push_back(sighting);
    }
    return sightings;
  }

  static void WriteRows(const std::string& name,
                        const std::vector<Sighting>& sightings) {
    const CsvColumns columns = ColumnsFor(sightings);
    std::string text = CsvHeader(columns) + "\n";
    for (const Sighting& sighting : sightings)
      text += CsvRow(sighting, columns);
    WriteFile(At(name), text);
  }

  static TekmatchRun Match(const std::vector<std::string>& exports,
                           const std::vector<std::string>& sightings,
                           const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"match", "--trusted-key",
                                          "440:v1=" + At("public.pem")};
    for (const std::string& name : exports) arguments.push_back(At(name));
    for (const std::string& argument : sightings) {
      arguments.insert(arguments.end(), {"--sightings", argument});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunTekmatch(arguments);
  }

  static json MatchJson(const std::vector<std::string>& exports,
                        const std::vector<std::string>& sightings,
                        std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--format", "json"});
    const TekmatchRun run = Match(exports, sightings, more);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return json::parse(run.out, nullptr, false);
  }

  // No answer in any form, and no file of one.
  static void ExpectNoResult(const std::vector<std::string>& exports,
                             const std::vector<std::string>& sightings,
                             const std::vector<std::string>& more,
                             const std::string& why) {
    for (const std::vector<std::string>& form :
         {std::vector<std::string>{},
          {"--config", "cocoa"},
          {"--config", "cocoa", "--lang", "ja"},
          {"--config", "cocoa", "--explain", "2020-12-01"},
          {"--format", "json"},
          {"--config", "cocoa", "--format", "json"},
          {"--out", At("out"), "--matches-out", At("matches")}}) {
      std::vector<std::string> all = {"--skip-bad-files",
                                      "--skip-bad-sightings"};
      all.insert(all.end(), more.begin(), more.end());
      all.insert(all.end(), form.begin(), form.end());
      const TekmatchRun run = Match(exports, sightings, all);
      EXPECT_EQ(run.exit_code, 1);
      EXPECT_EQ(run.out, "");
      EXPECT_THAT(run.err, HasSubstr(why));
    }
    EXPECT_FALSE(std::filesystem::exists(At("out")));
    EXPECT_FALSE(std::filesystem::exists(At("matches")));
  }

  std::vector<DiagnosisKey> keys_;
};

TEST_F(RunAnswerTest, NoAnswerWhereNoKeyWasCompared) {
  ExpectNoResult({"cut.zip"}, {At("good.csv")}, {},
                 "no key was compared: 1 of 1 files left out, 0 keys read");
  // An export without keys says nothing of anybody, whoever signed it.
  ExpectNoResult({"empty.zip"}, {At("good.csv")}, {},
                 "no key was compared: 0 of 1 files left out, 0 keys read");
  ExpectNoResult({"empty.zip", "cut.zip"}, {At("good.csv")}, {},
                 "no key was compared: 1 of 2 files left out");
  // All of them in the far future of this day.
  ExpectNoResult({"good.zip"}, {At("good.csv")}, {"--now", "2020-01-01T00:00Z"},
                 "2 keys read, 2 of them rejected and 0 own");
  std::string own;
  for (const DiagnosisKey& key : keys_) {
    absl::StrAppend(&own, R"({"tek":")", EncodeHex(key.tek.bytes), "\"}\n");
  }
  WriteFile(At("own.jsonl"), own);
  ExpectNoResult({"good.zip"}, {At("good.csv")},
                 {"--own-keys", At("own.jsonl")},
                 "2 keys read, 0 of them rejected and 2 own");
}

TEST_F(RunAnswerTest, NoAnswerWhereNoSightingWasCompared) {
  ExpectNoResult({"good.zip"}, {At("bad.csv")}, {},
                 "no sighting was compared: 0 read, 2 left out");
  // A phone that heard nobody, or was never on: nobody can tell.
  ExpectNoResult({"good.zip"}, {At("none.csv")}, {},
                 "no sighting was compared: 0 read, 0 left out");
  // Nor for one of several devices.
  ExpectNoResult({"good.zip"}, {At("good.csv"), "3=" + At("none.csv")}, {},
                 "no sighting of device 3 was compared");
}

TEST_F(RunAnswerTest, AnEmptyExportBesideOthersIsNoLoss) {
  const json answer = MatchJson({"empty.zip", "good.zip"}, {At("good.csv")});
  EXPECT_EQ(answer["complete"], true);
  EXPECT_EQ(answer["keys_matched"], 1);
}

// Every form says it.
// Anybody can make an unsigned file: beside signed ones it adds contacts, and
// takes no doubt away.
TEST_F(RunAnswerTest, AnUnsignedFileMakesNoAnswerOfNone) {
  std::vector<DiagnosisKey> old_keys = TestKeys(3, 7);
  for (DiagnosisKey& key : old_keys) key.rolling_start -= 144 * 9;
  WriteFile(At("old.zip"), WriteTestExport(old_keys));
  WriteFile(At("made-up.zip"),
            WriteTestExport(TestKeys(2, 5), TestExportOptions({})));
  WriteFile(At("heard.zip"), WriteTestExport(keys_, TestExportOptions({})));
  const std::string nothing = "nothing could match";
  const std::vector<std::string> notice = {"--allow-unsigned", "--config",
                                           "cocoa"};
  ExpectNoResult({"empty.zip", "made-up.zip"}, {At("good.csv")},
                 {"--allow-unsigned"},
                 "no key of a verified file was compared");
  for (const std::vector<std::string>& exports :
       {std::vector<std::string>{"old.zip"}, {"old.zip", "made-up.zip"}}) {
    EXPECT_THAT(Match(exports, {At("good.csv")}, notice).out,
                HasSubstr(nothing));
  }
  // Beside a contact of an unsigned file it is said of the others alone.
  EXPECT_THAT(
      Match({"old.zip", "heard.zip"}, {At("good.csv")}, {"--allow-unsigned"})
          .out,
      AllOf(HasSubstr("No key of a verified file was in use"),
            HasSubstr("with 6 sightings"),
            Not(HasSubstr("No key was in use"))));
  // By themselves they are what a person asked about.
  const TekmatchRun alone = Match({"made-up.zip"}, {At("good.csv")}, notice);
  EXPECT_EQ(alone.exit_code, 0);
  EXPECT_THAT(alone.out, Not(HasSubstr(nothing)));
  // A contact is one, whatever else was compared.
  for (const char* other : {"empty.zip", "old.zip"}) {
    EXPECT_EQ(MatchJson({other, "heard.zip"}, {At("good.csv")},
                        {"--allow-unsigned"})["sightings_matched"],
              6);
  }
}

TEST_F(RunAnswerTest, WhatWasLeftOutIsSaid) {
  std::string rows = ReadFile(At("good.csv"));
  WriteFile(At("some.csv"), rows + "1,2,3,4,\n5,6,7,8,\n");
  const std::vector<std::string> exports = {"good.zip", "cut.zip"};
  const std::vector<std::string> skip = {"--skip-bad-files",
                                         "--skip-bad-sightings"};
  for (const auto& [form, words] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{}, "files: 1, keys: 0, sightings: 2"},
           {{"--config", "cocoa"}, "files: 1, keys: 0, sightings: 2"},
           {{"--config", "cocoa", "--lang", "ja"},
            "ファイル1件、鍵0件、接触記録2件"},
           {{"--config", "cocoa", "--explain", "2020-12-01"},
            "files: 1, keys: 0, sightings: 2"}}) {
    std::vector<std::string> more = skip;
    more.insert(more.end(), form.begin(), form.end());
    const TekmatchRun run = Match(exports, {At("some.csv")}, more);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, AllOf(HasSubstr(words), HasSubstr("malformed")));
  }
  std::vector<std::string> more = skip;
  more.insert(more.end(), {"--config", "cocoa", "--explain", "2020-12-01"});
  const json answer = MatchJson(exports, {At("some.csv")}, more);
  const json left_out = {
      {"files", 1}, {"keys", 0}, {"sightings", 2}, {"losses", 0}};
  EXPECT_EQ(answer["complete"], false);
  EXPECT_EQ(answer["left_out"], left_out);
  EXPECT_EQ(answer["exposure"]["notice"]["complete"], false);
  EXPECT_EQ(answer["exposure"]["notice"]["left_out"], left_out);
  EXPECT_EQ(answer["explanation"]["windows"][0]["verdict"], "valid");
  const json whole =
      MatchJson({"good.zip"}, {At("good.csv")}, {"--config", "cocoa"});
  EXPECT_EQ(whole["complete"], true);
  EXPECT_EQ(whole["exposure"]["notice"]["complete"], true);
}

// Without --now the newest sighting's day, which is 1 December.
TEST_F(RunAnswerTest, TheDayThatANoticeIsMadeFor) {
  const std::vector<std::string> notice = {"--config", "cocoa"};
  EXPECT_THAT(Match({"good.zip"}, {At("good.csv")}, notice).out,
              HasSubstr("As of 2020-12-01 (UTC), contacts since 2020-11-16.\n"
                        "You may"));
  const auto on = [&](const std::string& now, const std::string& config) {
    return MatchJson({"good.zip"}, {At("good.csv")},
                     {"--config", config, "--now", now})["exposure"]["notice"];
  };
  EXPECT_EQ(on("2020-12-16T23:59:59Z", "cocoa")["contacts"], 1);
  EXPECT_EQ(on("2020-12-17T00:00:00Z", "cocoa")["contacts"], 0);
  EXPECT_EQ(on("2020-12-17T00:00:00Z", "cocoa")["as_of"], "2020-12-17");
  EXPECT_EQ(on("2020-12-15T23:59:59Z", "platform-default")["contacts"], 1);
  EXPECT_EQ(on("2020-12-16T00:00:00Z", "platform-default")["contacts"], 0);
}

// A store from the future does not take the answer there.
TEST_F(RunAnswerTest, TheDayIsNeverAfterTheClocks) {
  std::vector<Sighting> sightings = Heard(0);
  sightings.push_back(sightings[0]);
  sightings.back().unix_seconds = 32503680000 / 10;  // in 2073
  WriteRows("future.csv", sightings);
  const json answer = MatchJson({"good.zip"}, {At("future.csv")},
                                {"--config", "platform-default"});
  EXPECT_LT(answer["exposure"]["notice"]["as_of"].get<std::string>(), "2073");
}

TEST_F(RunAnswerTest, TwoPhonesOfOneOwner) {
  std::vector<Sighting> second = Heard(0);
  for (Sighting& sighting : second) sighting.unix_seconds += 120;
  WriteRows("second.csv", second);
  const auto minutes = [&](const std::vector<std::string>& stores) {
    return MatchJson({"good.zip"}, stores,
                     {"--config",
                      "cocoa"})["exposure"]["notice"]["dates"][0]["minutes"]
        .get<int>();
  };
  EXPECT_EQ(minutes({At("good.csv")}), 24);
  EXPECT_EQ(minutes({At("second.csv")}), 24);
  // [-4, 20) and [-2, 22): two minutes more.
  EXPECT_EQ(minutes({At("good.csv"), At("second.csv")}), 26);
  EXPECT_EQ(minutes({At("good.csv"), At("others.csv")}), 48);
}

TEST_F(RunAnswerTest, TheSameStoreTwiceIsSaidAndHarmless) {
  json once = MatchJson({"good.zip"}, {At("good.csv")}, {"--config", "cocoa"});
  json twice = MatchJson({"good.zip"}, {At("good.csv"), At("good.csv")},
                         {"--config", "cocoa"});
  EXPECT_EQ(once["sightings_repeated"], 0);
  EXPECT_EQ(twice["sightings_repeated"], 6);
  twice["sightings_repeated"] = 0;
  EXPECT_EQ(twice, once);
  EXPECT_THAT(
      Match({"good.zip"}, {At("good.csv"), At("good.csv")}).out,
      HasSubstr("Sightings that several stores have, counted once: 6."));
}

TEST_F(RunAnswerTest, TheOrderOfStoresChangesNoByte) {
  std::vector<Sighting> second = Heard(60);
  for (Sighting& sighting : second) sighting.rssi = -75;
  WriteRows("second.csv", second);
  const std::vector<std::string> more = {
      "--config",      "cocoa", "--explain", "2020-12-01",
      "--matches-out", At("m"), "--format",  "json"};
  const TekmatchRun one = Match(
      {"good.zip"}, {At("good.csv"), At("second.csv"), At("others.csv")}, more);
  const std::string lines = ReadFile(At("m"));
  const TekmatchRun other = Match(
      {"good.zip"}, {At("others.csv"), At("second.csv"), At("good.csv")}, more);
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(one.out, other.out);
  EXPECT_EQ(ReadFile(At("m")), lines);
}

// Two devices; one met nobody.
TEST_F(RunAnswerTest, EveryDeviceHasItsAnswer) {
  Sighting stranger = Heard(0)[0];
  stranger.rpi.bytes.fill(1);
  WriteRows("alone.csv", {stranger});
  const std::vector<std::string> stores = {"7=" + At("good.csv"),
                                           "4=" + At("alone.csv")};
  const json answer = MatchJson({"good.zip"}, stores, {"--config", "cocoa"});
  EXPECT_FALSE(answer.contains("exposure"));
  ASSERT_EQ(answer["devices"].size(), 2U);
  EXPECT_EQ(answer["devices"][0]["device"], 4);
  EXPECT_EQ(answer["devices"][0]["keys_matched"], 0);
  EXPECT_EQ(answer["devices"][0]["exposure"]["notice"]["contact"], false);
  EXPECT_EQ(answer["devices"][1]["device"], 7);
  EXPECT_EQ(answer["devices"][1]["exposure"]["notice"]["contact"], true);
  const TekmatchRun notices =
      Match({"good.zip"}, stores, {"--config", "cocoa"});
  EXPECT_THAT(notices.out, AllOf(HasSubstr("Device 4\nAs of 2020-12-01"),
                                 HasSubstr("\nNo contact with"),
                                 HasSubstr("\n\nDevice 7\nAs of 2020-12-01")));
  EXPECT_THAT(Match({"good.zip"}, stores).out,
              HasSubstr("\nDevice 4\nNo key matched a sighting.\n"
                        "\nDevice 7\ndate "));
  // Nobody met anybody.
  const std::vector<std::string> alone = {"4=" + At("alone.csv")};
  EXPECT_THAT(Match({"good.zip"}, alone, {"--config", "cocoa"}).out,
              HasSubstr("Device 4\nAs of"));
}

TEST_F(RunAnswerTest, AnOwnKeyOfOneDevice) {
  const std::string tek =
      absl::StrCat(R"({"tek":")", EncodeHex(keys_[0].tek.bytes), R"(")");
  const std::vector<std::string> stores = {"3=" + At("good.csv"),
                                           "4=" + At("good.csv")};
  const auto matched = [&](const std::string& rows) {
    WriteFile(At("own.jsonl"), rows);
    const json answer =
        MatchJson({"good.zip"}, stores, {"--own-keys", At("own.jsonl")});
    std::vector<int> counts;
    for (const json& device : answer["devices"]) {
      counts.push_back(device["keys_matched"].get<int>());
    }
    counts.push_back(answer["dropped"]["own_key"].get<int>());
    return counts;
  };
  EXPECT_EQ(matched(tek + ",\"device\":3}\n"), (std::vector<int>{0, 1, 6}));
  EXPECT_EQ(matched(tek + ",\"device\":5}\n"), (std::vector<int>{1, 1, 0}));
  EXPECT_EQ(matched(tek + "}\n"), (std::vector<int>{0, 0, 0}));
  // It is said what a key without a device does.
  EXPECT_THAT(
      Match({"good.zip"}, stores, {"--own-keys", At("own.jsonl")}).out,
      HasSubstr("Own keys that name no device, left out for every device: 1."));
  EXPECT_THAT(
      Match({"good.zip"}, {At("good.csv")}, {"--own-keys", At("own.jsonl")})
          .out,
      Not(HasSubstr("left out for every device")));
}

// The owner of both keys learns nothing of others from them.
TEST_F(RunAnswerTest, NoAnswerForADeviceWhoseOwnKeysAreAll) {
  std::string own;
  for (const DiagnosisKey& key : keys_) {
    absl::StrAppend(&own, R"({"tek":")", EncodeHex(key.tek.bytes),
                    "\",\"device\":3}\n");
  }
  WriteFile(At("own.jsonl"), own);
  const std::vector<std::string> stores = {"3=" + At("good.csv"),
                                           "4=" + At("good.csv")};
  ExpectNoResult({"good.zip"}, stores, {"--own-keys", At("own.jsonl")},
                 "no key was compared for device 3: all 2 are its own");
  // One for everybody, one for device 3: nothing is left to it either.
  WriteFile(At("own.jsonl"),
            absl::StrCat(R"({"tek":")", EncodeHex(keys_[0].tek.bytes), "\"}\n",
                         R"({"tek":")", EncodeHex(keys_[1].tek.bytes),
                         "\",\"device\":3}\n"));
  ExpectNoResult({"good.zip"}, stores, {"--own-keys", At("own.jsonl")},
                 "no key was compared for device 3");
  // Another file has one of somebody else.
  WriteFile(At("more.zip"), WriteTestExport(TestKeys(1, 2)));
  EXPECT_EQ(
      Match({"good.zip", "more.zip"}, stores, {"--own-keys", At("own.jsonl")})
          .exit_code,
      0);
}

// Where no device is named, there is device 0 alone.
TEST_F(RunAnswerTest, OwnKeysOfARunWithoutDevices) {
  const std::string tek =
      absl::StrCat(R"({"tek":")", EncodeHex(keys_[0].tek.bytes), R"(")");
  WriteFile(At("own.jsonl"), tek + ",\"device\":0}\n");
  json answer = MatchJson({"good.zip"}, {At("good.csv")},
                          {"--own-keys", At("own.jsonl")});
  EXPECT_EQ(answer["keys_own"], 1);
  EXPECT_EQ(answer["keys_matched"], 0);
  WriteFile(At("own.jsonl"), tek + ",\"device\":9}\n");
  answer = MatchJson({"good.zip"}, {At("good.csv")},
                     {"--own-keys", At("own.jsonl")});
  EXPECT_EQ(answer["keys_matched"], 1);
  EXPECT_EQ(answer["own_keys"]["no_device"], 1);
  EXPECT_THAT(
      Match({"good.zip"}, {At("good.csv")}, {"--own-keys", At("own.jsonl")})
          .out,
      HasSubstr("Own keys of a device that is not here: 1.\n"));
}

}  // namespace
}  // namespace tekmatch
