// The records of databases that the test makes with LevelDB itself, and of a
// real one; leveldb_store_test.cc and leveldb_by_hand_test.cc have what can be
// wrong with their files.
#include "tools/sightings/sightings_leveldb.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/shared_data.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tests/tools/sightings/put_in_leveldb.h"
#include "tools/files/hex.h"
#include "tools/sightings/contact_record.pb.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kAem[] = "\xa1\x8e\xd7\xde";

// Day 18391, and an RPI that ends with `last`.
std::string Key(char last) {
  return "\x47\xd7" + std::string(kRpiBytes - 1, '\0') + last;
}

// A record with one sighting that lacks nothing, at this time.
wire::ContactRecord Contact(int64_t epoch_seconds = 1589012703) {
  wire::ContactRecord contact;
  wire::SightingRecord* record = contact.add_sighting_records();
  record->set_epoch_seconds(epoch_seconds);
  record->set_rssi(-77);
  record->set_encrypted_metadata(kAem);
  return contact;
}

std::vector<std::string> Rows(const SightingsFile& file) {
  std::vector<std::string> rows;
  for (const Sighting& s : file.sightings) rows.push_back(CsvRow(s));
  return rows;
}

class SightingsLevelDbTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = TempPath("db");
    fs::remove_all(path_);
  }

  absl::StatusOr<SightingsFile> Read(bool skip_bad = false) const {
    return ReadLevelDbSightings(path_, {.skip_bad = skip_bad});
  }
  // The database holds this record alone.
  void MakeOne(const wire::ContactRecord& contact) const {
    fs::remove_all(path_);
    PutInLevelDb(path_, {{Key(1), contact.SerializeAsString()}});
  }
  // The only sighting of a database of one record.
  Sighting ReadOne(const wire::ContactRecord& contact) const {
    MakeOne(contact);
    const auto file = Read();
    EXPECT_THAT(file, IsOk());
    if (!file.ok() || file->sightings.size() != 1) {
      ADD_FAILURE() << "not one sighting";
      return {};
    }
    return file->sightings.front();
  }

  std::string path_;
};

TEST_F(SightingsLevelDbTest, ReadsRecordsInTheOrderOfTheirKeys) {
  wire::ContactRecord twice = Contact(1589012703);
  twice.MergeFrom(Contact(1589012763));
  PutInLevelDb(path_, {{Key(2), twice.SerializeAsString()},
                       {Key(3), Contact(1589012823).SerializeAsString()},
                       {Key(1), Contact(1589012883).SerializeAsString()},
                       {Key(4), ""}});
  const auto file = Read();
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->format, SightingsFormat::kLevelDb);
  const std::string rpi(30, '0');
  EXPECT_THAT(Rows(*file),
              ElementsAre("1589012883," + rpi + "01,a18ed7de,-77\n",
                          "1589012703," + rpi + "02,a18ed7de,-77\n",
                          "1589012763," + rpi + "02,a18ed7de,-77\n",
                          "1589012823," + rpi + "03,a18ed7de,-77\n"));
  EXPECT_EQ(file->num_bad, 0U);
  EXPECT_EQ(file->dropped, DroppedSightingFields());
  EXPECT_THAT(file->losses, IsEmpty());
}

TEST_F(SightingsLevelDbTest, RssiIsItsOwnOrElseTheMeanOfItsScan) {
  wire::ContactRecord contact = Contact();
  wire::SightingRecord& record = *contact.mutable_sighting_records(0);
  record.add_rssi_values(-10);
  EXPECT_EQ(ReadOne(contact).rssi, -77);
  record.clear_rssi();
  EXPECT_EQ(ReadOne(contact).rssi, -10);
  for (const int value : {-20, -21}) record.add_rssi_values(value);
  EXPECT_EQ(ReadOne(contact).rssi, -17);
}

// 127 is no reading: it is in no mean, and stands for no distance.
TEST_F(SightingsLevelDbTest, RssiThatIsNotAvailable) {
  wire::ContactRecord contact = Contact();
  wire::SightingRecord& record = *contact.mutable_sighting_records(0);
  record.set_rssi(127);
  MakeOne(contact);
  EXPECT_EQ(
      Read().status(),
      absl::DataLossError(path_ + ": record 1: rssi: 127 means not available"));
  record.add_rssi_values(127);
  MakeOne(contact);
  EXPECT_EQ(
      Read().status(),
      absl::DataLossError(path_ + ": record 1: rssi: 127 means not available"));
  for (const int value : {-80, 127, -90}) record.add_rssi_values(value);
  EXPECT_EQ(ReadOne(contact).rssi, -85);
  record.clear_rssi();
  EXPECT_EQ(ReadOne(contact).rssi, -85);
  // Readings that no receiver can make are no better in a mean.
  for (const int value : {21, -129, INT32_MAX, INT32_MIN}) {
    wire::ContactRecord impossible = contact;
    impossible.mutable_sighting_records(0)->add_rssi_values(value);
    MakeOne(impossible);
    EXPECT_EQ(Read().status(),
              absl::DataLossError(path_ + ": record 1: rssi: not in -128..20"));
  }
}

