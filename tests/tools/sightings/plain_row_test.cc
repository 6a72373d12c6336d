#include "tools/sightings/plain_row.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/status_matchers.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

constexpr char kRow[] =
    "1589974662,00112233445566778899aabbccddeeff,a18ed7de,-77";

std::vector<CsvColumns> AllColumns() {
  return {{},
          {.previous_scan = true},
          {.device = true},
          {.previous_scan = true, .device = true}};
}

// What is read of a text that begins with a row; the bytes after it could be
// anything.
const char* Read(const std::string& text, const CsvColumns& columns,
                 Sighting* sighting) {
  *sighting = {};
  return ReadPlainRow(text.data(), columns, sighting);
}

std::string Padded(const std::string& row, char with) {
  return row + std::string(kMostPlainRowBytes, with);
}

bool IsPlain(const std::string& row, const CsvColumns& columns = {}) {
  Sighting sighting;
  return Read(Padded(row + "\n", '7'), columns, &sighting) != nullptr;
}

Sighting AnySighting(std::mt19937_64& rng, const CsvColumns& columns) {
  Sighting sighting;
  // Of ten digits: from 2001 to the end of 2099.
  sighting.unix_seconds =
      static_cast<int64_t>(1'000'000'000 + rng() % 3'102'444'801);
  for (uint8_t& byte : sighting.rpi.bytes) byte = static_cast<uint8_t>(rng());
  for (uint8_t& byte : sighting.aem.bytes) byte = static_cast<uint8_t>(rng());
  sighting.rssi = static_cast<int16_t>(
      kMinRssi + static_cast<int64_t>(rng() % (kMaxRssi - kMinRssi + 1)));
  if (columns.previous_scan && rng() % 2 == 0) {
    sighting.seconds_since_previous_scan = static_cast<uint32_t>(
        rng() % static_cast<uint64_t>(sighting.unix_seconds - 999'999'999));
  }
  if (columns.device) {
    sighting.device = static_cast<uint32_t>(rng() % 1'000'000'000);
  }
  return sighting;
}

// Rows as they are written, in digits of either case, with LF and CRLF.
TEST(PlainRowTest, ReadsWhatIsWritten) {
  std::mt19937_64 rng(1);
  for (const CsvColumns& columns : AllColumns()) {
    for (int i = 0; i < 2000; ++i) {
      const Sighting wanted = AnySighting(rng, columns);
      std::string row = CsvRow(wanted, columns);
      ASSERT_LT(row.size(), kMostPlainRowBytes);
      if (i % 3 == 1) absl::AsciiStrToUpper(&row);
      if (i % 5 == 1) row.insert(row.size() - 1, 1, '\r');
      const std::string text = Padded(row, i % 2 == 0 ? '0' : '\n');
      Sighting sighting;
      EXPECT_EQ(Read(text, columns, &sighting), text.data() + row.size())
          << row;
      EXPECT_EQ(sighting, wanted) << row;
    }
  }
}

// Each byte in each place of a row, and one byte less and more: what is taken
// for plain is what ParseCsvRow takes it for.
TEST(PlainRowTest, TakesNothingThatParseCsvRowDoesNotTakeSo) {
  std::mt19937_64 rng(2);
  uint64_t num_plain = 0;
  const auto check = [&num_plain](const std::string& row,
                                  const CsvColumns& columns) {
    const std::string text = Padded(row, '0');
    Sighting sighting;
    const char* const next = Read(text, columns, &sighting);
    if (next == nullptr) return;
    ++num_plain;
    const std::string line = text.substr(0, text.find('\n'));
    ASSERT_EQ(next, text.data() + line.size() + 1) << row;
    Sighting wanted;
    DroppedSightingFields dropped;
    ASSERT_THAT(
        ParseCsvRow(absl::StripSuffix(line, "\r"), columns, &wanted, &dropped),
        IsOk())
        << row;
    ASSERT_EQ(sighting, wanted) << row;
    ASSERT_EQ(dropped, DroppedSightingFields()) << row;
  };
  for (const CsvColumns& columns : AllColumns()) {
    for (int i = 0; i < 4; ++i) {
      const std::string row = CsvRow(AnySighting(rng, columns), columns);
      for (size_t place = 0; place < row.size(); ++place) {
        for (int byte = 0; byte < 256; ++byte) {
          std::string other = row;
          other[place] = static_cast<char>(byte);
          check(other, columns);
          other = row;
          other.insert(place, 1, static_cast<char>(byte));
          check(other, columns);
        }
        std::string shorter = row;
        shorter.erase(place, 1);
        check(shorter, columns);
        check(row.substr(0, place) + "\n", columns);
      }
    }
  }
  // Digits for digits, at least.
  EXPECT_GT(num_plain, 4 * 4 * 40 * 10);
}

TEST(PlainRowTest, LeavesTheRestToParseCsvRow) {
  EXPECT_TRUE(IsPlain(kRow));
  const auto with = [](const std::string& time, const std::string& rssi) {
    return absl::StrCat(time, ",00112233445566778899aabbccddeeff,a18ed7de,",
                        rssi);
  };
  for (const char* rssi : {"-128", "20", "0", "-0", "007"}) {
    EXPECT_TRUE(IsPlain(with("1589974662", rssi))) << rssi;
  }
  for (const char* rssi :
       {"-129", "21", "127", "", "-", "+5", "0x1", "-0077", "1e1", " -77"}) {
    EXPECT_FALSE(IsPlain(with("1589974662", rssi))) << rssi;
  }
  EXPECT_TRUE(IsPlain(with("4102444800", "-77")));
  for (const char* time : {"4102444801", "999999999", "15899746620",
                           "-158997466", "1589974662.0", ""}) {
    EXPECT_FALSE(IsPlain(with(time, "-77"))) << time;
  }
  const CsvColumns both = {.previous_scan = true, .device = true};
  EXPECT_TRUE(IsPlain(absl::StrCat(kRow, ",,0"), both));
  EXPECT_TRUE(IsPlain(absl::StrCat(kRow, ",1589974662,999999999"), both));
  // After the sighting, and not a time: such fields are dropped, and counted.
  EXPECT_FALSE(IsPlain(absl::StrCat(kRow, ",1589974663,1"), both));
  EXPECT_FALSE(IsPlain(absl::StrCat(kRow, ",x,1"), both));
  EXPECT_FALSE(IsPlain(absl::StrCat(kRow, ",0,1"), both));
  EXPECT_FALSE(IsPlain(absl::StrCat(kRow, ",,1000000000"), both));
  EXPECT_FALSE(IsPlain(absl::StrCat(kRow, ",,"), both));
  EXPECT_FALSE(IsPlain(kRow, both));
  EXPECT_FALSE(IsPlain(absl::StrCat(kRow, ",,1")));
}

}  // namespace
}  // namespace tekmatch
