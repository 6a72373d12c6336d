#include "keyformat/status_macros.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

absl::Status Lost() {
  absl::Status status = absl::DataLossError("cut");
  status.SetPayload("where", absl::Cord("at its end"));
  return status;
}

// Which step was reached.
struct Trace {
  int num_evaluations = 0;
  bool went_on = false;
};

absl::Status Step(const absl::Status& status, Trace* trace) {
  ++trace->num_evaluations;
  return status;
}

template <typename T>
absl::StatusOr<T> StepTo(absl::StatusOr<T> value, Trace* trace) {
  ++trace->num_evaluations;
  return value;
}

absl::Status GoOnIfOk(const absl::Status& status, Trace* trace) {
  TEKMATCH_RETURN_IF_ERROR(Step(status, trace));
  trace->went_on = true;
  return absl::OkStatus();
}

TEST(ReturnIfErrorTest, GoesOnAfterOk) {
  Trace trace;
  EXPECT_EQ(GoOnIfOk(absl::OkStatus(), &trace), absl::OkStatus());
  EXPECT_TRUE(trace.went_on);
  EXPECT_EQ(trace.num_evaluations, 1);
}

TEST(ReturnIfErrorTest, ReturnsTheErrorAsItIs) {
  Trace trace;
  EXPECT_EQ(GoOnIfOk(Lost(), &trace), Lost());
  EXPECT_FALSE(trace.went_on);
  EXPECT_EQ(trace.num_evaluations, 1);
}

TEST(ReturnIfErrorTest, ReturnsFromAFunctionOfAValue) {
  const auto value = [](const absl::Status& status) -> absl::StatusOr<int> {
    TEKMATCH_RETURN_IF_ERROR(status);
    return 3;
  };
  EXPECT_EQ(value(Lost()).status(), Lost());
  EXPECT_EQ(*value(absl::OkStatus()), 3);
}

TEST(ReturnIfErrorTest, LeavesAnElseToItsIf) {
  const auto branch = [](bool first, std::string* taken) -> absl::Status {
    *taken = "first";
    if (first)
      TEKMATCH_RETURN_IF_ERROR(absl::OkStatus());
    else
      *taken = "second";
    return absl::OkStatus();
  };
  std::string taken;
  EXPECT_THAT(branch(true, &taken), IsOk());
  EXPECT_EQ(taken, "first");
  EXPECT_THAT(branch(false, &taken), IsOk());
  EXPECT_EQ(taken, "second");
}

template <int kLeast, int kMost>
absl::Status CheckIn(int value) {
  return kLeast <= value && value <= kMost ? absl::OkStatus() : Lost();
}

TEST(ReturnIfErrorTest, TakesAnExpressionWithCommas) {
  const auto check = [](int value) -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(CheckIn<1, 5>(value));
    return absl::OkStatus();
  };
  EXPECT_THAT(check(1), IsOk());
  EXPECT_EQ(check(6), Lost());
}

absl::StatusOr<std::string> Greet(const absl::StatusOr<std::string>& name,
                                  Trace* trace) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::string known, StepTo(name, trace));
  trace->went_on = true;
  return "hello " + known;
}

TEST(AssignOrReturnTest, DeclaresTheValue) {
  Trace trace;
  EXPECT_EQ(*Greet("you", &trace), "hello you");
  EXPECT_TRUE(trace.went_on);
  EXPECT_EQ(trace.num_evaluations, 1);
}

TEST(AssignOrReturnTest, ReturnsTheErrorAsItIs) {
  Trace trace;
  EXPECT_EQ(Greet(Lost(), &trace).status(), Lost());
  EXPECT_FALSE(trace.went_on);
  EXPECT_EQ(trace.num_evaluations, 1);
}

