// Both inflaters against zlib's own loop, in pieces of any size; so they do the
// same.
#include <zlib.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "keyformat/isal_inflater.h"
#include "keyformat/zlib_inflater.h"
#include "tests/keyformat/deflate_writer.h"
#include "tests/keyformat/raw_zip.h"

namespace tekmatch {
namespace {

struct Inflated {
  std::string content;
  uint64_t blocks_cost = 0;
  bool ended = false;
  bool has_rest = false;

  bool operator==(const Inflated&) const = default;
};

uint64_t CostOf(uint32_t head) { return (head >> 1 & 3) == 2 ? 16 : 1; }

// By zlib, which stops at the end of each block.
Inflated InflateByZlib(std::string stream) {
  z_stream z{};
  EXPECT_EQ(inflateInit2(&z, -MAX_WBITS), Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(stream.data());
  z.avail_in = static_cast<uInt>(stream.size());
  std::string room(1 << 20, '\0');
  Inflated result;
  result.blocks_cost = CostOf(*z.next_in);
  int code = Z_OK;
  while (code == Z_OK) {
    z.next_out = reinterpret_cast<Bytef*>(room.data());
    z.avail_out = static_cast<uInt>(room.size());
    code = inflate(&z, Z_BLOCK);
    result.content.append(room, 0, room.size() - z.avail_out);
    const bool at_block_end = (z.data_type & 128) != 0;
    const bool in_last_block = (z.data_type & 64) != 0;
    if (at_block_end && !in_last_block) {
      const int unused = z.data_type & 7;
      result.blocks_cost +=
          CostOf(uint32_t{z.next_in[-1]} >> (8 - unused) |
                 (z.avail_in > 0 ? uint32_t{z.next_in[0]} << unused : 0));
    }
  }
  result.ended = code == Z_STREAM_END;
  result.has_rest = z.avail_in > 0;
  inflateEnd(&z);
  return result;
}

// With so much input and room at a time. Damaged streams have not ended.
template <typename BlockInflater>
Inflated InflateByBlocks(const std::string& stream, size_t in_step,
                         size_t out_step) {
  BlockInflater inflater;
  Inflated result;
  std::vector<uint8_t> input;
  std::vector<uint8_t> out(out_step);
  size_t at = 0;
  while (!inflater.ended()) {
    if (inflater.needs_input() && at < stream.size()) {
      const size_t n = std::min(in_step, stream.size() - at);
      input.assign(stream.begin() + static_cast<ptrdiff_t>(at),
                   stream.begin() + static_cast<ptrdiff_t>(at + n));
      at += n;
      inflater.SetInput(absl::MakeSpan(input));
    }
    const std::optional<size_t> n = inflater.Inflate(absl::MakeSpan(out));
    if (!n.has_value()) break;
    result.content.append(out.begin(),
                          out.begin() + static_cast<ptrdiff_t>(*n));
    if (inflater.stalled() && at == stream.size()) break;
  }
  result.blocks_cost = inflater.blocks_cost();
  result.ended = inflater.ended();
  result.has_rest = at < stream.size() || inflater.has_rest();
  return result;
}

// Bytes with repetitions at every distance up to 32 KiB.
std::string Repetitive(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes = Noise(300);
  while (bytes.size() < size) {
    if (random() % 3 == 0) {
      bytes += static_cast<char>(random());
      continue;
    }
    const size_t distance =
        1 + random() % std::min<size_t>(bytes.size(), 32 << 10);
    for (size_t n = 3 + random() % 256; n > 0; --n) {
      bytes += bytes[bytes.size() - distance];
    }
  }
  bytes.resize(size);
  return bytes;
}

// A stream with flushes in it, each of which ends a block.
std::string Deflated(const std::string& content, int level, int strategy,
                     size_t flush_every, int flush) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, level, Z_DEFLATED, -MAX_WBITS, 8, strategy), Z_OK);
  std::string in = content;
  std::string stream(2 * content.size() + 100'000, '\0');
  z.next_out = reinterpret_cast<Bytef*>(stream.data());
  z.avail_out = static_cast<uInt>(stream.size());
  for (size_t at = 0; at < in.size();) {
    const size_t n = std::min(flush_every, in.size() - at);
    z.next_in = reinterpret_cast<Bytef*>(in.data() + at);
    z.avail_in = static_cast<uInt>(n);
    at += n;
    deflate(&z, at < in.size() ? flush : Z_FINISH);
  }
  stream.resize(z.total_out);
  deflateEnd(&z);
  return stream;
}

constexpr size_t kSteps[] = {1, 3, 1000, 65536, 300'000};

// Pieces of a byte or three take a call each, which a sanitizer makes dear.
bool IsTiny(size_t in_step, size_t out_step) {
  return std::min(in_step, out_step) < 1000;
}

template <typename BlockInflater>
void ExpectSame(const std::string& stream, const Inflated& right,
                size_t in_step, size_t out_step) {
  const Inflated found =
      InflateByBlocks<BlockInflater>(stream, in_step, out_step);
  ASSERT_TRUE(found == right)
      << in_step << ", " << out_step << ": " << found.blocks_cost << " of "
      << right.blocks_cost;
}

template <typename BlockInflater>
class BlockInflaterTest : public testing::Test {};
using Inflaters = testing::Types<IsalInflater, ZlibInflater>;
TYPED_TEST_SUITE(BlockInflaterTest, Inflaters);

TYPED_TEST(BlockInflaterTest, InflatesAsZlibDoesInPiecesOfAnySize) {
  const std::string content = Repetitive(100'000, 1);
  for (const int level : {0, 1, 6, 9}) {
    for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY}) {
      for (const int flush : {Z_SYNC_FLUSH, Z_BLOCK, Z_NO_FLUSH}) {
        for (const size_t every : {700, 40'000, 70'000}) {
          const std::string stream =
              Deflated(content, level, strategy, every, flush);
          const Inflated right = InflateByZlib(stream);
          ASSERT_EQ(right.content, content);
          SCOPED_TRACE(
              absl::StrCat(level, " ", strategy, " ", flush, " ", every));
          for (const size_t in_step : kSteps) {
            for (const size_t out_step : kSteps) {
              if (IsTiny(in_step, out_step)) continue;
              ExpectSame<TypeParam>(stream, right, in_step, out_step);
            }
          }
          if (this->HasFatalFailure()) return;
        }
      }
    }
  }
}

// Streams of every kind are short. One is several times as long as the 32 KiB
// that a match reaches back, and has a block that begins soon after 64 KiB,
// when the inflater has just let go of what is further back.
TYPED_TEST(BlockInflaterTest, InflatesAsZlibDoesInTinyPieces) {
  struct Case {
    size_t size;
    int level;
    int strategy;
    int flush;
    size_t every;
  };
  std::vector<Case> cases = {
      {100'000, 6, Z_DEFAULT_STRATEGY, Z_SYNC_FLUSH, 70'000}};
  for (const int level : {0, 6}) {
    for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY}) {
      for (const int flush : {Z_SYNC_FLUSH, Z_BLOCK, Z_NO_FLUSH}) {
        for (const size_t every : {700, 2'000}) {
          cases.push_back({3'000, level, strategy, flush, every});
        }
      }
    }
  }
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.size, " ", c.level, " ", c.strategy, " ",
                              c.flush, " ", c.every));
    const std::string content = Repetitive(c.size, 1);
    const std::string stream =
        Deflated(content, c.level, c.strategy, c.every, c.flush);
    const Inflated right = InflateByZlib(stream);
    ASSERT_EQ(right.content, content);
    for (const size_t in_step : kSteps) {
      for (const size_t out_step : kSteps) {
        if (!IsTiny(in_step, out_step)) continue;
        ExpectSame<TypeParam>(stream, right, in_step, out_step);
      }
    }
    if (this->HasFatalFailure()) return;
  }
}

