#include "tools/sightings/row_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "keyformat/status_macros.h"
#include "matcher/check/thread_tasks.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/files/line_reader.h"
#include "tools/sightings/csv_layout.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

constexpr char kBoth[] = "time,rpi,aem,rssi,previous_scan,device";

// Line by line, on one thread.
absl::StatusOr<SightingsFile> ReadSimply(const std::string& path,
                                         bool skip_bad) {
  const SightingsReaderOptions options = {.skip_bad = skip_bad};
  TEKMATCH_ASSIGN_OR_RETURN(const auto reader, LineReader::Open(path));
  SightingsFile file;
  LineReader::Line line;
  TEKMATCH_ASSIGN_OR_RETURN(bool more, reader->Next(&line));
  std::optional<CsvLayout> layout;
  if (line.text.front() == '{') {
    file.format = SightingsFormat::kJsonLines;
    TEKMATCH_RETURN_IF_ERROR(ReadRow(*reader, line, layout, options, &file));
  } else {
    TEKMATCH_ASSIGN_OR_RETURN(layout, CsvLayout::Parse(line.text));
  }
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(more, reader->Next(&line));
    if (!more) return file;
    TEKMATCH_RETURN_IF_ERROR(ReadRow(*reader, line, layout, options, &file));
  }
}

void ExpectReadAsSimply(const std::string& what, const std::string& text) {
  const std::string path = TempPath("rows");
  WriteFile(path, text);
  for (const bool skip_bad : {false, true}) {
    const auto wanted = ReadSimply(path, skip_bad);
    for (const size_t num_threads : {0, 2, 7}) {
      SCOPED_TRACE(absl::StrCat(what, ", ", num_threads, " threads, ",
                                skip_bad ? "skipping" : "refusing"));
      const ThreadTasks tasks(std::max<size_t>(num_threads, 1));
      const auto file = ReadSightings(
          path,
          {.skip_bad = skip_bad, .tasks = num_threads == 0 ? nullptr : &tasks});
      ASSERT_EQ(file.status(), wanted.status());
      if (!wanted.ok()) continue;
      EXPECT_EQ(file->format, wanted->format);
      EXPECT_TRUE(file->sightings == wanted->sightings);
      EXPECT_EQ(file->num_bad, wanted->num_bad);
      EXPECT_EQ(file->messages, wanted->messages);
      EXPECT_EQ(file->bad_reasons, wanted->bad_reasons);
      EXPECT_EQ(file->dropped, wanted->dropped);
      std::vector<Sighting> taken;
      const auto without = ReadSightings(
          path, {.skip_bad = skip_bad,
                 .tasks = num_threads == 0 ? nullptr : &tasks,
                 .sink = [&taken](absl::Span<Sighting> some) {
                   taken.insert(taken.end(), some.begin(), some.end());
                   return absl::OkStatus();
                 }});
      ASSERT_THAT(without, IsOk());
      EXPECT_TRUE(taken == wanted->sightings);
      EXPECT_TRUE(without->sightings.empty());
      EXPECT_EQ(without->messages, wanted->messages);
    }
  }
}

Sighting AnySighting(std::mt19937_64& rng) {
  Sighting sighting;
  sighting.unix_seconds = static_cast<int64_t>(1592000000 + rng() % 1'209'600);
  for (uint8_t& byte : sighting.rpi.bytes) byte = static_cast<uint8_t>(rng());
  for (uint8_t& byte : sighting.aem.bytes) byte = static_cast<uint8_t>(rng());
  sighting.rssi = static_cast<int16_t>(-40 - static_cast<int>(rng() % 60));
  if (rng() % 2 == 0) sighting.seconds_since_previous_scan = 300;
  sighting.device = static_cast<uint32_t>(rng() % 3);
  return sighting;
}

