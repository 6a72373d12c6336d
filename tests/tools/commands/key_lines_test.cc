#include "tools/commands/key_lines.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/report_type_name.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tests/tools/sightings/run_sql.h"
#include "tools/files/hex.h"

namespace tekmatch {
namespace {

constexpr char kTek[] = "000102030405060708090a0b0c0d0e0f";
constexpr char kFull[] =
    R"({"tek":"000102030405060708090a0b0c0d0e0f","rolling_start":2653344,)"
    R"("rolling_period":89,"transmission_risk":0,)"
    R"("report_type":"self_report","days_since_onset":-14,)"
    R"("variant_of_concern":255,"revised":true})";

// A line with tek, rolling_start and one more member.
std::string With(const std::string& member) {
  return absl::StrCat(R"({"tek":")", kTek, R"(","rolling_start":1,)", member,
                      "}");
}

class KeyLinesTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& bytes) {
    path_ = TempPath("keys.jsonl");
    WriteFile(path_, bytes);
    return path_;
  }
  std::string path_;
};

TEST_F(KeyLinesTest, EveryMember) {
  const auto keys = ReadKeyLines(Path(absl::StrCat(kFull, "\n")));
  ASSERT_THAT(keys, IsOk());
  ASSERT_EQ(keys->size(), 1U);
  const DiagnosisKey& key = keys->front();
  EXPECT_EQ(EncodeHex(key.tek.bytes), kTek);
  EXPECT_EQ(key.rolling_start, 2653344U);
  EXPECT_EQ(key.rolling_period, 89);
  EXPECT_EQ(key.metadata.transmission_risk, 0);
  EXPECT_EQ(key.metadata.report_type, ReportType::kSelfReport);
  EXPECT_EQ(key.metadata.days_since_onset, -14);
  EXPECT_EQ(key.metadata.variant_of_concern, 255);
  EXPECT_TRUE(key.metadata.revised);
  EXPECT_EQ(KeyLine(key), absl::StrCat(kFull, "\n"));
}

TEST_F(KeyLinesTest, AbsentMembers) {
  const auto keys = ReadKeyLines(Path(
      absl::StrCat("\n", R"({"rolling_start":1,"tek":")", kTek, "\"}\n\n")));
  ASSERT_THAT(keys, IsOk());
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_EQ(keys->front().rolling_period, 144);
  EXPECT_EQ(keys->front().metadata, KeyMetadata());
}

TEST_F(KeyLinesTest, ExtremesRoundTripInOrder) {
  const std::string lines = absl::StrCat(
      R"({"tek":"ffffffffffffffffffffffffffffffff","rolling_start":)",
      R"(2147483647,"rolling_period":144,"transmission_risk":8,)",
      R"("report_type":"revoked","days_since_onset":14,)",
      "\"variant_of_concern\":0}\n",
      R"({"tek":"00000000000000000000000000000000","rolling_start":1,)",
      "\"rolling_period\":1}\n");
  const auto keys = ReadKeyLines(Path(lines));
  ASSERT_THAT(keys, IsOk());
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(absl::StrCat(KeyLine((*keys)[0]), KeyLine((*keys)[1])), lines);
}

TEST_F(KeyLinesTest, NoKeysAreNoError) {
  for (const char* bytes : {"", "\n", "\r\n \t\n"}) {
    const auto keys = ReadKeyLines(Path(bytes));
    ASSERT_THAT(keys, IsOk());
    EXPECT_TRUE(keys->empty());
  }
}

TEST_F(KeyLinesTest, EveryReportTypeHasAName) {
  for (int i = 0; i < kNumReportTypes; ++i) {
    DiagnosisKey key;
    key.rolling_start = 2653344;
    key.metadata.report_type = static_cast<ReportType>(i);
    const auto keys = ReadKeyLines(Path(KeyLine(key)));
    ASSERT_THAT(keys, IsOk());
    EXPECT_EQ(keys->front().metadata.report_type, static_cast<ReportType>(i));
  }
  EXPECT_EQ(ReportTypeName(ReportType::kConfirmedClinicalDiagnosis),
            "confirmed_clinical_diagnosis");
  for (const char* name : {"positive", "", "Unknown", "unknown "}) {
    EXPECT_FALSE(ParseReportType(name).has_value()) << name;
  }
}

