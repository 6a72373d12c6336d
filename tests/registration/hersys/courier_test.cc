// The courier over the real store and the real keys' file, with a gateway that
// answers as told; and the real gateway against a webhook.
#include "registration/hersys/courier.h"

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/message_gateway.h"
#include "registration/hersys/number_keys.h"
#include "registration/rules/processing_number.h"
#include "registration/rules/redemption.h"
#include "registration/service/clock.h"
#include "registration/service/http_server.h"
#include "registration/service/router.h"
#include "tests/memory_folder.h"
#include "tests/registration/hersys/hersys_testing.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1607590800);

class TestClock : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = kNow;
};

class FakeGateway : public MessageGateway {
 public:
  struct Sent {
    std::string id;
    std::string to;
    std::string text;
  };
  SendResult SendSms(absl::string_view id, const ContactAddress& to,
                     const SecretText& text) override {
    return Take(id, to, text.text());
  }
  SendResult SendMail(absl::string_view id, const ContactAddress& to,
                      const MailText& mail, absl::Time) override {
    const SendResult taken = Take(id, to, mail.body.text());
    return sms_only ? SendResult::kTaken : taken;
  }
  std::vector<Sent> sent;
  SendResult result = SendResult::kTaken;
  bool sms_only = false;  // `result` is of SMS alone
  std::function<void()> meanwhile = [] {};

 private:
  SendResult Take(absl::string_view id, const ContactAddress& to,
                  absl::string_view text) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      sent.push_back(
          {std::string(id), std::string(to.text()), std::string(text)});
    }
    meanwhile();
    return result;
  }
  std::mutex mutex_;
};

// The only 8 digits in a row of a message.
ProcessingNumber NumberIn(const std::string& text) {
  std::smatch match;
  EXPECT_TRUE(std::regex_search(text, match, std::regex("[0-9]{8}")));
  return *ProcessingNumber::Parse(match.str()).number;
}

std::string Uuid(int n) {
  return absl::StrFormat("00000000-0000-4000-8000-%012d", n);
}

class CourierTest : public ::testing::Test {
 protected:
  CourierTest()
      : store_(*HersysStore::Open(folder_, OpenMode::kCreate)),
        keys_(*NumberKeys::Open(folder_ + "/number-keys")) {
    options_.link = "https://example.jp/a/";
    options_.first_wait = absl::ZeroDuration();
    options_.most_tries = 4;
    centre_ = *store_->PutCentre("千代田保健所", "03-1234-5678");
  }

  int64_t AddPatient(const std::string& contact) {
    return *store_->AddPatient(centre_, CompleteRecord(contact), "center",
                               clock_.now);
  }
  void Queue(int n, int64_t patient) {
    const auto decision = store_->QueueIssue(
        {.uuid = Uuid(n), .centre = centre_, .patient = patient}, clock_.now);
    ASSERT_THAT(decision.status(), IsOk());
    ASSERT_EQ(decision->verdict, IssueVerdict::kMayIssue);
  }
  Courier::Round Send() {
    if (courier_ == nullptr) {
      courier_ = std::make_unique<Courier>(options_, *store_, *keys_, gateway_,
                                           clock_);
    }
    const auto round = courier_->SendWaiting();
    EXPECT_THAT(round.status(), IsOk());
    return *round;
  }
  ReserveOutcome Reserve(const ProcessingNumber& number, int claim) {
    Claim c;
    c.bytes[0] = static_cast<uint8_t>(claim);
    return *store_->Reserve(*keys_->LookUp(number, clock_.now), c, clock_.now);
  }
  Issue IssueOf(int n) { return *store_->FindIssue(Uuid(n)); }

  // A round has a minute of the machine's clock: no disk takes part of it.
  const MemoryFolder memory_;
  const std::string folder_ = memory_.At("hersys");
  TestClock clock_;
  FakeGateway gateway_;
  CourierOptions options_;
  std::unique_ptr<HersysStore> store_;
  std::unique_ptr<NumberKeys> keys_;
  std::unique_ptr<Courier> courier_;
  int64_t centre_ = 0;
};

