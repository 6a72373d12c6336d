#include "matcher/check/tek_prefixes.h"

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "keyformat/random_source.h"

namespace tekmatch {
namespace {

std::vector<Tek> RandomTeks(size_t n, uint64_t seed) {
  RandomSource random = RandomSource::Seeded(seed);
  std::vector<Tek> teks(n);
  for (Tek& tek : teks) random.Fill(absl::MakeSpan(tek.bytes));
  return teks;
}

TEST(TekPrefixesTest, TellsWhatIsThereMoreOftenThanKnown) {
  const std::vector<Tek> teks = RandomTeks(10'000, 1);
  const std::vector<Tek> others = RandomTeks(10, 2);
  TekPrefixes prefixes;
  EXPECT_FALSE(prefixes.MayHoldMore({{teks[0], 0}}));
  prefixes.Add(TekPrefixes::Of(teks));
  prefixes.Add(TekPrefixes::Of({teks[0], teks[1]}));
  EXPECT_FALSE(prefixes.MayHoldMore({}));
  for (const Tek& tek : others) EXPECT_FALSE(prefixes.MayHoldMore({{tek, 0}}));
  for (const Tek& tek : teks) EXPECT_TRUE(prefixes.MayHoldMore({{tek, 0}}));
  EXPECT_FALSE(prefixes.MayHoldMore({{teks[5], 1}, {others[0], 0}}));
  EXPECT_TRUE(prefixes.MayHoldMore({{teks[0], 1}}));
  EXPECT_FALSE(prefixes.MayHoldMore({{teks[0], 2}, {teks[1], 2}}));
  EXPECT_TRUE(prefixes.MayHoldMore({{teks[0], 2}, {teks[1], 1}}));
}

TEST(TekPrefixesTest, AnyKeyMayBeThereOnceTheyAreGivenUp) {
  const std::vector<Tek> teks = RandomTeks(3, 1);
  TekPrefixes prefixes;
  prefixes.Add(TekPrefixes::Of({teks[0]}));
  EXPECT_FALSE(prefixes.MayHoldMore({{teks[1], 0}}));
  prefixes.GiveUp();
  prefixes.Add(TekPrefixes::Of({teks[2]}));
  EXPECT_TRUE(prefixes.MayHoldMore({{teks[1], 0}}));
  EXPECT_TRUE(prefixes.all().empty());
}

// Two keys with one prefix: one that is there too often is not hidden by the
// other's number, unless that is not reached either.
TEST(TekPrefixesTest, KeysWithOnePrefix) {
  Tek a = RandomTeks(1, 1)[0];
  Tek b = a;
  b.bytes[15] ^= 1;
  TekPrefixes prefixes;
  prefixes.Add(TekPrefixes::Of({a, b}));
  EXPECT_TRUE(prefixes.MayHoldMore({{a, 1}}));
  EXPECT_TRUE(prefixes.MayHoldMore({{a, 1}, {b, 0}}));
  EXPECT_FALSE(prefixes.MayHoldMore({{a, 1}, {b, 1}}));
}

}  // namespace
}  // namespace tekmatch