TEST_F(KeyLinesTest, WrongMembersAreNamedWithTheirPlace) {
  const std::string tek = absl::StrCat(R"("tek":")", kTek, "\"");
  const std::vector<std::pair<std::string, std::string>> lines = {
      {"nonsense", "not a JSON object"},
      {"[]", "not a JSON object"},
      {std::string(70000, ' ') + "x", "the line is too long"},
      {R"({"rolling_start":1})", "tek: missing"},
      {"{" + tek + "}", "rolling_start: missing"},
      {R"({"tek":1,"rolling_start":1})", "tek: not a string"},
      {R"({"tek":"00","rolling_start":1})", "tek: 2 characters, 32 wanted"},
      {R"({"tek":"0001020304050607 8090a0b0c0d0e0f","rolling_start":1})",
       "tek: not hexadecimal"},
      {"{" + tek + R"(,"rolling_start":0})",
       "rolling_start: not an integer in 1..2147483647"},
      {"{" + tek + R"(,"rolling_start":-1})",
       "rolling_start: not an integer in 1..2147483647"},
      {"{" + tek + R"(,"rolling_start":2147483648})",
       "rolling_start: not an integer in 1..2147483647"},
      {"{" + tek + R"(,"rolling_start":18446744073709551615})",
       "rolling_start: not an integer in 1..2147483647"},
      {"{" + tek + R"(,"rolling_start":1.5})",
       "rolling_start: not an integer in 1..2147483647"},
      {With(R"("rolling_period":0)"),
       "rolling_period: not an integer in 1..144"},
      {With(R"("rolling_period":145)"),
       "rolling_period: not an integer in 1..144"},
      {With(R"("rolling_period":"1")"),
       "rolling_period: not an integer in 1..144"},
      {With(R"("transmission_risk":-1)"),
       "transmission_risk: not an integer in 0..8"},
      {With(R"("transmission_risk":null)"),
       "transmission_risk: not an integer in 0..8"},
      {With(R"("transmission_risk":9)"),
       "transmission_risk: not an integer in 0..8"},
      {With(R"("report_type":"positive")"), "report_type: no such type"},
      {With(R"("report_type":1)"), "report_type: no such type"},
      {With(R"("report_type":null)"), "report_type: no such type"},
      {With(R"("days_since_onset":15)"),
       "days_since_onset: not an integer in -14..14"},
      {With(R"("days_since_onset":-15)"),
       "days_since_onset: not an integer in -14..14"},
      // -1, were it cut to 64 bits with a sign.
      {With(R"("days_since_onset":18446744073709551615)"),
       "days_since_onset: not an integer in -14..14"},
      {With(R"("variant_of_concern":-1)"),
       "variant_of_concern: not an integer in 0..255"},
      {With(R"("variant_of_concern":256)"),
       "variant_of_concern: not an integer in 0..255"},
      {With(R"("revised":1)"), "revised: neither true nor false"},
      {With(R"("rolling_perod":1)"), "an unknown member"},
      {With(R"("rolling_start":0)"),
       "rolling_start: stands twice in one object"},
      {With(R"("revised":true,"revised":false)"),
       "revised: stands twice in one object"},
  };
  for (const auto& [line, message] : lines) {
    const auto keys = ReadKeyLines(Path(absl::StrCat(kFull, "\n", line, "\n")));
    EXPECT_EQ(keys.status(),
              absl::DataLossError(absl::StrCat(path_, ":2: ", message)));
  }
}

TEST_F(KeyLinesTest, AKeyToPublishCountsOnce) {
  const std::string other = "{\"tek\":\"ffffffffffffffffffffffffffffffff\"";
  // The same with other case, order of members, and what is meant if absent.
  const std::string lines = absl::StrCat(
      With(R"("rolling_period":144)"), "\n", other, ",\"rolling_start\":1}\n",
      R"({"rolling_start":1,"tek":"000102030405060708090A0B0C0D0E0F"})", "\n",
      With(R"("revised":false)"), "\n");
  const auto keys = ReadKeysToPublish(Path(lines));
  ASSERT_THAT(keys, IsOk());
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(EncodeHex(keys->front().tek.bytes), kTek);
  EXPECT_EQ(ReadKeyLines(path_)->size(), 4U);
}

