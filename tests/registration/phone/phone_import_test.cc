#include "registration/phone/phone_import.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/phone/phone_store.h"
#include "tests/registration/phone/phone_testing.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<DiagnosisKey> OwnKeysIn(const std::string& folder) {
  const auto store = PhoneStore::Open(folder, OpenMode::kExisting);
  EXPECT_THAT(store, IsOk());
  const auto keys = (*store)->OwnKeys();
  EXPECT_THAT(keys, IsOk());
  return *keys;
}

TEST(PhoneImportTest, OwnKeysOfAPlatform) {
  const auto keys = ParseOwnKeys(
      R"([{"keyData":"oaGhoaGhoaGhoaGhoaGhoQ==","rollingStartNumber":2679120,
           "rollingPeriod":144,"transmissionRisk":0}])");
  ASSERT_THAT(keys, IsOk());
  EXPECT_THAT(*keys, ElementsAre(KeyOfDay(1)));
  EXPECT_THAT(ParseOwnKeys("[]"), IsOkAndHolds(SizeIs(0)));
}

TEST(PhoneImportTest, WhatIsNoKeyIsNamedByItsPlace) {
  const std::string good =
      R"({"keyData":"oaGhoaGhoaGhoaGhoaGhoQ==","rollingStartNumber":1,
          "rollingPeriod":144})";
  for (const std::string& bad : {
           std::string("7"),
           std::string(R"({"rollingStartNumber":1,"rollingPeriod":1})"),
           std::string(R"({"keyData":"c2VjcmV0","rollingStartNumber":1,
                           "rollingPeriod":1})"),
           std::string(R"({"keyData":"oaGhoaGhoaGhoaGhoaGhoQ==",
                           "rollingStartNumber":4294967296,
                           "rollingPeriod":1})"),
           std::string(R"({"keyData":"oaGhoaGhoaGhoaGhoaGhoQ==",
                           "rollingStartNumber":1,"rollingPeriod":145})"),
           std::string(R"({"keyData":"oaGhoaGhoaGhoaGhoaGhoQ==",
                           "rollingStartNumber":-1,"rollingPeriod":1})"),
           std::string(R"({"keyData":"oaGhoaGhoaGhoaGhoaGhoQ==",
                           "rollingStartNumber":1,"rollingPeriod":0})"),
       }) {
    const auto keys = ParseOwnKeys(absl::StrCat("[", good, ",", bad, "]"));
    EXPECT_THAT(keys, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("key 2: ")))
        << bad;
    EXPECT_THAT(std::string(keys.status().message()), Not(HasSubstr("oaGh")));
  }
  for (const char* none : {"", "{}", "null", "[[[[1]]]]"}) {
    EXPECT_THAT(ParseOwnKeys(none),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(PhoneImportTest, AddsOnceAndForgetsWhatIsTooOld) {
  const std::string folder = TempPath("new/phone");
  DiagnosisKey old = KeyOfDay(0);
  old.tek.bytes.fill(7);
  old.rolling_start = static_cast<EnIntervalNumber>(kToday - int64_t{16} * 144);
  Sighting sighting;
  sighting.unix_seconds = absl::ToUnixSeconds(kTestNow) - 3600;
  sighting.rssi = -60;
  for (int i = 0; i < 2; ++i) {
    const auto added = AddToPhone(folder, {KeyOfDay(0), KeyOfDay(14), old},
                                  {sighting}, kTestNow);
    ASSERT_THAT(added, IsOk());
    EXPECT_EQ(added->num_added, i == 0 ? 1u : 0u);
    EXPECT_EQ(added->num_known, i == 0 ? 0u : 1u);
  }
  EXPECT_THAT(OwnKeysIn(folder), ElementsAre(KeyOfDay(14), KeyOfDay(0)));
}

TEST(PhoneImportTest, FilesOfEveryKind) {
  const std::string folder = TempPath("phone");
  const std::string keys = WriteTemp(
      "keys.json",
      R"([{"keyData":"oKCgoKCgoKCgoKCgoKCgoA==","rollingStartNumber":2679264,
           "rollingPeriod":144}])");
  const std::string heard =
      WriteTemp("heard.csv",
                "time,rpi,aem,rssi\n"
                "1607587200,00112233445566778899aabbccddeeff,00000000,-60\n");
  auto added = ImportToPhone(folder, keys, heard, kTestNow);
  ASSERT_THAT(added, IsOk());
  EXPECT_EQ(added->num_own_keys, 1u);
  EXPECT_EQ(added->num_added, 1u);
  EXPECT_THAT(OwnKeysIn(folder), ElementsAre(KeyOfDay(0)));
  EXPECT_THAT(ImportToPhone(folder, "", "", kTestNow), IsOk());
  EXPECT_THAT(ImportToPhone(folder, heard, "", kTestNow),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(heard)));
  EXPECT_THAT(ImportToPhone(folder, folder + "/none", "", kTestNow),
              StatusIs(absl::StatusCode::kNotFound));
  const std::string devices =
      WriteTemp("devices.csv",
                "time,rpi,aem,rssi,device\n"
                "1607587200,00112233445566778899aabbccddeeff,00000000,-60,1\n");
  EXPECT_THAT(
      ImportToPhone(folder, "", devices, kTestNow),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("names a device")));
}

}  // namespace
}  // namespace tekmatch