TEST(AssignOrReturnTest, AssignsToWhatIsThere) {
  const auto assign = [](const absl::StatusOr<int>& value, int* out,
                         std::pair<int, int>* pair) -> absl::Status {
    TEKMATCH_ASSIGN_OR_RETURN(*out, value);
    TEKMATCH_ASSIGN_OR_RETURN(pair->second, value);
    return absl::OkStatus();
  };
  int out = 1;
  std::pair<int, int> pair = {1, 1};
  EXPECT_EQ(assign(Lost(), &out, &pair), Lost());
  EXPECT_EQ(out, 1);
  EXPECT_THAT(assign(2, &out, &pair), IsOk());
  EXPECT_EQ(out, 2);
  EXPECT_EQ(pair, std::make_pair(1, 2));
}

TEST(AssignOrReturnTest, MovesTheValueOut) {
  const auto read =
      [](absl::StatusOr<std::unique_ptr<int>> value) -> absl::StatusOr<int> {
    TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<int> moved,
                              std::move(value));
    TEKMATCH_ASSIGN_OR_RETURN(
        auto deduced,
        absl::StatusOr<std::unique_ptr<int>>(std::make_unique<int>(30)));
    std::unique_ptr<int> assigned;
    TEKMATCH_ASSIGN_OR_RETURN(assigned, absl::StatusOr<std::unique_ptr<int>>(
                                            std::make_unique<int>(200)));
    return *moved + *deduced + *assigned;
  };
  EXPECT_EQ(*read(std::make_unique<int>(4)), 234);
  EXPECT_EQ(read(Lost()).status(), Lost());
}

TEST(AssignOrReturnTest, ReturnsWhatCannotBeCopied) {
  const auto pass = [](absl::StatusOr<std::unique_ptr<int>> value)
      -> absl::StatusOr<std::unique_ptr<int>> {
    TEKMATCH_ASSIGN_OR_RETURN(std::unique_ptr<int> pointer, std::move(value));
    return pointer;
  };
  EXPECT_EQ(**pass(std::make_unique<int>(5)), 5);
}

TEST(AssignOrReturnTest, CopiesFromAVariable) {
  absl::StatusOr<std::string> kept = "a text that is on the heap, not in place";
  const auto read = [&]() -> absl::Status {
    TEKMATCH_ASSIGN_OR_RETURN(std::string copy, kept);
    copy.clear();
    return absl::OkStatus();
  };
  EXPECT_THAT(read(), IsOk());
  EXPECT_EQ(*kept, "a text that is on the heap, not in place");
}

TEST(AssignOrReturnTest, BindsAReferenceThatLasts) {
  const auto size = []() -> absl::StatusOr<size_t> {
    TEKMATCH_ASSIGN_OR_RETURN(
        const std::vector<int>& values,
        absl::StatusOr<std::vector<int>>(std::vector<int>{1, 2, 3}));
    return values.size();
  };
  EXPECT_EQ(*size(), 3);
}

template <typename A, typename B>
absl::StatusOr<std::pair<A, B>> PairOf(A a, B b) {
  return std::make_pair(a, b);
}

TEST(AssignOrReturnTest, TakesAnExpressionWithCommas) {
  const auto sum = []() -> absl::StatusOr<int> {
    TEKMATCH_ASSIGN_OR_RETURN(const auto pair, PairOf<int, char>(1, 2));
    return pair.first + pair.second;
  };
  EXPECT_EQ(*sum(), 3);
}

TEST(AssignOrReturnTest, ManyInOneFunction) {
  const auto sum = [](const absl::StatusOr<int>& each) -> absl::StatusOr<int> {
    TEKMATCH_ASSIGN_OR_RETURN(int total, each);
    TEKMATCH_ASSIGN_OR_RETURN(const int second, each);
    for (int i = 0; i < 2; ++i) {
      TEKMATCH_ASSIGN_OR_RETURN(const int more, each);
      total += more;
    }
    return total + second;
  };
  EXPECT_EQ(*sum(10), 40);
  EXPECT_EQ(sum(Lost()).status(), Lost());
}

}  // namespace
}  // namespace tekmatch
