// What the rehearsal reads out of pages and outputs of the roles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registration/rehearsal/loopback_client.h"
#include "registration/rehearsal/operators.h"
#include "registration/rehearsal/phone_browser.h"
#include "registration/rehearsal/published_exports.h"
#include "registration/service/web_form.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;

TEST(HiddenValueTest, IsReadAsABrowserDoes) {
  WebForm form("/here", "a token");
  form.Hidden("other", "1");
  form.Hidden("seen", "<\"&'>");
  const std::string html = std::move(form).Finish();
  EXPECT_EQ(HiddenValue(html, "token"), "a token");
  EXPECT_EQ(HiddenValue(html, "other"), "1");
  EXPECT_EQ(HiddenValue(html, "seen"), "<\"&'>");
  EXPECT_EQ(HiddenValue(html, "none"), "");
  EXPECT_EQ(HiddenValue("<input name=\"token\"", "token"), "");
  EXPECT_EQ(HiddenValue("<input name=\"token\">", "token"), "");
}

TEST(ParseContactsTest, ReadsRowsAndNoOtherDates) {
  EXPECT_THAT(ParseContacts(
                  "<p>2020年6月25日現在、接触件数：5件</p>"
                  "<tr><td>2020年6月24日</td><td>3件</td></tr>"
                  "<tr><td>2020年6月9日</td>\n<td class=\"n\">12件</td></tr>"),
              ElementsAre(ContactDay{absl::CivilDay(2020, 6, 9), 12},
                          ContactDay{absl::CivilDay(2020, 6, 24), 3}));
  EXPECT_TRUE(ParseContacts("").empty());
  EXPECT_TRUE(ParseContacts("年").empty());
  EXPECT_TRUE(ParseContacts("<td>2020年6月24日</td><td>x</td>").empty());
}

TEST(ReadIssueOutputTest, EachEnd) {
  PatientCard card;
  EXPECT_EQ(ReadIssueOutput(0, "patient 7\nqueued 5f5c\n", card),
            IssueOutcome::kQueued);
  EXPECT_EQ(card.patient, 7);
  // It was killed after the patient was there.
  PatientCard cut;
  EXPECT_EQ(ReadIssueOutput(-1, "patient 8\n", cut), IssueOutcome::kTryAgain);
  EXPECT_EQ(cut.patient, 8);
  EXPECT_EQ(ReadIssueOutput(1, "x: an issue has this id\n", card),
            IssueOutcome::kQueued);
  EXPECT_EQ(ReadIssueOutput(1, "x: not issued: registered 登録済み\n", card),
            IssueOutcome::kRegistered);
  EXPECT_EQ(ReadIssueOutput(1, "x: not issued: too_many_today \n", card),
            IssueOutcome::kTooManyToday);
  EXPECT_EQ(ReadIssueOutput(1, "x: not issued: too_many_live \n", card),
            IssueOutcome::kTooManyLive);
  EXPECT_EQ(ReadIssueOutput(1, "x: not issued: something_missing\n", card),
            IssueOutcome::kRefused);
  EXPECT_EQ(ReadIssueOutput(1, "database is locked\n", card),
            IssueOutcome::kTryAgain);
}

TEST(ParseListedExportsTest, ReadsCocoasForm) {
  const auto list = ParseListedExports(
      R"([{"region":"440","url":"https://e/c19r/440/7.zip","created":1500}])");
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->size(), 1);
  EXPECT_EQ((*list)[0].file, "7.zip");
  EXPECT_EQ((*list)[0].created, absl::FromUnixMillis(1500));
  EXPECT_THAT(ParseListedExports("[]"), IsOk());
  for (const char* bad :
       {"", "{}", "[1]", R"([{"url":1,"created":1}])", R"([{"url":"x"}])"}) {
    EXPECT_THAT(ParseListedExports(bad),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << bad;
  }
}

TEST(AskRoleTest, NobodyListens) {
  ListenAddress address;
  address.port = 1;
  HttpRequest request;
  request.method = "GET";
  request.path = "/";
  EXPECT_THAT(AskRole(address, request, absl::Seconds(5)),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace tekmatch
