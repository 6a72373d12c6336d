// PUT /v1/diagnosis as a function of its request: the order of checks, each
// reason, and the faults of other systems (UPSTREAM F1 to F9), by name.
#include "registration/server/diagnosis_service.h"

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/registration/server/diagnosis_testing.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class SetClock : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = kTestNow;
};

class DiagnosisServiceTest : public ::testing::Test {
 protected:
  DiagnosisServiceTest() : stores_(TempPath("server")) {
    for (int n = 0; n < 400; ++n) {
      management_.numbers[absl::StrCat(10'000'000 + n)] = {};
    }
    auto log = RequestLog::Open(TempPath("log"));
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    Start();
  }

  void Start() {
    service_ = std::make_unique<DiagnosisService>(
        options_, stores_, management_, clock_, log_.get());
    EXPECT_TRUE(service_->Restore().ok());
  }

  HttpResponse PutText(const std::string& body, HttpHeaders headers = {},
                       const std::string& client = "192.0.2.1") {
    HttpRequest request;
    request.method = "PUT";
    request.path = kDiagnosisPath;
    request.headers = std::move(headers);
    request.body = body;
    request.client = client;
    HttpResponse response = service_->Put(request);
    sizes_.insert(response.body.size());
    return response;
  }
  HttpResponse Put(const json& body, HttpHeaders headers = {},
                   const std::string& client = "192.0.2.1") {
    return PutText(body.dump(), std::move(headers), client);
  }

  static std::string ReasonOf(const HttpResponse& response) {
    return json::parse(response.body).value("reason", "");
  }

  // "status reason"
  std::string Said(const json& body) {
    const HttpResponse response = Put(body);
    return absl::StrCat(response.status, " ", ReasonOf(response));
  }

  size_t NumKeys() {
    const auto store = stores_.Take();
    EXPECT_TRUE(store.ok()) << store.status();
    return (*store)->UnpublishedKeys()->size();
  }

  DiagnosisServiceOptions options_;
  ServerStorePool stores_;
  FakeManagementSystem management_;
  SetClock clock_;
  std::unique_ptr<RequestLog> log_;
  std::unique_ptr<DiagnosisService> service_;
  std::set<size_t> sizes_;  // of all answers
};

TEST_F(DiagnosisServiceTest, TakesKeysForANumber) {
  const HttpResponse response = Put(
      RequestJson("10000000", 1, {KeyJson(1), KeyJson(2, kYesterday - 144)}));
  EXPECT_EQ(response.status, 200);
  const json answer = json::parse(response.body);
  EXPECT_EQ(answer["accepted"], 2);
  EXPECT_EQ(answer["rejected"], json::array());
  EXPECT_EQ(NumKeys(), 2u);
  EXPECT_EQ(management_.NumUsed(), 0);
  EXPECT_TRUE(service_->ConfirmAll().ok());
  EXPECT_EQ(management_.NumUsed(), 1);
}

// R4: a retry, with other padding, gets the same answer and takes nothing more.
TEST_F(DiagnosisServiceTest, R4RetryGetsTheSameAnswer) {
  json request = RequestJson(
      "10000000", 1, {KeyJson(1), KeyJson(2, kYesterday + 7), KeyJson(3)});
  const json first = json::parse(Put(request).body);
  EXPECT_EQ(first["accepted"], 2);
  EXPECT_EQ(first["rejected"].dump(), R"([{"index":1,"reason":"bad_start"}])");
  request["padding"] = "other";
  // A day later its keys would be judged in another way.
  clock_.now += absl::Hours(20);
  json second = json::parse(Put(request).body);
  EXPECT_EQ(second["accepted"], first["accepted"]);
  EXPECT_EQ(second["rejected"], first["rejected"]);
  EXPECT_EQ(management_.num_reserves, 1);
  EXPECT_EQ(NumKeys(), 2u);
}

