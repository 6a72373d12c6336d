#include "tools/files/line_reader.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;

// All lines; "<too long>" for those that are.
std::vector<std::string> Lines(const std::string& path) {
  std::vector<std::string> lines;
  const auto reader = LineReader::Open(path);
  EXPECT_THAT(reader, IsOk());
  if (!reader.ok()) return lines;
  LineReader::Line line;
  while (true) {
    const absl::StatusOr<bool> more = (*reader)->Next(&line);
    EXPECT_THAT(more, IsOk());
    if (!more.ok() || !*more) return lines;
    lines.push_back(line.too_long ? "<too long>" : std::string(line.text));
    EXPECT_EQ((*reader)->Place(), path + ":" + std::to_string(lines.size()));
  }
}

std::vector<std::string> LinesOf(const std::string& bytes) {
  const std::string path = TempPath("lines");
  WriteFile(path, bytes);
  return Lines(path);
}

TEST(LineReaderTest, LineEnds) {
  EXPECT_THAT(LinesOf(""), ElementsAre());
  EXPECT_THAT(LinesOf("\n"), ElementsAre(""));
  EXPECT_THAT(LinesOf("a"), ElementsAre("a"));
  EXPECT_THAT(LinesOf("a\nb\n"), ElementsAre("a", "b"));
  EXPECT_THAT(LinesOf("a\r\n\r\nb\r\nc"), ElementsAre("a", "", "b", "c"));
  EXPECT_THAT(LinesOf("a\rb\n"), ElementsAre("a\rb"));
  EXPECT_THAT(LinesOf("a\r"), ElementsAre("a"));
  EXPECT_THAT(LinesOf("a\r\r\n"), ElementsAre("a\r"));
  EXPECT_THAT(LinesOf(std::string("a\0b\n", 4)),
              ElementsAre(std::string("a\0b", 3)));
}

TEST(LineReaderTest, AByteOrderMarkCountsAtTheStartOnly) {
  EXPECT_THAT(LinesOf("\xEF\xBB\xBFone\n\xEF\xBB\xBFtwo\n"),
              ElementsAre("one", "\xEF\xBB\xBFtwo"));
  EXPECT_THAT(LinesOf("\n\xEF\xBB\xBFtwo"), ElementsAre("", "\xEF\xBB\xBFtwo"));
  EXPECT_THAT(LinesOf("\xEF\xBB\xBF\xEF\xBB\xBFone"),
              ElementsAre("\xEF\xBB\xBFone"));
  EXPECT_THAT(LinesOf("\xEF\xBB\xBF"), ElementsAre(""));
  EXPECT_THAT(LinesOf("\xEF\xBBone"), ElementsAre("\xEF\xBBone"));
}

TEST(LineReaderTest, TooLongLinesAreSaidToBeAndPassedOver) {
  const std::string longest(LineReader::kMaxLineBytes, 'x');
  // The buffer holds four of the longest lines; the last ones fill it exactly,
  // or but for a byte.
  constexpr size_t kMax = LineReader::kMaxLineBytes;
  for (const size_t more : {size_t{1}, kMax, 5 * kMax, 3 * kMax - 3,
                            3 * kMax - 2, 3 * kMax - 1, 3 * kMax}) {
    EXPECT_THAT(LinesOf("a\n" + longest + std::string(more, 'x') + "\nb\n"),
                ElementsAre("a", "<too long>", "b"));
    EXPECT_THAT(LinesOf(longest + std::string(more, 'x')),
                ElementsAre("<too long>"));
  }
  EXPECT_THAT(LinesOf(longest + "\nb"), ElementsAre(longest, "b"));
  EXPECT_THAT(LinesOf("a\n" + longest), ElementsAre("a", longest));
}

// Lines of all lengths lie across every place where the buffer is refilled.
TEST(LineReaderTest, LinesAcrossTheBuffersEnds) {
  std::string bytes;
  std::vector<std::string> want;
  for (size_t i = 0; bytes.size() < 3 << 20; ++i) {
    want.emplace_back(i * 37 % 4099, static_cast<char>('a' + i % 26));
    bytes += want.back() + "\n";
  }
  EXPECT_EQ(LinesOf(bytes), want);
}

TEST(LineReaderTest, SaysWhetherALineEnds) {
  const std::string path = TempPath("lines");
  WriteFile(path, "a\n\r\n" + std::string(70000, 'x') + "\nb");
  const auto reader = LineReader::Open(path);
  ASSERT_THAT(reader, IsOk());
  LineReader::Line line;
  for (const bool has_end : {true, true, true, false}) {
    const absl::StatusOr<bool> more = (*reader)->Next(&line);
    ASSERT_TRUE(more.ok() && *more);
    EXPECT_EQ(line.has_end, has_end);
  }
  EXPECT_FALSE(*(*reader)->Next(&line));
}

TEST(LineReaderTest, ALineWithoutEnd) {
  const auto reader = LineReader::Open("/dev/zero");
  ASSERT_THAT(reader, IsOk());
  LineReader::Line line;
  EXPECT_EQ((*reader)->Next(&line).status(),
            absl::DataLossError("/dev/zero:1: the line has no end"));
}

TEST(LineReaderTest, APipeIntoWhichNobodyWrites) {
  const std::string path = TempPath("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(
      LineReader::Open(path).status(),
      absl::DeadlineExceededError(path + ": a pipe into which nobody writes"));
}

