#include "tools/sightings/sightings_reader.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/files/hex.h"
#include "tools/files/output_file.h"
#include "tools/sightings/sightings_file.h"
#include "tools/sightings/sightings_text.h"
#include "tools/sightings/sightings_writer.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;

constexpr char kRpi[] = "00112233445566778899aabbccddeeff";
constexpr char kRow[] =
    "1589974662,00112233445566778899aabbccddeeff,a18ed7de,-77";
constexpr char kJson[] =
    R"({"time":1589974662,"rpi":"00112233445566778899aabbccddeeff",)"
    R"("aem":"a18ed7de","rssi":-77})";

// A CSV row without its time.
constexpr char kRest[] = "00112233445566778899aabbccddeeff,a18ed7de,-77";

std::vector<int64_t> Times(const SightingsFile& file) {
  std::vector<int64_t> times;
  for (const Sighting& s : file.sightings) times.push_back(s.unix_seconds);
  return times;
}

void ExpectTheSighting(const Sighting& sighting) {
  EXPECT_EQ(sighting.unix_seconds, 1589974662);
  EXPECT_EQ(EncodeHex(sighting.rpi.bytes), kRpi);
  EXPECT_EQ(EncodeHex(sighting.aem.bytes), "a18ed7de");
  EXPECT_EQ(sighting.rssi, -77);
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

TEST_F(SightingsReaderTest, SaysWhetherAFileMayNameDevices) {
  const std::string row(kRow);
  const auto without = Read("time,rpi,aem,rssi\n" + row + "\n");
  ASSERT_THAT(without, IsOk());
  EXPECT_FALSE(without->may_name_devices);
  const auto with = Read("time,rpi,aem,rssi,device\n" + row + ",5\n");
  ASSERT_THAT(with, IsOk());
  EXPECT_TRUE(with->may_name_devices);
  EXPECT_EQ(with->sightings[0].device, 5U);
  const auto lines = Read(std::string(kJson) + "\n");
  ASSERT_THAT(lines, IsOk());
  EXPECT_TRUE(lines->may_name_devices);
}

TEST_F(SightingsReaderTest, TellsTheFormatsApartByContent) {
  const std::string csv =
      absl::StrCat(kSightingsCsvHeader, "\n", kRow, "\n", kRow, "\n");
  const auto from_csv = Read(csv);
  ASSERT_THAT(from_csv, IsOk());
  EXPECT_EQ(from_csv->format, SightingsFormat::kCsv);
  ASSERT_EQ(from_csv->sightings.size(), 2U);
  ExpectTheSighting(from_csv->sightings[1]);
  const auto from_json = Read(absl::StrCat(kJson, "\n", kJson));
  ASSERT_THAT(from_json, IsOk());
  EXPECT_EQ(from_json->format, SightingsFormat::kJsonLines);
  EXPECT_EQ(from_json->sightings, from_csv->sightings);
  // No name tells a folder; this one holds nothing.
  const std::string folder = TempPath("folder");
  std::filesystem::create_directories(folder);
  EXPECT_EQ(ReadSightings(folder, {}).status(),
            absl::DataLossError(folder + ": a folder without a LevelDB in it"));
}

TEST_F(SightingsReaderTest, LineEndsBlankLinesAndByteOrderMark) {
  const auto file =
      Read(absl::StrCat("\xEF\xBB\xBF", kSightingsCsvHeader, "\r\n\r\n", kRow,
                        "\r\n  \r\n", kRow, "\r\n  "));
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->sightings.size(), 2U);
  const auto json = Read(
      absl::StrCat("\xEF\xBB\xBF\r\n  ", kJson, "\r\n\r\n", kJson, "\r\n\t\n"));
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(json->format, SightingsFormat::kJsonLines);
  EXPECT_EQ(json->sightings, file->sightings);
}

