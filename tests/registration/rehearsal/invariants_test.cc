// Each invariant over what holds, and over a violation that is planted.
#include "registration/rehearsal/invariants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

Tek MakeTek(uint8_t n) {
  Tek tek;
  tek.bytes.fill(n);
  return tek;
}

const absl::Time kNine = absl::FromUnixSeconds(1593043200);

// Two persons, one registered, one not; an attacker who hit nothing.
Evidence Sound() {
  Evidence evidence;
  evidence.accepted = {MakeTek(1), MakeTek(2)};
  evidence.refused = {MakeTek(9)};
  evidence.exports = {
      {.file = "1.zip", .listed = true, .defect = "", .keys = {MakeTek(1)}},
      {.file = "2.zip", .listed = true, .defect = "", .keys = {MakeTek(2)}}};
  evidence.sent["11111111"] = {{.person = 0, .arrived = kNine}};
  evidence.sent["22222222"] = {{.person = 1, .arrived = kNine}};
  evidence.uses = {{.number = "11111111",
                    .request = "a",
                    .person = 0,
                    .sent = kNine + absl::Minutes(50),
                    .answered = kNine + absl::Minutes(51)}};
  evidence.life = absl::Hours(1);
  evidence.latest_begin = absl::Minutes(1);
  evidence.probes = {
      {.what = "before", .should_be_good = true, .was_good = true},
      {.what = "after", .should_be_good = false, .was_good = false}};
  evidence.ends = {PersonEnd::kRegistered, PersonEnd::kNeverTyped};
  evidence.phones_were_asked = true;
  evidence.notices = {
      {.expected = {{.date = absl::CivilDay(2020, 6, 20), .count = 2}},
       .shown = {{.date = absl::CivilDay(2020, 6, 20), .count = 2}},
       .failure = ""}};
  evidence.num_files_scanned = 7;
  return evidence;
}

InvariantResult Find(const Evidence& evidence, const std::string& name) {
  for (InvariantResult& result : CheckInvariants(evidence)) {
    if (result.name == name) return result;
  }
  ADD_FAILURE() << name;
  return {};
}

void ExpectBroken(const Evidence& evidence, const std::string& name,
                  const std::string& example) {
  for (const InvariantResult& result : CheckInvariants(evidence)) {
    EXPECT_EQ(result.holds(), result.name != name) << result.name;
  }
  const InvariantResult result = Find(evidence, name);
  ASSERT_FALSE(result.examples.empty());
  EXPECT_THAT(result.examples[0], HasSubstr(example));
}

TEST(InvariantsTest, AllHold) {
  const auto results = CheckInvariants(Sound());
  EXPECT_EQ(results.size(), 10);
  for (const InvariantResult& result : results) {
    EXPECT_TRUE(result.holds()) << result.name;
    EXPECT_EQ(result.not_checked, "") << result.name;
  }
  EXPECT_EQ(Find(Sound(), "each_accepted_key_in_one_export").num_checked, 2);
  EXPECT_EQ(Find(Sound(), "no_secret_in_any_file").num_checked, 7);
}

TEST(InvariantsTest, AcceptedKeyInNoExport) {
  Evidence evidence = Sound();
  evidence.accepted.push_back(MakeTek(3));
  ExpectBroken(evidence, "each_accepted_key_in_one_export", "in 0 exports");
}

TEST(InvariantsTest, AcceptedKeyInTwoExports) {
  Evidence evidence = Sound();
  evidence.exports[1].keys.push_back(MakeTek(1));
  ExpectBroken(evidence, "each_accepted_key_in_one_export", "in 2 exports");
}

TEST(InvariantsTest, RefusedKeyIsPublished) {
  Evidence evidence = Sound();
  evidence.exports[0].keys.push_back(MakeTek(9));
  ExpectBroken(evidence, "no_refused_key_published", "refused request");
}

TEST(InvariantsTest, NumberForTwoRequests) {
  Evidence evidence = Sound();
  evidence.uses.push_back(evidence.uses[0]);
  // The same request again is no second use.
  EXPECT_TRUE(Find(evidence, "no_number_good_twice").holds());
  evidence.uses[1].request = "b";
  evidence.uses[1].person = -1;
  ExpectBroken(evidence, "no_number_good_twice", "2 requests");
}

TEST(InvariantsTest, PersonWithTwoSuccesses) {
  Evidence evidence = Sound();
  evidence.sent["33333333"] = {{.person = 0, .arrived = kNine}};
  evidence.uses.push_back(evidence.uses[0]);
  evidence.uses[1].number = "33333333";
  evidence.uses[1].request = "b";
  ExpectBroken(evidence, "no_number_good_twice", "person 0 has 2 successes");
}