// Row 5: one message, to the right address, by the contact's kind.
TEST_F(CourierTest, OneMessageToEach) {
  Queue(1, AddPatient("090-1234-5678"));
  Queue(2, AddPatient("taro@example.jp"));
  EXPECT_EQ(Send().num_taken, 2);
  EXPECT_EQ(Send().num_taken, 0);
  ASSERT_THAT(gateway_.sent, SizeIs(2));
  EXPECT_EQ(gateway_.sent[0].to, "09012345678");
  EXPECT_EQ(gateway_.sent[0].id, Uuid(1) + ".1");
  EXPECT_EQ(gateway_.sent[1].to, "taro@example.jp");
  EXPECT_THAT(gateway_.sent[0].text, ::testing::HasSubstr("03-1234-5678"));
  EXPECT_EQ(IssueOf(1).state, IssueState::kHanded);
  EXPECT_EQ(IssueOf(1).expires, kNow + absl::Hours(1));
  EXPECT_EQ(Reserve(NumberIn(gateway_.sent[0].text), 1),
            ReserveOutcome::kGranted);
  EXPECT_EQ(Reserve(NumberIn(gateway_.sent[1].text), 2),
            ReserveOutcome::kGranted);
}

// Row 10: the hour counts from the hand-over.
TEST_F(CourierTest, R1NothingDeadIsSentHoweverLongTheGatewayWasAway) {
  Queue(1, AddPatient("090-1234-5678"));
  gateway_.result = SendResult::kNotTaken;
  EXPECT_EQ(Send().num_waiting, 1);
  const ProcessingNumber never_sent = NumberIn(gateway_.sent[0].text);
  EXPECT_EQ(Reserve(never_sent, 9), ReserveOutcome::kUnknown);
  clock_.now += absl::Hours(3);
  EXPECT_TRUE(store_->AgeOfQueue(clock_.now)->alarm);
  gateway_.result = SendResult::kTaken;
  EXPECT_EQ(Send().num_taken, 1);
  const ProcessingNumber number = NumberIn(gateway_.sent[1].text);
  EXPECT_EQ(IssueOf(1).handed, clock_.now);
  EXPECT_EQ(IssueOf(1).expires, clock_.now + absl::Hours(1));
  clock_.now += absl::Hours(1);
  EXPECT_EQ(Reserve(number, 1), ReserveOutcome::kExpired);
  clock_.now -= absl::Seconds(1);
  EXPECT_EQ(Reserve(number, 1), ReserveOutcome::kGranted);
}

// The gateway takes its time: the hour counts from its answer.
TEST_F(CourierTest, R1LifeCountsFromTheAnswer) {
  Queue(1, AddPatient("090-1234-5678"));
  gateway_.meanwhile = [this] { clock_.now += absl::Seconds(9); };
  EXPECT_EQ(Send().num_taken, 1);
  EXPECT_EQ(IssueOf(1).expires, kNow + absl::Seconds(9) + absl::Hours(1));
  clock_.now = kNow + absl::Hours(1) + absl::Seconds(8);
  EXPECT_EQ(Reserve(NumberIn(gateway_.sent[0].text), 1),
            ReserveOutcome::kGranted);
}

// Counted from the button, an hour can be over in the queue.
TEST_F(CourierTest, R1WhatIsDeadByTheButtonIsNotSent) {
  options_.life.from = LifeFrom::kIssue;
  Queue(1, AddPatient("090-1234-5678"));
  clock_.now += absl::Hours(1);
  EXPECT_EQ(Send().num_failed, 1);
  EXPECT_THAT(gateway_.sent, IsEmpty());
  EXPECT_EQ(IssueOf(1).state, IssueState::kExpired);
}