// As spreadsheets and databases write it.
TEST_F(SightingsReaderTest, OtherLayoutsOfCsv) {
  const std::vector<std::pair<std::string, std::string>> layouts = {
      {"rpi,time,aem,rssi", absl::StrCat(kRpi, ",1589974662,a18ed7de,-77")},
      {"Time;RPI;AEM;RSSI", absl::StrCat("1589974662;", kRpi, ";a18ed7de;-77")},
      {"rssi\taem\trpi\ttime",
       absl::StrCat("-77\ta18ed7de\t", kRpi, "\t1589974662")},
      {" time , rpi , aem , rssi ",
       absl::StrCat(" 1589974662 , ", kRpi, " , a18ed7de , -77 ")},
      {"\"time\",\"rpi\",\"aem\",\"rssi\"",
       absl::StrCat("\"1589974662\",\"", kRpi, "\",\"a18ed7de\",\"-77\"")},
      {"\xEF\xBB\xBFtime;rpi;aem;rssi\r",
       absl::StrCat("1589974662;", kRpi, ";a18ed7de;-77\r")}};
  for (const auto& [header, row] : layouts) {
    const auto file = Read(absl::StrCat(header, "\n", row, "\n"));
    ASSERT_THAT(file, IsOk());
    EXPECT_EQ(file->format, SightingsFormat::kCsv);
    ASSERT_EQ(file->sightings.size(), 1U);
    ExpectTheSighting(file->sightings[0]);
  }
  const auto file = Read(absl::StrCat(
      "device;previous_scan;time;rpi;aem;rssi\n7;1589974362;1589974662;", kRpi,
      ";a18ed7de;-77\n8;;1589974662;", kRpi, ";a18ed7de;-77\n"));
  ASSERT_THAT(file, IsOk());
  ASSERT_EQ(file->sightings.size(), 2U);
  EXPECT_EQ(file->sightings[0].device, 7U);
  EXPECT_EQ(file->sightings[0].seconds_since_previous_scan, 300U);
  EXPECT_EQ(file->sightings[1].device, 8U);
  EXPECT_EQ(file->sightings[1].seconds_since_previous_scan, kNoPreviousScan);
  // What is wrong with a row is said as ever.
  ExpectRefused("rssi;aem;rpi;time\n-77;a18ed7de;00\n", ":2: not 4 fields");
  ExpectRefused("rssi;aem;rpi;time\n-77;a18ed7de;00;1589974662\n",
                ":2: rpi: 2 characters, 32 wanted");
  ExpectRefused(absl::StrCat("time;rpi;aem;rssi\n1589974662000;", kRpi,
                             ";a18ed7de;-77\n"),
                ":2: time: in milliseconds; Unix seconds are wanted");
  ExpectRefused(
      absl::StrCat("time;rpi;aem;rssi\n1589974662;0x", kRpi, ";a18ed7de;-77\n"),
      ":2: rpi: begins with 0x; digits alone are wanted");
  ExpectRefused(
      absl::StrCat("rpi;time;aem;rssi\n", kRpi, ";1589974662;a18ed7de;-7"),
      ":2: the last line has no line end: the file may be cut there");
}

TEST_F(SightingsReaderTest, NoSightingsIsNoError) {
  for (const char* header : {"time,rpi,aem,rssi", "time,rpi,aem,rssi\r\n"}) {
    const auto file = Read(header);
    ASSERT_THAT(file, IsOk());
    EXPECT_EQ(file->format, SightingsFormat::kCsv);
    EXPECT_TRUE(file->sightings.empty());
    EXPECT_EQ(file->num_bad, 0U);
  }
}

TEST_F(SightingsReaderTest, RefusesWhatHasNoneOfTheFormats) {
  ExpectRefused("", ": is empty");
  ExpectRefused("\n \n", ": is empty");
  const std::string none =
      ": neither CSV with the header time,rpi,aem,rssi, nor JSON lines, a "
      "LevelDB folder, a database of microG or RaMBLE, or a Bluetooth capture";
  const std::string end =
      "; there are time, rpi, aem, rssi, and where wanted previous_scan and "
      "device";
  for (const auto& [first, reason] :
       {std::pair<std::string, std::string>{"time,rpi,aem,rssi,\n",
                                            "\"\" is unknown"},
        {"time,rpi,aem,rssi,rssi\n", "\"rssi\" stands there twice"},
        {"time;rpi;aem;rssi;device;Device\n", "\"device\" stands there twice"},
        {"time,rpi,aem,rssi,note\x1b\n", "\"note\\x1b\" is unknown"},
        {"time,rpi,rssi\n", "\"aem\" is missing"},
        {"time\n", "\"rpi\" is missing"}}) {
    ExpectRefused(first, absl::StrCat(":1: the column ", reason, end));
  }
  for (const auto& [first, words] :
       {std::pair<std::string, std::string>{
            "[\n{}]\n",
            "a JSON array; one object a line is wanted (jq -c '.[]')"},
        {"\x1f\x8b\x08 x\n",
         "gzip; unpack it (gunzip -c FILE | tekmatch ... -)"},
        {"PK\x03\x04 x\n", "a zip; unpack it"},
        {"SQLite format 3\x01\n",
         "an SQLite database, which cannot come through a pipe: its newest "
         "rows "
         "may be in the file -wal beside it; give the file itself"},
        {"btsnoop\x01\n", "a Bluetooth capture; give the file itself, no pipe"},
        {"{\n\"ExposureChecks\": []}\n",
         "a log of exposure checks; it holds no sightings (tekmatch log reads "
         "it)"},
        {"[{\"keyCount\": 1,\n\"hash\": \"\"}]\n",
         "a log of exposure checks; it holds no sightings (tekmatch log reads "
         "it)"},
        {"{\"platform\": \"iOS\",\n\"daily_summaries\": []}\n",
         "COCOA's exposure data; it holds no sightings (tekmatch log reads "
         "it)"},
        {"\xFF\xFEt\x01\n", "text in UTF-16; save it as UTF-8"},
        {"\xFE\xFF\x01t\n", "text in UTF-16; save it as UTF-8"}}) {
    ExpectRefused(first, ": " + words);
  }
  ExpectRefused(kRow, none);
  ExpectRefused(std::string("\0\1\2", 3), none);
}

