// Rows of the text formats, and the fields that they share with other formats.
#include "tools/sightings/sightings_text.h"

#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tools/files/hex.h"
#include "tools/sightings/csv_layout.h"
#include "tools/sightings/sighting_fields.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kRpi[] = "00112233445566778899aabbccddeeff";
constexpr char kCsv[] =
    "1589974662,00112233445566778899aabbccddeeff,a18ed7de,-77";
constexpr char kJson[] =
    R"({"time":1589974662,"rpi":"00112233445566778899aabbccddeeff",)"
    R"("aem":"a18ed7de","rssi":-77})";

using Parse = absl::Status (*)(absl::string_view, Sighting*);
absl::Status ParseWith(absl::string_view row, const CsvColumns& columns,
                       Sighting* sighting) {
  DroppedSightingFields dropped;
  absl::Status status = ParseCsvRow(row, columns, sighting, &dropped);
  EXPECT_EQ(dropped, DroppedSightingFields());
  return status;
}
absl::Status ParseCsv(absl::string_view row, Sighting* sighting) {
  return ParseWith(row, {}, sighting);
}
absl::Status ParseScansCsv(absl::string_view row, Sighting* sighting) {
  return ParseWith(row, {.previous_scan = true}, sighting);
}
absl::Status ParseDeviceCsv(absl::string_view row, Sighting* sighting) {
  return ParseWith(row, {.device = true}, sighting);
}
absl::Status ParseJson(absl::string_view row, Sighting* sighting) {
  DroppedSightingFields dropped;
  absl::Status status = ParseJsonRow(row, sighting, &dropped);
  EXPECT_EQ(dropped, DroppedSightingFields());
  return status;
}
std::string WriteCsv(const Sighting& sighting) { return CsvRow(sighting); }
std::string WriteScansCsv(const Sighting& sighting) {
  return CsvRow(sighting, {.previous_scan = true});
}

using RowsAndMessages = std::vector<std::pair<std::string, std::string>>;

void ExpectRefused(Parse parse, const RowsAndMessages& rows) {
  for (const auto& [row, message] : rows) {
    Sighting sighting;
    EXPECT_EQ(parse(row, &sighting), absl::InvalidArgumentError(message))
        << row;
  }
}

// A JSON row that has this text in place of the value of `member`, or lacks the
// member if the text is empty.
std::string JsonWith(const std::string& member, const std::string& value) {
  std::string row;
  const std::vector<std::pair<std::string, std::string>> members = {
      {"time", "1589974662"},  {"rpi", absl::StrCat("\"", kRpi, "\"")},
      {"aem", "\"a18ed7de\""}, {"rssi", "-77"},
      {"previous_scan", ""},   {"device", ""}};
  for (const auto& [name, usual] : members) {
    const std::string& text = name == member ? value : usual;
    if (text.empty()) continue;
    absl::StrAppend(&row, row.empty() ? "{" : ",", "\"", name, "\":", text);
  }
  return row + "}";
}

TEST(SightingsTextTest, RoundTrip) {
  for (const auto& [parse, row, make] :
       {std::tuple(&ParseCsv, kCsv, &WriteCsv),
        std::tuple(&ParseJson, kJson, &JsonRow)}) {
    Sighting sighting;
    ASSERT_THAT(parse(row, &sighting), IsOk());
    EXPECT_EQ(sighting.unix_seconds, 1589974662);
    EXPECT_EQ(EncodeHex(sighting.rpi.bytes), kRpi);
    EXPECT_EQ(EncodeHex(sighting.aem.bytes), "a18ed7de");
    EXPECT_EQ(sighting.rssi, -77);
    EXPECT_EQ(make(sighting), absl::StrCat(row, "\n"));
  }
}

TEST(SightingsTextTest, TheExtremesOfEachFieldRoundTrip) {
  for (const std::string row :
       {"0,00000000000000000000000000000000,00000000,-128\n",
        "4102444800,ffffffffffffffffffffffffffffffff,ffffffff,20\n"}) {
    Sighting csv;
    ASSERT_THAT(ParseCsv(row.substr(0, row.size() - 1), &csv), IsOk()) << row;
    EXPECT_EQ(CsvRow(csv), row);
    Sighting json;
    ASSERT_THAT(ParseJson(JsonRow(csv), &json), IsOk()) << row;
    EXPECT_EQ(json, csv);
  }
}

