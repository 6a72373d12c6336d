// What a reader of a whole export never asks for (wire_validity_test and others
// are over those): content that is taken without a look at its length.
#include "keyformat/wire_reader.h"

#include <array>
#include <cstdint>
#include <memory>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

class WireReaderTest : public ::testing::Test {
 protected:
  const std::unique_ptr<ByteSource> source_ = MemorySource("memory", "abcdef");
  const std::unique_ptr<ByteStream> stream_ = StreamWholeSource(*source_);
  WireReader reader_{*stream_};
};

TEST_F(WireReaderTest, ContentOfAMessageEndsWithIt) {
  std::array<uint8_t, 2> out{};
  ASSERT_TRUE(reader_.ReadRaw(absl::MakeSpan(out)));
  EXPECT_EQ(out, (std::array<uint8_t, 2>{'a', 'b'}));
  reader_.BeginMessage(3);
  ASSERT_TRUE(reader_.ReadRaw(absl::MakeSpan(out)));
  EXPECT_EQ(out, (std::array<uint8_t, 2>{'c', 'd'}));
  // One byte is left of the message, two of the stream.
  EXPECT_FALSE(reader_.ReadRaw(absl::MakeSpan(out)));
  EXPECT_FALSE(reader_.SkipRaw(2));
  EXPECT_TRUE(reader_.SkipRaw(1));
  uint32_t tag = 1;
  EXPECT_TRUE(reader_.ReadTag(&tag));
  EXPECT_EQ(tag, 0U);
  reader_.EndMessage();
  EXPECT_TRUE(reader_.ReadRaw(absl::MakeSpan(out).first(1)));
  EXPECT_EQ(out[0], 'f');
  EXPECT_THAT(reader_.status(), IsOk());
}

TEST_F(WireReaderTest, ContentOfTheOutermostMessageEndsWithTheStream) {
  std::array<uint8_t, 7> out{};
  ASSERT_TRUE(reader_.ReadRaw(absl::MakeSpan(out).first(6)));
  EXPECT_FALSE(reader_.ReadRaw(absl::MakeSpan(out).first(1)));
  EXPECT_FALSE(reader_.SkipRaw(1));
  // It is cut, but nothing is wrong with the stream.
  EXPECT_THAT(reader_.status(), IsOk());
}

}  // namespace
}  // namespace tekmatch
