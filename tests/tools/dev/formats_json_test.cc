// The policy and the configuration that docs/formats.md shows are valid, and
// those that say nothing new are the defaults.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "matcher/exposure/exposure_config_json.h"
#include "matcher/exposure/transmission_window_json.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

std::vector<std::string> JsonBlocks(const std::string& document) {
  const std::string fence = "\n```";
  std::vector<std::string> blocks;
  for (size_t at = document.find(fence + "json\n"); at != std::string::npos;
       at = document.find(fence + "json\n", at)) {
    at += fence.size() + 5;
    blocks.push_back(document.substr(at, document.find(fence, at) - at));
  }
  return blocks;
}

TEST(FormatsJsonTest, PolicyAndConfiguration) {
  const std::vector<std::string> blocks =
      JsonBlocks(ReadFile("docs/formats.md"));
  ASSERT_EQ(blocks.size(), 2U);
  const auto policy = ParseTransmissionWindowPolicy(blocks[0]);
  ASSERT_THAT(policy, IsOk());
  const TransmissionWindowPolicy defaults = {
      .name = "mine", .basis = TransmissionWindowPolicy::Basis::kContactTime};
  EXPECT_EQ(*policy, defaults);
  const auto config = ParseExposureConfig(blocks[1]);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->name, "mine");
}

}  // namespace
}  // namespace tekmatch
