// Drives every function of tekmatch.h, rightly and wrongly, with keys,
// identifiers and times that can be recognised, and looks for them in all that
// comes out: messages, names, rows of results, what callbacks are told, stdout
// and stderr; and in the files of a store that was told to forget them.
//
// Plan: a part for each part of the header (the fixture, driven_api.h,
// searches); then the test of the search itself, and the one that drives
// everything and compares what it drove with the committed list of exported
// symbols, so that a new function fails it until somebody drives it here.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "matcher/api/tekmatch.h"
#include "tests/matcher/api/c_world.h"
#include "tests/matcher/api/driven_api.h"
#include "tests/matcher/api/secrets.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;

// Files of a folder, one behind the other.
std::string ContentOf(const std::string &folder) {
  std::string content;
  for (const auto &file : fs::recursive_directory_iterator(folder)) {
    if (file.is_regular_file()) content += ReadFile(file.path().string());
  }
  return content;
}

size_t ReadString(void *context, uint64_t offset, void *out, size_t num_bytes) {
  const auto &bytes = *static_cast<const std::string *>(context);
  std::memcpy(out, bytes.data() + offset, num_bytes);
  return num_bytes;
}
size_t ReadNothing(void * /*context*/, uint64_t /*offset*/, void * /*out*/,
                   size_t /*num_bytes*/) {
  return 0;
}

class PrivacyTest : public DrivenApi {
 protected:
  void DriveNames();
  void DriveTrust();
  void DriveIndex();
  void DriveCheck();
  void DriveDefects();
  void DriveStore();
  void DriveRetention();
  void DriveForgetting();
  void DriveDamagedStores();
  void DriveWindow();
};

void PrivacyTest::DriveNames() {
  for (int32_t number = -1; number < 20; ++number) {
    SearchText(DRIVEN(tekmatch_status_name)(number), "status_name");
    SearchText(DRIVEN(tekmatch_window_reason_name)(
                   static_cast<tekmatch_window_reason>(number & 15)),
               "window_reason_name");
  }
  for (size_t i = 0; i < 9; ++i) {
    SearchText(DRIVEN(tekmatch_kernel_name)(i), "kernel_name");
  }
  EXPECT_NE(DRIVEN(tekmatch_is_compatible)(DRIVEN(tekmatch_version_number)()),
            0);
}

void PrivacyTest::DriveTrust() {
  tekmatch_trust *trust = nullptr;
  ASSERT_EQ(DRIVE(tekmatch_trust_create, &trust), TEKMATCH_OK);
  // A key of a patient, in any form, where a server's should be.
  const std::string raw(keys_[0].tek.bytes.begin(), keys_[0].tek.bytes.end());
  for (const std::string &wrong :
       {raw, absl::BytesToHexString(raw), absl::Base64Escape(raw),
        "-----BEGIN PUBLIC KEY-----\n" + absl::Base64Escape(raw) +
            "\n-----END PUBLIC KEY-----\n"}) {
    const tekmatch_trusted_key key = {"440", "v1", wrong.data(), wrong.size()};
    EXPECT_EQ(DRIVE(tekmatch_trust_add_set, trust, &key, 1),
              TEKMATCH_INVALID_ARGUMENT);
  }
  const std::string pem = *TestSigner().key.PublicPem();
  const tekmatch_trusted_key key = {"440", "v1", pem.data(), pem.size()};
  EXPECT_EQ(DRIVE(tekmatch_trust_add_set, trust, &key, 1), TEKMATCH_OK);
  DRIVEN(tekmatch_trust_destroy)(trust);
}

