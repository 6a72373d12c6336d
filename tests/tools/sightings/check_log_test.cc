#include "tools/sightings/check_log.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/shared_data.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/files/hex.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kHash[] =
    "256f70e31ec3d75ede739c4a9b08da8a8d3ae05fa4401cad620c6242bcc4833d";

std::string Base64(const std::string& hex) {
  return absl::Base64Escape(absl::HexStringToBytes(hex));
}

TEST(CheckLogTest, Ios1) {
  const auto log = ParseCheckLog(absl::StrCat(
      R"({"Build":"17F80","ExportVersion":1,"DeviceProductType":"iPhone",
          "ExposureChecks":[
          {"Hash":")",
      kHash,
      R"(","RandomIDCount":3020,"MatchCount":0,"DataSource":"x",
          "Timestamp":"2020-06-18 09:13:07 +0200"},
          {"Hash":"abc","RandomIDCount":-1,"Timestamp":17}]})"));
  ASSERT_THAT(log, IsOk());
  EXPECT_EQ(log->format, CheckLogFormat::kIos1);
  EXPECT_EQ(log->num_checks, 2U);
  ASSERT_THAT(log->files, SizeIs(2));
  ASSERT_TRUE(log->files[0].hash.has_value());
  EXPECT_EQ(EncodeHex(*log->files[0].hash), kHash);
  EXPECT_EQ(log->files[0].keys, 3020U);
  EXPECT_EQ(log->files[0].matches, 0U);
  EXPECT_EQ(log->files[0].time, absl::FromUnixSeconds(1592464387));
  EXPECT_FALSE(log->files[1].hash.has_value());
  EXPECT_FALSE(log->files[1].keys.has_value());
  EXPECT_FALSE(log->files[1].matches.has_value());
  EXPECT_FALSE(log->files[1].time.has_value());
  EXPECT_THAT(log->check_times, SizeIs(1));
}

// A check without files is one, too; a file's time is its check's, if it has
// none.
TEST(CheckLogTest, Ios2) {
  const std::string checks = absl::StrCat(
      R"("ExposureChecks":[{"Timestamp":"2020-12-20 00:45:29 +0100",
          "RegionCode":"DE","Files":[{"Hash":")",
      kHash,
      R"(","KeyCount":7}]},
          {"Timestamp":"2020-12-19 00:45:29 +0100","Files":[]},
          {"Timestamp":"2020-12-18 00:45:29 +0100"}]})");
  for (const char* begin : {R"({"ExportVersion":2,)", "{"}) {
    const auto log = ParseCheckLog(begin + checks);
    ASSERT_THAT(log, IsOk());
    EXPECT_EQ(log->format, CheckLogFormat::kIos2);
    EXPECT_EQ(log->num_checks, 3U);
    ASSERT_THAT(log->files, SizeIs(1));
    EXPECT_EQ(log->files[0].keys, 7U);
    EXPECT_FALSE(log->files[0].matches.has_value());
    EXPECT_EQ(log->files[0].time_text, "2020-12-20 00:45:29 +0100");
    ASSERT_THAT(log->check_times, SizeIs(3));
    EXPECT_LT(log->check_times[0], log->check_times[2]);
  }
}

TEST(CheckLogTest, Android) {
  const auto log = ParseCheckLog(absl::StrCat(
      R"([{"timestamp":"5 de octubre de 2020 19:36","keyCount":1,
           "matchesCount":2,"appName":"x","hash":")",
      Base64(kHash),
      R"("},{"timestamp":"5 de octubre de 2020 19:36","hash":"AAAA"},
          {"timestamp":"5 de octubre de 2020 15:00","hash":""}])"));
  ASSERT_THAT(log, IsOk());
  EXPECT_EQ(log->format, CheckLogFormat::kAndroid);
  EXPECT_EQ(log->num_checks, 2U);
  ASSERT_THAT(log->files, SizeIs(3));
  EXPECT_EQ(EncodeHex(*log->files[0].hash), kHash);
  EXPECT_EQ(log->files[0].time_text, "5 de octubre de 2020 19:36");
  EXPECT_FALSE(log->files[0].time.has_value());
  EXPECT_FALSE(log->files[1].hash.has_value());
  EXPECT_THAT(log->check_times, IsEmpty());
}

TEST(CheckLogTest, HashesThatAreNoFiles) {
  const auto log = [](const std::string& second_hash) {
    std::string text = "[";
    for (int i = 0; i < 3; ++i) {
      const std::string hash = std::string(62, '0') + (i == 0   ? "01"
                                                       : i == 1 ? second_hash
                                                                : "03");
      absl::StrAppend(&text, i > 0 ? "," : "", R"({"timestamp":")", i,
                      R"(","hash":")", Base64(hash), R"(","keyCount":1})");
    }
    return *ParseCheckLog(text + "]");
  };
  EXPECT_TRUE(HasHashesOfChecks(log("02")));
  EXPECT_FALSE(HasHashesOfChecks(log("01")));  // comes again
}

TEST(CheckLogTest, RefusesWhatIsNone) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "not JSON"},
      {"{}", "ExposureChecks: missing"},
      {R"({"ExposureChecks":{}})", "ExposureChecks: missing, or not an array"},
      {R"({"ExposureChecks":[1]})", "not objects"},
      {R"({"ExposureChecks":[],"ExportVersion":3})", "neither 1 nor 2"},
      {R"({"ExposureChecks":[{"Files":1}],"ExportVersion":2})",
       "Files: not an array"},
      {R"({"ExposureChecks":[{"Files":[1]}],"ExportVersion":2})",
       "Files: not objects"},
      {"[1]", "an entry without hash"},
      {"[{}]", "an entry without hash"},
      {"17", "not a log"},
      {R"([{"hash":"","hash":""}])", "stands twice"},
  };
  for (const auto& [text, reason] : cases) {
    EXPECT_THAT(ParseCheckLog(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(reason)))
        << text;
  }
}

TEST(CheckLogTest, TheSharedCaseInBothForms) {
  TEKMATCH_NEEDS_SHARED_DATA();
  for (const char* name : {"ExposureChecks.json", "all-exposure-checks.json"}) {
    const std::string text =
        ReadFile(SharedDataPath("../cases/exposure-checks/") + name);
    EXPECT_TRUE(LooksLikeCheckLog(text));
    const auto log = ParseCheckLog(text);
    ASSERT_THAT(log, IsOk());
    ASSERT_THAT(log->files, SizeIs(1));
    EXPECT_EQ(EncodeHex(*log->files[0].hash), kHash);
    EXPECT_EQ(log->files[0].matches, 1U);
  }
}

}  // namespace
}  // namespace tekmatch
