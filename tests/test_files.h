// Files that a test makes for itself.
#ifndef TEKMATCH_TESTS_TEST_FILES_H_
#define TEKMATCH_TESTS_TEST_FILES_H_

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace tekmatch {

// A path below a folder of the running test's own, which is made.
inline std::string TempPath(const std::string& name) {
  const ::testing::TestInfo* test =
      ::testing::UnitTest::GetInstance()->current_test_info();
  std::string own = std::string(test->test_suite_name()) + "." + test->name();
  for (char& c : own) c = c == '/' ? '.' : c;  // parameterized tests
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / own;
  std::filesystem::create_directories(folder);
  return (folder / name).string();
}

inline void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
  EXPECT_TRUE(out.flush().good()) << path;
}

// Writes to TempPath(name), in folders that are made, and returns that path.
inline std::string WriteTemp(const std::string& name,
                             const std::string& bytes) {
  std::string path = TempPath(name);
  std::filesystem::create_directories(
      std::filesystem::path(path).parent_path());
  WriteFile(path, bytes);
  return path;
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_TEST_FILES_H_
