#include "keyformat/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

std::string TempPath(const std::string& name) {
  return ::testing::TempDir() + "/" + name;
}

TEST(ByteSourceTest, ReadsRangesOfAFileAndOfMemoryAlike) {
  const std::string path = TempPath("bytes");
  std::ofstream(path) << "0123456789";
  const auto file = OpenFileSource(path);
  ASSERT_THAT(file, IsOk());
  const auto memory = MemorySource("memory", "0123456789");
  for (const ByteSource* source : {file->get(), memory.get()}) {
    EXPECT_EQ(source->size(), 10);
    std::vector<uint8_t> out(4);
    ASSERT_THAT(source->ReadAt(6, absl::MakeSpan(out)), IsOk());
    EXPECT_EQ(std::string(out.begin(), out.end()), "6789");
    EXPECT_THAT(source->ReadAt(10, absl::MakeSpan(out).first(0)), IsOk());
    EXPECT_THAT(source->ReadAt(7, absl::MakeSpan(out)),
                StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_THAT(source->ReadAt(uint64_t{1} << 63, absl::MakeSpan(out)),
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST(ByteSourceTest, StreamsTheWholeSource) {
  const auto source = MemorySource("memory", "0123456789");
  const auto stream = StreamWholeSource(*source);
  std::string all;
  std::vector<uint8_t> out(4);
  std::vector<size_t> steps;
  do {
    const auto n = stream->Read(absl::MakeSpan(out));
    ASSERT_THAT(n, IsOk());
    steps.push_back(*n);
    all.append(out.begin(), out.begin() + static_cast<ptrdiff_t>(*n));
  } while (steps.back() > 0);
  EXPECT_EQ(all, "0123456789");
  EXPECT_EQ(steps, (std::vector<size_t>{4, 4, 2, 0}));
}

TEST(ByteSourceTest, NamesAFileThatShrank) {
  const std::string path = TempPath("shrinks");
  std::ofstream(path) << "0123456789";
  const auto file = OpenFileSource(path);
  ASSERT_THAT(file, IsOk());
  ASSERT_EQ(truncate(path.c_str(), 3), 0);
  std::vector<uint8_t> out(10);
  const absl::Status status = (*file)->ReadAt(0, absl::MakeSpan(out));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss,
                               path + ": the file is truncated"));
}

TEST(ByteSourceTest, RefusesWhatIsNoRegularFile) {
  const auto missing = OpenFileSource(TempPath("missing"));
  EXPECT_THAT(missing,
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("missing: ")));
  EXPECT_THAT(OpenFileSource(::testing::TempDir()),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  const std::string fifo = TempPath("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(OpenFileSource(fifo),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

// The error that an earlier call of something else left is not this one's.
TEST(ByteSourceTest, AnOldErrorIsNotLookedAt) {
  const std::string path = TempPath("old_error");
  std::ofstream(path) << "0123456789";
  const auto file = OpenFileSource(path);
  ASSERT_THAT(file, IsOk());
  std::vector<uint8_t> out(4);
  errno = EINTR;
  ASSERT_THAT((*file)->ReadAt(6, absl::MakeSpan(out)), IsOk());
  EXPECT_EQ(std::string(out.begin(), out.end()), "6789");
  ASSERT_EQ(truncate(path.c_str(), 3), 0);
  errno = EINTR;
  EXPECT_THAT(
      (*file)->ReadAt(6, absl::MakeSpan(out)),
      StatusIs(absl::StatusCode::kDataLoss, path + ": the file is truncated"));
}

// A descriptor that cannot be read stands in for a disk that fails.
TEST(ByteSourceTest, SaysWhyItCouldNotRead) {
  const std::string path = TempPath("fails");
  std::ofstream(path) << "0123456789";
  // The file gets the first number that is free.
  const int number = open("/dev/null", O_WRONLY);
  ASSERT_GE(number, 0);
  close(number);
  const auto file = OpenFileSource(path);
  ASSERT_THAT(file, IsOk());
  const int write_only = open(path.c_str(), O_WRONLY);
  ASSERT_GE(write_only, 0);
  ASSERT_EQ(dup2(write_only, number), number);
  close(write_only);
  std::vector<uint8_t> out(4);
  EXPECT_THAT((*file)->ReadAt(0, absl::MakeSpan(out)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       path + ": reading: Bad file descriptor"));
}

TEST(ByteSourceTest, AStreamOfAFileThatShrankFails) {
  const std::string path = TempPath("stream_shrinks");
  std::ofstream(path) << "0123456789";
  const auto file = OpenFileSource(path);
  ASSERT_THAT(file, IsOk());
  const auto stream = StreamWholeSource(**file);
  std::vector<uint8_t> out(4);
  ASSERT_THAT(stream->Read(absl::MakeSpan(out)), IsOk());
  ASSERT_EQ(truncate(path.c_str(), 6), 0);
  EXPECT_THAT(
      stream->Read(absl::MakeSpan(out)),
      StatusIs(absl::StatusCode::kDataLoss, path + ": the file is truncated"));
}

}  // namespace
}  // namespace tekmatch