void PrivacyTest::DriveIndex() {
  // Wrong in each member in turn.
  for (size_t i = 0; i < in_c_.size(); i += 7) {
    for (int wrong = 0; wrong < 4; ++wrong) {
      std::vector<tekmatch_sighting> sightings = in_c_;
      if (wrong == 0) sightings[i].rssi = 127;
      if (wrong == 1) sightings[i].reserved = 1;
      if (wrong == 2) sightings[i].reserved2 = 1;
      if (wrong == 3) sightings[i].unix_seconds *= 100;
      tekmatch_index *index = nullptr;
      EXPECT_EQ(DRIVE(tekmatch_index_create, &index, sightings.data(),
                      sightings.size()),
                TEKMATCH_INVALID_ARGUMENT);
    }
  }
  tekmatch_index *index = nullptr;
  ASSERT_EQ(DRIVE(tekmatch_index_create, &index, in_c_.data(), in_c_.size()),
            TEKMATCH_OK);
  EXPECT_EQ(DRIVEN(tekmatch_index_num_sightings)(index), in_c_.size());
  DRIVEN(tekmatch_index_destroy)(index);
}

void PrivacyTest::DriveCheck() {
  const std::string path = WriteTemp("a.zip", export_);
  tekmatch_source by_path{};
  by_path.name = path.c_str();
  tekmatch_source by_descriptor{};
  by_descriptor.name = "descriptor";
  by_descriptor.kind = TEKMATCH_SOURCE_DESCRIPTOR;
  by_descriptor.descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(by_descriptor.descriptor, 0);
  tekmatch_source by_callback{};
  by_callback.name = "callback";
  by_callback.kind = TEKMATCH_SOURCE_CALLBACK;
  by_callback.num_bytes = export_.size();
  by_callback.read = ReadString;
  by_callback.context = &export_;
  for (const char *policy : {"none", "cocoa-1.2.1", "civil", "cocoa-3"}) {
    for (const char *config :
         {static_cast<const char *>(nullptr), "cocoa", "platform-default"}) {
      tekmatch_check_options options = ListeningOptions();
      options.policy = policy;
      options.config = config;
      Check({by_path, by_descriptor, MemorySourceInC("m.zip", export_),
             by_callback},
            options);
      EXPECT_NE(callbacks_.told, "");
    }
  }
  // Ended by the callback, at different places.
  for (int at = 0; at < 6; ++at) {
    const tekmatch_check_options options = ListeningOptions();
    callbacks_.cancel_at = at;
    Check({by_path, MemorySourceInC("m.zip", export_)}, options);
  }
  // Bytes that cannot be had, and paths of no file.
  by_callback.read = ReadNothing;
  tekmatch_source missing{};
  const std::string no_file = TempPath("missing.zip");
  missing.name = no_file.c_str();
  tekmatch_source folder{};
  const std::string temp = testing::TempDir();
  folder.name = temp.c_str();
  tekmatch_source nowhere = missing;
  nowhere.name = "";
  tekmatch_source below = missing;
  const std::string below_file = path + "/a.zip";
  below.name = below_file.c_str();
  for (const tekmatch_source &source :
       {by_callback, missing, folder, nowhere, below}) {
    for (const uint32_t flags : {0U, TEKMATCH_SKIP_BAD_FILES}) {
      tekmatch_check_options options = ListeningOptions();
      options.flags = flags;
      Check({source, by_path}, options);
    }
  }
  close(by_descriptor.descriptor);
  Check({by_descriptor}, ListeningOptions());
}

void PrivacyTest::DriveDefects() {
  const std::string bin = ZipEntry(export_, "export.bin");
  const std::string sig = ZipEntry(export_, "export.sig");
  std::vector<std::string> files = {
      bin, StoredZip({{"export.bin", bin}}), export_.substr(0, 100),
      export_ + "rest",
      WriteTestExport(keys_, TestExportOptions({OtherSigner("440", "v1")}))};
  // Damaged anywhere, above all within keys.
  for (size_t i = 0; i < bin.size(); i += 3) {
    std::string damaged = bin;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x5A);
    files.push_back(StoredZip({{"export.bin", damaged}, {"export.sig", sig}}));
  }
  for (const std::string &file : files) {
    for (const uint32_t flags :
         {0U, TEKMATCH_SKIP_BAD_FILES,
          TEKMATCH_NO_VERIFY | TEKMATCH_ALLOW_UNSIGNED}) {
      tekmatch_check_options options = ListeningOptions();
      options.flags = flags;
      Check({MemorySourceInC("f", file)}, options);
    }
  }
}