TEST_F(CourierTest, UnclearResultsMakeAnotherNumber) {
  const int64_t patient = AddPatient("090-1234-5678");
  Queue(1, patient);
  gateway_.result = SendResult::kUnclear;
  EXPECT_EQ(Send().num_waiting, 1);
  EXPECT_EQ(IssueOf(1).state, IssueState::kQueued);
  gateway_.result = SendResult::kTaken;
  EXPECT_EQ(Send().num_taken, 1);
  ASSERT_THAT(gateway_.sent, SizeIs(2));
  EXPECT_NE(gateway_.sent[0].id, gateway_.sent[1].id);
  const ProcessingNumber first = NumberIn(gateway_.sent[0].text);
  const ProcessingNumber second = NumberIn(gateway_.sent[1].text);
  EXPECT_FALSE(first == second);
  // Both are good; the first success ends the other.
  EXPECT_EQ(Reserve(first, 1), ReserveOutcome::kGranted);
  Claim claim;
  claim.bytes[0] = 1;
  EXPECT_THAT(store_->Confirm(claim, clock_.now),
              IsOkAndHolds(ConfirmOutcome::kRegisters));
  EXPECT_EQ(Reserve(second, 2), ReserveOutcome::kVoided);
  EXPECT_EQ(IssueOf(1).state, IssueState::kRedeemed);
}

// So that a gateway whose answers get lost makes no heap of good numbers.
TEST_F(CourierTest, UnclearResultsEndAtThreeLiveNumbers) {
  options_.most_tries = 10;
  Queue(1, AddPatient("090-1234-5678"));
  gateway_.result = SendResult::kUnclear;
  for (int i = 0; i < 5; ++i) Send();
  EXPECT_THAT(gateway_.sent, SizeIs(kMostLiveNumbers));
  clock_.now += absl::Hours(1);
  gateway_.result = SendResult::kTaken;
  EXPECT_EQ(Send().num_taken, 1);
}

TEST_F(CourierTest, GivesUpWithAReason) {
  Queue(1, AddPatient("090-1234-5678"));
  gateway_.result = SendResult::kNotTaken;
  for (int i = 0; i < 6; ++i) Send();
  EXPECT_THAT(gateway_.sent, SizeIs(4));
  EXPECT_EQ(IssueOf(1).state, IssueState::kFailed);
  EXPECT_EQ(IssueOf(1).failure, FailureReason::kGatewayGaveUp);
  EXPECT_EQ(IssueOf(1).tries, 4);

  Queue(2, AddPatient("080-1234-5678"));
  gateway_.result = SendResult::kRefused;
  EXPECT_EQ(Send().num_failed, 1);
  EXPECT_EQ(IssueOf(2).failure, FailureReason::kRefusedAddress);
  EXPECT_EQ(Reserve(NumberIn(gateway_.sent.back().text), 1),
            ReserveOutcome::kUnknown);
}

TEST_F(CourierTest, TriesAgainNoSoonerThanItsWait) {
  options_.first_wait = absl::Hours(1);
  options_.longest_wait = absl::Hours(2);
  Queue(1, AddPatient("090-1234-5678"));
  gateway_.result = SendResult::kNotTaken;
  EXPECT_EQ(Send().num_waiting, 1);
  EXPECT_EQ(Send().num_waiting, 0);
  EXPECT_THAT(gateway_.sent, SizeIs(1));
}

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

// What was read from the queue, and is over by the time of its turn.
TEST_F(CourierTest, R5NothingGoesToWhoRegisteredMeanwhile) {
  Queue(1, AddPatient("090-1234-5671"));
  const int64_t patient = AddPatient("090-1234-5672");
  Queue(2, patient);
  NumberHash hash;
  ASSERT_THAT(
      store_->numbers().Add(hash, patient, Uuid(2), kNow + absl::Hours(1)),
      IsOk());
  gateway_.meanwhile = [&] {
    Claim claim;
    ASSERT_THAT(store_->Reserve(std::vector<NumberHash>{hash}, claim, kNow),
                IsOkAndHolds(ReserveOutcome::kGranted));
    ASSERT_THAT(store_->Confirm(claim, kNow),
                IsOkAndHolds(ConfirmOutcome::kRegisters));
  };
  EXPECT_EQ(Send().num_taken, 1);
  EXPECT_THAT(gateway_.sent, SizeIs(1));
}