// The scan before, in seconds before the sighting's time, read from a row and
// written again, however long before it was.
TEST(SightingsTextTest, PreviousScan) {
  for (const auto& [value, seconds] :
       std::vector<std::pair<const char*, uint32_t>>{{"1589974362", 300},
                                                     {"1589974662", 0},
                                                     {"1589909127", 65535},
                                                     {"1589809127", 165535},
                                                     {"1", 1589974661}}) {
    Sighting csv;
    const std::string row = absl::StrCat(kCsv, ",", value);
    ASSERT_THAT(ParseScansCsv(row, &csv), IsOk()) << row;
    EXPECT_EQ(csv.seconds_since_previous_scan, seconds) << row;
    EXPECT_EQ(WriteScansCsv(csv), row + "\n");
    Sighting again;
    ASSERT_THAT(ParseJson(JsonRow(csv), &again), IsOk());
    EXPECT_EQ(again, csv);
    Sighting json;
    ASSERT_THAT(ParseJson(JsonWith("previous_scan", value), &json), IsOk());
    EXPECT_EQ(json, csv);
  }
  Sighting longest;
  ASSERT_THAT(ParseScansCsv(absl::StrCat("4102444800,", kRpi, ",00000000,0,1"),
                            &longest),
              IsOk());
  EXPECT_EQ(longest.seconds_since_previous_scan, 4102444799U);
}

TEST(SightingsTextTest, AnUnknownPreviousScan) {
  for (const char* value : {"", "0"}) {
    Sighting sighting;
    ASSERT_THAT(ParseScansCsv(absl::StrCat(kCsv, ",", value), &sighting),
                IsOk());
    EXPECT_EQ(sighting.seconds_since_previous_scan, kNoPreviousScan);
    EXPECT_EQ(WriteScansCsv(sighting), absl::StrCat(kCsv, ",\n"));
    EXPECT_EQ(JsonRow(sighting), absl::StrCat(kJson, "\n"));
  }
  for (const char* value : {"", "0", "null"}) {
    Sighting sighting;
    ASSERT_THAT(ParseJson(JsonWith("previous_scan", value), &sighting), IsOk());
    EXPECT_EQ(sighting.seconds_since_previous_scan, kNoPreviousScan);
  }
}

// It costs the field and is counted; the sighting is as good as without it.
// A reader takes its time, 0, for "not known".
TEST(SightingsTextTest, APreviousScanInTheFirstSecondOf1970) {
  for (const uint32_t time : {0, 1, 300}) {
    Sighting sighting;
    sighting.unix_seconds = time;
    sighting.seconds_since_previous_scan = time;
    const std::string nothing =
        absl::StrCat(time, ",", std::string(32, '0'), ",00000000,0,\n");
    EXPECT_EQ(CsvRow(sighting, {.previous_scan = true}), nothing);
    EXPECT_THAT(JsonRow(sighting), Not(HasSubstr("previous_scan")));
  }
}

TEST(SightingsTextTest, APreviousScanThatIsNone) {
  Sighting want;
  ASSERT_THAT(ParseCsv(kCsv, &want), IsOk());
  for (const char* value :
       {"x", "1 ", "1.5", "1589974362.0", "-1", "-9223372036854775808",
        "9223372036854775807", "9223372036854775808", "18446744073709551615",
        // After the sighting: the clock was set back. In milliseconds.
        "1589974663", "1589974362000"}) {
    DroppedSightingFields dropped;
    Sighting csv;
    ASSERT_THAT(ParseCsvRow(absl::StrCat(kCsv, ",", value),
                            {.previous_scan = true}, &csv, &dropped),
                IsOk())
        << value;
    EXPECT_EQ(csv, want);
    EXPECT_EQ(dropped.previous_scan, 1U) << value;
    // Neither is JSON, or it is a good number there.
    if (value == std::string("x") || value == std::string("1 ")) continue;
    Sighting json;
    ASSERT_THAT(ParseJsonRow(JsonWith("previous_scan", value), &json, &dropped),
                IsOk());
    EXPECT_EQ(json, want);
    EXPECT_EQ(dropped.previous_scan, 2U) << value;
  }
  for (const char* value : {"\"1\"", "true", "[]", "{}"}) {
    DroppedSightingFields dropped;
    Sighting json;
    ASSERT_THAT(ParseJsonRow(JsonWith("previous_scan", value), &json, &dropped),
                IsOk());
    EXPECT_EQ(json, want);
    EXPECT_EQ(dropped.previous_scan, 1U) << value;
  }
}