TEST_F(SightingsLevelDbTest, AemIsItsOwnOrElseAssociatedOrElseTheRecords) {
  wire::ContactRecord contact = Contact();
  contact.set_encrypted_metadata("3333");
  wire::SightingRecord& record = *contact.mutable_sighting_records(0);
  record.set_associated_encrypted_metadata("2222");
  record.set_encrypted_metadata("1111");
  EXPECT_EQ(EncodeHex(ReadOne(contact).aem.bytes), "31313131");
  record.clear_encrypted_metadata();
  EXPECT_EQ(EncodeHex(ReadOne(contact).aem.bytes), "32323232");
  record.clear_associated_encrypted_metadata();
  EXPECT_EQ(EncodeHex(ReadOne(contact).aem.bytes), "33333333");
}

TEST_F(SightingsLevelDbTest, PreviousScanWhereItIsKnown) {
  wire::ContactRecord contact = Contact();
  EXPECT_EQ(ReadOne(contact).seconds_since_previous_scan, kNoPreviousScan);
  wire::SightingRecord& record = *contact.mutable_sighting_records(0);
  record.set_previous_scan_epoch_seconds(record.epoch_seconds() - 271);
  EXPECT_EQ(ReadOne(contact).seconds_since_previous_scan, 271);
  record.set_previous_scan_epoch_seconds(0);
  EXPECT_EQ(ReadOne(contact).seconds_since_previous_scan, kNoPreviousScan);
  record.set_previous_scan_epoch_seconds(1);
  EXPECT_EQ(ReadOne(contact).seconds_since_previous_scan,
            record.epoch_seconds() - 1);
}

// It costs the field, not the sighting.
TEST_F(SightingsLevelDbTest, APreviousScanThatIsNone) {
  wire::ContactRecord contact = Contact();
  for (const int64_t previous : {int64_t{-1}, int64_t{INT64_MIN},
                                 int64_t{1589012704}, int64_t{INT64_MAX}}) {
    contact.mutable_sighting_records(0)->set_previous_scan_epoch_seconds(
        previous);
    EXPECT_EQ(ReadOne(contact).seconds_since_previous_scan, kNoPreviousScan);
    EXPECT_EQ(Read()->dropped.previous_scan, 1U);
    EXPECT_EQ(Read()->num_bad, 0U);
  }
}

