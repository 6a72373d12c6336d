// Sightings in the text formats: rows one by one, and files.
#include "tools/sightings_reader.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/tools/test_files.h"
#include "tools/hex.h"
#include "tools/output_file.h"
#include "tools/sightings_text.h"
#include "tools/sightings_writer.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;

constexpr char kRpi[] = "00112233445566778899aabbccddeeff";
constexpr char kRow[] =
    "1589974662,00112233445566778899aabbccddeeff,a18ed7de,-77";
constexpr char kJson[] =
    R"({"time":1589974662,"rpi":"00112233445566778899aabbccddeeff",)"
    R"("aem":"a18ed7de","rssi":-77})";

void ExpectTheSighting(const Sighting& sighting) {
  EXPECT_EQ(sighting.unix_seconds, 1589974662);
  EXPECT_EQ(EncodeHex(sighting.rpi.bytes), kRpi);
  EXPECT_EQ(EncodeHex(sighting.aem.bytes), "a18ed7de");
  EXPECT_EQ(sighting.rssi, -77);
}

TEST(SightingRowTest, RoundTrip) {
  Sighting csv;
  ASSERT_TRUE(ParseCsvRow(kRow, &csv).ok());
  ExpectTheSighting(csv);
  EXPECT_EQ(CsvRow(csv), absl::StrCat(kRow, "\n"));
  Sighting json;
  ASSERT_TRUE(ParseJsonRow(kJson, &json).ok());
  ExpectTheSighting(json);
  EXPECT_EQ(JsonRow(json), absl::StrCat(kJson, "\n"));
}

TEST(SightingRowTest, ExtremesOfEachField) {
  for (const char* good :
       {"0,00112233445566778899AABBCCDDEEFF,00000000,-128",
        "4102444800,00112233445566778899aabbccddeeff,ffffffff,127"}) {
    Sighting sighting;
    EXPECT_TRUE(ParseCsvRow(good, &sighting).ok()) << good;
  }
}

TEST(SightingRowTest, MalformedCsv) {
  const std::string rpi = kRpi;
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"1,2,3", "not four fields"},
      {std::string(kRow) + ",1", "not four fields"},
      {"x," + rpi + ",00000000,1", "time: not an integer"},
      {"," + rpi + ",00000000,1", "time: not an integer"},
      {"1.5," + rpi + ",00000000,1", "time: not an integer"},
      {" 1," + rpi + ",00000000,1", "time: not an integer"},
      {"99999999999999999999," + rpi + ",00000000,1", "time: not an integer"},
      {"-1," + rpi + ",00000000,1", "time: not between 1970 and 2100"},
      {"4102444801," + rpi + ",00000000,1", "time: not between 1970 and 2100"},
      {"1,00,00000000,1", "rpi: 2 characters, 32 wanted"},
      {"1," + rpi.substr(1) + "g,00000000,1", "rpi: not hexadecimal"},
      {"1," + rpi + ",,1", "aem: 0 characters, 8 wanted"},
      {"1," + rpi + ",0000000x,1", "aem: not hexadecimal"},
      {"1," + rpi + ",00000000,", "rssi: not an integer"},
      {"1," + rpi + ",00000000,-129", "rssi: not in -128..127"},
      {"1," + rpi + ",00000000,128", "rssi: not in -128..127"},
  };
  for (const auto& [row, message] : rows) {
    Sighting sighting;
    const absl::Status status = ParseCsvRow(row, &sighting);
    EXPECT_EQ(status, absl::InvalidArgumentError(message)) << row;
  }
}

TEST(SightingRowTest, MalformedJson) {
  const std::string rest =
      absl::StrCat(R"("rpi":")", kRpi, R"(","aem":"00000000","rssi":1})");
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"{", "not a JSON object"},
      {"[]", "not a JSON object"},
      {"{} {}", "not a JSON object"},
      {"{}", "time: missing"},
      {"{\"time\":\"1\"," + rest, "time: not an integer"},
      {"{\"time\":1.0," + rest, "time: not an integer"},
      {"{\"time\":18446744073709551615," + rest, "time: not an integer"},
      {"{\"time\":-1," + rest, "time: not between 1970 and 2100"},
      {R"({"time":1})", "rpi: missing"},
      {R"({"time":1,"rpi":7})", "rpi: not a string"},
      {R"({"time":1,"rpi":"7"})", "rpi: 1 characters, 32 wanted"},
      {absl::StrCat(R"({"time":1,"rpi":")", kRpi, "\"}"), "aem: missing"},
      {absl::StrCat(R"({"time":1,"rpi":")", kRpi,
                    R"(","aem":"00000000","rssi":200})"),
       "rssi: not in -128..127"},
  };
  for (const auto& [row, message] : rows) {
    Sighting sighting;
    const absl::Status status = ParseJsonRow(row, &sighting);
    EXPECT_EQ(status, absl::InvalidArgumentError(message)) << row;
  }
}