TEST_F(SightingsReaderTest, RefusesAMalformedRowAtItsPlace) {
  ExpectRefused(absl::StrCat(kSightingsCsvHeader, "\n", kRow, "\n\n1,2\n"),
                ":4: not 4 fields");
  ExpectRefused(absl::StrCat(kJson, "\n", kRow, "\n"), ":2: not a JSON object");
  ExpectRefused("{}\n", ":1: time: missing");
  ExpectRefused(
      absl::StrCat(kSightingsCsvHeader, "\n", std::string(70000, '1'), "\n"),
      ":2: the line is too long");
}

// A file that was cut can end in a number that is another one.
TEST_F(SightingsReaderTest, RefusesACsvRowWithoutItsLineEnd) {
  const std::string csv =
      absl::StrCat(kSightingsCsvHeader, "\n", kRow, "\n", kRow, "\n");
  const std::string reason =
      "the last line has no line end: the file may be cut there";
  ASSERT_THAT(Read(csv), IsOk());
  for (size_t cut = 1; cut <= std::string(kRow).size(); ++cut) {
    const std::string bytes = csv.substr(0, csv.size() - cut);
    ExpectRefused(bytes, ":3: " + reason);
    const auto file = Read(bytes, /*skip_bad=*/true);
    ASSERT_THAT(file, IsOk());
    EXPECT_EQ(file->sightings.size(), 1U);
    EXPECT_EQ(file->num_bad, 1U);
  }
  // A JSON object shows by itself that it is whole.
  const std::string json = absl::StrCat(kJson, "\n", kJson);
  ASSERT_THAT(Read(json), IsOk());
  ExpectRefused(json.substr(0, json.size() - 1), ":2: not a JSON object");
}

// A file whose last pages were lost: zeros in their place.
TEST_F(SightingsReaderTest, RefusesZerosInPlaceOfRows) {
  const std::string zeros(4096, '\0');
  ExpectRefused(absl::StrCat(kSightingsCsvHeader, "\n", kRow, "\n", zeros),
                ":3: the last line has no line end: the file may be cut there");
  ExpectRefused(absl::StrCat(kSightingsCsvHeader, "\n", zeros, "\n"),
                ":2: not 4 fields");
  ExpectRefused(absl::StrCat(kJson, "\n", zeros), ":2: not a JSON object");
  ExpectRefused(absl::StrCat(kJson, zeros, kJson, "\n"),
                ":1: not a JSON object");
}

TEST_F(SightingsReaderTest, CountsFieldsThatItCannotUse) {
  for (const std::string& bytes :
       {absl::StrCat("time,rpi,aem,rssi,previous_scan\n", kRow, ",x\n", kRow,
                     ",1589974362\n", kRow, ",-1\n", kRow, ",\n"),
        absl::StrCat(R"({"previous_scan":"",)", kJson + 1, "\n", kJson, "\n",
                     R"({"previous_scan":-1,)", kJson + 1, "\n")}) {
    const auto file = Read(bytes);
    ASSERT_THAT(file, IsOk());
    EXPECT_GE(file->sightings.size(), 3U);
    EXPECT_EQ(file->num_bad, 0U);
    EXPECT_EQ(file->dropped.previous_scan, 2U);
  }
}