// A row that is no sighting does not count for its fields.
TEST(SightingsTextTest, ABadRowWithABadPreviousScan) {
  Sighting sighting;
  DroppedSightingFields dropped;
  EXPECT_EQ(
      ParseCsvRow(absl::StrCat(kCsv, ",x,x"),
                  {.previous_scan = true, .device = true}, &sighting, &dropped),
      absl::InvalidArgumentError("device: not an integer"));
  EXPECT_EQ(ParseCsvRow(absl::StrCat("x", kCsv, ",x"), {.previous_scan = true},
                        &sighting, &dropped),
            absl::InvalidArgumentError("time: not an integer"));
  EXPECT_EQ(dropped, DroppedSightingFields());
  const std::string csv = kCsv;
  ExpectRefused(ParseScansCsv, {{csv, "not 5 fields"},
                                {csv + ",,", "not 5 fields"},
                                {csv + ",1,1", "not 5 fields"}});
}

TEST(SightingsTextTest, Device) {
  for (const uint32_t device : {0U, 7U, 4294967295U}) {
    Sighting csv;
    const std::string row = absl::StrCat(kCsv, ",", device);
    ASSERT_THAT(ParseDeviceCsv(row, &csv), IsOk()) << row;
    EXPECT_EQ(csv.device, device);
    EXPECT_EQ(CsvRow(csv, {.device = true}), row + "\n");
    Sighting json;
    ASSERT_THAT(ParseJson(JsonRow(csv), &json), IsOk());
    EXPECT_EQ(json, csv);
    EXPECT_EQ(ColumnsFor({Sighting(), csv}),
              (CsvColumns{.previous_scan = false, .device = device != 0}));
  }
  const std::string csv = kCsv;
  ExpectRefused(ParseDeviceCsv,
                {{csv, "not 5 fields"},
                 {csv + ",", "device: not an integer"},
                 {csv + ",a", "device: not an integer"},
                 {csv + ",-1", "device: not in 0..4294967295"},
                 {csv + ",4294967296", "device: not in 0..4294967295"}});
  ExpectRefused(ParseJson, {{JsonWith("device", "4294967296"),
                             "device: not in 0..4294967295"}});
}

TEST(SightingsTextTest, BothFurtherColumns) {
  const CsvColumns both = {.previous_scan = true, .device = true};
  EXPECT_EQ(CsvHeader(both), "time,rpi,aem,rssi,previous_scan,device");
  for (const CsvColumns& columns :
       {CsvColumns{}, CsvColumns{true, false}, CsvColumns{false, true}, both}) {
    const auto layout = CsvLayout::Parse(CsvHeader(columns));
    ASSERT_THAT(layout, IsOk());
    EXPECT_EQ(layout->columns(), columns);
    EXPECT_TRUE(layout->is_plain());
  }
  const auto layout =
      CsvLayout::Parse("time,rpi,aem,rssi,device,previous_scan");
  ASSERT_THAT(layout, IsOk());
  EXPECT_EQ(layout->columns(), both);
  EXPECT_FALSE(layout->is_plain());
  EXPECT_THAT(layout->PlainRow("1,2,3,4,5,6"), IsOkAndHolds("1,2,3,4,6,5"));
  Sighting sighting;
  const std::string row = absl::StrCat(kCsv, ",1589974362,12");
  ASSERT_THAT(ParseWith(row, both, &sighting), IsOk());
  EXPECT_EQ(sighting.seconds_since_previous_scan, 300);
  EXPECT_EQ(sighting.device, 12U);
  EXPECT_EQ(CsvRow(sighting, both), row + "\n");
  EXPECT_EQ(ParseWith(absl::StrCat(kCsv, ",12"), both, &sighting),
            absl::InvalidArgumentError("not 6 fields"));
}

TEST(SightingsTextTest, HexInUpperCase) {
  Sighting sighting;
  ASSERT_THAT(
      ParseCsv("1,00112233445566778899AABBCCDDEEFF,A18ED7DE,1", &sighting),
      IsOk());
  EXPECT_EQ(EncodeHex(sighting.rpi.bytes), kRpi);
  EXPECT_EQ(EncodeHex(sighting.aem.bytes), "a18ed7de");
}

