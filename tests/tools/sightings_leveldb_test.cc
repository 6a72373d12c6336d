// Databases that the test makes with LevelDB itself, and a real one. Every read
// is checked to leave nothing behind.
#include "tools/sightings_leveldb.h"

#include <leveldb/db.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/tools/test_files.h"
#include "tools/contact_record.pb.h"
#include "tools/hex.h"
#include "tools/sightings_text.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kAem[] = "\xa1\x8e\xd7\xde";
using Records = std::vector<std::pair<std::string, std::string>>;

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

// Writes a database whose records lie in its log or, if `flush`, in a table.
void MakeDatabase(const std::string& path, const Records& records, bool flush) {
  leveldb::Options options;
  options.create_if_missing = true;
  leveldb::DB* opened = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, path, &opened);
  ASSERT_TRUE(status.ok()) << status.ToString();
  const std::unique_ptr<leveldb::DB> db(opened);
  for (const auto& [key, value] : records) {
    ASSERT_TRUE(db->Put({}, key, value).ok());
  }
  if (flush) db->CompactRange(nullptr, nullptr);
}

// All that a reader might change: names, content, mode, and times.
std::map<std::string, std::string> Snapshot(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    files[file.path().filename()] = ReadFile(file.path());
  }
  files["."] = absl::StrCat(
      static_cast<int>(fs::status(folder).permissions()), " ",
      fs::last_write_time(folder).time_since_epoch().count());
  return files;
}

// The only file of the folder with this extension.
std::string OnlyFile(const std::string& folder, const std::string& extension) {
  std::string found;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    if (file.path().extension() != extension) continue;
    EXPECT_EQ(found, "") << "several files " << extension;
    found = file.path();
  }
  EXPECT_NE(found, "") << "no file " << extension;
  return found;
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
    scratch_ = TempPath("scratch");
    fs::remove_all(path_);
    fs::create_directories(scratch_);
    ASSERT_EQ(setenv("TMPDIR", scratch_.c_str(), /*overwrite=*/1), 0);
  }

  absl::StatusOr<SightingsFile> Read(bool skip_bad = false) const {
    return ReadFrom(path_, skip_bad);
  }
  absl::StatusOr<SightingsFile> ReadFrom(const std::string& path,
                                         bool skip_bad = false) const {
    const auto before = Snapshot(path);
    auto file = ReadLevelDbSightings(path, {.skip_bad = skip_bad});
    EXPECT_EQ(Snapshot(path), before) << "the folder was changed";
    EXPECT_TRUE(fs::is_empty(scratch_)) << "a scratch folder was left";
    return file;
  }
  // DATA_LOSS that names the folder given, and no folder of our own.
  void ExpectDamaged() const {
    const auto file = Read();
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.status().code(), absl::StatusCode::kDataLoss);
    const std::string message(file.status().message());
    EXPECT_THAT(message, StartsWith(path_ + ": LevelDB: "));
    EXPECT_THAT(message, Not(HasSubstr(scratch_)));
  }
  // The only sighting of a database of one record.
  Sighting ReadOne(const wire::ContactRecord& contact) {
    fs::remove_all(path_);
    MakeDatabase(path_, {{Key(1), contact.SerializeAsString()}}, false);
    const auto file = Read();
    EXPECT_TRUE(file.ok()) << file.status();
    if (!file.ok() || file->sightings.size() != 1) {
      ADD_FAILURE() << "not one sighting";
      return {};
    }
    return file->sightings.front();
  }

  std::string path_;
  std::string scratch_;
};

TEST_F(SightingsLevelDbTest, ReadsTablesAndLogInTheOrderOfTheirKeys) {
  wire::ContactRecord twice = Contact(1589012703);
  twice.MergeFrom(Contact(1589012763));
  MakeDatabase(path_, {{Key(2), twice.SerializeAsString()}}, /*flush=*/true);
  MakeDatabase(path_,
               {{Key(3), Contact(1589012823).SerializeAsString()},
                {Key(1), Contact(1589012883).SerializeAsString()},
                {Key(4), ""}},
               /*flush=*/false);
  const auto file = Read();
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->format, SightingsFormat::kLevelDb);
  const std::string rpi(30, '0');
  EXPECT_THAT(Rows(*file),
              ElementsAre("1589012883," + rpi + "01,a18ed7de,-77\n",
                          "1589012703," + rpi + "02,a18ed7de,-77\n",
                          "1589012763," + rpi + "02,a18ed7de,-77\n",
                          "1589012823," + rpi + "03,a18ed7de,-77\n"));
  EXPECT_EQ(file->num_bad, 0U);
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
  // 2^31 does not fit what the sum's terms do.
  record.clear_rssi_values();
  for (const int value : {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN, 302}) {
    record.add_rssi_values(value);
  }
  EXPECT_EQ(ReadOne(contact).rssi, 60);
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

TEST_F(SightingsLevelDbTest, BadRecordsAreNamedByNumberOrSkipped) {
  const auto changed = [](auto change) {
    wire::ContactRecord contact = Contact();
    change(contact.mutable_sighting_records(0));
    return contact.SerializeAsString();
  };
  using Record = wire::SightingRecord;
  const std::string good = Contact().SerializeAsString();
  const std::vector<std::pair<Records::value_type, std::string>> bad_records = {
      {{Key(2).substr(0, 17), good}, "its key has 17 bytes, 18 wanted"},
      {{Key(2) + "x", good}, "its key has 19 bytes, 18 wanted"},
      {{Key(2), good.substr(0, 9)}, "not a ContactRecord"},
      {{Key(2), changed([](Record* r) { r->clear_epoch_seconds(); })},
       "time: missing"},
      {{Key(2), changed([](Record* r) { r->set_epoch_seconds(-1); })},
       "time: not between 1970 and 2100"},
      {{Key(2), changed([](Record* r) { r->set_encrypted_metadata("123"); })},
       "aem: 3 bytes, 4 wanted"},
      {{Key(2), changed([](Record* r) { r->clear_encrypted_metadata(); })},
       "aem: 0 bytes, 4 wanted"},
      {{Key(2), changed([](Record* r) { r->clear_rssi(); })}, "rssi: missing"},
      {{Key(2), changed([](Record* r) { r->set_rssi(-129); })},
       "rssi: not in -128..127"},
  };
  for (const auto& [record, reason] : bad_records) {
    fs::remove_all(path_);
    MakeDatabase(path_, {{Key(1), good}, record, {Key(3), good}}, true);
    const std::string message = absl::StrCat(path_, ": record 2: ", reason);
    EXPECT_EQ(Read().status(), absl::DataLossError(message));
    const auto skipped = Read(/*skip_bad=*/true);
    ASSERT_TRUE(skipped.ok()) << skipped.status();
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
  MakeDatabase(path_, {{Key(1), contact.SerializeAsString()}}, false);
  const auto file = Read(/*skip_bad=*/true);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->sightings.size(), 2U);
  EXPECT_THAT(file->messages, ElementsAre(path_ + ": record 1: time: missing"));
}