// A line of a file that somebody else wrote.
std::string OddLine(std::mt19937_64& rng, const std::string& row) {
  switch (rng() % 9) {
    case 0:
      return "\n";
    case 1:
      return " \t\r\n";
    case 2:
      return row.substr(0, rng() % row.size()) + "\n";
    case 3:
      return absl::StrCat(row.substr(0, row.size() - 1), "\r\n");
    case 4:
      return absl::StrCat(std::string(rng() % 90, 'a'), ",", row);
    case 5:
      // Longer than a line may be.
      return std::string(LineReader::kMaxLineBytes + rng() % 9, 'x') + "\n";
    case 6:
      // Longer than what is read at once.
      return std::string(5 * LineReader::kMaxLineBytes, 'x') + "\n";
    case 7:
      return std::string("\0\n", 2);
    default:
      return "1592000000,00112233445566778899AABBCCDDEEFF,a18ed7de,-77,x,1\n";
  }
}

// Over more than a megabyte, so that blocks begin and end at every place of a
// row.
constexpr int kRows = 20'000;

TEST(RowReaderTest, PlainRows) {
  std::mt19937_64 rng(1);
  std::string text = absl::StrCat(kBoth, "\n");
  std::string crlf = absl::StrCat(kBoth, "\r\n");
  for (int i = 0; i < kRows; ++i) {
    const std::string row =
        CsvRow(AnySighting(rng), {.previous_scan = true, .device = true});
    text += row;
    absl::StrAppend(&crlf, row.substr(0, row.size() - 1), "\r\n");
  }
  ExpectReadAsSimply("LF", text);
  ExpectReadAsSimply("CRLF", crlf);
  text.pop_back();
  ExpectReadAsSimply("no last line end", text);
  ExpectReadAsSimply("a blank last line without end", text + "\n  ");
  ExpectReadAsSimply("the header alone", absl::StrCat(kBoth, "\n"));
}