TEST(SightingsTextTest, MalformedCsv) {
  const std::string rpi = kRpi;
  ExpectRefused(
      ParseCsv,
      {{"", "not 4 fields"},
       {"1," + rpi + ",00000000", "not 4 fields"},
       {std::string(kCsv) + ",1", "not 4 fields"},
       {std::string(kCsv) + ",", "not 4 fields"},
       {"," + rpi + ",00000000,1", "time: not an integer"},
       {"x," + rpi + ",00000000,1", "time: not an integer"},
       {"1.5," + rpi + ",00000000,1", "time: not an integer"},
       {" 1," + rpi + ",00000000,1", "time: not an integer"},
       {"1 ," + rpi + ",00000000,1", "time: not an integer"},
       {"+1," + rpi + ",00000000,1", "time: not an integer"},
       {"0x1," + rpi + ",00000000,1", "time: not an integer"},
       {"\"1\"," + rpi + ",00000000,1", "time: not an integer"},
       {"9223372036854775808," + rpi + ",00000000,1", "time: not an integer"},
       {"-1," + rpi + ",00000000,1", "time: not between 1970 and 2100"},
       {"4102444801," + rpi + ",00000000,1", "time: not between 1970 and 2100"},
       // Milliseconds, the likeliest mistake.
       {"1589974662000," + rpi + ",00000000,1",
        "time: in milliseconds; Unix seconds are wanted"},
       {"1,,00000000,1", "rpi: 0 characters, 32 wanted"},
       {"1," + rpi.substr(1) + ",00000000,1", "rpi: 31 characters, 32 wanted"},
       {"1," + rpi.substr(1) + "g,00000000,1", "rpi: not hexadecimal"},
       {"1," + rpi + ",,1", "aem: 0 characters, 8 wanted"},
       {"1," + rpi + ",0000000x,1", "aem: not hexadecimal"},
       {"1," + rpi + ",00000000,", "rssi: not an integer"},
       {"1," + rpi + ",00000000,-7.5", "rssi: not an integer"},
       {"1," + rpi + ",00000000,1\r", "rssi: not an integer"},
       {"1," + rpi + ",00000000,127", "rssi: 127 means not available"},
       {"1," + rpi + ",00000000,-129", "rssi: not in -128..20"},
       {"1," + rpi + ",00000000,21", "rssi: not in -128..20"},
       {"1," + rpi + ",00000000,126", "rssi: not in -128..20"},
       {"1," + rpi + ",00000000,128", "rssi: not in -128..20"},
       {"1," + rpi + ",00000000,4294967295", "rssi: not in -128..20"}});
}

TEST(SightingsTextTest, JsonMembersInAnyOrderAndOthersBesideThem) {
  Sighting sighting;
  ASSERT_THAT(ParseJson(absl::StrCat(R"( {"rssi":-77,"note":{"time":[]},)",
                                     R"("aem":"a18ed7de","rpi":")", kRpi,
                                     R"(","x":null,"time":1589974662} )"),
                        &sighting),
              IsOk());
  EXPECT_EQ(CsvRow(sighting), absl::StrCat(kCsv, "\n"));
}

TEST(SightingsTextTest, MalformedJson) {
  ExpectRefused(
      ParseJson,
      {{"", "not a JSON object"},
       {"{", "not a JSON object"},
       {"[]", "not a JSON object"},
       {"1", "not a JSON object"},
       {kCsv, "not a JSON object"},
       {std::string(kJson) + ",", "not a JSON object"},
       {"{} {}", "not a JSON object"},
       {"{\"\xff\":1}", "not a JSON object"},
       {std::string(60000, '['), "not a JSON object"},
       {std::string(30000, '[') + std::string(30000, ']'), "not a JSON object"},
       {"{}", "time: missing"},
       {JsonWith("time", ""), "time: missing"},
       {JsonWith("rpi", ""), "rpi: missing"},
       {JsonWith("aem", ""), "aem: missing"},
       {JsonWith("rssi", ""), "rssi: missing"},
       {JsonWith("time", "null"), "time: not an integer"},
       {JsonWith("time", "true"), "time: not an integer"},
       {JsonWith("time", "\"1\""), "time: not an integer"},
       {JsonWith("time", "1.0"), "time: not an integer"},
       {JsonWith("time", "1e9"), "time: not an integer"},
       // INT64_MAX + 1, and what would wrap to 1 and to -1.
       {JsonWith("time", "9223372036854775808"), "time: not an integer"},
       {JsonWith("time", "18446744073709551615"), "time: not an integer"},
       {JsonWith("time", "18446744073709551617"), "time: not an integer"},
       {JsonWith("time", "9223372036854775807"),
        "time: not between 1970 and 2100"},
       {JsonWith("time", "-1"), "time: not between 1970 and 2100"},
       {JsonWith("rpi", "7"), "rpi: not a string"},
       {JsonWith("rpi", "[]"), "rpi: not a string"},
       {JsonWith("rpi", "\"7\""), "rpi: 1 characters, 32 wanted"},
       {JsonWith("aem", "null"), "aem: not a string"},
       {JsonWith("aem", "\"a18ed7d \""), "aem: not hexadecimal"},
       {JsonWith("rssi", "-77.0"), "rssi: not an integer"},
       {JsonWith("rssi", "18446744073709551539"), "rssi: not an integer"},
       {JsonWith("rssi", "127"), "rssi: 127 means not available"},
       {JsonWith("rssi", "-129"), "rssi: not in -128..20"},
       {JsonWith("rssi", "21"), "rssi: not in -128..20"}});
}