void PrivacyTest::DriveStore() {
  EXPECT_EQ(Open(0), nullptr);
  const StoreHandle store = Open();
  ASSERT_NE(store, nullptr);
  Add(store.get());
  Add(store.get());
  for (int wrong = 0; wrong < 3; ++wrong) {
    std::vector<tekmatch_sighting> sightings = in_c_;
    if (wrong == 0) sightings.back().rssi = 127;
    if (wrong == 1) sightings.back().reserved2 = 1;
    if (wrong == 2) sightings.back().unix_seconds = INT64_MAX;
    EXPECT_EQ(DRIVE(tekmatch_store_add, nullptr, store.get(), sightings.data(),
                    sightings.size(), kNow),
              TEKMATCH_INVALID_ARGUMENT);
  }
  const tekmatch_check_options options = ListeningOptions();
  const std::string cut = export_.substr(0, export_.size() / 2);
  tekmatch_source missing{};
  missing.name = "no such file";
  // Refused, then new, then known.
  (void)CheckStore(store.get(), {MemorySourceInC("cut", cut), missing},
                   options);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(
        CheckStore(store.get(), {MemorySourceInC("a.zip", export_)}, options),
        TEKMATCH_OK);
  }
  EXPECT_NE(callbacks_.told, "");
  SearchState(store.get());
  // Without keys, needed again; and with no time, or ended by the callback.
  store_options_.drop_keys = 1;
  const std::vector<DiagnosisKey> others = TestKeys(6, 78);
  const std::string other = WriteTestExport(others);
  (void)CheckStore(store.get(), {MemorySourceInC("b.zip", other)}, options);
  const tekmatch_sighting late =
      SightingInC(HearKey(others[0], kTestDaySeconds + 3600));
  EXPECT_EQ(DRIVE(tekmatch_store_add, nullptr, store.get(), &late, 1, kNow),
            TEKMATCH_OK);
  (void)CheckStore(store.get(), {}, options);
  store_options_ = {sizeof(store_options_), 0, 1};
  (void)CheckStore(store.get(), {MemorySourceInC("b.zip", other)}, options);
  store_options_.max_milliseconds = 0;
  for (int at = 0; at < 4; ++at) {
    const tekmatch_check_options cancelling = ListeningOptions();
    callbacks_.cancel_at = at;
    (void)CheckStore(store.get(), {MemorySourceInC("b.zip", other)},
                     cancelling);
  }
  // A reader that would write, and folders that are none.
  const StoreHandle reader = Open(TEKMATCH_STORE_READ_ONLY);
  ASSERT_NE(reader, nullptr);
  SearchState(reader.get());
  EXPECT_NE(DRIVE(tekmatch_store_add, nullptr, reader.get(), in_c_.data(),
                  in_c_.size(), kNow),
            TEKMATCH_OK);
  (void)CheckStore(reader.get(), {MemorySourceInC("a.zip", export_)}, options);
  const std::string file = WriteTemp("file", "not a folder");
  for (const std::string &bad : {file, file + "/below", std::string(),
                                 std::string("/proc/no/such/folder")}) {
    auto how = Sized<tekmatch_store_options>();
    how.flags = TEKMATCH_STORE_CREATE;
    tekmatch_store *none = nullptr;
    EXPECT_NE(DRIVE(tekmatch_store_open, &none, bad.c_str(), &how),
              TEKMATCH_OK);
    EXPECT_NE(DRIVE(tekmatch_store_set_aside, bad.c_str()), TEKMATCH_OK);
  }
  DRIVEN(tekmatch_store_destroy)(nullptr);
}

