#include "keyformat/wire_message.h"

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/archive.h"
#include "keyformat/export.pb.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

TEST(WireMessageTest, AppendsUpToTheLimit) {
  wire::TemporaryExposureKeyExport message;
  message.set_region("440");  // a tag, a length and three bytes
  for (const uint64_t max_bytes : {7, 8, 1000}) {
    std::string out = "EK";
    ASSERT_THAT(AppendMessage(message, max_bytes, &out), IsOk());
    EXPECT_EQ(out,
              "EK\x1a\x03"
              "440");
  }
  for (const uint64_t max_bytes : {6, 2, 0}) {
    std::string out = "EK";
    const absl::Status status = AppendMessage(message, max_bytes, &out);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 "a file would have 7 bytes, more than " +
                                     std::to_string(max_bytes)));
    EXPECT_EQ(out, "EK");
  }
}

TEST(WireMessageTest, WhatIsWrittenCanBeRead) {
  EXPECT_EQ(kMaxExportBytes, ArchiveLimits().max_entry_bytes);
}

}  // namespace
}  // namespace tekmatch
