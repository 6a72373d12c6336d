#include "tools/files/json_text.h"

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"

namespace tekmatch {
namespace {

TEST(DumpJsonTest, BytesThatAreNoText) {
  EXPECT_EQ(DumpJson({{"path", "a\xff.zip"}}, -1),
            "{\"path\":\"a\uFFFD.zip\"}");
  EXPECT_EQ(DumpJson({{"path", "\u00e9"}}, -1), "{\"path\":\"\u00e9\"}");
  EXPECT_EQ(DumpJson({{"b", 1}, {"a", 2}}, 2), "{\n  \"b\": 1,\n  \"a\": 2\n}");
}

}  // namespace
}  // namespace tekmatch