TEST_F(KeyLinesTest, LinesThatContradictEachOtherAreNamed) {
  const std::string tek = absl::StrCat(R"({"tek":")", kTek, R"(",)");
  const std::string first = tek + "\"rolling_start\":1}\n";
  const std::string between =
      "\n{\"tek\":\"ffffffffffffffffffffffffffffffff\",\"rolling_start\":1}\n";
  for (const std::string& second : {
           tek + R"("rolling_start":2})",
           With(R"("rolling_period":143)"),
           With(R"("transmission_risk":0)"),
           With(R"("report_type":"unknown")"),
           With(R"("days_since_onset":0)"),
           With(R"("variant_of_concern":0)"),
           With(R"("revised":true)"),
       }) {
    for (const std::string& more : {std::string(), first}) {
      const auto keys = ReadKeysToPublish(
          Path(absl::StrCat(first, more, between, second, "\n")));
      EXPECT_EQ(keys.status(),
                absl::DataLossError(absl::StrCat(
                    path_, more.empty() ? ":4" : ":5",
                    ": tek: an earlier line says something else of this key")))
          << second;
    }
  }
}

TEST_F(KeyLinesTest, OwnKeysAreTheTeksAlone) {
  const auto own = ReadOwnKeys(
      Path(absl::StrCat(kFull, "\n", R"({"tek":")", kTek, "\"}\n",
                        R"({"tek":"ffffffffffffffffffffffffffffffff",)"
                        R"("comment":[1]})")));
  ASSERT_THAT(own, IsOk());
  EXPECT_EQ(own->of_all.size(), 2U);
  EXPECT_TRUE(own->of_device.empty());
}

TEST_F(KeyLinesTest, AnOwnKeyMayBeOneDevices) {
  const std::string tek = absl::StrCat(R"({"tek":")", kTek, R"(")");
  const auto own = ReadOwnKeys(Path(absl::StrCat(
      tek, R"(,"device":0})", "\n", tek, R"(,"device":4294967295})", "\n",
      R"({"tek":"ffffffffffffffffffffffffffffffff"})")));
  ASSERT_THAT(own, IsOk());
  Tek other;
  other.bytes.fill(0xff);
  EXPECT_EQ(own->of_all, (HashSet<Tek>{other}));
  ASSERT_EQ(own->of_device.size(), 2U);
  EXPECT_EQ(own->of_device.at(0).size(), 1U);
  EXPECT_EQ(own->of_device.at(0), own->of_device.at(4294967295));
}

TEST_F(KeyLinesTest, OwnKeysOfAPhoneWithMicroG) {
  const std::string path = TempPath("exposure.db");
  RunSql(path,
         "CREATE TABLE tek(keyData BLOB, rollingStartNumber, rollingPeriod);"
         "INSERT INTO tek VALUES(x'000102030405060708090a0b0c0d0e0f', 1, 144);"
         "INSERT INTO tek VALUES(x'100102030405060708090a0b0c0d0e0f', 2, 144)");
  const auto own = ReadOwnKeys(path);
  ASSERT_THAT(own, IsOk());
  EXPECT_EQ(own->of_all.size(), 2U);
  EXPECT_TRUE(own->of_device.empty());
}

TEST_F(KeyLinesTest, OwnKeysThatAreNone) {
  const std::vector<std::pair<std::string, std::string>> lines = {
      {R"({"key":1})", "tek: missing"},
      {R"({"tek":null})", "tek: not a string"},
      {R"({"tek":"0"})", "tek: 1 characters, 32 wanted"},
      {kTek, "not a JSON object"},
      {With(R"("device":-1)"), "device: not an integer in 0..4294967295"},
      {With(R"("device":4294967296)"),
       "device: not an integer in 0..4294967295"},
      {With(R"("device":"3")"), "device: not an integer in 0..4294967295"},
      {With(R"("tek":"ffffffffffffffffffffffffffffffff")"),
       "tek: stands twice in one object"},
      {std::string(70000, 'x'), "the line is too long"},
  };
  for (const auto& [line, message] : lines) {
    const std::string path = Path(absl::StrCat(kFull, "\n\n", line));
    EXPECT_EQ(ReadOwnKeys(path).status(),
              absl::DataLossError(absl::StrCat(path, ":3: ", message)));
  }
}

TEST_F(KeyLinesTest, AMissingFileIsNamed) {
  const std::string path = TempPath("none");
  for (const absl::Status& status :
       {ReadKeyLines(path).status(), ReadOwnKeys(path).status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(status.message().find(path + ": cannot be opened"), 0U);
  }
}

}  // namespace
}  // namespace tekmatch
