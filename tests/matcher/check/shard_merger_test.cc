// What a merge refuses, by its name: shards that are missing, doubled or
// another plan's, and bytes that are damaged or change. What ends it: its
// folder, and who takes matches. sealed_partial_test.cc has what is sealed and
// wrong.
#include "matcher/check/shard_merger.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/signature.h"
#include "matcher/join/match.h"
#include "tests/matcher/check/shard_world.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

TEST(ShardMergerTest, AMissingShardIsNamed) {
  TwoShards two;
  ShardMerger merger(two.plan);
  ASSERT_THAT(merger.Add(*MemorySource("p2", two.partials[1])), IsOk());
  const auto merged =
      merger.Conclude({.all = 2}, two.world.options, NobodyTakesMatches);
  EXPECT_EQ(merged.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(merged.status().message()),
              HasSubstr("of the 2 shards, this one is missing: 1"));
}

TEST(ShardMergerTest, ADoubledShardIsNamed) {
  TwoShards two;
  ShardMerger merger(two.plan);
  ASSERT_THAT(merger.Add(*MemorySource("a", two.partials[1])), IsOk());
  const absl::Status again = merger.Add(*MemorySource("b", two.partials[1]));
  EXPECT_EQ(again.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(again.message(), "b: shard 2 is there twice; a is it, too");
}

TEST(ShardMergerTest, AForeignPartialIsNamed) {
  TwoShards two;
  ShardPlan other = two.plan;
  other.digest[31] = 1;
  ShardMerger merger(other);
  const absl::Status added = merger.Add(*MemorySource("a", two.partials[0]));
  EXPECT_EQ(added.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(added.message()), HasSubstr("a: is of another plan"));
}

TEST(ShardMergerTest, EveryDamagedByteAndEveryEndIsRefused) {
  TwoShards two;
  const std::string& whole = two.partials[0];
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    ShardMerger of_damaged(two.plan);
    EXPECT_EQ(of_damaged.Add(*MemorySource("p", damaged)).code(),
              absl::StatusCode::kDataLoss)
        << i;
    ShardMerger of_part(two.plan);
    EXPECT_EQ(of_part.Add(*MemorySource("p", whole.substr(0, i))).code(),
              absl::StatusCode::kDataLoss)
        << i;
  }
}

// Gives other bytes after so many reads, as where somebody writes to the file.
class ChangingSource : public ByteSource {
 public:
  ChangingSource(const std::string& before, const std::string& after,
                 int num_reads)
      : before_(MemorySource("p", before)),
        after_(MemorySource("p", after)),
        num_reads_(num_reads) {}

  const std::string& name() const override { return before_->name(); }
  uint64_t size() const override { return before_->size(); }
  absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> out) const override {
    const bool is_before = num_done_++ < num_reads_;
    return (is_before ? before_ : after_)->ReadAt(offset, out);
  }
  int num_done() const { return num_done_; }

 private:
  const std::unique_ptr<ByteSource> before_;
  const std::unique_ptr<ByteSource> after_;
  const int num_reads_;
  mutable int num_done_ = 0;
};

TEST(ShardMergerTest, APartialThatChangesAfterItsChecksumIsRefused) {
  const TwoShards two;
  const std::string& whole = two.partials[0];
  const ChangingSource unchanged(whole, whole, 0);
  ASSERT_THAT(ShardMerger(two.plan).Add(unchanged), IsOk());
  // Its beginning, its content, its checksum; and what is used.
  ASSERT_EQ(unchanged.num_done(), 4);
  for (size_t i = 0; i < whole.size() - Sha256Digest().size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    ShardMerger merger(two.plan);
    EXPECT_FALSE(merger.Add(ChangingSource(whole, damaged, 3)).ok()) << i;
  }
}

// A whole one, too: another time of the same shard, and it is of one size.
TEST(ShardMergerTest, APartialThatIsReplacedAfterItsChecksumIsRefused) {
  TwoShards two;
  two.world.sightings[0].rssi -= 1;
  const std::string other = PartialOf(two.world, two.plan, 0);
  const std::string& whole = two.partials[0];
  ASSERT_EQ(other.size(), whole.size());
  ASSERT_NE(other, whole);
  EXPECT_THAT(ShardMerger(two.plan).Add(*MemorySource("p", other)), IsOk());
  EXPECT_EQ(ShardMerger(two.plan).Add(ChangingSource(whole, other, 3)),
            absl::DataLossError("p: has changed while it was read"));
}

// Nothing goes to the folder that fits; and where what does not fit has no
// place, that is the folder's fault, not the partial's.
TEST(ShardMergerTest, AFolderThatIsNotThereIsNamed) {
  const TwoShards two;
  ShardMerger roomy(two.plan, {.folder = "/nowhere"});
  for (const std::string& bytes : two.partials) {
    ASSERT_THAT(roomy.Add(*MemorySource("p", bytes)), IsOk());
  }
  int num = 0;
  EXPECT_THAT(roomy
                  .Conclude({.all = 2}, two.world.options,
                            [&num](absl::Span<const Match> matches) {
                              num += static_cast<int>(matches.size());
                              return absl::OkStatus();
                            })
                  .status(),
              IsOk());
  EXPECT_EQ(num, 2);

  ShardMerger narrow(two.plan, {.memory_bytes = 0, .folder = "/nowhere"});
  absl::Status status;
  for (const std::string& bytes : two.partials) {
    if (status.ok()) status = narrow.Add(*MemorySource("p", bytes));
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere: "));
}

TEST(ShardMergerTest, WhoTakesMatchesCanEndTheMerge) {
  const TwoShards two;
  ShardMerger merger(two.plan);
  for (const std::string& bytes : two.partials) {
    ASSERT_THAT(merger.Add(*MemorySource("p", bytes)), IsOk());
  }
  EXPECT_EQ(merger.Conclude({.all = 2}, two.world.options, NobodyTakesMatches)
                .status()
                .message(),
            "there should be none");
}

}  // namespace
}  // namespace tekmatch
