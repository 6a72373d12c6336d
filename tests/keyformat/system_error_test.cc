#include "keyformat/system_error.h"

#include <cerrno>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::StartsWith;

TEST(SystemErrorTest, NoErrorOfAFileIsTheCallers) {
  for (int error = 1; error < 134; ++error) {
    const absl::Status status = SystemError(error, "f: cannot be opened");
    EXPECT_FALSE(status.ok()) << error;
    EXPECT_FALSE(absl::IsInvalidArgument(status)) << error;
    EXPECT_FALSE(absl::IsInternal(status)) << error;
    EXPECT_THAT(std::string(status.message()),
                StartsWith("f: cannot be opened"));
  }
}

TEST(SystemErrorTest, WhatTheCodesMean) {
  EXPECT_THAT(SystemError(ENOENT, ""), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(SystemError(ENAMETOOLONG, ""),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(SystemError(EACCES, ""),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(SystemError(EINVAL, ""),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace tekmatch
