// The folder of real files that tests read (TEKMATCH_SHARED, see
// CONTRIBUTING.md). Tests that need it say that they are skipped elsewhere.
#ifndef TEKMATCH_TESTS_SHARED_DATA_H_
#define TEKMATCH_TESTS_SHARED_DATA_H_

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace tekmatch {

// Path of a file below the folder's data/; empty where the folder is unset.
inline std::string SharedDataPath(const std::string& relative) {
  const char* shared = std::getenv("TEKMATCH_SHARED");
  if (shared == nullptr || *shared == '\0') return "";
  return std::string(shared) + "/data/" + relative;
}

}  // namespace tekmatch

// First statement of a test, or of a fixture's SetUp, that reads real files.
#define TEKMATCH_NEEDS_SHARED_DATA()                                  \
  if (::tekmatch::SharedDataPath("").empty())                         \
  GTEST_SKIP() << "needs the real files: set TEKMATCH_SHARED to the " \
                  "folder that holds data/ (CONTRIBUTING.md)"

#endif  // TEKMATCH_TESTS_SHARED_DATA_H_
