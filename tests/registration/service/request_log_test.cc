#include "registration/service/request_log.h"

#include <sys/stat.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

TEST(RequestLogTest, ClassesHaveSharpEdges) {
  EXPECT_EQ(SizeClass(0), "<1K");
  EXPECT_EQ(SizeClass(1023), "<1K");
  EXPECT_EQ(SizeClass(1024), "<4K");
  EXPECT_EQ(SizeClass(65535), "<64K");
  EXPECT_EQ(SizeClass(65536), "<256K");
  EXPECT_EQ(SizeClass(262144), ">=256K");
  EXPECT_EQ(DurationClass(absl::Milliseconds(9)), "<10ms");
  EXPECT_EQ(DurationClass(absl::Milliseconds(10)), "<100ms");
  EXPECT_EQ(DurationClass(absl::Milliseconds(999)), "<1s");
  EXPECT_EQ(DurationClass(absl::Seconds(10)), ">=10s");
}

TEST(RequestLogTest, LineHasFiveThingsAndNoMore) {
  EXPECT_EQ(LogLine({.time = absl::FromUnixSeconds(1607590800),
                     .route = "PUT /v1/diagnosis",
                     .status = 406,
                     .num_bytes_in = 5000,
                     .num_bytes_out = 2048,
                     .duration = absl::Milliseconds(3)}),
            "2020-12-10T09:00:00Z PUT /v1/diagnosis 406 in<16K out<4K <10ms");
}

TEST(RequestLogTest, FileIsTheOwnersAndGrows) {
  const std::string path = TempPath("requests.log");
  for (int i = 0; i < 2; ++i) {
    auto log = RequestLog::Open(path);
    ASSERT_TRUE(log.ok()) << log.status();
    (*log)->Write({.time = absl::UnixEpoch(), .route = "-", .status = 404});
    (*log)->Note(absl::UnixEpoch(), "note\nforged line");
  }
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const std::string one =
      "1970-01-01T00:00:00Z - 404 in<1K out<1K <10ms\n"
      "1970-01-01T00:00:00Z note\\x0aforged line\n";
  EXPECT_EQ(ReadFile(path), one + one);
}

TEST(RequestLogTest, SaysWhereItCannotWrite) {
  EXPECT_FALSE(RequestLog::Open(TempPath("none") + "/log").ok());
}

}  // namespace
}  // namespace tekmatch
