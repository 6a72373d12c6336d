// Where things lie in a zip: its end record, its directory, and that every byte
// belongs to something.
#include "keyformat/archive.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "tests/keyformat/archive_verdicts.h"
#include "tests/keyformat/raw_zip.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

// With other bytes at an offset from the start of the end record.
std::string WithEndRecord(const RawZip& zip, size_t offset,
                          const std::string& bytes) {
  std::string file = zip.Build();
  return file.replace(file.size() - 22 + offset, bytes.size(), bytes);
}

TEST(ArchiveTest, TellsAnArchiveFromOtherFiles) {
  EXPECT_TRUE(*LooksLikeArchive(
      *MemorySource("a", RawZip{.entries = {Entry("x", "y")}}.Build())));
  EXPECT_TRUE(*LooksLikeArchive(*MemorySource("a", RawZip{}.Build())));
  EXPECT_TRUE(*LooksLikeArchive(*MemorySource("a", "PK\x03\x04")));
  EXPECT_FALSE(*LooksLikeArchive(*MemorySource("a", "PK\x03\x05")));
  EXPECT_FALSE(*LooksLikeArchive(*MemorySource("a", "EK Export v1    ")));
  EXPECT_FALSE(*LooksLikeArchive(*MemorySource("a", "PK")));
  EXPECT_FALSE(*LooksLikeArchive(*MemorySource("a", "")));
}

TEST(ArchiveTest, RefusesBytesAroundTheArchive) {
  const std::vector<RawZipEntry> entries = {Entry("export.bin", "content")};
  ExpectRefused({.entries = entries, .suffix = "x"}, "trailing data");
  ExpectRefused({.entries = entries, .comment = "hello"}, "a comment");
  ExpectRefused({.entries = entries, .before_end = std::string(20, 'z')},
                "does not end at the end record");
  ExpectRefused({.entries = entries, .prefix = "#!/bin/sh\n"},
                "foreign bytes before the first entry");
}

// Each field of the end record by itself; offsets of APPNOTE.TXT 4.3.16.
TEST(ArchiveTest, RefusesEachLieOfTheEndRecord) {
  const RawZip zip{.entries = {Entry("export.bin", "content")}};
  ASSERT_THAT(Directory(WithEndRecord(zip, 0, "PK\x05\x06")), IsOk());
  const std::string one("\x01\x00", 2);
  const std::string all_ones = "\xff\xff\xff\xff";
  ExpectRefused(WithEndRecord(zip, 0, "PK\x05\x07"), "an end record");
  ExpectRefused(WithEndRecord(zip, 4, one), "several disks");  // this one
  ExpectRefused(WithEndRecord(zip, 6, one), "several disks");  // directory's
  ExpectRefused(WithEndRecord(zip, 8, std::string(2, '\0')), "several disks");
  ExpectRefused(WithEndRecord(zip, 12, all_ones), "zip64");
  ExpectRefused(WithEndRecord(zip, 16, all_ones), "zip64");
  // A comment that is declared and not there, of either byte's length.
  ExpectRefused(WithEndRecord(zip, 20, one), "a comment");
  ExpectRefused(WithEndRecord(zip, 21, "\x01"), "a comment");
  // And one that is there and not declared; of zeros, like a length of none.
  for (const size_t size : {1, 2, 4, 22}) {
    ExpectRefused(zip.Build() + std::string(size, '\0'), "trailing data");
  }
}

TEST(ArchiveTest, RefusesATruncatedArchiveAtEveryLength) {
  const std::string whole =
      RawZip{.entries = {Entry("export.bin", "content")}}.Build();
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto directory = Directory(whole.substr(0, size));
    EXPECT_EQ(directory.status().code(), absl::StatusCode::kDataLoss) << size;
  }
  EXPECT_THAT(Directory(whole), IsOk());
}

