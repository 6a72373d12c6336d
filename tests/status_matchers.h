// GoogleTest's matchers for absl::Status and absl::StatusOr<T>, which Debian's
// Abseil does not have. A failure says what the status is.
//
//   ASSERT_THAT(file, IsOk());
//   EXPECT_THAT(ParseHex("0f"), IsOkAndHolds(15));
//   EXPECT_THAT(ParseHex("0g"), StatusIs(absl::StatusCode::kInvalidArgument));
//   EXPECT_THAT(ParseHex("0g"), StatusIs(absl::StatusCode::kInvalidArgument,
//                                        HasSubstr("not a hex digit")));
#ifndef TEKMATCH_TESTS_STATUS_MATCHERS_H_
#define TEKMATCH_TESTS_STATUS_MATCHERS_H_

#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace status_matchers {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}

template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

// What a matcher of the message reads: not every one takes an
// absl::string_view.
inline std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

// Whether the part matches; what the matcher says of it goes behind a comma.
template <typename Matcher, typename Part>
bool Explain(const Matcher& matcher, const Part& part,
             ::testing::MatchResultListener* listener) {
  ::testing::StringMatchResultListener reason;
  const bool matches = ::testing::ExplainMatchResult(matcher, part, &reason);
  if (!reason.str().empty()) *listener << ", " << reason.str();
  return matches;
}

}  // namespace status_matchers

// The status, or that of the StatusOr, is OK.
MATCHER(IsOk, negation ? "is an error" : "is OK") {
  const absl::Status& status = status_matchers::StatusOf(arg);
  *result_listener << "whose status is " << status;
  return status.ok();
}

// The StatusOr is OK, and its value matches: a matcher, or a value to equal.
MATCHER_P(IsOkAndHolds, value,
          (negation ? "is an error or has a value that "
                    : "is OK and has a value that ") +
              ::testing::DescribeMatcher<
                  const typename std::decay_t<arg_type>::value_type&>(
                  value, negation)) {
  if (!arg.ok()) {
    *result_listener << "whose status is " << arg.status();
    return false;
  }
  if (result_listener->IsInterested()) {  // the value may be large
    *result_listener << "whose value is " << ::testing::PrintToString(*arg);
  }
  return status_matchers::Explain(value, *arg, result_listener);
}

// The status, or that of the StatusOr, has this code.
MATCHER_P(StatusIs, code,
          (negation ? "has another status than " : "has the status ") +
              absl::StatusCodeToString(code)) {
  const absl::Status& status = status_matchers::StatusOf(arg);
  *result_listener << "whose status is " << status;
  return status.code() == code;
}

// The same, and its message matches: a matcher of a std::string, or the text
// to equal.
MATCHER_P2(StatusIs, code, message,
           (negation ? "has another status than " : "has the status ") +
               absl::StatusCodeToString(code) +
               (negation ? " or a message that " : " and a message that ") +
               ::testing::DescribeMatcher<const std::string&>(message,
                                                              negation)) {
  const absl::Status& status = status_matchers::StatusOf(arg);
  *result_listener << "whose status is " << status;
  return status_matchers::Explain(message, status_matchers::MessageOf(status),
                                  result_listener) &&
         status.code() == code;
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_STATUS_MATCHERS_H_