TEST_F(SightingsReaderTest, SkipsAndCountsWhenAsked) {
  const auto file =
      Read(absl::StrCat(kSightingsCsvHeader, "\nbad\n2,", kRest,
                        "\n1,2,3,4\n3,", kRest, "\n1,", kRest, "\n"),
           /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(Times(*file), ElementsAre(2, 3, 1));
  EXPECT_EQ(file->num_bad, 2U);
  EXPECT_THAT(file->messages,
              ElementsAre(path_ + ":2: not 4 fields",
                          path_ + ":4: rpi: 1 characters, 32 wanted"));
}

TEST_F(SightingsReaderTest, SkipsInJsonTooTheFirstLineIncluded) {
  const auto file = Read(
      absl::StrCat("{}\n", kJson, "\n", std::string(70000, '{'), "\n", kJson),
      /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->format, SightingsFormat::kJsonLines);
  EXPECT_EQ(file->sightings.size(), 2U);
  EXPECT_THAT(file->messages, ElementsAre(path_ + ":1: time: missing",
                                          path_ + ":3: the line is too long"));
}

TEST_F(SightingsReaderTest, SkippingDoesNotHelpAFileOfNoFormat) {
  for (const char* bytes : {"", "bad\n"}) {
    EXPECT_THAT(Read(bytes, /*skip_bad=*/true),
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST_F(SightingsReaderTest, TheMessagesOnSkippedRowsAreFew) {
  std::string bytes = "time,rpi,aem,rssi\n";
  for (int i = 0; i < 1000; ++i) bytes += "bad\n";
  const auto file = Read(bytes, /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->num_bad, 1000U);
  ASSERT_EQ(file->messages.size(), 10U);
  EXPECT_EQ(file->messages[0], path_ + ":2: not 4 fields");
  EXPECT_EQ(file->messages[9], path_ + ":11: not 4 fields");
}

// A file has room for millions of them.
TEST_F(SightingsReaderTest, ThePlaceOfABadRowIsAskedForOnlyForAMessage) {
  SightingsFile file;
  int num_asked = 0;
  const auto place = [&num_asked] {
    ++num_asked;
    return std::string("a.csv:1");
  };
  for (int i = 0; i < 1000; ++i) {
    EXPECT_THAT(BadRow(place, "bad", {.skip_bad = true}, &file), IsOk());
  }
  EXPECT_EQ(num_asked, 10);
  EXPECT_EQ(file.num_bad, 1000U);
  EXPECT_EQ(BadRow(place, "bad", {}, &file),
            absl::DataLossError("a.csv:1: bad"));
}

TEST_F(SightingsReaderTest, WritesWhatItReads) {
  const auto original =
      Read(absl::StrCat(kSightingsCsvHeader, "\n", kRow, "\n",
                        "0,ffffffffffffffffffffffffffffffff,00000000,20\n"));
  ASSERT_THAT(original, IsOk());
  for (const SightingsFormat format :
       {SightingsFormat::kCsv, SightingsFormat::kJsonLines}) {
    const std::string path = TempPath("again");
    const auto out = OutputFile::Open(path);
    ASSERT_THAT(out, IsOk());
    ASSERT_THAT(WriteSightings(original->sightings, format, **out), IsOk());
    ASSERT_THAT((*out)->Commit(), IsOk());
    const auto again = ReadSightings(path, {});
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->format, format);
    EXPECT_EQ(again->sightings, original->sightings);
  }
  const auto out = OutputFile::Open(TempPath("leveldb"));
  ASSERT_THAT(out, IsOk());
  EXPECT_THAT(WriteSightings({}, SightingsFormat::kLevelDb, **out),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(SightingsReaderTest, WritesThePreviousScanWhereOneIsKnown) {
  const std::string csv = absl::StrCat("time,rpi,aem,rssi,previous_scan\n",
                                       kRow, ",1589974362\n", kRow, ",\n");
  const auto original = Read(csv);
  ASSERT_THAT(original, IsOk());
  ASSERT_EQ(original->sightings.size(), 2U);
  EXPECT_EQ(original->sightings[0].seconds_since_previous_scan, 300);
  EXPECT_EQ(original->sightings[1].seconds_since_previous_scan,
            kNoPreviousScan);
  for (const SightingsFormat format :
       {SightingsFormat::kCsv, SightingsFormat::kJsonLines}) {
    const std::string path = TempPath("again");
    const auto out = OutputFile::Open(path);
    ASSERT_THAT(out, IsOk());
    ASSERT_THAT(WriteSightings(original->sightings, format, **out), IsOk());
    ASSERT_THAT((*out)->Commit(), IsOk());
    const auto again = ReadSightings(path, {});
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->sightings, original->sightings);
    if (format == SightingsFormat::kCsv) {
      EXPECT_EQ(ReadFile(path), csv);
    }
  }
}

TEST_F(SightingsReaderTest, AMissingFileIsNamed) {
  const auto file = ReadSightings(TempPath("none"), {});
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(file.status().message().find(TempPath("none") + ": "), 0U);
}

}  // namespace
}  // namespace tekmatch