TYPED_TEST(BlockInflaterTest, SaysTheCostOfBlocksOfEveryType) {
  DeflateWriter writer;
  for (int i = 0; i < 300; ++i) {
    switch (i % 5) {
      case 0:
        writer.Stored(std::string(static_cast<size_t>(i), 'a'));
        break;
      case 1:
        writer.Fixed(i % 2 == 0 ? "" : "b\xff");
        break;
      case 2:
        writer.Fixed("", 10);
        break;
      case 3:
        writer.SmallTable(static_cast<size_t>(i));
        break;
      default:
        writer.LargeTable(Noise(static_cast<size_t>(i)));
    }
  }
  const std::string& stream = writer.Finish();
  EXPECT_EQ(InflateByZlib(stream).content, writer.content());
  for (const size_t in_step : kSteps) {
    for (const size_t out_step : kSteps) {
      EXPECT_TRUE(InflateByBlocks<TypeParam>(stream, in_step, out_step) ==
                  (Inflated{.content = writer.content(),
                            .blocks_cost = 181 + 120 * 16,
                            .ended = true}))
          << in_step << " " << out_step;
    }
  }
}

TYPED_TEST(BlockInflaterTest, AMatchMayReachIntoTheBlockBeforeButNoFurther) {
  // A block of one byte, then a match over that at distance 1: nine times.
  DeflateWriter writer;
  writer.Fixed("y");
  writer.Fixed("", 9);
  EXPECT_EQ(InflateByBlocks<TypeParam>(writer.Finish(), 1000, 1000).content,
            std::string(10, 'y'));
  // The same match without anything before it.
  const std::string none = std::string("\x83\x01", 2) + std::string(8, '\0');
  EXPECT_FALSE(InflateByBlocks<TypeParam>(none, 1000, 1000).ended);
}

