#include "registration/phone/export_fetch.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/registration/phone/phone_testing.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kList[] = R"([
    {"region":"440","url":"https://example.jp/c19r/440/2.zip","created":2000},
    {"region":"441","url":"https://example.jp/c19r/441/9.zip","created":9000},
    {"region":"440","url":"/c19r/440/1.zip","created":1000}])";

// Files by their urls; each file's content is its url.
void Serve(FakeClient& client, const std::string& list) {
  client.answer = [list](const HttpCall& call) -> absl::StatusOr<HttpResult> {
    if (call.url == "http://127.0.0.1:1/c19r/440/list.json") {
      if (FindHeader(call.headers, "If-None-Match") == "\"1\"") {
        return HttpResult{.status = 304, .headers = {}, .body = ""};
      }
      return HttpResult{
          .status = 200, .headers = {{"ETag", "\"1\""}}, .body = list};
    }
    return HttpResult{.status = 200, .headers = {}, .body = call.url};
  };
}

absl::StatusOr<FetchedExports> Fetch(FakeClient& client, int64_t after = 0,
                                     const std::string& etag = "",
                                     const FetchLimits& limits = {}) {
  return FetchExports(client, "http://127.0.0.1:1", "440", after, etag,
                      kTestNow, limits);
}

TEST(ExportFetchTest, TakesWhatIsNewOldestFirst) {
  FakeClient client;
  Serve(client, kList);
  const auto all = Fetch(client);
  ASSERT_THAT(all, IsOk());
  EXPECT_THAT(all->names, ElementsAre("1.zip", "2.zip"));
  EXPECT_EQ(all->newest_created_ms, 2000);
  EXPECT_EQ(all->etag, "\"1\"");
  EXPECT_FALSE(all->has_more);
  EXPECT_EQ(all->sources.at("1.zip")->size(),
            std::string("http://127.0.0.1:1/c19r/440/1.zip").size());
  const auto newer = Fetch(client, 1000);
  ASSERT_THAT(newer, IsOk());
  EXPECT_THAT(newer->names, ElementsAre("2.zip"));
  const auto none = Fetch(client, 2000);
  ASSERT_THAT(none, IsOk());
  EXPECT_THAT(none->names, IsEmpty());
  EXPECT_EQ(none->newest_created_ms, 2000);
}

TEST(ExportFetchTest, UnchangedListIsAskedForOnly) {
  FakeClient client;
  Serve(client, kList);
  const auto fetched = Fetch(client, 1000, "\"1\"");
  ASSERT_THAT(fetched, IsOk());
  EXPECT_THAT(fetched->names, IsEmpty());
  EXPECT_EQ(fetched->newest_created_ms, 1000);
  EXPECT_EQ(fetched->etag, "\"1\"");
  EXPECT_THAT(client.calls, SizeIs(1));
}

TEST(ExportFetchTest, BeyondALimitTheNextCallGoesOn) {
  FakeClient client;
  Serve(client, R"([{"region":"440","url":"1.zip","created":1000},
                    {"region":"440","url":"2.zip","created":2000},
                    {"region":"440","url":"3.zip","created":2000},
                    {"region":"440","url":"4.zip","created":3000}])");
  const FetchLimits limits = {.file_bytes = 100, .fetch_bytes = 1};
  auto fetched = Fetch(client, 0, "", limits);
  ASSERT_THAT(fetched, IsOk());
  EXPECT_THAT(fetched->names, ElementsAre("1.zip"));
  EXPECT_TRUE(fetched->has_more);
  EXPECT_EQ(fetched->etag, "");
  // Those of one time come together.
  fetched = Fetch(client, fetched->newest_created_ms, fetched->etag, limits);
  ASSERT_THAT(fetched, IsOk());
  EXPECT_THAT(fetched->names, ElementsAre("2.zip", "3.zip"));
  EXPECT_TRUE(fetched->has_more);
  fetched = Fetch(client, fetched->newest_created_ms, fetched->etag, limits);
  ASSERT_THAT(fetched, IsOk());
  EXPECT_THAT(fetched->names, ElementsAre("4.zip"));
  EXPECT_FALSE(fetched->has_more);
  EXPECT_EQ(fetched->etag, "\"1\"");
}