void PrivacyTest::DriveRetention() {
  fs::remove_all(folder_);
  StoreHandle store = Open();
  Add(store.get());
  (void)CheckStore(store.get(), {MemorySourceInC("a.zip", export_)},
                   ListeningOptions());
  EXPECT_NE(secrets_.FirstRawIn(ContentOf(folder_)), "");
  // A clock that jumps is not believed; one that goes on is.
  const int64_t later = kNow + int64_t{40} * 86400;
  uint64_t num_removed = 0;
  const auto retain = [&](int64_t now, int32_t jump) {
    auto retained = Sized<tekmatch_retained>();
    ASSERT_EQ(DRIVE(tekmatch_store_retain, &retained, store.get(), now),
              TEKMATCH_OK);
    EXPECT_EQ(retained.clock_jump, jump);
    num_removed += retained.num_removed;
    SearchRow(retained, "retained");
  };
  retain(later, 1);
  EXPECT_EQ(num_removed, 0U);
  for (int64_t now = kNow; now < later; now += 86400) retain(now, 0);
  retain(later, 0);
  EXPECT_EQ(num_removed, in_c_.size());
  Secrets identifiers;
  for (const Sighting &sighting : heard_) identifiers.AddSighting(sighting);
  EXPECT_EQ(identifiers.FirstRawIn(ContentOf(folder_)), "");
  // The next check takes the keys along, which nothing can be compared with.
  tekmatch_check_options options = ListeningOptions();
  options.now = later;
  (void)CheckStore(store.get(), {}, options);
  SearchState(store.get());
  EXPECT_EQ(identifiers.FirstRawIn(ContentOf(folder_)), "");
  // What was kept of the export's keys, heard or not, is gone with them, while
  // the store is open.
  EXPECT_EQ(secrets_.FirstRawIn(ContentOf(folder_)), "");
  store.reset();
  EXPECT_EQ(secrets_.FirstRawIn(ContentOf(folder_)), "");
}

void PrivacyTest::DriveForgetting() {
  fs::remove_all(folder_);
  const StoreHandle store = Open();
  Add(store.get());
  (void)CheckStore(store.get(), {MemorySourceInC("a.zip", export_)},
                   ListeningOptions());
  EXPECT_NE(secrets_.FirstRawIn(ContentOf(folder_)), "");
  int32_t erased = 0;
  ASSERT_EQ(DRIVE(tekmatch_store_forget, &erased, store.get()), TEKMATCH_OK);
  EXPECT_EQ(erased, 1);
  const std::string left = ContentOf(folder_);
  EXPECT_EQ(secrets_.FirstRawIn(left), "");
  EXPECT_FALSE(absl::StrContains(left, "a.zip"));
  SearchState(store.get());
}

void PrivacyTest::DriveDamagedStores() {
  fs::remove_all(folder_);
  {
    const StoreHandle store = Open();
    Add(store.get());
    (void)CheckStore(store.get(), {MemorySourceInC("a.zip", export_)},
                     ListeningOptions());
  }
  const std::string path = folder_ + "/tekmatch.sqlite";
  const std::string whole = ReadFile(path);
  const int refused_before = num_refused_;
  for (size_t at = 0; at < whole.size(); at += 512) {
    std::string damaged = whole;
    for (size_t i = at; i < std::min(at + 16, whole.size()); ++i) {
      damaged[i] = static_cast<char>(~damaged[i]);
    }
    for (const char *suffix : {"-wal", "-shm"}) fs::remove(path + suffix);
    WriteFile(path, damaged);
    const StoreHandle store = Open();
    if (store == nullptr) continue;
    SearchState(store.get());
    (void)CheckStore(store.get(), {MemorySourceInC("b.zip", export_)},
                     ListeningOptions());
    (void)DRIVE(tekmatch_store_retain, nullptr, store.get(), kNow);
    int32_t erased = 0;
    (void)DRIVE(tekmatch_store_forget, &erased, store.get());
  }
  EXPECT_GT(num_refused_, refused_before);
  WriteFile(path, "damaged" + whole.substr(40));
  EXPECT_EQ(Open(), nullptr);
  EXPECT_EQ(DRIVE(tekmatch_store_set_aside, folder_.c_str()), TEKMATCH_OK);
  // Nothing to set aside, now that it is.
  (void)DRIVE(tekmatch_store_set_aside, folder_.c_str());
  const StoreHandle anew = Open();
  SearchState(anew.get());
  EXPECT_NE(secrets_.FirstRawIn(ContentOf(folder_)), "");
  int32_t erased = 0;
  EXPECT_EQ(DRIVE(tekmatch_store_forget, &erased, anew.get()), TEKMATCH_OK);
  EXPECT_EQ(secrets_.FirstRawIn(ContentOf(folder_)), "");
}