class SightingsReaderTest : public ::testing::Test {
 protected:
  absl::StatusOr<SightingsFile> Read(const std::string& bytes,
                                     bool skip_bad = false) {
    path_ = TempPath("sightings");
    WriteFile(path_, bytes);
    return ReadSightings(path_, {.skip_bad = skip_bad});
  }
  void ExpectRefused(const std::string& bytes, const std::string& after_path) {
    const auto file = Read(bytes);
    ASSERT_FALSE(file.ok()) << bytes;
    EXPECT_EQ(file.status(), absl::DataLossError(path_ + after_path));
  }
  std::string path_;
};

TEST_F(SightingsReaderTest, TellsTheFormatsApartByContent) {
  const std::string csv =
      absl::StrCat(kSightingsCsvHeader, "\n", kRow, "\n", kRow, "\n");
  const auto from_csv = Read(csv);
  ASSERT_TRUE(from_csv.ok()) << from_csv.status();
  EXPECT_EQ(from_csv->format, SightingsFormat::kCsv);
  ASSERT_EQ(from_csv->sightings.size(), 2U);
  ExpectTheSighting(from_csv->sightings[1]);
  const auto from_json = Read(absl::StrCat(kJson, "\n", kJson));
  ASSERT_TRUE(from_json.ok()) << from_json.status();
  EXPECT_EQ(from_json->format, SightingsFormat::kJsonLines);
  EXPECT_EQ(from_json->sightings, from_csv->sightings);
}

TEST_F(SightingsReaderTest, LineEndsBlankLinesAndByteOrderMark) {
  const auto file = Read(absl::StrCat("\xEF\xBB\xBF", kSightingsCsvHeader,
                                      "\r\n\r\n", kRow, "\r\n  \r\n", kRow));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->sightings.size(), 2U);
}

TEST_F(SightingsReaderTest, NoSightingsIsNoError) {
  const auto file = Read("time,rpi,aem,rssi\n");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->sightings.empty());
}

TEST_F(SightingsReaderTest, RefusesWhatHasNoneOfTheFormats) {
  ExpectRefused("", ": is empty");
  ExpectRefused("\n \n", ": is empty");
  const std::string none =
      ": neither CSV with the header time,rpi,aem,rssi, nor JSON lines, nor a "
      "LevelDB folder";
  ExpectRefused("rpi,time,aem,rssi\n", none);
  ExpectRefused(kRow, none);
  ExpectRefused(std::string("\0\1\2", 3), none);
}

TEST_F(SightingsReaderTest, RefusesAMalformedRowAtItsPlace) {
  ExpectRefused(absl::StrCat(kSightingsCsvHeader, "\n", kRow, "\n\n1,2\n"),
                ":4: not four fields");
  ExpectRefused(absl::StrCat(kJson, "\n", kRow, "\n"), ":2: not a JSON object");
  ExpectRefused("{}\n", ":1: time: missing");
  ExpectRefused(
      absl::StrCat(kSightingsCsvHeader, "\n", std::string(70000, '1'), "\n"),
      ":2: the line is too long");
}

TEST_F(SightingsReaderTest, SkipsAndCountsWhenAsked) {
  const auto file = Read(
      absl::StrCat(kSightingsCsvHeader, "\nbad\n", kRow, "\n1,2,3,4\n", kRow),
      /*skip_bad=*/true);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->sightings.size(), 2U);
  EXPECT_EQ(file->num_bad, 2U);
  EXPECT_THAT(file->messages,
              ElementsAre(path_ + ":2: not four fields",
                          path_ + ":4: rpi: 1 characters, 32 wanted"));
}

TEST_F(SightingsReaderTest, TheMessagesOnSkippedRowsAreFew) {
  std::string bytes = "time,rpi,aem,rssi\n";
  for (int i = 0; i < 1000; ++i) bytes += "bad\n";
  const auto file = Read(bytes, /*skip_bad=*/true);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->num_bad, 1000U);
  EXPECT_GE(file->messages.size(), 1U);
  EXPECT_LE(file->messages.size(), 20U);
}

TEST_F(SightingsReaderTest, WritesWhatItReads) {
  const auto original =
      Read(absl::StrCat(kSightingsCsvHeader, "\n", kRow, "\n",
                        "0,ffffffffffffffffffffffffffffffff,00000000,127\n"));
  ASSERT_TRUE(original.ok()) << original.status();
  for (const SightingsFormat format :
       {SightingsFormat::kCsv, SightingsFormat::kJsonLines}) {
    const std::string path = TempPath("again");
    const auto out = OutputFile::Open(path);
    ASSERT_TRUE(out.ok()) << out.status();
    ASSERT_TRUE(WriteSightings(original->sightings, format, **out).ok());
    ASSERT_TRUE((*out)->Commit().ok());
    const auto again = ReadSightings(path, {});
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->format, format);
    EXPECT_EQ(again->sightings, original->sightings);
  }
  const auto out = OutputFile::Open(TempPath("leveldb"));
  ASSERT_TRUE(out.ok()) << out.status();
  EXPECT_EQ(WriteSightings({}, SightingsFormat::kLevelDb, **out).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(SightingsReaderTest, AMissingFileIsNamed) {
  const auto file = ReadSightings(TempPath("none"), {});
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(file.status().message().find(TempPath("none") + ": "), 0U);
}

}  // namespace
}  // namespace tekmatch