TEST(ExportFetchTest, ListsThatAreNone) {
  for (const std::string& list : {
           std::string("null"),
           std::string("{}"),
           std::string("[1]"),
           std::string("<html>"),
           std::string(R"([{"region":"440","url":"1.zip"}])"),
           std::string(R"([{"region":"440","url":"1.zip","created":"1"}])"),
           std::string(R"([{"region":"440","url":"1.zip","created":1.5}])"),
           std::string(R"([{"region":"440","url":1,"created":1}])"),
           std::string(R"([{"region":"440","url":"..","created":1}])"),
           std::string(R"([{"region":"440","url":"/a/","created":1}])"),
           std::string(R"([{"region":"440","url":"1.zip?a","created":1}])"),
           std::string(R"([{"region":"440","url":"%2e%2e.zip","created":1}])"),
           std::string(R"([{"region":"440","url":".zip","created":1}])"),
           std::string(R"([{"region":"440","url":"12345678","created":1}])"),
           // Whatever is published later would be older than it.
           std::string(R"([{"region":"440","url":"1.zip",)"
                       R"("created":1607677200001}])"),
           std::string(R"([{"region":"440","url":"1.zip",)"
                       R"("created":9223372036854775807}])"),
           std::string(R"([{"region":"440","url":"1.zip",)"
                       R"("created":18446744073709551615}])"),
           std::string(R"([{"region":"440","url":"1.zip","created":0}])"),
           std::string(R"([{"region":"440","url":"1.zip","created":-1}])"),
           std::string(5000, '['),
       }) {
    const auto entries = ParseExportList(list, "440", kTestNow);
    EXPECT_THAT(entries, StatusIs(absl::StatusCode::kDataLoss)) << list;
    EXPECT_THAT(std::string(entries.status().message()),
                Not(HasSubstr("12345678")));
  }
}

TEST(ExportFetchTest, AClockMayBeADayAhead) {
  const auto entries = ParseExportList(
      R"([{"region":"440","url":"1.zip","created":1607677200000}])", "440",
      kTestNow);
  ASSERT_THAT(entries, IsOk());
  EXPECT_THAT(*entries, SizeIs(1));
}

TEST(ExportFetchTest, OneTimeHasALimitToo) {
  std::string list = "[";
  for (int i = 1; i <= 100; ++i) {
    absl::StrAppend(&list, i == 1 ? "" : ",",
                    R"({"region":"440","created":1000,"url":")", i,
                    R"(.zip"})");
  }
  list += "]";
  FakeClient client;
  Serve(client, list);
  const size_t size = std::string("http://127.0.0.1:1/c19r/440/1.zip").size();
  const FetchLimits limits = {
      .file_bytes = 100, .fetch_bytes = 1, .most_bytes = 3 * size};
  EXPECT_THAT(Fetch(client, 0, "", limits),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_LT(client.calls.size(), 6);
}

TEST(ExportFetchTest, AFileThatIsTooLargeIsNoFileThatDidNotCome) {
  FakeClient client;
  client.answer = [](const HttpCall& call) -> absl::StatusOr<HttpResult> {
    if (call.max_answer_bytes == 100) return absl::OutOfRangeError("large");
    return HttpResult{.status = 200, .headers = {}, .body = kList};
  };
  EXPECT_THAT(Fetch(client, 0, "", {.file_bytes = 100}),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(ExportFetchTest, AllCallsHaveATime) {
  FakeClient client;
  Serve(client, kList);
  FetchLimits limits;
  limits.until = std::chrono::steady_clock::now();
  EXPECT_THAT(Fetch(client, 0, "", limits),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(client.calls, IsEmpty());
  // No call takes longer than what is left.
  limits.until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  client.answer = [](const HttpCall& call) -> absl::StatusOr<HttpResult> {
    EXPECT_LE(call.timeout, absl::Seconds(10));
    return absl::UnavailableError("");
  };
  EXPECT_THAT(Fetch(client, 0, "", limits),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST(ExportFetchTest, AListLeadsToNoOtherHost) {
  FakeClient client;
  Serve(client, R"([{"region":"440","url":"http://10.0.0.1/x/1.zip",
                     "created":1}])");
  ASSERT_THAT(Fetch(client), IsOk());
  for (const SentCall& call : client.calls) {
    EXPECT_THAT(call.url,
                ::testing::StartsWith("http://127.0.0.1:1/c19r/440/"));
  }
}

TEST(ExportFetchTest, WhatDoesNotComeIsUnavailable) {
  FakeClient client;
  EXPECT_THAT(Fetch(client), StatusIs(absl::StatusCode::kUnavailable));
  client.Answer(404, "");
  EXPECT_THAT(Fetch(client), StatusIs(absl::StatusCode::kUnavailable));
  // Nobody asked for that.
  client.Answer(304, "");
  EXPECT_THAT(Fetch(client), StatusIs(absl::StatusCode::kUnavailable));
  client.Answer(200, kList);
  client.Answer(200, "zip");
  client.Answer(404, "");
  EXPECT_THAT(Fetch(client), StatusIs(absl::StatusCode::kUnavailable));
  client.Answer(200, "no list");
  EXPECT_THAT(Fetch(client), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace tekmatch
