// What `tekmatch check` does to its store beside checking: --status, --forget
// and --set-aside, over the real binary; and what keeps a store from harm.
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/check/check_lock.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "tests/run_tekmatch.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

// An export of two keys, and sightings of the first one.
class CheckStoreWorksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(At(""));
    keys_ = TestKeys(2, 1);
    sighting_ = HearKey(keys_[0], kTestDaySeconds + 43200);
    WriteFile(At("public.pem"), *TestSigner().key.PublicPem());
    WriteFile(At("export.zip"), WriteTestExport(keys_));
    WriteRows("sightings.csv", {sighting_});
  }

  static std::string At(const std::string& name) { return TempPath(name); }
  static std::string Store(const std::string& name = "") {
    return At("store") + (name.empty() ? "" : "/" + name);
  }

  static void WriteRows(const std::string& name,
                        const std::vector<Sighting>& sightings) {
    std::string text = absl::StrCat(kSightingsCsvHeader, "\n");
    for (const Sighting& sighting : sightings) text += CsvRow(sighting);
    WriteFile(At(name), text);
  }

  static TekmatchRun Run(Arguments arguments) {
    arguments.insert(arguments.begin(), {"check", "--store", Store()});
    return RunTekmatch(arguments);
  }
  static TekmatchRun Check(Arguments arguments) {
    arguments.insert(arguments.end(),
                     {"--trusted-key", "440:v1=" + At("public.pem"), "--now",
                      "2020-12-03T00:00:00Z"});
    return Run(arguments);
  }
  static void Fill() {
    const TekmatchRun run =
        Check({At("export.zip"), "--sightings", At("sightings.csv")});
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }

  // Every file of the store's folder, by its name.
  static std::map<std::string, std::string> Files() {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(Store())) {
      files[entry.path().filename().string()] = ReadFile(entry.path().string());
    }
    return files;
  }
  // Those in which the identifier that was heard can be read.
  std::vector<std::string> FilesThatTell() const {
    const std::string rpi(sighting_.rpi.bytes.begin(),
                          sighting_.rpi.bytes.end());
    std::vector<std::string> names;
    for (const auto& [name, bytes] : Files()) {
      if (absl::StrContains(bytes, rpi)) names.push_back(name);
    }
    return names;
  }

  // Opening it finds the damage.
  static void DamageHeader() {
    std::string bytes = ReadFile(Store("tekmatch.sqlite"));
    bytes[0] ^= 1;
    WriteFile(Store("tekmatch.sqlite"), bytes);
  }
  // Reading the sightings does.
  void DamageSighting() const {
    std::string bytes = ReadFile(Store("tekmatch.sqlite"));
    const std::string rpi(sighting_.rpi.bytes.begin(),
                          sighting_.rpi.bytes.end());
    const size_t at = bytes.find(rpi);
    ASSERT_NE(at, std::string::npos);
    bytes[at] ^= 1;
    WriteFile(Store("tekmatch.sqlite"), bytes);
  }
  // Whoever reads what `sql` changes finds it.
  static void DamageRows(const std::string& sql) {
    const auto database = Database::Open(Store(), OpenMode::kExisting);
    ASSERT_THAT(database, IsOk());
    ASSERT_THAT((*database)->Run(sql), IsOk());
  }

  static void ExpectWrongUsage(const TekmatchRun& run,
                               const std::string& message) {
    EXPECT_EQ(run.exit_code, 2) << message;
    EXPECT_EQ(run.out, "") << message;
    EXPECT_THAT(run.err, HasSubstr(message));
  }

  std::vector<DiagnosisKey> keys_;
  Sighting sighting_;
};

// Two would be two devices' to match (rule 21), and one device's to the store.
TEST_F(CheckStoreWorksTest, SightingsAreGivenOnce) {
  const TekmatchRun run =
      Check({At("export.zip"), "--sightings", At("sightings.csv"),
             "--sightings", At("sightings.csv")});
  ExpectWrongUsage(run, "--sightings: At Most 1 required");
  EXPECT_FALSE(fs::exists(Store()));
}