// A named pipe with somebody who may write: from the beginning, however late
// the thread is that does, until all is read, however late the reader is. What
// is in a pipe that nobody holds is gone.
class Pipe {
 public:
  Pipe() {
    EXPECT_EQ(mkfifo(path_.c_str(), 0600), 0);
    fd_ = open(path_.c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_GE(fd_, 0);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() { Close(); }

  const std::string& path() const { return path_; }
  // What is written arrives as a read of its own: this waits until it was read.
  void Write(const std::string& bytes) const {
    EXPECT_EQ(write(fd_, bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
    for (int unread = 1; unread > 0;) {
      ASSERT_EQ(ioctl(fd_, FIONREAD, &unread), 0);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  const std::string path_ = TempPath("pipe");
  int fd_ = -1;
};

// It is there in time, but has nothing to say yet.
TEST(LineReaderTest, APipeWithASlowWriter) {
  Pipe pipe;
  std::thread writer([&pipe] {
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    pipe.Write("a\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    pipe.Write("b\n");
    pipe.Close();
  });
  EXPECT_THAT(Lines(pipe.path()), ElementsAre("a", "b"));
  writer.join();
}

TEST(LineReaderTest, ReadsAPipe) {
  Pipe pipe;
  std::thread writer([&pipe] {
    pipe.Write("a\nb\n");
    pipe.Close();
  });
  EXPECT_THAT(Lines(pipe.path()), ElementsAre("a", "b"));
  writer.join();
}

// Each write arrives as a read of its own.
TEST(LineReaderTest, LinesThatArriveInPieces) {
  Pipe pipe;
  std::thread writer([&pipe] {
    for (const char c : std::string("\xEF\xBB\xBFone\r\n\ntwo")) {
      pipe.Write(std::string(1, c));
    }
    pipe.Close();
  });
  EXPECT_THAT(Lines(pipe.path()), ElementsAre("one", "", "two"));
  writer.join();
}

// What an earlier piece left in the buffer is no part of a later one.
TEST(LineReaderTest, OldBytesBehindAPieceAreNotRead) {
  Pipe pipe;
  std::thread writer([&pipe] {
    for (const char* piece : {"aaaa\nbbbb\ncc", "d", "e", "\nff"}) {
      pipe.Write(piece);
    }
    pipe.Close();
  });
  EXPECT_THAT(Lines(pipe.path()), ElementsAre("aaaa", "bbbb", "ccde", "ff"));
  writer.join();
}

TEST(LineReaderTest, PlaceIsBeforeTheFirstLineUntilOneIsRead) {
  const std::string path = TempPath("lines");
  WriteFile(path, "a\n");
  const auto reader = LineReader::Open(path);
  ASSERT_THAT(reader, IsOk());
  EXPECT_EQ((*reader)->Place(), path + ":0");
}

TEST(LineReaderTest, AFolderCannotBeRead) {
  const std::string folder = ::testing::TempDir();
  const auto reader = LineReader::Open(folder);
  ASSERT_THAT(reader, IsOk());
  LineReader::Line line;
  const absl::StatusOr<bool> more = (*reader)->Next(&line);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.status().message().find(folder + ": reading"), 0U);
}

TEST(LineReaderTest, AMissingFileIsNamed) {
  const std::string path = TempPath("none");
  const auto reader = LineReader::Open(path);
  ASSERT_FALSE(reader.ok());
  EXPECT_THAT(reader, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(reader.status().message().find(path + ": cannot be opened"), 0U);
}

// Whole lines at once and single ones by turns, of lines of all lengths around
// what is read at once: nothing is missing, doubled or miscounted.
TEST(LineReaderTest, ManyLinesAtOnceAreThoseOfNext) {
  std::string bytes;
  for (const size_t length :
       {size_t{0}, size_t{5}, LineReader::kMaxLineBytes - 1,
        LineReader::kMaxLineBytes, 4 * LineReader::kMaxLineBytes - 1,
        4 * LineReader::kMaxLineBytes, 9 * LineReader::kMaxLineBytes}) {
    for (int i = 0; i < 3; ++i) bytes += std::string(length, 'a') + "\n";
    for (int i = 0; i < 5000; ++i) bytes += "line " + std::to_string(i) + "\n";
  }
  bytes += "no end";
  const std::string path = TempPath("lines");
  WriteFile(path, bytes);
  const std::vector<std::string> wanted = Lines(path);
  for (const int num_single : {0, 1, 700}) {
    const auto reader = LineReader::Open(path);
    ASSERT_THAT(reader, IsOk());
    std::vector<std::string> lines;
    LineReader::Lines many;
    LineReader::Line one;
    const auto next = [&]() -> bool {
      const absl::StatusOr<bool> more = (*reader)->Next(&one);
      EXPECT_THAT(more, IsOk());
      if (!more.ok() || !*more) return false;
      lines.push_back(one.too_long ? "<too long>" : std::string(one.text));
      EXPECT_EQ((*reader)->Place(), path + ":" + std::to_string(lines.size()));
      return true;
    };
    uint64_t num_blocks = 0;
    for (bool more = true; more;) {
      ASSERT_THAT((*reader)->NextLines(&many), IsOk());
      absl::string_view text = many.text;
      if (!text.empty()) {
        ++num_blocks;
        EXPECT_EQ(many.end, (*reader)->num_bytes());
        EXPECT_EQ(text.back(), '\n');
      }
      while (!text.empty()) {
        const size_t end = text.find('\n');
        lines.push_back(end > LineReader::kMaxLineBytes
                            ? "<too long>"
                            : std::string(text.substr(0, end)));
        text.remove_prefix(end + 1);
        (*reader)->CountLines(1);
      }
      if (many.text.empty()) more = next();
      for (int i = 0; i < num_single && more; ++i) more = next();
    }
    EXPECT_TRUE(lines == wanted);
    EXPECT_GT(num_blocks, 3U);
    EXPECT_EQ((*reader)->num_bytes(), bytes.size());
  }
}

}  // namespace
}  // namespace tekmatch