// The message goes out while the patient registers by an earlier number.
TEST_F(CourierTest, NumberOfARegisteredPatientIsGoodForNothing) {
  const int64_t patient = AddPatient("090-1234-5678");
  Queue(1, patient);
  Send();
  Queue(2, patient);
  // The issue voided no reservation, as there was none.
  gateway_.meanwhile = [this] {
    Claim claim;
    claim.bytes[0] = 1;
    EXPECT_EQ(Reserve(NumberIn(gateway_.sent[0].text), 1),
              ReserveOutcome::kGranted);
    EXPECT_THAT(store_->Confirm(claim, clock_.now),
                IsOkAndHolds(ConfirmOutcome::kRegisters));
  };
  Send();
  EXPECT_EQ(IssueOf(1).state, IssueState::kRedeemed);
  EXPECT_EQ(IssueOf(2).state, IssueState::kExpired);
  EXPECT_FALSE(IsGranted(Reserve(NumberIn(gateway_.sent[1].text), 2)));
}

// The contact is changed while a message is on its way to the old one.
TEST_F(CourierTest, AContactThatChangesGetsAMessageOfItsOwn) {
  const int64_t patient = AddPatient("090-1234-5671");
  Queue(1, patient);
  gateway_.meanwhile = [&] {
    EXPECT_THAT(store_->UpdateContact({.centre = centre_, .patient = patient},
                                      CompleteRecord("090-1234-5672"), "center",
                                      clock_.now),
                IsOk());
    gateway_.meanwhile = [] {};
  };
  EXPECT_EQ(Send().num_taken, 0);
  EXPECT_EQ(IssueOf(1).state, IssueState::kQueued);
  EXPECT_FALSE(IsGranted(Reserve(NumberIn(gateway_.sent[0].text), 1)));
  EXPECT_EQ(Send().num_taken, 1);
  EXPECT_EQ(IssueOf(1).state, IssueState::kHanded);
  EXPECT_EQ(gateway_.sent[1].to, "09012345672");
  EXPECT_TRUE(IsGranted(Reserve(NumberIn(gateway_.sent[1].text), 1)));
}

// What was read from the queue with another contact.
TEST_F(CourierTest, TheContactIsThatOfTheTry) {
  Queue(1, AddPatient("090-1234-5671"));
  const int64_t patient = AddPatient("090-1234-5672");
  Queue(2, patient);
  gateway_.meanwhile = [&] {
    EXPECT_THAT(store_->UpdateContact({.centre = centre_, .patient = patient},
                                      CompleteRecord("taro@example.jp"),
                                      "center", clock_.now),
                IsOk());
    gateway_.meanwhile = [] {};
  };
  EXPECT_EQ(Send().num_taken, 2);
  EXPECT_EQ(gateway_.sent[1].to, "taro@example.jp");
}

// Row 1: consent is taken back while the message is on its way.
TEST_F(CourierTest, NoConsentNoNumber) {
  const int64_t patient = AddPatient("090-1234-5671");
  Queue(1, patient);
  gateway_.meanwhile = [&] {
    PatientRecord record = CompleteRecord("090-1234-5671");
    record.consented = false;
    EXPECT_THAT(store_->UpdateContact({.centre = centre_, .patient = patient},
                                      record, "center", clock_.now),
                IsOk());
  };
  Send();
  EXPECT_EQ(IssueOf(1).state, IssueState::kFailed);
  EXPECT_EQ(IssueOf(1).failure, FailureReason::kRecordChanged);
  EXPECT_FALSE(IsGranted(Reserve(NumberIn(gateway_.sent[0].text), 1)));
  EXPECT_EQ(Send().num_taken, 0);
}

// Eight senders: that many messages are on their way at once, each issue is
// sent once, and each number is good.
TEST_F(CourierTest, SeveralSendersSendEachMessageOnce) {
  constexpr int kIssues = 40;
  options_.num_senders = 8;
  for (int n = 1; n <= kIssues; ++n) {
    Queue(n, AddPatient(absl::StrFormat("090-1234-56%02d", n)));
  }
  std::mutex mutex;
  std::condition_variable changed;
  int num_there = 0;
  // The first eight wait for each other.
  gateway_.meanwhile = [&] {
    std::unique_lock<std::mutex> lock(mutex);
    ++num_there;
    changed.notify_all();
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::minutes(4),
                                 [&] { return num_there >= 8; }));
  };
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
  std::mutex mutex;
  std::condition_variable changed;
  int num_there = 0;
  // The first SMS takes until the mail is on its way, too.
  gateway_.meanwhile = [&] {
    std::unique_lock<std::mutex> lock(mutex);
    ++num_there;
    changed.notify_all();
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::minutes(4),
                                 [&] { return num_there >= 2; }));
  };
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

