// The messages between the roles, and libcurl's client against a real server.
#include "registration/server/management_system.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/service/clock.h"
#include "registration/service/http_server.h"
#include "registration/service/router.h"
#include "tests/memory_folder.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

ReserveMessage TestMessage() {
  ReserveMessage message;
  message.number = ProcessingNumber::Parse("01234567").number;
  message.claim = Sha256("claim");
  return message;
}

TEST(InternalMessagesTest, ComeBackAsTheyWere) {
  auto message = ParseReserveMessage(ToJson(TestMessage()));
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->number->digits(), "01234567");
  EXPECT_EQ(message->claim, Sha256("claim"));
  EXPECT_FALSE(message->is_chaff);

  message = ParseReserveMessage(
      ToJson(ReserveMessage{.number = {}, .claim = {}, .is_chaff = true}));
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_FALSE(message->number.has_value());
  EXPECT_TRUE(message->is_chaff);

  auto answer = ParseReserveAnswer(
      ToJson(ReserveAnswer{.result = ReserveResult::kOk, .num_live = 7}));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->result, ReserveResult::kOk);
  EXPECT_EQ(answer->num_live, 7);
  answer = ParseReserveAnswer(ToJson(ReserveAnswer{}));
  EXPECT_EQ(answer->result, ReserveResult::kRefused);

  EXPECT_EQ(*ParseConfirmMessage(ConfirmToJson(Sha256("claim"))),
            Sha256("claim"));
  EXPECT_TRUE(IsConfirmed(ConfirmedJson()));
}

TEST(InternalMessagesTest, RefuseAllElse) {
  const std::string claim(64, 'a');
  for (const std::string& text :
       {std::string(""), std::string("[]"), std::string("{}"),
        std::string(R"({"number":"01234567"})"),
        absl::StrCat(R"({"number":"01234567","claim":")", claim, "0\"}"),
        absl::StrCat(R"({"number":"01234567","claim":")", std::string(64, 'g'),
                     "\"}"),
        std::string(R"({"claim":1})"), std::string(2000, ' ')}) {
    EXPECT_FALSE(ParseReserveMessage(text).ok()) << text;
    EXPECT_FALSE(ParseConfirmMessage(text).ok()) << text;
    EXPECT_FALSE(ParseReserveAnswer(text).ok()) << text;
    EXPECT_FALSE(IsConfirmed(text)) << text;
  }
  EXPECT_FALSE(ParseReserveAnswer(R"({"result":"maybe"})").ok());
}

class ManagementSystemTest : public ::testing::Test {
 protected:
  void Start(const std::string& unix_path = "") {
    router_.Add({.method = "POST",
                 .path = kReservePath,
                 .handler = [this](const HttpRequest& request) {
                   last_secret_ = std::string(request.Header(kSecretHeader));
                   last_body_ = request.body;
                   if (hangs_) goes_on_.WaitForNotification();
                   return PlainResponse(status_, answer_);
                 }});
    router_.Add({.method = "POST",
                 .path = kConfirmPath,
                 .handler = [this](const HttpRequest&) {
                   ++num_confirms_;
                   return PlainResponse(200, ConfirmedJson());
                 }});
    HttpServerOptions options;
    options.address.unix_path = unix_path;
    auto server = HttpServer::Start(options, router_, *clock_, nullptr);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    Connect(absl::Minutes(4));
  }

  void Connect(absl::Duration timeout) {
    auto system = ManagementSystemAt(server_->address(), "shared", timeout);
    ASSERT_TRUE(system.ok()) << system.status();
    system_ = *std::move(system);
  }

  std::string answer_ = R"({"result":"ok","live":3})";
  int status_ = 200;
  bool hangs_ = false;
  absl::Notification goes_on_;
  std::string last_secret_;
  std::string last_body_;
  std::atomic<int> num_confirms_ = 0;
  Router router_;
  std::unique_ptr<Clock> clock_ = RealClock();
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<ManagementSystem> system_;
};

TEST_F(ManagementSystemTest, ReservesAndConfirms) {
  Start();
  const auto answer = system_->Reserve(TestMessage());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->result, ReserveResult::kOk);
  EXPECT_EQ(answer->num_live, 3);
  EXPECT_EQ(last_secret_, "shared");
  EXPECT_EQ(last_body_, ToJson(TestMessage()));
  EXPECT_TRUE(system_->Confirm(Sha256("claim")).ok());
  EXPECT_EQ(num_confirms_, 1);
}

TEST_F(ManagementSystemTest, UnixSocket) {
  const MemoryFolder folder;
  Start(folder.At("management"));
  EXPECT_TRUE(system_->Reserve(TestMessage()).ok());
}

TEST_F(ManagementSystemTest, WhatIsNoAnswerIsUnavailable) {
  Start();
  for (const char* answer : {"", "ok", "[]", "{\"result\":1}"}) {
    answer_ = answer;
    EXPECT_TRUE(absl::IsUnavailable(system_->Reserve(TestMessage()).status()));
  }
  answer_ = std::string(10'000, ' ') + R"({"result":"ok"})";
  EXPECT_TRUE(absl::IsUnavailable(system_->Reserve(TestMessage()).status()));
  answer_ = R"({"result":"ok"})";
  for (const int status : {403, 404, 500, 503}) {
    status_ = status;
    EXPECT_TRUE(absl::IsUnavailable(system_->Reserve(TestMessage()).status()));
  }
  status_ = 200;
  EXPECT_TRUE(system_->Reserve(TestMessage()).ok());
}

TEST_F(ManagementSystemTest, SlowOneIsUnavailable) {
  Start();
  Connect(absl::Milliseconds(100));
  hangs_ = true;
  EXPECT_TRUE(absl::IsUnavailable(system_->Reserve(TestMessage()).status()));
  goes_on_.Notify();
}

TEST_F(ManagementSystemTest, ComesBackAfterARestart) {
  const MemoryFolder folder;
  Start(folder.At("management"));
  EXPECT_TRUE(system_->Reserve(TestMessage()).ok());
  server_->Stop(absl::Seconds(1));
  const absl::Status down = system_->Reserve(TestMessage()).status();
  EXPECT_TRUE(absl::IsUnavailable(down));
  EXPECT_THAT(std::string(down.message()),
              testing::Not(testing::HasSubstr("01234567")));
  HttpServerOptions options;
  options.address = server_->address();
  auto server = HttpServer::Start(options, router_, *clock_, nullptr);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_TRUE(system_->Reserve(TestMessage()).ok());
}

TEST_F(ManagementSystemTest, ThreadsShareIt) {
  Start();
  std::vector<std::thread> threads;
  std::atomic<int> num_ok = 0;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        if (system_->Confirm(Sha256("claim")).ok()) ++num_ok;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_ok, 80);
}

}  // namespace
}  // namespace tekmatch
