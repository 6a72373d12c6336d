// What is read ahead of a pipe comes once more, before the rest.
#include "tools/files/input_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

// A pipe that has the bytes and no writer any more.
std::string PipeWith(const std::string& bytes, int* end) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  EXPECT_EQ(write(ends[1], bytes.data(), bytes.size()),
            static_cast<ssize_t>(bytes.size()));
  close(ends[1]);
  *end = ends[0];
  return absl::StrCat("/dev/fd/", ends[0]);
}

class InputStreamTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    path_ = GetParam() ? PipeWith("0123456789", &pipe_)
                       : WriteTemp("file", "0123456789");
    auto stream = OpenInputStream(path_);
    ASSERT_THAT(stream, IsOk());
    stream_ = *stream;
  }
  void TearDown() override {
    close(stream_.fd);
    if (pipe_ >= 0) close(pipe_);
  }
  std::string Take(size_t num_bytes) {
    std::string bytes(num_bytes, '?');
    const auto num = ReadFrom(path_, &stream_, absl::MakeSpan(bytes));
    EXPECT_THAT(num, IsOk());
    bytes.resize(num.ok() ? *num : 0);
    return bytes;
  }

  int pipe_ = -1;
  std::string path_;
  InputStream stream_;
};

TEST_P(InputStreamTest, WhatIsReadAheadComesFirst) {
  ASSERT_THAT(ReadAhead(path_, 4, &stream_), IsOk());
  EXPECT_EQ(stream_.first.substr(0, 4), "0123");
  ASSERT_THAT(ReadAhead(path_, 3, &stream_), IsOk());
  EXPECT_EQ(Take(2), "01");
  EXPECT_EQ(Take(5), "23456");
  EXPECT_EQ(Take(0), "");
  EXPECT_EQ(Take(9), "789");
  EXPECT_EQ(Take(1), "");
}

TEST_P(InputStreamTest, AheadIsAtMostAllThereIs) {
  ASSERT_THAT(ReadAhead(path_, 100, &stream_), IsOk());
  EXPECT_EQ(stream_.first, "0123456789");
  EXPECT_EQ(Take(100), "0123456789");
}

TEST_P(InputStreamTest, SaysWhatCannotBeRead) {
  const int fd = stream_.fd;
  stream_.fd = open("/", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  stream_.first.clear();
  EXPECT_THAT(ReadAhead("a folder", 1, &stream_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("a folder: reading")));
  char byte = 0;
  EXPECT_FALSE(ReadFrom("a folder", &stream_, {&byte, 1}).ok());
  close(stream_.fd);
  stream_.fd = fd;
}

INSTANTIATE_TEST_SUITE_P(FilesAndPipes, InputStreamTest, ::testing::Bool());

}  // namespace
}  // namespace tekmatch