// What the documents promise: one match with one file that has them all.
TEST_F(CheckStoreWorksTest, PortionsAnswerAsOneFileOfAllSightings) {
  std::vector<std::vector<Sighting>> portions(2);
  std::vector<Sighting> all;
  for (int i = 0; i < 20; ++i) {
    const Sighting sighting =
        HearKey(keys_[0], kTestDaySeconds + 43200 + int64_t{120} * i,
                i % 2 == 0 ? -50 : -80);
    portions[i % 2].push_back(sighting);
    all.push_back(sighting);
  }
  WriteRows("a.csv", portions[0]);
  WriteRows("b.csv", portions[1]);
  WriteRows("all.csv", all);
  const Arguments form = {"--config", "cocoa", "--format", "json"};
  Arguments first = {At("export.zip"), "--sightings", At("a.csv")};
  first.insert(first.end(), form.begin(), form.end());
  ASSERT_EQ(Check(first).exit_code, 0);
  Arguments second = {"--sightings", At("b.csv")};
  second.insert(second.end(), form.begin(), form.end());
  const TekmatchRun checked = Check(second);
  const TekmatchRun matched = RunTekmatch(
      {"match", At("export.zip"), "--sightings", At("all.csv"), "--config",
       "cocoa", "--format", "json", "--trusted-key",
       "440:v1=" + At("public.pem"), "--now", "2020-12-03T00:00:00Z"});
  ASSERT_EQ(checked.exit_code, 0) << checked.err;
  ASSERT_EQ(matched.exit_code, 0) << matched.err;
  const json check = json::parse(checked.out);
  const json match = json::parse(matched.out);
  EXPECT_THAT(check["dates"], Not(IsEmpty()));
  EXPECT_EQ(check["dates"], match["dates"]);
  EXPECT_EQ(check["exposure"], match["exposure"]);
}

TEST_F(CheckStoreWorksTest, WorksRefuseOptionsWithoutEffect) {
  Fill();
  const auto before = Files();
  for (const std::string work : {"--status", "--forget", "--set-aside"}) {
    std::vector<Arguments> without_effect = {
        {At("export.zip")},
        {"--recursive"},
        {"--sightings", At("sightings.csv")},
        {"--trusted-key", "440:v1=" + At("public.pem")},
        {"--skip-bad-files"},
        {"--skip-bad-sightings"},
        {"--own-keys", At("own.jsonl")},
        {"--time-zone", "UTC"},
        {"--policy", "nonsense"},
        {"--config", "cocoa"},
        {"--explain", "2020-12-01"},
        {"--matches-out", At("matches")},
        {"--threads", "1"},
        {"--now", "2020-12-03T00:00:00Z"},
        {"--retention-days", "14"},
        {"--keep-no-keys"},
        {"--max-seconds", "1"}};
    if (work != "--status") {
      without_effect.insert(without_effect.end(),
                            {{"--format", "json"}, {"--out", At("out")}});
    }
    for (Arguments arguments : without_effect) {
      const std::string name = absl::StartsWith(arguments.front(), "--")
                                   ? arguments.front()
                                   : "EXPORT";
      arguments.push_back(work);
      ExpectWrongUsage(Run(arguments),
                       absl::StrCat(name, " has no effect on ", work));
    }
  }
  ExpectWrongUsage(Run({"--status", "--forget"}), "give one");
  EXPECT_EQ(Files(), before);
  EXPECT_FALSE(fs::exists(At("out")));
}

TEST_F(CheckStoreWorksTest, ChecksRefuseOptionsWithoutEffect) {
  ExpectWrongUsage(Check({At("export.zip"), "--skip-bad-sightings"}),
                   "--skip-bad-sightings has no effect without --sightings");
  EXPECT_FALSE(fs::exists(Store()));
}