// The last entry of a directory claims the end record for its comment.
TEST(ArchiveTest, RefusesAnEntryThatReachesBeyondTheDirectory) {
  const RawZip zip{.entries = {Entry("export.bin", "content")}};
  std::string file = zip.Build();
  const size_t comment_bytes = file.size() - 22 - (46 + 10) + 32;
  file[comment_bytes] = 22;
  ExpectRefused(file, "an entry reaches beyond the directory");
  // As long as a directory of one entry cannot be.
  RawZip long_one = zip;
  long_one.entries[0].comment = std::string(65'535, 'c');
  long_one.entries[0].extra =
      std::string("\x55\x54\xfb\xff", 4) + std::string(65'531, 'e');
  ExpectAccepted(long_one);
  long_one.before_end = std::string(200'000, 'z');
  long_one.directory_bytes = 46 + 10 + 2 * 65'535 + 200'000;
  ExpectRefused(long_one, "the directory holds more than its entries");
}

TEST(ArchiveTest, EntriesMayStandInAnotherOrderThanTheDirectorys) {
  RawZip zip{.entries = {Entry("b", "same"), Entry("a", "same")}};
  // The directory's first entry is the file's second, and the other way round.
  zip.entries[0].local_name = "a";
  zip.entries[1].local_name = "b";
  zip.entries[0].local_offset = 30 + 1 + RawDeflate("same").size();
  zip.entries[1].local_offset = 0;
  const auto directory = Directory(zip.Build());
  ASSERT_THAT(directory, IsOk());
  ASSERT_EQ(directory->size(), 2);
  EXPECT_EQ((*directory)[0].name, "b");
  EXPECT_EQ((*directory)[1].name, "a");
  EXPECT_EQ((*directory)[1].data_offset, 31);
  EXPECT_GT((*directory)[0].data_offset, (*directory)[1].data_offset);
}

// By one byte, of a stored entry: nothing but the layout tells.
TEST(ArchiveTest, RefusesDataThatReachesIntoWhatFollows) {
  RawZip zip{.entries = {Entry("export.bin", Noise(100)),
                         Entry("export.sig", Noise(100))}};
  for (RawZipEntry& entry : zip.entries) entry.deflate = false;
  ExpectAccepted(zip);
  zip.entries[0].bytes = zip.entries[0].compressed_bytes = 101;
  ExpectRefused(zip, "entry export.bin: its data reaches into another entry");
  zip.entries.pop_back();
  // By one byte into the directory, to its end, and beyond the file.
  for (const uint32_t size : {101, 100 + 46 + 10, 100 + 46 + 10 + 22, 5000}) {
    zip.entries[0].bytes = zip.entries[0].compressed_bytes = size;
    ExpectRefused(zip, "entry export.bin: its data reaches into the directory");
  }
}

// Where a byte may hide: each place by itself.
TEST(ArchiveTest, RefusesBytesThatBelongToNoEntry) {
  const RawZip zip{
      .entries = {Entry("export.bin", "content"), Entry("export.sig", "sig")}};
  ExpectAccepted(zip);
  for (const std::string& hidden :
       {std::string(1, '\0'), std::string("x"), std::string(12, '\0'),
        std::string(16, 'x'), std::string("PK\x07\x08") + std::string(12, 'x'),
        RawZip{.entries = {Entry("hidden", "entry")}}.Build()}) {
    SCOPED_TRACE(hidden.size());
    RawZip with = zip;
    with.prefix = hidden;
    ExpectRefused(with, "foreign bytes before the first entry");
    with = zip;
    with.entries[0].after_data = hidden;
    ExpectRefused(with, "entry export.bin: foreign bytes after its data");
    with = zip;
    with.entries[1].after_data = hidden;
    ExpectRefused(with, "entry export.sig: foreign bytes after its data");
    with = zip;
    with.before_directory = hidden;
    ExpectRefused(with, "entry export.sig: foreign bytes after its data");
    with = zip;
    with.before_end = hidden;
    ExpectRefused(with, "does not end at the end record");
    ExpectRefused(RawZip{.prefix = hidden},
                  "foreign bytes before the first entry");
  }
}

TEST(ArchiveTest, RefusesContradictoryPlaces) {
  RawZipEntry a = Entry("export.bin", Noise(100));
  RawZipEntry b = Entry("export.sig", Noise(100));
  b.local_offset = 0;  // two names for one place
  b.local_name = "export.bin";
  const auto overlapping = Directory(RawZip{.entries = {a, b}}.Build());
  EXPECT_EQ(overlapping.status().code(), absl::StatusCode::kDataLoss);
  RawZipEntry outside = Entry("other", "content");
  outside.local_offset = 1 << 20;
  ExpectRefused({.entries = {outside}}, "before the first entry");
  ExpectRefused({.entries = {a, outside}}, "entry export.bin: foreign bytes");
  // A header or a name that reaches into the directory.
  RawZip short_place{.entries = {Entry("export.bin", "")},
                     .directory_offset = 29};
  short_place.directory_bytes =
      static_cast<uint32_t>(short_place.Build().size() - 22 - 29);
  EXPECT_EQ(Directory(short_place.Build()).status().code(),
            absl::StatusCode::kDataLoss);
  RawZipEntry stored = Entry("export.bin", "content");
  stored.deflate = false;
  stored.bytes = 6;
  ExpectRefused({.entries = {stored}}, "stored, but with two sizes");
}

}  // namespace
}  // namespace tekmatch