TEST(InvariantsTest, NumberAfterItsHour) {
  Evidence evidence = Sound();
  evidence.uses[0].sent = kNine + absl::Minutes(61);
  evidence.uses[0].answered = kNine + absl::Minutes(62);
  EXPECT_TRUE(Find(evidence, "none_good_after_its_hour").holds());
  evidence.uses[0].sent += absl::Seconds(5);
  ExpectBroken(evidence, "none_good_after_its_hour", "5 s after its life");
  // The clock was set back meanwhile: it may have been good then.
  evidence.uses[0].answered = kNine;
  EXPECT_TRUE(Find(evidence, "none_good_after_its_hour").holds());
}

TEST(InvariantsTest, NumberThatWasNeverSent) {
  Evidence evidence = Sound();
  evidence.uses[0].number = "99999999";
  ExpectBroken(evidence, "none_good_after_its_hour", "never sent");
}

TEST(InvariantsTest, ProbeOfTheHour) {
  Evidence evidence = Sound();
  evidence.probes[1].was_good = true;
  ExpectBroken(evidence, "none_good_after_its_hour", "after: was good");
  evidence = Sound();
  evidence.probes[0].was_good = false;
  ExpectBroken(evidence, "none_good_after_its_hour", "before: was refused");
}

TEST(InvariantsTest, MessageToAStranger) {
  Evidence evidence = Sound();
  evidence.sent["44444444"] = {{.person = -1, .arrived = kNine}};
  ExpectBroken(evidence, "each_message_to_its_person", "nobody");
  evidence = Sound();
  evidence.num_without_number = 1;
  ExpectBroken(evidence, "each_message_to_its_person", "no number");
  evidence = Sound();
  evidence.num_wrong_signatures = 1;
  ExpectBroken(evidence, "each_message_to_its_person", "not signed");
}

TEST(InvariantsTest, PersonWhoStillWaits) {
  Evidence evidence = Sound();
  evidence.ends[1] = PersonEnd::kOpen;
  ExpectBroken(evidence, "everyone_ended", "person 1 still waits");
}

TEST(InvariantsTest, ContactsThatDiffer) {
  Evidence evidence = Sound();
  evidence.notices[0].shown[0].count = 1;
  ExpectBroken(evidence, "contacts_as_expected", "phone 0");
  evidence = Sound();
  evidence.notices[0].shown.clear();
  ExpectBroken(evidence, "contacts_as_expected", "shows 0 dates");
  evidence = Sound();
  evidence.notices[0].expected.clear();
  ExpectBroken(evidence, "contacts_as_expected", "expected are 0");
  evidence = Sound();
  evidence.notices[0].failure = "away";
  ExpectBroken(evidence, "contacts_as_expected", "phone 0: away");
}

TEST(InvariantsTest, PhonesThatWereNotAskedAreSaid) {
  Evidence evidence = Sound();
  evidence.notices.clear();
  evidence.phones_were_asked = false;
  const InvariantResult result = Find(evidence, "contacts_as_expected");
  EXPECT_TRUE(result.holds());
  EXPECT_EQ(result.not_checked, "no phone was asked");
}

TEST(InvariantsTest, SecretInAFile) {
  Evidence evidence = Sound();
  evidence.secrets.push_back(
      {.file = "server.log", .kind = SecretKind::kNumber, .offset = 12});
  ExpectBroken(evidence, "no_secret_in_any_file",
               "server.log: a processing number at byte 12");
}

TEST(InvariantsTest, ExportsThatAreNotValid) {
  Evidence evidence = Sound();
  evidence.exports[0].defect = "wrong signature";
  ExpectBroken(evidence, "exports_are_valid", "1.zip: wrong signature");
  evidence = Sound();
  evidence.exports[0].listed = false;
  ExpectBroken(evidence, "exports_are_valid", "not in the list");
  evidence = Sound();
  evidence.listed_without_file = {"3.zip"};
  ExpectBroken(evidence, "exports_are_valid", "3.zip: is listed");
}

TEST(InvariantsTest, ProcessThatEnded) {
  Evidence evidence = Sound();
  evidence.unexpected_ends = {"server ended by itself"};
  ExpectBroken(evidence, "no_process_ended_by_itself", "server");
}

TEST(InvariantsTest, ExamplesAreFew) {
  Evidence evidence = Sound();
  evidence.ends.assign(100, PersonEnd::kOpen);
  const InvariantResult result = Find(evidence, "everyone_ended");
  EXPECT_EQ(result.num_broken, 100);
  EXPECT_EQ(result.examples.size(), 5);
}

}  // namespace
}  // namespace tekmatch