void PrivacyTest::DriveWindow() {
  auto contact = Sized<tekmatch_contact>();
  contact.rolling_start = keys_[0].rolling_start;
  contact.unix_seconds = heard_[0].unix_seconds;
  for (const int32_t report_type : {1, 9}) {
    contact.report_type = report_type;
    for (const char *policy : {"civil", "cocoa-3", "none", "no such policy"}) {
      tekmatch_decision decision{};
      (void)DRIVE(tekmatch_judge_contact, &decision, &contact, policy, "UTC");
      SearchRow(decision, "decision");
    }
  }
  auto registration = Sized<tekmatch_registration>();
  registration.onset_or_test = {2020, 12, 1};
  registration.registered = heard_[0].unix_seconds;
  tekmatch_own_key own{keys_[0].rolling_start, 144};
  for (const uint32_t period : {144U, 999U}) {
    own.rolling_period = period;
    for (const uint8_t month : {uint8_t{12}, uint8_t{13}}) {
      registration.onset_or_test.month = month;
      tekmatch_decision decision{};
      (void)DRIVE(tekmatch_select_keys, &decision, &own, 1, &registration,
                  "cocoa-3", "Asia/Tokyo");
      SearchRow(decision, "decision");
    }
  }
}

TEST_F(PrivacyTest, TheSearchFindsWhatIsThere) {
  ASSERT_GT(secrets_.size(), 100);
  const std::string raw(keys_[5].tek.bytes.begin(), keys_[5].tek.bytes.end());
  const std::string rpi(heard_[3].rpi.bytes.begin(), heard_[3].rpi.bytes.end());
  const std::string aem(heard_[3].aem.bytes.begin(), heard_[3].aem.bytes.end());
  for (const std::string &said :
       {absl::StrCat("at ", int64_t{heard_[0].unix_seconds}),
        absl::StrCat("interval ", heard_[0].unix_seconds / 600),
        std::string("heard at 01:02"), std::string("heard at 10:02"), raw, rpi,
        absl::BytesToHexString(raw), absl::Base64Escape(rpi),
        absl::CHexEscape(rpi), absl::BytesToHexString(aem)}) {
    EXPECT_NE(secrets_.FirstIn(said), "") << absl::CHexEscape(said);
  }
  EXPECT_NE(secrets_.FirstRawIn("x" + raw), "");
  EXPECT_EQ(secrets_.FirstIn("2020-12-01: 12 minutes"), "");
}

TEST_F(PrivacyTest, NoFunctionSaysAnyOfThem) {
  DriveNames();
  DriveTrust();
  DriveIndex();
  DriveCheck();
  DriveDefects();
  DriveStore();
  DriveRetention();
  DriveForgetting();
  DriveDamagedStores();
  DriveWindow();
  const std::set<std::string> exported = absl::StrSplit(
      ReadFile("matcher/api/symbols.txt"), '\n', absl::SkipEmpty());
  EXPECT_EQ(driven_, exported);
  EXPECT_GT(num_refused_, 500);
  EXPECT_GT(num_bytes_, 100'000);
}

}  // namespace
}  // namespace tekmatch