TEST_F(DiagnosisServiceTest, OtherBodyUnderTheSameKeyIsAConflict) {
  Put(RequestJson("10000000", 1, {KeyJson(1)}));
  EXPECT_EQ(Said(RequestJson("10000000", 1, {KeyJson(2)})),
            "409 other_request");
  EXPECT_EQ(Said(RequestJson("10000001", 1, {KeyJson(1)})),
            "409 other_request");
  EXPECT_EQ(NumKeys(), 1u);
  EXPECT_EQ(management_.num_reserves, 1);
}

TEST_F(DiagnosisServiceTest, RefusedNumbersLookAlike) {
  Put(RequestJson("10000000", 1, {KeyJson(1)}));
  // Unknown, and another person's.
  EXPECT_EQ(Said(RequestJson("99999999", 2, {KeyJson(2)})),
            "406 number_refused");
  EXPECT_EQ(Said(RequestJson("10000000", 3, {KeyJson(3)})),
            "406 number_refused");
  EXPECT_EQ(NumKeys(), 1u);
}

// Everything that can fail without the number fails before it is touched.
TEST_F(DiagnosisServiceTest, NumberIsNotTouchedByRequestsThatFailAnyway) {
  const auto with = [](const char* name, json value) {
    json request = RequestJson("10000000", 1, {KeyJson(1)});
    request[name] = std::move(value);
    return request;
  };
  EXPECT_EQ(Said(with("keys", json::array())), "400 nothing_to_send");
  EXPECT_EQ(Said(with("regions", json::array({"441"}))),
            "400 unsupported_region");
  EXPECT_EQ(Said(with("regions", json::array())), "400 unsupported_region");
  json many = json::array();
  for (int i = 0; i < 31; ++i) many.push_back(KeyJson(static_cast<uint8_t>(i)));
  EXPECT_EQ(Said(with("keys", many)), "400 too_many_keys");
  EXPECT_EQ(
      Said(with("keys",
                json::array({KeyJson(1, kYesterday - int64_t{15} * 144)}))),
      "400 no_acceptable_key");
  EXPECT_EQ(management_.num_reserves, 0);
  EXPECT_EQ(NumKeys(), 0u);
}

// F1: COCOA's server spent the number, and then wrote the keys.
TEST_F(DiagnosisServiceTest, F1NumberAndKeysGoTogether) {
  const json request = RequestJson("10000000", 1, {KeyJson(1)});
  management_.is_down = true;
  const HttpResponse down = Put(request);
  EXPECT_EQ(down.status, 503);
  EXPECT_EQ(FindHeader(down.headers, "Retry-After"), "30");
  EXPECT_EQ(NumKeys(), 0u);
  management_.is_down = false;
  EXPECT_EQ(Put(request).status, 200);
  // The confirmation waits until somebody hears it.
  management_.is_down = true;
  EXPECT_FALSE(service_->ConfirmAll().ok());
  management_.is_down = false;
  EXPECT_TRUE(service_->ConfirmAll().ok());
  EXPECT_EQ(management_.NumUsed(), 1);
}

// F1, in between: reserved, and then the process was killed.
TEST_F(DiagnosisServiceTest, F1RetryAfterAKillBetweenReserveAndStore) {
  const json request = RequestJson("10000000", 1, {KeyJson(1)});
  management_.numbers["10000000"].claim = Sha256(TestUuid(1));
  EXPECT_EQ(Put(request).status, 200);
  EXPECT_EQ(NumKeys(), 1u);
}

// F2: COCOA's server did not look at the number, and pasted it into JSON.
TEST_F(DiagnosisServiceTest, F2NumberHasEightDigits) {
  for (const char* number :
       {"", "1", "1234567", "123456789", "1234567a", "1234.5678",
        "\"},{\"result\":\"ok\"", "12345678\n1", "①②③④⑤⑥⑦⑧", "١٢٣٤٥٦٧٨"}) {
    EXPECT_EQ(Said(RequestJson(number, 1, {KeyJson(1)})),
              "400 bad_number_format")
        << number;
  }
  EXPECT_EQ(management_.num_reserves, 0);
  // R7: what people type passes.
  EXPECT_EQ(Said(RequestJson("１００００００ ０", 1, {KeyJson(1)})), "200 ");
}