TYPED_TEST(BlockInflaterTest, TellsWhereAStreamEnds) {
  const std::string stream =
      Deflated(Noise(1000), 6, Z_DEFAULT_STRATEGY, 100, Z_SYNC_FLUSH);
  EXPECT_TRUE(InflateByBlocks<TypeParam>(stream, 1000, 1000).ended);
  EXPECT_FALSE(InflateByBlocks<TypeParam>(stream, 1000, 1000).has_rest);
  for (size_t n = 0; n < stream.size(); ++n) {
    EXPECT_FALSE(
        InflateByBlocks<TypeParam>(stream.substr(0, n), 1000, 1000).ended)
        << n;
  }
  for (size_t n = 1; n < 20; ++n) {
    EXPECT_TRUE(
        InflateByBlocks<TypeParam>(stream + std::string(n, '\xff'), 7, 1000)
            .has_rest);
  }
}

TYPED_TEST(BlockInflaterTest, RefusesWhatIsDamaged) {
  const std::string content = Repetitive(20'000, 2);
  const std::string stream =
      Deflated(content, 6, Z_DEFAULT_STRATEGY, 3'000, Z_SYNC_FLUSH);
  // Of damage that zlib does not see, both see as much.
  std::mt19937_64 random(3);
  for (int i = 0; i < 2'000; ++i) {
    std::string damaged = stream;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    const Inflated found = InflateByBlocks<TypeParam>(damaged, 65536, 65536);
    const Inflated right = InflateByZlib(damaged);
    ASSERT_EQ(found.ended, right.ended) << i;
    if (right.ended) {
      ASSERT_TRUE(found == right) << i;
    }
  }
}

TEST(Crc32Test, IsTheSameOfBoth) {
  const std::string bytes = Noise(10'000);
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  EXPECT_EQ(ZlibCrc32(0, {reinterpret_cast<const uint8_t*>("123456789"), 9}),
            0xCBF43926);
  for (size_t n = 0; n < 300; ++n) {
    EXPECT_EQ(IsalCrc32(7, {at, n}), ZlibCrc32(7, {at, n})) << n;
  }
  EXPECT_EQ(ZlibCrc32(ZlibCrc32(0, {at, 99}), {at + 99, 9'901}),
            IsalCrc32(0, {at, 10'000}));
}

// So much at a time that two are more than a match reaches back, and one is
// less.
TYPED_TEST(BlockInflaterTest, InflatesAsZlibDoesInPiecesOfTwentyThousand) {
  const std::string content = Repetitive(200'000, 2);
  for (const size_t every : {size_t{5'000}, size_t{19'000}}) {
    const std::string stream =
        Deflated(content, 9, Z_DEFAULT_STRATEGY, every, Z_SYNC_FLUSH);
    const Inflated right = InflateByZlib(stream);
    ASSERT_EQ(right.content, content);
    for (const size_t out_step : {size_t{17'000}, size_t{20'000}}) {
      ExpectSame<TypeParam>(stream, right, 64'000, out_step);
    }
  }
}

}  // namespace
}  // namespace tekmatch