TEST(RowReaderTest, SomeAndManyOddLines) {
  for (const uint64_t one_of : {20'000, 500, 3}) {
    std::mt19937_64 rng(one_of);
    std::string text = absl::StrCat(kBoth, "\n");
    for (int i = 0; i < kRows; ++i) {
      const std::string row =
          CsvRow(AnySighting(rng), {.previous_scan = true, .device = true});
      // Of the long ones a few are enough.
      std::string odd = rng() % one_of == 0 ? OddLine(rng, row) : "";
      if (odd.size() > 1000 && rng() % 200 != 0) odd.clear();
      text += odd.empty() ? row : odd;
    }
    ExpectReadAsSimply(absl::StrCat("one odd line of ", one_of), text);
  }
}

TEST(RowReaderTest, OtherLayoutsAndJson) {
  std::mt19937_64 rng(4);
  std::string text = "device;RSSI;aem;\"rpi\";time\n";
  std::string json;
  for (int i = 0; i < kRows / 2; ++i) {
    const Sighting sighting = AnySighting(rng);
    const std::vector<std::string> fields =
        absl::StrSplit(CsvRow(sighting), ',');
    absl::StrAppend(&text, sighting.device, " ; ",
                    absl::StripSuffix(fields[3], "\n"), ";\"", fields[2], "\";",
                    fields[1], ";", fields[0], "\n");
    json += JsonRow(sighting);
    if (i % 4000 == 3000) {
      text += "1;2\n";
      json += "{\"time\":1}\n\n";
    }
  }
  ExpectReadAsSimply("another layout", text);
  ExpectReadAsSimply("JSON", json);
  json.pop_back();
  ExpectReadAsSimply("JSON without the last line end", json);
}

// Whichever thread comes to a bad row first.
TEST(RowReaderTest, TheFirstBadRowInTheFileIsSaid) {
  std::mt19937_64 rng(5);
  std::string text = absl::StrCat(kSightingsCsvHeader, "\n");
  for (int i = 0; i < kRows; ++i) {
    // From there on every block is bad from its first row on.
    text +=
        i >= 10'000 ? "1592000000,00,a18ed7de,-77\n" : CsvRow(AnySighting(rng));
  }
  const std::string path = TempPath("rows");
  WriteFile(path, text);
  for (int run = 0; run < 10; ++run) {
    const ThreadTasks tasks(4);
    EXPECT_EQ(ReadSightings(path, {.tasks = &tasks}).status(),
              absl::DataLossError(
                  absl::StrCat(path, ":10002: rpi: 2 characters, 32 wanted")));
  }
}

// Progress is of bytes handed on, in order, up to all of them.
TEST(RowReaderTest, ProgressGrowsToTheEnd) {
  std::mt19937_64 rng(6);
  std::string text = absl::StrCat(kSightingsCsvHeader, "\n");
  for (int i = 0; i < kRows; ++i) text += CsvRow(AnySighting(rng));
  const std::string path = TempPath("rows");
  WriteFile(path, text);
  for (const size_t num_threads : {1, 3}) {
    const ThreadTasks tasks(num_threads);
    std::vector<uint64_t> done;
    const auto file =
        ReadSightings(path, {.progress =
                                 [&](const SightingsProgress& progress) {
                                   EXPECT_EQ(progress.total, text.size());
                                   done.push_back(progress.done);
                                 },
                             .tasks = &tasks});
    ASSERT_THAT(file, IsOk());
    EXPECT_GT(done.size(), 3U);
    EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
    ASSERT_FALSE(done.empty());
    EXPECT_EQ(done.back(), text.size());
  }
}

// No piece is more than a few blocks of text have, and an error ends it.
TEST(RowReaderTest, ASinkTakesPiecesUntilItFails) {
  std::mt19937_64 rng(9);
  std::string text = absl::StrCat(kSightingsCsvHeader, "\n");
  for (int i = 0; i < kRows; ++i) text += CsvRow(AnySighting(rng));
  const std::string path = WriteTemp("rows", text);
  for (const size_t num_threads : {1, 3}) {
    const ThreadTasks tasks(num_threads);
    size_t most = 0;
    int num_calls = 0;
    const auto file = ReadSightings(
        path, {.tasks = &tasks, .sink = [&](absl::Span<Sighting> some) {
                 most = std::max(most, some.size());
                 return ++num_calls == 3 ? absl::AbortedError("enough")
                                         : absl::OkStatus();
               }});
    EXPECT_EQ(file.status(), absl::AbortedError("enough"));
    EXPECT_EQ(num_calls, 3);
    EXPECT_LE(most, size_t{kRows} / 3);
  }
}

// An exception of one thread ends the others, and comes out.
TEST(RowReaderTest, HandsOnWhatAThreadThrows) {
  std::mt19937_64 rng(7);
  std::string text = absl::StrCat(kSightingsCsvHeader, "\n");
  for (int i = 0; i < kRows; ++i) text += CsvRow(AnySighting(rng));
  const std::string path = TempPath("rows");
  WriteFile(path, text);
  for (const size_t num_threads : {1, 3}) {
    const ThreadTasks tasks(num_threads);
    int num_calls = 0;
    EXPECT_THROW(
        {
          const auto file =
              ReadSightings(path, {.progress =
                                       [&](const SightingsProgress&) {
                                         if (++num_calls == 2)
                                           throw std::bad_alloc();
                                       },
                                   .tasks = &tasks});
          ADD_FAILURE() << file.status();
        },
        std::bad_alloc);
    EXPECT_EQ(num_calls, 2);
  }
}

// The room for all rows is made from the first of them: twice the memory of
// growing is not there, where a file has millions.
TEST(RowReaderTest, ReservesAboutWhatTheFileHolds) {
  std::mt19937_64 rng(8);
  std::string text = absl::StrCat(kSightingsCsvHeader, "\n");
  for (int i = 0; i < kRows; ++i) text += CsvRow(AnySighting(rng));
  const std::string path = TempPath("rows");
  WriteFile(path, text);
  for (const size_t num_threads : {1, 3}) {
    const ThreadTasks tasks(num_threads);
    const auto file = ReadSightings(path, {.tasks = &tasks});
    ASSERT_THAT(file, IsOk());
    ASSERT_EQ(file->sightings.size(), static_cast<size_t>(kRows));
    EXPECT_LE(file->sightings.capacity(), kRows / 100 * 103);
  }
}

}  // namespace
}  // namespace tekmatch
