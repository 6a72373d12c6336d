// The courier of tests: over the real store and the real keys' file, in a
// folder in memory, with a gateway that answers as it is told.
#ifndef TEKMATCH_TESTS_REGISTRATION_HERSYS_COURIER_WORLD_H_
#define TEKMATCH_TESTS_REGISTRATION_HERSYS_COURIER_WORLD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "registration/hersys/courier.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/message_gateway.h"
#include "registration/hersys/number_keys.h"
#include "registration/rules/processing_number.h"
#include "registration/rules/redemption.h"
#include "registration/service/clock.h"
#include "tests/memory_folder.h"
#include "tests/registration/hersys/hersys_testing.h"
#include "tests/status_matchers.h"

namespace tekmatch {

inline const absl::Time kCourierNow = absl::FromUnixSeconds(1607590800);

class TestClock : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = kCourierNow;
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
inline ProcessingNumber NumberIn(const std::string& text) {
  std::smatch match;
  EXPECT_TRUE(std::regex_search(text, match, std::regex("[0-9]{8}")));
  return *ProcessingNumber::Parse(match.str()).number;
}

inline std::string Uuid(int n) {
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

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_REGISTRATION_HERSYS_COURIER_WORLD_H_
