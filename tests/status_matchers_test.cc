#include "tests/status_matchers.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

using ::testing::DescribeMatcher;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointee;
using ::testing::ResultOf;
using ::testing::StartsWith;

constexpr absl::StatusCode kNotFound = absl::StatusCode::kNotFound;
constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;

absl::Status Missing() { return absl::NotFoundError("f: is missing"); }

TEST(StatusMatchersTest, IsOk) {
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(absl::StatusOr<int>(1), IsOk());
  EXPECT_THAT(Missing(), Not(IsOk()));
  EXPECT_THAT(absl::StatusOr<int>(Missing()), Not(IsOk()));
}

TEST(StatusMatchersTest, IsOkAndHolds) {
  EXPECT_THAT(absl::StatusOr<int>(2), IsOkAndHolds(2));
  EXPECT_THAT(absl::StatusOr<int>(2), IsOkAndHolds(Gt(1)));
  EXPECT_THAT(absl::StatusOr<std::string>("abc"), IsOkAndHolds("abc"));
  EXPECT_THAT(absl::StatusOr<int>(2), Not(IsOkAndHolds(3)));
  EXPECT_THAT(absl::StatusOr<int>(Missing()), Not(IsOkAndHolds(2)));
  // What cannot be copied.
  const absl::StatusOr<std::unique_ptr<int>> pointer = std::make_unique<int>(4);
  EXPECT_THAT(pointer, IsOkAndHolds(Pointee(4)));
}

TEST(StatusMatchersTest, StatusIs) {
  EXPECT_THAT(Missing(), StatusIs(kNotFound));
  EXPECT_THAT(absl::StatusOr<int>(Missing()), StatusIs(kNotFound));
  EXPECT_THAT(absl::OkStatus(), StatusIs(absl::StatusCode::kOk));
  EXPECT_THAT(Missing(), Not(StatusIs(kDataLoss)));
  EXPECT_THAT(absl::StatusOr<int>(2), Not(StatusIs(kNotFound)));
}

TEST(StatusMatchersTest, StatusIsWithAMessage) {
  EXPECT_THAT(Missing(), StatusIs(kNotFound, "f: is missing"));
  EXPECT_THAT(absl::StatusOr<int>(Missing()),
              StatusIs(kNotFound, StartsWith("f: ")));
  EXPECT_THAT(Missing(), Not(StatusIs(kNotFound, "f")));
  EXPECT_THAT(Missing(), Not(StatusIs(kDataLoss, "f: is missing")));
}

TEST(StatusMatchersTest, AFailureSaysWhatTheStatusIs) {
  const absl::StatusOr<int> missing = Missing();
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(Missing(), IsOk()),
                          "whose status is NOT_FOUND: f: is missing");
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(missing, IsOk()),
                          "whose status is NOT_FOUND: f: is missing");
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(missing, IsOkAndHolds(1)),
                          "whose status is NOT_FOUND: f: is missing");
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(missing, StatusIs(kDataLoss)),
                          "whose status is NOT_FOUND: f: is missing");
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(missing, StatusIs(kNotFound, "g")),
                          "whose status is NOT_FOUND: f: is missing");
}

TEST(StatusMatchersTest, AFailureSaysWhatTheValueIs) {
  const absl::StatusOr<int> two = 2;
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(two, IsOkAndHolds(3)),
                          "whose value is 2");
  EXPECT_NONFATAL_FAILURE(
      EXPECT_THAT(two, IsOkAndHolds(ResultOf([](int i) { return -i; }, 2))),
      "whose value is 2, which is mapped by the given callable to -2");
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(two, Not(IsOk())), "whose status is OK");
}

TEST(StatusMatchersTest, AFailureSaysWhatWasExpected) {
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(Missing(), IsOk()), "is OK");
  EXPECT_EQ(DescribeMatcher<absl::Status>(Not(IsOk())), "is an error");
  EXPECT_EQ(DescribeMatcher<absl::StatusOr<int>>(IsOkAndHolds(3)),
            "is OK and has a value that is equal to 3");
  EXPECT_EQ(DescribeMatcher<absl::StatusOr<int>>(Not(IsOkAndHolds(3))),
            "is an error or has a value that isn't equal to 3");
  EXPECT_EQ(DescribeMatcher<absl::Status>(StatusIs(kDataLoss)),
            "has the status DATA_LOSS");
  EXPECT_EQ(
      DescribeMatcher<absl::Status>(StatusIs(kDataLoss, HasSubstr("cut"))),
      "has the status DATA_LOSS and a message that has substring \"cut\"");
}

}  // namespace
}  // namespace tekmatch
