// The gateways as libcurl and a plain socket see them.
#include "registration/rehearsal/message_sinks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "registration/hersys/message_gateway.h"
#include "registration/rules/issuance.h"
#include "registration/service/clock.h"
#include "tests/registration/service/http_client.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

constexpr char kSecret[] = "secret-that-the-gateway-shares";

class MessageSinksTest : public ::testing::Test {
 protected:
  void SetUp() override { StartSinks(); }

  void StartSinks() {
    sms_.reset();
    mail_.reset();
    messages_.clear();
    const auto keep = [this](const SunkMessage& message) {
      const std::lock_guard<std::mutex> lock(mutex_);
      messages_.push_back(message);
    };
    auto sms = SmsSink::Start(kSecret, *clock_, keep);
    ASSERT_THAT(sms, IsOk());
    auto mail = MailSink::Start(keep);
    ASSERT_THAT(mail, IsOk());
    sms_ = *std::move(sms);
    mail_ = *std::move(mail);
  }

  std::unique_ptr<MessageGateway> Gateway(absl::Duration timeout = kPatience,
                                          const std::string& secret = kSecret) {
    auto gateway = OpenGateway({.sms_url = sms_->Url(),
                                .sms_secret = secret,
                                .smtp_url = mail_->Url(),
                                .mail_from = "cocoa@example.jp",
                                .timeout = timeout});
    EXPECT_THAT(gateway, IsOk());
    return *std::move(gateway);
  }
  SendResult Sms(MessageGateway& gateway) {
    return gateway.SendSms("id.1",
                           *ContactAddress::Parse("09012345678").contact,
                           *SmsText(Number(), Settings()));
  }
  SendResult Mail(MessageGateway& gateway) {
    return gateway.SendMail(
        "id.1", *ContactAddress::Parse("a@example.jp").contact,
        *MailTextOf(Number(), Settings(), "保健所"), absl::UnixEpoch());
  }
  static ProcessingNumber Number() {
    return *ProcessingNumber::Parse("00123456").number;
  }
  static NoticeSettings Settings() {
    return {.telephone = "03-1234-5678",
            .link = "https://example.jp/a/",
            .life = {}};
  }
  std::vector<SunkMessage> Messages() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return messages_;
  }

  const std::unique_ptr<Clock> clock_ = RealClock();
  std::mutex mutex_;
  std::vector<SunkMessage> messages_;
  std::unique_ptr<SmsSink> sms_;
  std::unique_ptr<MailSink> mail_;
};

TEST_F(MessageSinksTest, TakesWhatTheManagementSystemSends) {
  const auto gateway = Gateway();
  EXPECT_EQ(Sms(*gateway), SendResult::kTaken);
  EXPECT_EQ(Mail(*gateway), SendResult::kTaken);
  const std::vector<SunkMessage> messages = Messages();
  ASSERT_EQ(messages.size(), 2);
  EXPECT_EQ(messages[0].id, "id.1");
  EXPECT_EQ(messages[0].to, "09012345678");
  EXPECT_EQ(messages[0].number, "00123456");
  EXPECT_FALSE(messages[0].by_mail);
  EXPECT_EQ(messages[1].to, "a@example.jp");
  EXPECT_EQ(messages[1].number, "00123456");
  EXPECT_TRUE(messages[1].by_mail);
  EXPECT_EQ(sms_->num_wrong(), 0);
}

TEST_F(MessageSinksTest, FailsWithoutTaking) {
  const auto gateway = Gateway();
  sms_->SetMode(SinkMode::kFails);
  mail_->SetMode(SinkMode::kFails);
  EXPECT_EQ(Sms(*gateway), SendResult::kNotTaken);
  EXPECT_EQ(Mail(*gateway), SendResult::kNotTaken);
  EXPECT_TRUE(Messages().empty());
  sms_->SetMode(SinkMode::kTakes);
  mail_->SetMode(SinkMode::kTakes);
  EXPECT_EQ(Sms(*gateway), SendResult::kTaken);
  EXPECT_EQ(Mail(*gateway), SendResult::kTaken);
}

TEST_F(MessageSinksTest, HangsAndTakesEveryOther) {
  // Within its time a message has to come to the sink, and nobody knows how
  // long a machine takes for that. And a time-out is one, also where the server
  // does not answer "QUIT": that took half a minute for each of two mails.
  bool is_right = false;
  for (const int milliseconds : {300, 3000, 15'000}) {
    StartSinks();
    const auto gateway = Gateway(absl::Milliseconds(milliseconds));
    sms_->SetMode(SinkMode::kHangs);
    mail_->SetMode(SinkMode::kHangs);
    int num_unclear = 0;
    const absl::Time begin = absl::Now();
    for (int i = 0; i < 2; ++i) {
      num_unclear += Sms(*gateway) == SendResult::kUnclear ? 1 : 0;
      num_unclear += Mail(*gateway) == SendResult::kUnclear ? 1 : 0;
    }
    const absl::Duration took = absl::Now() - begin;
    is_right = num_unclear == 4 && Messages().size() == 2 &&
               took < 4 * absl::Milliseconds(milliseconds) + absl::Seconds(50);
    if (is_right) break;
  }
  EXPECT_TRUE(is_right);
  // Whoever gave up does not keep the next one from being heard.
  mail_->SetMode(SinkMode::kTakes);
  EXPECT_EQ(Mail(*Gateway()), SendResult::kTaken);
}

TEST_F(MessageSinksTest, PaceHoldsTheAnswerBack) {
  const auto gateway = Gateway();
  sms_->SetPace(absl::Milliseconds(400));
  const absl::Time begin = absl::Now();
  EXPECT_EQ(Sms(*gateway), SendResult::kTaken);
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(400));
}

TEST_F(MessageSinksTest, AnotherSignatureIsCounted) {
  EXPECT_EQ(Sms(*Gateway(kPatience, "another-secret-of-16")),
            SendResult::kRefused);
  EXPECT_EQ(sms_->num_wrong(), 1);
  EXPECT_TRUE(Messages().empty());
}

TEST_F(MessageSinksTest, MailServerIsBounded) {
  ListenAddress address;
  int port = 0;
  ASSERT_TRUE(absl::SimpleAtoi(mail_->Url().substr(mail_->Url().rfind(':') + 1),
                               &port));
  address.port = static_cast<uint16_t>(port);
  {
    TestConnection connection(address);
    ASSERT_TRUE(connection.connected());
    ASSERT_TRUE(connection.Send(std::string(2000, 'x')));
    EXPECT_TRUE(connection.IsClosed(kPatience));
  }
  TestConnection connection(address);
  std::string mail = "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";
  for (int i = 0; i < 200; ++i)
    absl::StrAppend(&mail, std::string(900, 'y'), "\r\n");
  connection.Send(mail);
  EXPECT_TRUE(connection.IsClosed(kPatience));
  EXPECT_TRUE(Messages().empty());
}

TEST(NumberInTextTest, IsBehindTheLink) {
  EXPECT_EQ(NumberInText("03-1234-5678 https://e/a/?pn=01234567\n"),
            "01234567");
  EXPECT_EQ(NumberInText("pn=0123456"), "");
  EXPECT_EQ(NumberInText("pn=0123456x"), "");
  EXPECT_EQ(NumberInText("01234567"), "");
}

}  // namespace
}  // namespace tekmatch