// Row 6: the number is in no file. Its hash is, and looks like nothing.
TEST_F(CourierTest, NumberIsInNoFile) {
  Queue(1, AddPatient("090-1234-5678"));
  Send();
  const ProcessingNumber number = NumberIn(gateway_.sent[0].text);
  const std::string digits(number.digits());
  int num_files = 0;
  for (const char* name : {"hersys.sqlite", "hersys.sqlite-wal",
                           "hersys.sqlite-shm", "number-keys"}) {
    const std::string bytes = ReadFile(folder_ + "/" + name);
    num_files += bytes.empty() ? 0 : 1;
    EXPECT_FALSE(absl::StrContains(bytes, digits)) << name;
  }
  EXPECT_EQ(num_files, 4);
}

TEST_F(CourierTest, OptionsThatAreNone) {
  EXPECT_THAT(Validate(options_), IsOk());
  options_.life = {.life = absl::Hours(20), .from = LifeFrom::kDelivery};
  EXPECT_THAT(Validate(options_), StatusIs(absl::StatusCode::kInvalidArgument));
  options_.life.from = LifeFrom::kHandOver;
  EXPECT_THAT(Validate(options_), IsOk());
  for (const int none : {0, -1, 65}) {
    options_.num_senders = none;
    EXPECT_THAT(Validate(options_),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  options_.num_senders = 64;
  EXPECT_THAT(Validate(options_), IsOk());
  options_.link = "ftp://example.jp/";
  EXPECT_THAT(Validate(options_), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(NumberKeysTest, RotateAndStayAfterARestart) {
  const std::string path = TempPath("number-keys");
  const ProcessingNumber number = *ProcessingNumber::Parse("12345678").number;
  NumberHash first;
  {
    const auto keys = *NumberKeys::Open(path);
    first = *keys->Hash(number, kNow);
    EXPECT_EQ(*keys->Hash(number, kNow), first);
    EXPECT_THAT(*keys->LookUp(number, kNow), SizeIs(1));
  }
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600);

  const auto keys = *NumberKeys::Open(path);
  const NumberHash next = *keys->Hash(number, kNow + absl::Hours(24));
  EXPECT_FALSE(next == first);
  // A number of the day before is found.
  EXPECT_THAT(*keys->LookUp(number, kNow + absl::Hours(24)),
              ::testing::ElementsAre(next, first));
  // Two days on, the first key is in no file any more.
  EXPECT_THAT(*keys->LookUp(number, kNow + absl::Hours(48)), SizeIs(2));
  EXPECT_THAT(
      *(*NumberKeys::Open(path))->LookUp(number, kNow + absl::Hours(48)),
      ::testing::Not(::testing::Contains(first)));
}

TEST(NumberKeysTest, AFileThatIsNoneStays) {
  const std::string path = WriteTemp("number-keys", "2020-12-10 00\n");
  EXPECT_THAT(NumberKeys::Open(path).status(),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(ReadFile(path), "2020-12-10 00\n");
}

TEST(MessageGatewayTest, SmsGoesSignedToTheWebhook) {
  std::mutex mutex;
  int status = 200;
  HttpRequest seen;
  Router router;
  router.Add({.method = "POST",
              .path = "/sms",
              .handler =
                  [&](const HttpRequest& request) {
                    const std::lock_guard<std::mutex> lock(mutex);
                    seen = request;
                    return PlainResponse(status, "");
                  },
              .refusal = {}});
  const auto clock = RealClock();
  HttpServerOptions http;
  http.address = *ParseListenAddress("127.0.0.1:0");
  auto server = *HttpServer::Start(http, router, *clock, nullptr);
  const std::string url =
      absl::StrCat("http://", server->address().ToString(), "/sms");
  const auto gateway = *OpenGateway({.sms_url = url,
                                     .sms_secret = "secret-of-the-gateway",
                                     .smtp_url = "",
                                     .mail_from = "",
                                     .timeout = absl::Minutes(4)});
  const ContactAddress to = *ContactAddress::Parse("090-1234-5678").contact;
  const SecretText text("番号 12345678");
  EXPECT_EQ(gateway->SendSms("id-1", to, text), SendResult::kTaken);
  const nlohmann::json body = nlohmann::json::parse(seen.body);
  EXPECT_EQ(body, nlohmann::json({{"id", "id-1"},
                                  {"to", "+819012345678"},
                                  {"text", "番号 12345678"}}));
  EXPECT_EQ(seen.Header("X-Signature"),
            *SignatureOf("secret-of-the-gateway", seen.body));
  EXPECT_THAT(seen.Header("X-Signature"), SizeIs(128));

  for (const auto& [code, result] :
       std::vector<std::pair<int, SendResult>>{{204, SendResult::kTaken},
                                               {302, SendResult::kNotTaken},
                                               {400, SendResult::kRefused},
                                               {404, SendResult::kRefused},
                                               {401, SendResult::kNotTaken},
                                               {429, SendResult::kNotTaken},
                                               {500, SendResult::kNotTaken},
                                               {503, SendResult::kNotTaken},
                                               {502, SendResult::kUnclear},
                                               {504, SendResult::kUnclear}}) {
    status = code;
    EXPECT_EQ(gateway->SendSms("id-2", to, text), result) << code;
  }
  server->Stop(absl::Seconds(1));
  server.reset();
  EXPECT_EQ(gateway->SendSms("id-3", to, text), SendResult::kNotTaken);
}

TEST(MessageGatewayTest, AnAnswerThatDoesNotComeIsUnclear) {
  std::atomic<bool> came = false;
  Router router;
  router.Add({.method = "POST",
              .path = "/sms",
              .handler =
                  [&came](const HttpRequest&) {
                    came = true;
                    HttpResponse response = PlainResponse(200, "");
                    response.not_before = absl::Hours(1);
                    return response;
                  },
              .refusal = {}});
  const auto clock = RealClock();
  HttpServerOptions http;
  http.address = *ParseListenAddress("127.0.0.1:0");
  const auto server = *HttpServer::Start(http, router, *clock, nullptr);
  // Until it was on its way in time: what the machine did not send is not
  // taken.
  SendResult result = SendResult::kTaken;
  for (const int milliseconds : {300, 3000, 30'000}) {
    const auto gateway =
        *OpenGateway({.sms_url = absl::StrCat(
                          "http://", server->address().ToString(), "/sms"),
                      .sms_secret = "secret",
                      .smtp_url = "",
                      .mail_from = "",
                      .timeout = absl::Milliseconds(milliseconds)});
    result =
        gateway->SendSms("id", *ContactAddress::Parse("09012345678").contact,
                         SecretText("text"));
    if (came || result != SendResult::kNotTaken) break;
  }
  EXPECT_EQ(result, SendResult::kUnclear);
}

TEST(MessageGatewayTest, OptionsThatAreNone) {
  for (const char* url : {"file:///etc/passwd", "ftp://x", "127.0.0.1"}) {
    EXPECT_THAT(OpenGateway({.sms_url = url}).status(),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(
        OpenGateway({.smtp_url = url, .mail_from = "a@example.jp"}).status(),
        StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(OpenGateway({.smtp_url = "smtp://127.0.0.1",
                           .mail_from = "a@example.jp\r\nBcc: b@example.jp"})
                  .status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// RFC 4231, test case 2.
TEST(MessageGatewayTest, SignatureIsHmacSha512) {
  EXPECT_THAT(
      SignatureOf("Jefe", "what do ya want for nothing?"),
      IsOkAndHolds("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea"
                   "2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e"
                   "070a38bce737"));
}

}  // namespace
}  // namespace tekmatch