// F3: COCOA's answers to chaff were longer than real ones.
TEST_F(DiagnosisServiceTest, F3AllAnswersHaveOneSize) {
  const json request = RequestJson("10000000", 1, {KeyJson(1)});
  const HttpResponse chaff = Put(request, {{"X-Chaff", "1"}});
  EXPECT_EQ(chaff.status, 200);
  EXPECT_EQ(management_.num_chaff, 1);
  EXPECT_EQ(management_.num_reserves, 0);
  EXPECT_EQ(NumKeys(), 0u);
  EXPECT_EQ(PutText("no JSON at all", {{"X-Chaff", "1"}}).status, 200);
  const HttpResponse real = Put(request);
  EXPECT_EQ(real.status, 200);
  EXPECT_EQ(real.headers, chaff.headers);
  Put(RequestJson("99999999", 2, {KeyJson(2)}));
  Put(RequestJson("10000000", 1, {KeyJson(2)}));
  PutText("");
  json bad = json::array({KeyJson(9)});
  for (int i = 0; i < 29; ++i) bad.push_back(KeyJson(1, kYesterday + 1));
  EXPECT_EQ(
      json::parse(Put(RequestJson("10000001", 3, bad)).body)["rejected"].size(),
      29u);
  management_.is_down = true;
  Put(RequestJson("10000002", 4, {KeyJson(3)}));
  for (const int status : {411, 413, 500, 503}) {
    sizes_.insert(DiagnosisService::Refusal(status).body.size());
  }
  EXPECT_THAT(sizes_, testing::ElementsAre(2048));
}

// F4: the same key under another idempotency key.
TEST_F(DiagnosisServiceTest, F4KeyIsStoredOnce) {
  Put(RequestJson("10000000", 1, {KeyJson(1), KeyJson(1)}));
  EXPECT_EQ(NumKeys(), 1u);
  EXPECT_EQ(json::parse(
                Put(RequestJson("10000001", 2, {KeyJson(1)})).body)["accepted"],
            1);
  EXPECT_EQ(NumKeys(), 1u);
  // With other metadata it is refused by itself, before the number is touched.
  json other = KeyJson(1);
  other["rollingPeriod"] = 100;
  const int before = management_.num_reserves;
  EXPECT_EQ(Said(RequestJson("10000002", 3, {other})), "400 no_acceptable_key");
  EXPECT_EQ(management_.num_reserves, before);
  const json mixed =
      json::parse(Put(RequestJson("10000002", 4, {other, KeyJson(2)})).body);
  EXPECT_EQ(mixed["accepted"], 1);
  EXPECT_EQ(mixed["rejected"].dump(),
            R"([{"index":0,"reason":"other_metadata"}])");
}

// F5: all keys filtered away, and the number spent.
TEST_F(DiagnosisServiceTest, F5NumberIsGoodAfterKeysThatWereNot) {
  json short_key = KeyJson(1);
  short_key["keyData"] = "AAAA";
  EXPECT_EQ(Said(RequestJson("10000000", 1, {short_key})),
            "400 no_acceptable_key");
  EXPECT_EQ(Said(RequestJson("10000000", 2, {KeyJson(1)})), "200 ");
}

