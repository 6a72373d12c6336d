// Rounds of the courier: who waits for whom, with one sender and with several.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/hersys/courier.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/message_gateway.h"
#include "registration/rules/issuance.h"
#include "registration/rules/processing_number.h"
#include "registration/rules/redemption.h"
#include "tests/registration/hersys/courier_world.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::SizeIs;

// Where whoever comes waits until so many have come.
class Meeting {
 public:
  explicit Meeting(int num) : num_(num) {}

  void Join() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++num_there_;
    changed_.notify_all();
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::minutes(4),
                                  [this] { return num_there_ >= num_; }));
  }

 private:
  const int num_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int num_there_ = 0;
};

// A gateway that takes nothing is asked once a round, and holds up no mail.
TEST_F(CourierTest, AGatewayThatIsAwayHoldsUpNothingElse) {
  Queue(1, AddPatient("090-1234-5671"));
  Queue(2, AddPatient("090-1234-5672"));
  Queue(3, AddPatient("taro@example.jp"));
  options_.first_wait = absl::Hours(1);
  options_.longest_wait = absl::Hours(1);
  gateway_.result = SendResult::kNotTaken;
  gateway_.sms_only = true;
  Courier::Round round = Send();
  EXPECT_EQ(round.num_waiting, 1);
  EXPECT_EQ(round.num_taken, 1);
  EXPECT_EQ(IssueOf(2).tries, 0);
  EXPECT_EQ(IssueOf(3).state, IssueState::kHanded);
  // The first one's time has not come; the second's has.
  round = Send();
  EXPECT_EQ(round.num_waiting, 1);
  EXPECT_EQ(IssueOf(1).tries, 1);
  EXPECT_EQ(IssueOf(2).tries, 1);
}

TEST_F(CourierTest, StopsBetweenTwoMessages) {
  Queue(1, AddPatient("090-1234-5671"));
  Queue(2, AddPatient("090-1234-5672"));
  Courier courier(options_, *store_, *keys_, gateway_, clock_);
  EXPECT_EQ(
      courier.SendWaiting([this] { return !gateway_.sent.empty(); })->num_taken,
      1);
}

// Eight senders: that many messages are on their way at once, each issue is
// sent once, and each number is good.
TEST_F(CourierTest, SeveralSendersSendEachMessageOnce) {
  constexpr int kIssues = 40;
  options_.num_senders = 8;
  for (int n = 1; n <= kIssues; ++n) {
    Queue(n, AddPatient(absl::StrFormat("090-1234-56%02d", n)));
  }
  // The first eight wait for each other.
  Meeting meeting(8);
  gateway_.meanwhile = [&meeting] { meeting.Join(); };
  EXPECT_EQ(Send().num_taken, kIssues);
  std::set<std::string> to;
  std::set<std::string> numbers;
  for (const FakeGateway::Sent& sent : gateway_.sent) {
    to.insert(sent.to);
    const ProcessingNumber number = NumberIn(sent.text);
    numbers.insert(std::string(number.digits()));
    EXPECT_TRUE(IsGranted(Reserve(number, static_cast<int>(numbers.size()))));
  }
  EXPECT_THAT(gateway_.sent, SizeIs(kIssues));
  EXPECT_THAT(to, SizeIs(kIssues));
  EXPECT_THAT(numbers, SizeIs(kIssues));
  for (int n = 1; n <= kIssues; ++n) {
    EXPECT_EQ(IssueOf(n).state, IssueState::kHanded);
    EXPECT_EQ(IssueOf(n).tries, 1);
  }
}

// A gateway for SMS that is slow keeps no mail waiting, however many SMS are
// before it.
TEST_F(CourierTest, R1AMailPassesALongQueueOfSms) {
  options_.num_senders = 2;
  for (int n = 1; n <= 20; ++n) {
    Queue(n, AddPatient(absl::StrFormat("090-1234-56%02d", n)));
  }
  Queue(21, AddPatient("taro@example.jp"));
  // The first SMS takes until the mail is on its way, too.
  Meeting meeting(2);
  gateway_.meanwhile = [&meeting] { meeting.Join(); };
  EXPECT_EQ(Send().num_taken, 21);
  ASSERT_THAT(gateway_.sent, SizeIs(21));
  EXPECT_TRUE(gateway_.sent[0].to == "taro@example.jp" ||
              gateway_.sent[1].to == "taro@example.jp");
}

// What is queued meanwhile does not wait for the end of a long queue.
TEST_F(CourierTest, ARoundTakesNoMoreAfterItsTime) {
  options_.longest_round = absl::Milliseconds(20);
  Queue(1, AddPatient("090-1234-5671"));
  Queue(2, AddPatient("090-1234-5672"));
  gateway_.meanwhile = [] { absl::SleepFor(absl::Milliseconds(40)); };
  EXPECT_LE(Send().num_taken, 1);
  EXPECT_EQ(IssueOf(2).state, IssueState::kQueued);
}

// A gateway that hangs or refuses is asked once by each sender.
TEST_F(CourierTest, SeveralSendersAskAGatewayThatIsAwayOnceEach) {
  options_.num_senders = 4;
  options_.first_wait = options_.longest_wait = absl::Hours(1);
  for (int n = 1; n <= 20; ++n) {
    Queue(n, AddPatient(absl::StrFormat("090-1234-56%02d", n)));
  }
  gateway_.result = SendResult::kNotTaken;
  const int num_waiting = Send().num_waiting;
  EXPECT_GE(num_waiting, 1);
  EXPECT_LE(num_waiting, 4);
  EXPECT_THAT(gateway_.sent, SizeIs(num_waiting));
}

}  // namespace
}  // namespace tekmatch
