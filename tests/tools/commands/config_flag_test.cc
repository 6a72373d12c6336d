#include "tools/commands/config_flag.h"

#include <sys/stat.h>

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::StartsWith;

TEST(ConfigFlagTest, Names) {
  EXPECT_EQ(LoadWindowPolicy("cocoa-3")->name, "cocoa-3");
  EXPECT_EQ(LoadExposureConfig("cocoa")->name, "cocoa");
  EXPECT_THAT(LoadWindowPolicy("cocoa"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(LoadExposureConfig(""),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ConfigFlagTest, Files) {
  const std::string path = TempPath("a.json");
  WriteFile(path, R"({"name":"mine","basis":"contact_time"})");
  EXPECT_EQ(LoadWindowPolicy(path)->name, "mine");
  EXPECT_EQ(LoadExposureConfig(path).status(),
            absl::DataLossError(path + ": attenuation_thresholds: missing"));
  WriteFile(path, R"({"name":"mine","attenuation_thresholds":[1,2,3],
                      "attenuation_weights":[1,1,1,1]})");
  EXPECT_EQ(LoadExposureConfig(path)->name, "mine");
  EXPECT_EQ(LoadWindowPolicy(path).status(),
            absl::DataLossError(path + ": basis: missing"));
}

TEST(ConfigFlagTest, FilesThatAreNone) {
  const std::string path = TempPath("b.json");
  WriteFile(path, std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(LoadExposureConfig(path).status(),
            absl::DataLossError(path + ": too large for a configuration"));
  WriteFile(path, "");
  EXPECT_EQ(LoadExposureConfig(path).status(),
            absl::DataLossError(path + ": not JSON"));
  WriteFile(path, R"({"name":"mine","attenuation_thresholds":[1,2,3],
                      "attenuation_weights":[1,1,1,1],
                      "alert":{"seconds":900,"seconds":60}})");
  EXPECT_EQ(LoadExposureConfig(path).status(),
            absl::DataLossError(path + ": seconds: stands twice in one "
                                       "object"));
  WriteFile(path, R"({"name":"mine","infectiousness":{"-3":"high","-3":"none"},
                      "attenuation_thresholds":[1,2,3],
                      "attenuation_weights":[1,1,1,1]})");
  EXPECT_EQ(LoadExposureConfig(path).status(),
            absl::DataLossError(path + ": a member stands twice in one "
                                       "object"));
  const std::string fifo = TempPath("fifo.json");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(
      LoadExposureConfig(fifo).status(),
      absl::DeadlineExceededError(fifo + ": a pipe into which nobody writes"));
  EXPECT_EQ(LoadExposureConfig("/dev/null").status(),
            absl::FailedPreconditionError("/dev/null: not a regular file"));
  EXPECT_THAT(
      LoadExposureConfig("nope"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "--config: no configuration \"nope\"; there are cocoa and "
               "platform-default (a file has a slash in its path, or ends in "
               ".json)"));
  const std::string none = TempPath("none.json");
  EXPECT_THAT(LoadWindowPolicy(none),
              StatusIs(absl::StatusCode::kNotFound, StartsWith(none + ": ")));
}

TEST(ConfigFlagTest, ZonesOfPolicies) {
  EXPECT_EQ(DefaultTimeZone(*NamedTransmissionWindowPolicy("cocoa-3")),
            "Asia/Tokyo");
  EXPECT_EQ(DefaultTimeZone(*NamedTransmissionWindowPolicy("cocoa-1.2.1")),
            "Asia/Tokyo");
  EXPECT_EQ(DefaultTimeZone(*NamedTransmissionWindowPolicy("civil")), "UTC");
}

}  // namespace
}  // namespace tekmatch