// F6: null keys, and whatever else is no request, were a 500.
TEST_F(DiagnosisServiceTest, F6WhatIsNoRequestIsMalformed) {
  const json good = RequestJson("10000000", 1, {KeyJson(1)});
  for (const char* name :
       {"keys", "regions", "verificationPayload", "idempotencyKey"}) {
    for (const json& value :
         std::vector<json>{nullptr, 1, true, json::object(), 1.5}) {
      json request = good;
      request[name] = value;
      EXPECT_EQ(Said(request), "400 malformed") << name << value;
    }
    json request = good;
    request.erase(name);
    EXPECT_EQ(Said(request), "400 malformed") << name;
  }
  for (const char* name :
       {"keyData", "rollingStartNumber", "rollingPeriod", "reportType"}) {
    for (const json& value : std::vector<json>{nullptr, json::array(), 1.5,
                                               18446744073709551615u}) {
      json key = KeyJson(1);
      key[name] = value;
      EXPECT_EQ(Said(RequestJson("10000000", 1, {key})), "400 malformed")
          << name << value;
    }
  }
  for (const json& key :
       std::vector<json>{nullptr, 1, "key", json::array(), json::object()}) {
    EXPECT_EQ(Said(RequestJson("10000000", 1, {key})), "400 malformed") << key;
  }
  for (const json& region : std::vector<json>{nullptr, 440, json::array()}) {
    json request = good;
    request["regions"] = json::array({region});
    EXPECT_EQ(Said(request), "400 malformed") << region;
  }
  for (const char* uuid :
       {"", "1", "5f5c1bd4-0d3f-4e39-8b9c-00000000000g",
        "5f5c1bd400d3f-4e39-8b9c-000000000001", "../../etc/passwd"}) {
    json request = good;
    request["idempotencyKey"] = uuid;
    EXPECT_EQ(Said(request), "400 malformed") << uuid;
  }
  std::string twice = good.dump();
  twice.insert(1, R"("keys":[],)");
  for (const std::string& body :
       {std::string(""), std::string("null"), std::string("[]"),
        std::string("{"), std::string(1000, '['), twice,
        good.dump() + good.dump(), std::string("\xff\xfe{}"),
        std::string("{\"keys\":\"\xc3\x28\"}")}) {
    EXPECT_EQ(ReasonOf(PutText(body)), "malformed") << body;
  }
  EXPECT_EQ(management_.num_reserves, 0);
  EXPECT_EQ(Said(good), "200 ");
}

// F8: rows were multiplied by regions.
TEST_F(DiagnosisServiceTest, F8RegionsDoNotMultiplyKeys) {
  json request = RequestJson("10000000", 1, {KeyJson(1)});
  request["regions"] = {"441", "440", "440"};
  EXPECT_EQ(Said(request), "200 ");
  EXPECT_EQ(NumKeys(), 1u);
}

// R23: one bad key fails alone, and says why.
TEST_F(DiagnosisServiceTest, R23EachKeyHasItsReason) {
  json no_base64 = KeyJson(2);
  no_base64["keyData"] = "?";
  json period = KeyJson(3);
  period["rollingPeriod"] = 0;
  json type = KeyJson(4);
  type["reportType"] = 3;
  const json answer =
      json::parse(Put(RequestJson("10000000", 1,
                                  {KeyJson(1), no_base64, period, type,
                                   KeyJson(5, kYesterday + int64_t{10} * 144),
                                   KeyJson(6, -144)}))
                      .body);
  EXPECT_EQ(answer["accepted"], 1);
  std::vector<std::string> reasons;
  for (const json& rejected : answer["rejected"]) {
    reasons.push_back(rejected["reason"]);
  }
  EXPECT_THAT(reasons,
              testing::ElementsAre("not_16_bytes", "bad_period", "report_type",
                                   "in_future", "bad_start"));
}

// Section 6.7: beyond the budget wrong numbers wait, and right ones pass.
TEST_F(DiagnosisServiceTest, GuessesWaitAndAlarmAndRightNumbersPass) {
  options_.budget = {.wrong_per_hour = 5, .delay = absl::Seconds(3)};
  Start();
  for (int i = 0; i < 8; ++i) {
    // Each from an address of its own.
    const HttpResponse response = Put(RequestJson("99999999", i, {KeyJson(1)}),
                                      {}, absl::StrCat("192.0.2.", i));
    EXPECT_EQ(response.status, 406);
    EXPECT_EQ(response.not_before,
              i < 5 ? absl::ZeroDuration() : absl::Seconds(3));
  }
  const HttpResponse right = Put(RequestJson("10000000", 100, {KeyJson(1)}));
  EXPECT_EQ(right.status, 200);
  EXPECT_EQ(right.not_before, absl::ZeroDuration());
  EXPECT_THAT(ReadFile(TempPath("log")), HasSubstr("ALARM"));

  // A restart forgives nothing; an hour does.
  Start();
  EXPECT_GT(Put(RequestJson("99999999", 101, {KeyJson(2)})).not_before,
            absl::ZeroDuration());
  const auto line = service_->RiskLine();
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(*line, HasSubstr("9 in the last hour of 5"));
  EXPECT_THAT(*line, HasSubstr("9 in 24 hours, 4 of them"));
  EXPECT_THAT(*line, HasSubstr("5000 numbers are good"));
  EXPECT_THAT(*line, HasSubstr("probability 0.00045"));
  clock_.now += absl::Minutes(62);
  EXPECT_EQ(Put(RequestJson("99999999", 102, {KeyJson(2)})).not_before,
            absl::ZeroDuration());
}