// Which of two counts is nobody's to guess.
// Those that are refused unparsed say what the parser would.
TEST(SightingsTextTest, ShortRowsOfJson) {
  for (const char* row :
       {"", "x", "{", "}", "[]", "1", "null", "{x}", "{,}", "{\"}", "{\"\"}",
        "{\"\":}", "{\"\":0", "\"\":0}", "{} x", "x {}"}) {
    ExpectRefused(ParseJson, {{row, "not a JSON object"}});
  }
  for (const char* row : {"{}", " { } ", "{\"\":0}", "{ \"\" : 0 }\t"}) {
    ExpectRefused(ParseJson, {{row, "time: missing"}});
  }
}

TEST(SightingsTextTest, MembersThatStandTwice) {
  const std::string json = kJson;
  const std::string open = json.substr(0, json.size() - 1);
  for (const char* member : {"time", "rpi", "aem", "rssi"}) {
    ExpectRefused(ParseJson,
                  {{open + ",\"" + member + "\":-77}",
                    absl::StrCat(member, ": stands twice in one object")}});
  }
  ExpectRefused(
      ParseJson,
      {{open + R"(,"device":1,"device":1})",
        "device: stands twice in one object"},
       {open + R"(,"previous_scan":1,"previous_scan":2})",
        "previous_scan: stands twice in one object"},
       // Written in another way.
       {open + R"(,"\u0072ssi":-77})", "rssi: stands twice in one object"},
       // Deeper, and of names that may be anything.
       {open + R"(,"note":[{"a":{},"a":1}]})", "a: stands twice in one object"},
       {open + R"(,"00112233":1,"00112233":1})",
        "a member stands twice in one object"}});
  Sighting sighting;
  EXPECT_THAT(
      ParseJson(
          open + R"(,"note":{"rssi":1},"more":{"rssi":[{"a":1},{"a":1}]}})",
          &sighting),
      IsOk());
}

// What a page that was lost leaves: nlohmann takes it for the end of the text.
TEST(SightingsTextTest, ZerosAreNoEnd) {
  const std::string json = kJson;
  const std::string zero(1, '\0');
  ExpectRefused(ParseJson, {{json + zero, "not a JSON object"},
                            {json + zero + json, "not a JSON object"},
                            {zero + json, "not a JSON object"}});
  ExpectRefused(ParseCsv, {{kCsv + zero, "rssi: not an integer"},
                           {zero, "not 4 fields"}});
}

// A message ends up in logs; who met whom does not.
TEST(SightingsTextTest, NoMessageHoldsTheValue) {
  constexpr char kSecret[] = "5ec7e75ec7e7";
  Sighting sighting;
  for (const char* member : {"time", "rpi", "aem", "rssi"}) {
    for (const std::string& value :
         {absl::StrCat("\"", kSecret, "\""), std::string(kSecret)}) {
      const absl::Status status = ParseJson(JsonWith(member, value), &sighting);
      EXPECT_FALSE(status.ok());
      EXPECT_THAT(std::string(status.message()), Not(HasSubstr(kSecret)));
    }
  }
  for (int field = 0; field < 4; ++field) {
    std::vector<std::string> fields = {"1", kRpi, "a18ed7de", "1"};
    fields[static_cast<size_t>(field)] = kSecret;
    const absl::Status status = ParseCsv(
        absl::StrCat(fields[0], ",", fields[1], ",", fields[2], ",", fields[3]),
        &sighting);
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(kSecret)));
  }
}

TEST(SightingFieldsTest, NumbersFarOutOfRange) {
  Sighting sighting;
  for (const int64_t number : {std::numeric_limits<int64_t>::min(),
                               std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(SetTime(number, &sighting),
              absl::InvalidArgumentError("time: not between 1970 and 2100"));
    EXPECT_EQ(SetRssi(number, &sighting),
              absl::InvalidArgumentError("rssi: not in -128..20"));
    EXPECT_FALSE(SetPreviousScan(number, &sighting));
  }
}

}  // namespace
}  // namespace tekmatch