TEST_F(SightingsLevelDbTest, BadRecordsAreNamedByNumberOrSkipped) {
  const auto changed = [](auto change) {
    wire::ContactRecord contact = Contact();
    change(contact.mutable_sighting_records(0));
    return contact.SerializeAsString();
  };
  using Record = wire::SightingRecord;
  const std::string good = Contact().SerializeAsString();
  const std::vector<std::pair<std::pair<std::string, std::string>, std::string>>
      bad_records = {
          {{Key(1).substr(0, 17), good}, "its key has 17 bytes, 18 wanted"},
          {{Key(2) + "x", good}, "its key has 19 bytes, 18 wanted"},
          {{Key(2), good.substr(0, 9)}, "not a ContactRecord"},
          {{Key(2), std::string(65'537, 'x')},
           "its value has 65537 bytes, at most 65536 allowed"},
          {{Key(2), changed([](Record* r) { r->clear_epoch_seconds(); })},
           "time: missing"},
          {{Key(2), changed([](Record* r) { r->set_epoch_seconds(-1); })},
           "time: not between 1970 and 2100"},
          {{Key(2),
            changed([](Record* r) { r->set_encrypted_metadata("123"); })},
           "aem: 3 bytes, 4 wanted"},
          {{Key(2), changed([](Record* r) { r->clear_encrypted_metadata(); })},
           "aem: 0 bytes, 4 wanted"},
          {{Key(2), changed([](Record* r) { r->clear_rssi(); })},
           "rssi: missing"},
          {{Key(2), changed([](Record* r) { r->set_rssi(-129); })},
           "rssi: not in -128..20"},
          {{Key(2), changed([](Record* r) { r->set_rssi(21); })},
           "rssi: not in -128..20"},
      };
  for (const auto& [record, reason] : bad_records) {
    fs::remove_all(path_);
    PutInLevelDb(path_, {{Key(1), good}, record, {Key(3), good}});
    // The database is in the order of its keys.
    const int number = 1 + static_cast<int>(Key(1) < record.first) +
                       static_cast<int>(Key(3) < record.first);
    const std::string message =
        absl::StrCat(path_, ": record ", number, ": ", reason);
    EXPECT_EQ(Read().status(), absl::DataLossError(message));
    const auto skipped = Read(/*skip_bad=*/true);
    ASSERT_THAT(skipped, IsOk());
    EXPECT_EQ(skipped->num_bad, 1U) << reason;
    EXPECT_THAT(skipped->messages, ElementsAre(message));
    ASSERT_EQ(skipped->sightings.size(), 2U) << reason;
    EXPECT_EQ(skipped->sightings[1].rpi.bytes.back(), 3);
  }
}

TEST_F(SightingsLevelDbTest, SkipsASightingAndKeepsTheOthersOfItsRecord) {
  wire::ContactRecord contact = Contact();
  contact.add_sighting_records()->set_rssi(-1);
  contact.MergeFrom(Contact());
  PutInLevelDb(path_, {{Key(1), contact.SerializeAsString()}});
  const auto file = Read(/*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->sightings.size(), 2U);
  EXPECT_THAT(file->messages, ElementsAre(path_ + ": record 1: time: missing"));
}

// Refused with what is lost, or used with all that is.
TEST_F(SightingsLevelDbTest, ADatabaseThatLostAPart) {
  PutInLevelDb(path_, {{Key(1), Contact().SerializeAsString()}});
  PutInLevelDb(path_, {{Key(2), Contact().SerializeAsString()}});
  SightingsLoss log = {"", "is missing: the newest sightings are not read"};
  SightingsLoss table = {"", "is missing: its sightings are not read"};
  for (const fs::directory_entry& file : fs::directory_iterator(path_)) {
    if (file.path().extension() == ".log") log.file = file.path();
    if (file.path().extension() == ".ldb") table.file = file.path();
  }
  ASSERT_TRUE(fs::remove(log.file));
  EXPECT_EQ(Read().status(),
            absl::DataLossError(absl::StrCat(log.file, ": ", log.reason)));
  auto file = Read(/*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->sightings.size(), 1U);
  EXPECT_EQ(file->num_bad, 0U);
  EXPECT_THAT(file->losses, ElementsAre(log));
  ASSERT_TRUE(fs::remove(table.file));
  file = Read(/*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, IsEmpty());
  EXPECT_THAT(file->losses, ElementsAre(table, log));
}

TEST_F(SightingsLevelDbTest, AReadOnlyFolderAndARelativePath) {
  PutInLevelDb(path_, {{Key(1), Contact().SerializeAsString()}});
  PutInLevelDb(path_, {{Key(2), Contact().SerializeAsString()}});
  const auto read_only = fs::perms::owner_read | fs::perms::group_read;
  for (const fs::directory_entry& file : fs::directory_iterator(path_)) {
    fs::permissions(file.path(), read_only);
  }
  fs::permissions(path_, read_only | fs::perms::owner_exec);
  for (const std::string& path :
       {path_, path_ + "/", fs::relative(path_).string()}) {
    const auto file = ReadLevelDbSightings(path, {});
    ASSERT_THAT(file, IsOk());
    EXPECT_EQ(file->sightings.size(), 2U);
  }
  fs::permissions(path_, fs::perms::owner_all);
}

TEST_F(SightingsLevelDbTest, ARealDatabaseHoldsWhatItsDumpSays) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const json dump =
      json::parse(ReadFile(SharedDataPath("sightings/demo_sightings.json")));
  EXPECT_EQ(dump.size(), 3395U);
  std::vector<std::string> want;
  for (const json& record : dump) {
    for (const json& s : record["sightings"]) {
      want.push_back(absl::StrCat(s["epoch_seconds"].get<int64_t>(), ",",
                                  record["rpi"].get<std::string>(), ",",
                                  s["aem"].get<std::string>(), ",",
                                  s["rssi"].get<int>(), "\n"));
    }
  }
  EXPECT_EQ(want.size(), 5145U);
  const auto file = ReadLevelDbSightings(
      SharedDataPath("sightings/demo-contact-records.leveldb"), {});
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->num_bad, 0U);
  EXPECT_EQ(file->dropped, DroppedSightingFields());
  EXPECT_THAT(file->losses, IsEmpty());
  std::vector<std::string> rows = Rows(*file);
  std::sort(rows.begin(), rows.end());
  std::sort(want.begin(), want.end());
  EXPECT_EQ(rows, want);
}

TEST_F(SightingsLevelDbTest, ARealDatabaseWithoutItsLog) {
  TEKMATCH_NEEDS_SHARED_DATA();
  fs::create_directory(path_);
  for (const char* name :
       {"000016.ldb", "000018.ldb", "CURRENT", "MANIFEST-000017"}) {
    fs::copy_file(SharedDataPath(absl::StrCat(
                      "sightings/demo-contact-records.leveldb/", name)),
                  path_ + "/" + name);
  }
  const SightingsLoss log = {path_ + "/000019.log",
                             "is missing: the newest sightings are not read"};
  EXPECT_EQ(Read().status(),
            absl::DataLossError(absl::StrCat(log.file, ": ", log.reason)));
  const auto file = Read(/*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->sightings.size(), 4931U);
  EXPECT_THAT(file->losses, ElementsAre(log));
}

}  // namespace
}  // namespace tekmatch