TEST_F(DiagnosisServiceTest, ClumsyAddressIsToldWhenToComeBack) {
  options_.bucket = {.burst = 2, .per_hour = 60};
  Start();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Put(RequestJson("99999999", i, {KeyJson(1)})).status, 406);
  }
  const int before = management_.num_reserves;
  const HttpResponse response = Put(RequestJson("10000000", 5, {KeyJson(1)}));
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(FindHeader(response.headers, "Retry-After"), "60");
  EXPECT_EQ(management_.num_reserves, before);
  EXPECT_EQ(
      Put(RequestJson("10000000", 5, {KeyJson(1)}), {}, "192.0.2.2").status,
      200);
  clock_.now += absl::Seconds(60);
  EXPECT_EQ(Put(RequestJson("10000001", 6, {KeyJson(2)})).status, 200);
}

// 8 impatient threads a request, 8 persons a number: one success a number.
TEST_F(DiagnosisServiceTest, ManyThreadsOneSuccessANumber) {
  constexpr int kNumbers = 20;
  std::vector<std::atomic<int>> accepted(kNumbers);
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < kNumbers; ++n) {
        // Threads come in pairs with the same request.
        const int person = t / 2;
        HttpRequest request;
        request.body =
            RequestJson(absl::StrCat(10'000'000 + n), 1000 + n * 4 + person,
                        {KeyJson(static_cast<uint8_t>(n * 4 + person))})
                .dump();
        request.client = absl::StrCat("192.0.2.", t);
        const HttpResponse response = service_->Put(request);
        if (response.status == 200) {
          accepted[static_cast<size_t>(n)] |= 1 << person;
        } else {
          EXPECT_EQ(response.status, 406);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::atomic<int>& persons : accepted) {
    EXPECT_EQ(__builtin_popcount(static_cast<unsigned>(persons)), 1);
  }
  EXPECT_EQ(NumKeys(), static_cast<size_t>(kNumbers));
  EXPECT_TRUE(service_->ConfirmAll().ok());
  EXPECT_EQ(management_.NumUsed(), kNumbers);
}

// F9 and row 6: nothing of a request is in the log or in a file of the server.
TEST_F(DiagnosisServiceTest, F9NumberIsNowhere) {
  json request = RequestJson("10000007", 1, {KeyJson(0x5a)});
  request["hasSymptom"] = "SYMPTOM";
  request["onsetOfSymptomOrTestDate"] = "2020-12-05T00:00:00.000+09:00";
  EXPECT_EQ(Put(request).status, 200);
  EXPECT_EQ(Put(RequestJson("87654321", 2, {KeyJson(1)})).status, 406);
  management_.is_down = true;
  EXPECT_EQ(Put(RequestJson("76543210", 3, {KeyJson(1)})).status, 503);
  std::string all = ReadFile(TempPath("log"));
  for (const char* name :
       {"server/server.sqlite", "server/server.sqlite-wal"}) {
    all += ReadFile(TempPath(name));
  }
  EXPECT_THAT(all, HasSubstr(std::string(16, '\x5a')));  // the key is there
  for (const char* secret : {"10000007", "87654321", "76543210", "SYMPTOM",
                             "2020-12-05", "5f5c1bd4", "192.0.2.1"}) {
    EXPECT_EQ(all.find(secret), std::string::npos) << secret;
  }
}

}  // namespace
}  // namespace tekmatch
