// Real files (shared_data.h) that are JSON.
#ifndef TEKMATCH_TESTS_SHARED_JSON_H_
#define TEKMATCH_TESTS_SHARED_JSON_H_

#include <string>

#include "nlohmann/json_fwd.hpp"

namespace tekmatch {

// The parsed file at a path below the folder's data/. Where it cannot be
// opened, fails the test and returns null.
nlohmann::json ReadSharedJson(const std::string& relative);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_SHARED_JSON_H_
