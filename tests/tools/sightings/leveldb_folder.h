// A database in a folder, for tests of how it is read. Every read is checked to
// leave the folder as it is.
#ifndef TEKMATCH_TESTS_TOOLS_SIGHTINGS_LEVELDB_FOLDER_H_
#define TEKMATCH_TESTS_TOOLS_SIGHTINGS_LEVELDB_FOLDER_H_

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/sightings/leveldb_store.h"

namespace tekmatch {

using Records = std::map<std::string, std::string>;

inline constexpr char kLogIsMissing[] =
    "is missing: the newest sightings are not read";
inline constexpr char kTableIsMissing[] =
    "is missing: its sightings are not read";

// Names, content, mode, and times. Nothing that is not a plain file is opened.
inline std::map<std::string, std::string> Snapshot(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const std::filesystem::directory_entry& file :
       std::filesystem::directory_iterator(folder)) {
    files[file.path().filename()] =
        file.symlink_status().type() == std::filesystem::file_type::regular
            ? ReadFile(file.path())
            : "";
  }
  files["."] = absl::StrCat(
      static_cast<int>(std::filesystem::status(folder).permissions()), " ",
      std::filesystem::last_write_time(folder).time_since_epoch().count());
  return files;
}

// Tests of a database in the folder path_, which is empty at first.
class LevelDbFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = TempPath("db");
    std::filesystem::remove_all(path_);
  }
  std::string At(const std::string& name) const { return path_ + "/" + name; }

  LevelDbContent Read() const {
    const auto before = Snapshot(path_);
    absl::StatusOr<LevelDbContent> content = ReadLevelDb(path_);
    EXPECT_EQ(Snapshot(path_), before) << "the folder was changed";
    EXPECT_THAT(content, IsOk());
    return content.ok() ? *std::move(content) : LevelDbContent();
  }
  // "000006.log is missing: ..."
  std::vector<std::string> Losses() const {
    std::vector<std::string> losses;
    for (const LevelDbLoss& loss : Read().losses) {
      EXPECT_EQ(std::filesystem::path(loss.file).parent_path(), path_);
      losses.push_back(std::filesystem::path(loss.file).filename().string() +
                       " " + loss.reason);
    }
    return losses;
  }
  void ExpectNone(const std::string& name, const std::string& reason) const {
    EXPECT_EQ(ReadLevelDb(path_).status(),
              absl::DataLossError(absl::StrCat(At(name), ": ", reason)));
  }

  std::string path_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_TOOLS_SIGHTINGS_LEVELDB_FOLDER_H_
