#include "tools/commands/progress.h"

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kWipe[] = "\r\x1b[K";

class ProgressTest : public ::testing::Test {
 protected:
  Progress::Clock Clock() {
    return [this] { return now_; };
  }
  Progress::Sink Sink() {
    return [this](absl::string_view text) { shown_.emplace_back(text); };
  }
  // Counts the calls of its callback.
  void Update(Progress& progress, const std::string& text) {
    progress.Update([this, &text] {
      ++num_texts_;
      return text;
    });
  }

  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  std::vector<std::string> shown_;
  int num_texts_ = 0;
};

TEST_F(ProgressTest, NothingWithinTheFirstSecond) {
  {
    Progress progress(true, Clock(), Sink());
    for (int i = 0; i < 10; ++i) {
      Update(progress, "early");
      now_ += absl::Milliseconds(100);
    }
    Update(progress, "at one second");
  }
  EXPECT_THAT(shown_, IsEmpty());  // nothing to wipe either
  EXPECT_EQ(num_texts_, 0);
}

TEST_F(ProgressTest, ShowsAndWipes) {
  {
    Progress progress(true, Clock(), Sink());
    now_ += absl::Milliseconds(1001);
    Update(progress, "5 keys read");
    EXPECT_THAT(shown_, ElementsAre(kWipe + std::string("5 keys read")));
  }
  EXPECT_THAT(shown_, ElementsAre(kWipe + std::string("5 keys read"), kWipe));
}

TEST_F(ProgressTest, AtMostTenTimesASecond) {
  Progress progress(true, Clock(), Sink());
  now_ += absl::Seconds(1);
  for (int i = 0; i < 3000; ++i) {  // three seconds
    now_ += absl::Milliseconds(1);
    Update(progress, "x");
  }
  EXPECT_GE(shown_.size(), 25);
  EXPECT_LE(shown_.size(), 30);
  EXPECT_EQ(num_texts_, static_cast<int>(shown_.size()));
}

TEST_F(ProgressTest, FinishesOnce) {
  Progress progress(true, Clock(), Sink());
  now_ += absl::Seconds(2);
  Update(progress, "x");
  progress.Finish();
  progress.Finish();
  EXPECT_EQ(shown_.size(), 2);
  EXPECT_EQ(shown_.back(), kWipe);
}

TEST_F(ProgressTest, NothingWhereThereIsNoTerminal) {
  {
    Progress progress(false, Clock(), Sink());
    now_ += absl::Hours(1);
    Update(progress, "x");
    progress.Finish();
  }
  EXPECT_THAT(shown_, IsEmpty());
  EXPECT_EQ(num_texts_, 0);
}

TEST_F(ProgressTest, AClockThatGoesBackShowsNothing) {
  Progress progress(true, Clock(), Sink());
  now_ -= absl::Hours(1);
  Update(progress, "x");
  EXPECT_THAT(shown_, IsEmpty());
}

// What begins need not wait for the last update, only for the first second.
TEST_F(ProgressTest, AStageIsAnnouncedAtOnce) {
  Progress progress(true, Clock(), Sink());
  progress.Announce([] { return "early"; });
  EXPECT_THAT(shown_, IsEmpty());
  now_ += absl::Milliseconds(1001);
  Update(progress, "reading");
  Update(progress, "too soon");
  progress.Announce([] { return "indexing"; });
  Update(progress, "too soon");
  EXPECT_THAT(shown_, ElementsAre(kWipe + std::string("reading"),
                                  kWipe + std::string("indexing")));
}

TEST_F(ProgressTest, NoLineIsBroken) {
  Progress progress(true, Clock(), Sink());
  now_ += absl::Seconds(2);
  Update(progress, std::string(100, 'x'));
  EXPECT_THAT(shown_, ElementsAre(kWipe + std::string(79, 'x')));
}

TEST(ProgressTextTest, SaysTheTotalWhereItIsKnown) {
  EXPECT_EQ(FilesProgressText(3, 24, 1'200'000),
            "file 3 of 24, 1200000 keys read");
  EXPECT_EQ(SightingsProgressText({.done = 12}), "reading sightings: 12 bytes");
  EXPECT_EQ(SightingsProgressText({.done = 12, .total = 40}),
            "reading sightings: 12 of 40 bytes");
  EXPECT_EQ(SightingsProgressText({.store = 2,
                                   .num_stores = 3,
                                   .done = 7,
                                   .total = 9,
                                   .unit = "records"}),
            "reading sightings: store 2 of 3, 7 of 9 records");
}

}  // namespace
}  // namespace tekmatch