TEST_F(CheckStoreWorksTest, SecondsAreOfAYearAtMost) {
  for (const std::string seconds :
       {"31622401", "9223372037", "18446744073709551615"}) {
    ExpectWrongUsage(Check({At("export.zip"), "--max-seconds", seconds}),
                     "not in 0..31622400");
  }
  const TekmatchRun run =
      Check({At("export.zip"), "--sightings", At("sightings.csv"),
             "--max-seconds", "31622400"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("2020-12-01         1          1"));
}

TEST_F(CheckStoreWorksTest, FoldersHaveNames) {
  for (const std::string name : {"", "-"}) {
    ExpectWrongUsage(RunTekmatch({"check", "--status", "--store", name}),
                     "a folder is wanted");
  }
}

TEST_F(CheckStoreWorksTest, NoOutputLiesInTheStore) {
  Fill();
  fs::create_directory_symlink(Store(), At("link to store"));
  fs::create_symlink(Store("tekmatch.sqlite"), At("link to database"));
  fs::create_hard_link(Store("tekmatch.sqlite"), At("hard link"));
  fs::create_directory(Store("below"));
  const std::vector<std::string> paths = {
      Store("tekmatch.sqlite"), Store("tekmatch.sqlite-wal"),
      Store("check.lock"),      Store("new"),
      Store("below/new"),       At("./store/../store/new"),
      At("link to store/new"),  At("link to database"),
      At("hard link"),          fs::relative(Store("new")).string()};
  fs::remove(Store("below"));
  const auto before = Files();
  fs::create_directory(Store("below"));
  for (const std::string& path : paths) {
    ExpectWrongUsage(Run({"--status", "--out", path}),
                     absl::StrCat("--out ", path, ": "));
    ExpectWrongUsage(Check({"--out", path}),
                     absl::StrCat("--out ", path, ": "));
    ExpectWrongUsage(Check({"--matches-out", path}),
                     absl::StrCat("--matches-out ", path, ": "));
  }
  fs::remove(Store("below"));
  EXPECT_EQ(Files(), before);
  EXPECT_EQ(Run({"--status", "--out", At("status")}).exit_code, 0);
  EXPECT_THAT(ReadFile(At("status")), HasSubstr("sightings:      1"));

  // Nor in one that is to be made.
  fs::remove_all(Store());
  ExpectWrongUsage(Check({At("export.zip"), "--out", Store("new")}),
                   "lies in a folder that is written, --store");
  EXPECT_FALSE(fs::exists(Store()));
}

TEST_F(CheckStoreWorksTest, ForgetAndSetAsideWaitForTheCheck) {
  Fill();
  DamageHeader();
  const auto before = Files();
  {
    const auto lock = CheckLock::Take(Store());
    ASSERT_THAT(lock, IsOk());
    for (const std::string work : {"--forget", "--set-aside"}) {
      const TekmatchRun run = Run({work});
      EXPECT_EQ(run.exit_code, 1) << work;
      EXPECT_EQ(run.out, "");
      EXPECT_THAT(run.err, HasSubstr("another check of this store runs"));
    }
    EXPECT_EQ(Files(), before);
  }
  EXPECT_EQ(Run({"--set-aside"}).exit_code, 0);
  EXPECT_EQ(Run({"--forget"}).exit_code, 0);
  EXPECT_THAT(CheckLock::Take(Store()), IsOk());
}

TEST_F(CheckStoreWorksTest, NothingIsMadeWhereNoStoreIs) {
  fs::create_directory(Store());
  for (const std::string work : {"--status", "--forget", "--set-aside"}) {
    EXPECT_EQ(Run({work}).exit_code, 1) << work;
    EXPECT_TRUE(fs::is_empty(Store())) << work;
  }
  fs::remove(Store());
  for (const std::string work : {"--status", "--forget", "--set-aside"}) {
    EXPECT_EQ(Run({work}).exit_code, 1) << work;
    EXPECT_FALSE(fs::exists(Store())) << work;
  }
}

TEST_F(CheckStoreWorksTest, SoundStoresAreNotSetAside) {
  Fill();
  const auto before = Files();
  const TekmatchRun run = Run({"--set-aside"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr(": the store is sound, and stays as it is "
                                 "(--forget empties it)"));
  EXPECT_EQ(Files(), before);
}

// Whatever tells a check that its store is damaged lets the person put it away.
TEST_F(CheckStoreWorksTest, DamageIsSaidWithAWayOut) {
  const std::vector<std::optional<std::string>> damages = {
      std::nullopt, "", "UPDATE exports SET description = x'00'",
      "UPDATE meta SET value = 7 WHERE name = 'sightings'"};
  for (const std::optional<std::string>& sql : damages) {
    SCOPED_TRACE(sql.value_or("the header"));
    fs::remove_all(Store());
    Fill();
    if (!sql.has_value()) {
      DamageHeader();
    } else if (sql->empty()) {
      DamageSighting();
    } else {
      DamageRows(*sql);
    }
    const TekmatchRun check = Check({At("export.zip")});
    EXPECT_EQ(check.exit_code, 1);
    EXPECT_EQ(check.out, "");
    EXPECT_THAT(check.err, AllOf(StartsWith("tekmatch: "),
                                 HasSubstr("check --set-aside puts it out")));
    const TekmatchRun aside = Run({"--set-aside"});
    EXPECT_EQ(aside.exit_code, 0) << aside.err;
    EXPECT_EQ(
        aside.out,
        absl::StrCat("set aside: ", Store("tekmatch.sqlite.damaged-1"), "\n"));
    Fill();
  }
}

// Keys that are kept are read when sightings come later: by then it is late.
TEST_F(CheckStoreWorksTest, KeptKeysAreReadBeforeAStoreIsCalledSound) {
  Fill();
  DamageRows("UPDATE kept_keys SET keys = x'00'");
  EXPECT_EQ(Run({"--set-aside"}).exit_code, 0);
}

// An export is no store, whatever was lost of it.
TEST_F(CheckStoreWorksTest, OtherLossesAreNotTheStores) {
  Fill();
  WriteFile(At("cut.zip"), ReadFile(At("export.zip")).substr(0, 100));
  const TekmatchRun run = Check({At("cut.zip")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, Not(HasSubstr("--set-aside")));
}

TEST_F(CheckStoreWorksTest, ResultsSayWhatWasSetAside) {
  Fill();
  DamageHeader();
  ASSERT_EQ(Run({"--set-aside"}).exit_code, 0);
  const std::string path = Store("tekmatch.sqlite.damaged-1");
  WriteRows("others.csv", {HearKey(TestKeys(1, 2)[0], kTestDaySeconds)});
  const Arguments check = {At("export.zip"), "--sightings", At("others.csv")};
  const auto with = [&check](const Arguments& more) {
    Arguments all = check;
    all.insert(all.end(), more.begin(), more.end());
    return Check(all);
  };
  const std::string english = absl::StrCat(
      "SET ASIDE: ", path,
      "; what was in it is not part of this result. A contact may be\nmissing "
      "here.\n");
  EXPECT_THAT(with({}).out, StartsWith(english));
  EXPECT_THAT(with({"--config", "cocoa"}).out, StartsWith(english));
  EXPECT_THAT(with({"--config", "cocoa", "--lang", "ja"}).out,
              StartsWith(absl::StrCat("別名にした保存データ：", path,
                                      "（この結果に含まれません）。")));
  EXPECT_EQ(json::parse(with({"--format", "json"}).out)["store"]["set_aside"],
            json({path}));
  // Where there is no result, stderr says it.
  EXPECT_THAT(with({"--max-seconds", "0"}).err,
              HasSubstr("tekmatch: SET ASIDE: " + path));

  ASSERT_EQ(Run({"--forget"}).exit_code, 0);
  EXPECT_THAT(with({}).out, Not(HasSubstr("SET ASIDE")));
  EXPECT_EQ(json::parse(with({"--format", "json"}).out)["store"]["set_aside"],
            json::array());
}

TEST_F(CheckStoreWorksTest, ForgetErasesWhatWasSetAsideWithoutADatabase) {
  Fill();
  DamageHeader();
  ASSERT_EQ(Run({"--set-aside"}).exit_code, 0);
  ASSERT_THAT(FilesThatTell(), ElementsAre("tekmatch.sqlite.damaged-1"));
  fs::create_hard_link(Store("tekmatch.sqlite.damaged-1"), At("its bytes"));
  const TekmatchRun run = Run({"--forget"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_FALSE(fs::exists(Store("tekmatch.sqlite.damaged-1")));
  EXPECT_EQ(ReadFile(At("its bytes")).find_first_not_of('\0'),
            std::string::npos);
  // Then there is nothing any more.
  EXPECT_EQ(Run({"--forget"}).exit_code, 1);
}

TEST_F(CheckStoreWorksTest, ForgetErasesWhatCannotBeEmptied) {
  Fill();
  DamageRows("UPDATE meta SET value = -1 WHERE name = 'generation'");
  ASSERT_THAT(FilesThatTell(), Not(IsEmpty()));
  const TekmatchRun run = Run({"--forget"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(FilesThatTell(), IsEmpty());
  EXPECT_THAT(Run({"--status"}).out, HasSubstr("sightings:      0"));
}

// A run that was killed left a -wal: whoever may write moves it into the
// database when it closes.
TEST_F(CheckStoreWorksTest, StatusWritesNothing) {
  Fill();
  {
    const auto database = Database::Open(Store(), OpenMode::kExisting);
    ASSERT_THAT(database, IsOk());
    auto store = SightingStore::Create(**database);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT(store->Add({HearKey(keys_[1], kTestDaySeconds)},
                           absl::FromUnixSeconds(kTestDaySeconds)),
                IsOk());
    for (const std::string name : {"tekmatch.sqlite", "tekmatch.sqlite-wal"}) {
      fs::copy_file(Store(name), At(name));
    }
  }
  fs::remove_all(Store());
  fs::create_directory(Store());
  for (const std::string name : {"tekmatch.sqlite", "tekmatch.sqlite-wal"}) {
    fs::copy_file(At(name), Store(name));
  }
  EXPECT_THAT(Run({"--status"}).out, HasSubstr("sightings:      2"));
  for (const std::string name : {"tekmatch.sqlite", "tekmatch.sqlite-wal"}) {
    EXPECT_EQ(ReadFile(Store(name)), ReadFile(At(name))) << name;
  }
}

}  // namespace
}  // namespace tekmatch
