#include "tools/files/published_folder.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Files(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

PublishedName Name(uint64_t start, uint64_t end, uint64_t number = 1) {
  return {.end_timestamp = end, .start_timestamp = start, .number = number};
}

std::unique_ptr<PublishedFolder> Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<PublishedFolder>> folder =
      PublishedFolder::Open(path);
  EXPECT_THAT(folder, IsOk());
  return *std::move(folder);
}

// A run that publishes empty files.
void PublishIn(const std::string& path,
               const std::vector<PublishedName>& names) {
  const auto folder = Open(path);
  for (const PublishedName& name : names) {
    EXPECT_THAT(folder->Add(name, ""), IsOk());
  }
  EXPECT_THAT(folder->Publish(), IsOk());
}

TEST(PublishedNameTest, ThereAndBack) {
  EXPECT_EQ(ToString(Name(1, 2, 3)), "1-2-00003.zip");
  EXPECT_EQ(ToString(Name(0, 2, 1000000)), "0-2-1000000.zip");
  const PublishedName most = Name(std::numeric_limits<uint64_t>::max() - 1,
                                  std::numeric_limits<uint64_t>::max());
  for (const PublishedName& name : {Name(1, 2, 3), Name(0, 99, 123456), most}) {
    EXPECT_EQ(ParsePublishedName(ToString(name)), name);
  }
  for (const char* other :
       {"", ".zip", "index.txt", "1-2.zip", "1-2-3.zip", "1-2-000003.zip",
        "01-2-00003.zip", "-1-2-00003.zip", "+1-2-00003.zip", " 1-2-00003.zip",
        "1-2-00003.zip.0a0b0c0d", "1-2-00003.ZIP", "x-2-00003.zip",
        "18446744073709551616-2-00003.zip", "1--00003.zip"}) {
    EXPECT_FALSE(ParsePublishedName(other).has_value()) << other;
  }
}

TEST(PublishedFolderTest, TheIndexListsAllFilesFromOldToNew) {
  const std::string path = TempPath("out");
  PublishIn(path, {Name(200, 300)});
  // Windows may come in any order; 1000 comes after 300, and number 10 after 2.
  PublishIn(path, {Name(900, 1000, 2), Name(900, 1000, 10)});
  PublishIn(path, {Name(100, 200)});
  WriteFile(path + "/other.zip", "");
  EXPECT_EQ(ReadFile(path + "/index.txt"),
            "100-200-00001.zip\n200-300-00001.zip\n"
            "900-1000-00002.zip\n900-1000-00010.zip\n");
  // What is no longer on offer is no longer listed.
  fs::remove(path + "/100-200-00001.zip");
  PublishIn(path, {Name(1000, 1100)});
  EXPECT_EQ(ReadFile(path + "/index.txt"),
            "200-300-00001.zip\n900-1000-00002.zip\n900-1000-00010.zip\n"
            "1000-1100-00001.zip\n");
  EXPECT_THAT(Files(path),
              ElementsAre("1000-1100-00001.zip", "200-300-00001.zip",
                          "900-1000-00002.zip", "900-1000-00010.zip",
                          "index.txt", "other.zip"));
}

TEST(PublishedFolderTest, AWindowGoesOutOnce) {
  const std::string path = TempPath("out");
  PublishIn(path, {Name(100, 200)});
  const auto folder = Open(path);
  const std::pair<uint64_t, uint64_t> kShared[] = {
      {100, 200}, {100, 199}, {101, 200}, {150, 250},
      {50, 101},  {199, 300}, {0, 1000},  {140, 141}};
  for (const auto& [start, end] : kShared) {
    const absl::Status status = folder->CheckUnpublished(start, end);
    EXPECT_THAT(status,
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr(path + "/100-200-00001.zip: is published")))
        << start << " " << end;
  }
  EXPECT_THAT(folder->CheckUnpublished(200, 300), IsOk());
  EXPECT_THAT(folder->CheckUnpublished(0, 100), IsOk());
}

TEST(PublishedFolderTest, NothingIsSeenOfARunThatEndsEarly) {
  const std::string path = TempPath("out");
  for (const bool is_there : {false, true}) {
    if (is_there) fs::create_directory(path);
    const auto folder = Open(path);
    ASSERT_THAT(folder->Add(Name(1, 2), "a"), IsOk());
    ASSERT_THAT(folder->Add(Name(1, 2, 2), "b"), IsOk());
    EXPECT_FALSE(fs::exists(path + "/1-2-00001.zip"));
  }
  EXPECT_THAT(Files(path), IsEmpty());
}

// The folder that it made itself goes with it.
TEST(PublishedFolderTest, ARunThatEndsEarlyLeavesNoFolder) {
  const std::string path = TempPath("out");
  ASSERT_THAT(Open(path)->Add(Name(1, 2), "a"), IsOk());
  EXPECT_FALSE(fs::exists(path));
}

// One that waits for it makes the folder anew.
TEST(PublishedFolderTest, TheNextOneHasAFolderToo) {
  const std::string path = TempPath("out");
  auto first = Open(path);
  std::thread second([&path] { PublishIn(path, {Name(1, 2)}); });
  // It may wait by now, or come later: both are right.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  first.reset();
  second.join();
  EXPECT_TRUE(fs::exists(path + "/1-2-00001.zip"));
}

TEST(PublishedFolderTest, AFailureInTheMiddleTakesEverythingBack) {
  const std::string path = TempPath("out");
  PublishIn(path, {Name(1, 2)});
  const auto folder = Open(path);
  ASSERT_THAT(folder->Add(Name(2, 3), "a"), IsOk());
  ASSERT_THAT(folder->Add(Name(2, 3, 2), "b"), IsOk());
  // A folder is in the place of the second file.
  fs::create_directory(path + "/2-3-00002.zip");
  const absl::Status status = folder->Publish();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(path + "/2-3-00002.zip: cannot be written"));
  EXPECT_FALSE(fs::exists(path + "/2-3-00001.zip"));
  EXPECT_FALSE(fs::exists(path + "/.tekmatch-publishing"));
  EXPECT_EQ(ReadFile(path + "/index.txt"), "1-2-00001.zip\n");
}

TEST(PublishedFolderTest, AFolderThatCannotBeMadeIsNamed) {
  for (const std::string path : {"/dev/null", "/no/such/folder"}) {
    const absl::Status status = PublishedFolder::Open(path).status();
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), HasSubstr(path + ": "));
  }
}

}  // namespace
}  // namespace tekmatch
