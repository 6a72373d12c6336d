#include "registration/service/listen_address.h"

#include <sys/stat.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/memory_folder.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

TEST(ListenAddressTest, ReadsAddressesOfThisMachine) {
  for (const char* text : {"127.0.0.1:0", "127.0.0.1:65535", "[::1]:80",
                           "unix:/run/a.sock", "unix:a"}) {
    const auto address = ParseListenAddress(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->ToString(), text);
  }
}

TEST(ListenAddressTest, RefusesAllOthers) {
  for (const std::string& text :
       {std::string(""), std::string("0.0.0.0:80"), std::string("[::]:80"),
        std::string("192.168.0.1:80"), std::string("localhost:80"),
        std::string("127.0.0.1"), std::string("127.0.0.1:"),
        std::string("127.0.0.1:65536"), std::string("127.0.0.1:-1"),
        std::string("127.0.0.1:+1"), std::string("127.0.0.1: 1"),
        std::string(":80"), std::string("80"), std::string("unix:"),
        "unix:" + std::string(108, 'a'), std::string("unix:a\0b", 8)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseListenAddress(text).status()))
        << text;
  }
}

TEST(ListenAddressTest, SaysWhichPortItGot) {
  auto address = ParseListenAddress("127.0.0.1:0");
  ASSERT_TRUE(address.ok());
  const auto fd = ListenAt(*address);
  ASSERT_TRUE(fd.ok()) << fd.status();
  EXPECT_GT(address->port, 0);
  // Somebody listens there now.
  EXPECT_FALSE(ListenAt(*address).ok());
  close(*fd);
}

TEST(ListenAddressTest, UnixSocketThatNobodyListensOnIsReplaced) {
  // Paths of sockets are short, and those of tests are long.
  ListenAddress address;
  const MemoryFolder folder;
  address.unix_path = folder.At("listen");
  const auto first = ListenAt(address);
  ASSERT_TRUE(first.ok()) << first.status();
  struct stat info;
  ASSERT_EQ(stat(address.unix_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660u);
  EXPECT_TRUE(absl::IsAlreadyExists(ListenAt(address).status()));
  close(*first);  // as a kill would
  const auto second = ListenAt(address);
  ASSERT_TRUE(second.ok()) << second.status();
  close(*second);
}

TEST(ListenAddressTest, FileThatIsNoSocketStays) {
  ListenAddress address;
  const MemoryFolder folder;
  address.unix_path = folder.At("file");
  WriteFile(address.unix_path, "kept");
  EXPECT_FALSE(ListenAt(address).ok());
  EXPECT_EQ(ReadFile(address.unix_path), "kept");
}

}  // namespace
}  // namespace tekmatch
