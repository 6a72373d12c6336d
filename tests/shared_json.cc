#include "tests/shared_json.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "gtest/gtest.h"
#include "tests/shared_data.h"

namespace tekmatch {

nlohmann::json ReadSharedJson(const std::string& relative) {
  std::ifstream file(SharedDataPath(relative));
  if (!file.is_open()) {
    ADD_FAILURE() << "cannot open " << relative;
    return {};
  }
  return nlohmann::json::parse(file);
}

}  // namespace tekmatch
