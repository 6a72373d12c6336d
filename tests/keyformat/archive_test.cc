#include "keyformat/archive.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/keyformat/raw_zip.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::vector<ArchiveEntry>> Directory(
    const std::string& bytes, const ArchiveLimits& limits = {}) {
  return ReadArchiveDirectory(*MemorySource("a.zip", bytes), limits);
}

void ExpectRefused(const std::string& bytes, const std::string& reason,
                   const ArchiveLimits& limits = {}) {
  const auto directory = Directory(bytes, limits);
  EXPECT_EQ(directory.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(directory.status().message()), HasSubstr(reason));
  EXPECT_THAT(std::string(directory.status().message()), HasSubstr("a.zip: "));
}

void ExpectRefused(const RawZip& zip, const std::string& reason) {
  ExpectRefused(zip.Build(), reason);
}

void ExpectAccepted(const RawZip& zip, const ArchiveLimits& limits = {}) {
  const auto directory = Directory(zip.Build(), limits);
  EXPECT_TRUE(directory.ok()) << directory.status();
}

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
  ASSERT_TRUE(Directory(WithEndRecord(zip, 0, "PK\x05\x06")).ok());
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
  EXPECT_TRUE(Directory(whole).ok());
}

TEST(ArchiveTest, RefusesMoreEntriesThanAllowed) {
  RawZip zip;
  for (const char* name : {"a", "b", "c", "d"}) {
    zip.entries.push_back(Entry(name, "x"));
  }
  ExpectRefused(zip, "4 entries, at most 3 allowed");
  zip.num_entries = 65535;
  ExpectRefused(zip, "zip64");
  zip.entries.pop_back();
  zip.num_entries.reset();
  EXPECT_TRUE(Directory(zip.Build()).ok());
  // More, or fewer, in the directory than the end record says.
  zip.num_entries = 2;
  ExpectRefused(zip, "the directory holds more than its entries");
  zip.entries.pop_back();
  zip.num_entries = 3;
  ExpectRefused(zip, "damaged directory");
}

// The last entry of a directory claims the end record for its comment.
TEST(ArchiveTest, RefusesAnEntryThatReachesBeyondTheDirectory) {
  const RawZip zip{.entries = {Entry("export.bin", "content")}};
  std::string file = zip.Build();
  const size_t comment_bytes = file.size() - 22 - (46 + 10) + 32;
  file[comment_bytes] = 22;
  ExpectRefused(file, "the directory holds more than its entries");
}

TEST(ArchiveTest, RefusesDuplicatesAndUnsafeNames) {
  ExpectRefused(
      {.entries = {Entry("export.bin", "a"), Entry("export.bin", "b")}},
      "entry export.bin: stands there twice");
  for (const std::string& name :
       {std::string("../export.bin"), std::string("a/../b"),
        std::string("/export.bin"), std::string("a\\b"), std::string(""),
        std::string("a\0b", 3), std::string("a\nb"), std::string("..")}) {
    ExpectRefused({.entries = {Entry(name, "a")}}, "unsafe name");
  }
}

TEST(ArchiveTest, RefusesEveryControlByteInANameAndNoOther) {
  for (int byte = 0; byte < 0x20; ++byte) {
    for (const size_t at : {0, 1, 2}) {
      std::string name = "abc";
      name[at] = static_cast<char>(byte);
      ExpectRefused({.entries = {Entry(name, "a")}}, "unsafe name");
    }
  }
  for (const char* name : {" ", "a b", "~", "\xc3\xa9", "\x80", "\xff", "a/b",
                           "a.b.c", ".", ".a"}) {
    ExpectAccepted({.entries = {Entry(name, "a")}});
  }
}

TEST(ArchiveTest, AcceptsWhatSomeServersAddToTheirEntries) {
  RawZipEntry entry = Entry("export.bin", "content");
  entry.comment = "a comment of the entry";
  entry.local_extra = std::string("\x55\x54\x01\x00t", 5);
  // The content of this field would be a zip64 field, were it one.
  entry.extra = std::string("\x55\x54\x04\x00\x01\x00\x00\x00", 8);
  const auto directory =
      Directory(RawZip{.entries = {entry, Entry("export.sig", "x")}}.Build());
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_EQ((*directory)[0].data_offset, 30 + 10 + 5);
}

TEST(ArchiveTest, RefusesEncryptionOtherMethodsAndDisks) {
  RawZipEntry entry = Entry("export.bin", "content");
  for (const uint16_t flags : {0x0001, 0x0020, 0x0040, 0x2000, 0x0041}) {
    entry.flags = flags;
    ExpectRefused({.entries = {entry}}, "entry export.bin: encrypted");
  }
  entry.flags = 0;
  entry.method = 12;
  ExpectRefused({.entries = {entry}}, "compression method 12");
  entry.method.reset();
  entry.disk = 1;
  ExpectRefused({.entries = {entry}}, "on another disk");
  entry.disk = 0;
  ExpectRefused({.entries = {entry}, .disk = 1}, "several disks");
}

TEST(ArchiveTest, RefusesZip64) {
  RawZipEntry entry = Entry("export.bin", "content");
  entry.extra = std::string("\x01\x00\x08\x00", 4) + std::string(8, '\0');
  ExpectRefused({.entries = {entry}}, "zip64");
  // Wherever among the fields, and however small.
  const std::string time("\x55\x54\x01\x00t", 5);
  const std::string empty_zip64("\x01\x00\x00\x00", 4);
  for (const std::string& extra :
       {empty_zip64, time + empty_zip64, empty_zip64 + time}) {
    entry.extra = extra;
    ExpectRefused({.entries = {entry}}, "zip64");
  }
  // The sizes point to a zip64 field.
  entry.extra = std::string("\x01\x00\x08\x00", 4) + std::string(8, '\0');
  entry.bytes = 0xFFFFFFFF;
  ExpectRefused({.entries = {entry}}, "zip64");
  entry.extra = "";
  EXPECT_EQ(Directory(RawZip{.entries = {entry}}.Build()).status().code(),
            absl::StatusCode::kDataLoss);
  ExpectRefused({.entries = {Entry("x", "y")}, .directory_offset = 0xFFFFFFFF},
                "zip64");
}

TEST(ArchiveTest, RefusesLargeAndOvercompressedEntries) {
  RawZipEntry entry = Entry("export.bin", "content");
  entry.bytes = (512U << 20) + 1;
  ExpectRefused({.entries = {entry}}, "at most 536870912 allowed");
  // A bomb: ten million zeros in ten thousand bytes.
  ExpectRefused({.entries = {Entry("export.bin", std::string(10 << 20, '\0'))}},
                "compressed more than 100 to 1");
  // The third entry is no way round it.
  ExpectRefused({.entries = {Entry("export.bin", "x"),
                             Entry("other", std::string(10 << 20, '\0'))}},
                "entry other: compressed more than 100 to 1");
  // Tiny entries may repeat themselves.
  EXPECT_TRUE(
      Directory(
          RawZip{.entries = {Entry("x", std::string(60000, '\0'))}}.Build())
          .ok());
}

TEST(ArchiveTest, AcceptsEntriesUpToTheLimitOfTheirSize) {
  const ArchiveLimits limits{.max_entry_bytes = 1000};
  RawZip zip{.entries = {Entry("export.bin", Noise(1000))}};
  ExpectAccepted(zip, limits);
  zip.entries[0] = Entry("export.bin", Noise(1001));
  ExpectRefused(zip.Build(), "1001 bytes, at most 1000 allowed", limits);
  // The limit where nobody says one; sizes are as declared. Data of a
  // hundredth, so that it is not compressed too much.
  RawZipEntry large = Entry("export.bin", "");
  large.data = std::string((512U << 20) / 100 + 1, 'x');
  large.bytes = 512U << 20;
  ExpectAccepted({.entries = {large}});
  large.bytes = (512U << 20) + 1;
  ExpectRefused({.entries = {large}}, "536870913 bytes, at most 536870912");
}

TEST(ArchiveTest, AcceptsACompressionOfAHundredToOne) {
  RawZipEntry entry = Entry("export.bin", "");
  entry.data = std::string(1000, 'x');
  entry.bytes = 100'000;
  ExpectAccepted({.entries = {entry}});
  entry.bytes = 100'100;
  ExpectRefused({.entries = {entry}}, "compressed more than 100 to 1");
  // Up to 64 KiB any compression will do.
  entry.data = std::string(10, 'x');
  entry.bytes = 65'536;
  ExpectAccepted({.entries = {entry}});
  entry.bytes = 65'537;
  ExpectRefused({.entries = {entry}}, "compressed more than 100 to 1");
}

TEST(ArchiveTest, EntriesMayStandInAnotherOrderThanTheDirectorys) {
  RawZip zip{.entries = {Entry("b", "same"), Entry("a", "same")}};
  // The directory's first entry is the file's second, and the other way round.
  zip.entries[0].local_name = "a";
  zip.entries[1].local_name = "b";
  zip.entries[0].local_offset = 30 + 1 + RawDeflate("same").size();
  zip.entries[1].local_offset = 0;
  const auto directory = Directory(zip.Build());
  ASSERT_TRUE(directory.ok()) << directory.status();
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
  ExpectRefused(zip, "entry export.sig: overlaps with another entry");
  zip.entries.pop_back();
  // Up to the first byte of the end record.
  const uint32_t to_end_record = 100 + (46 + 10);
  zip.entries[0].bytes = zip.entries[0].compressed_bytes = to_end_record + 1;
  ExpectRefused(zip, "entry export.bin: its data lies outside the file");
}

TEST(ArchiveTest, RefusesContradictoryPlaces) {
  RawZipEntry a = Entry("export.bin", Noise(100));
  RawZipEntry b = Entry("export.sig", Noise(100));
  b.local_offset = 0;  // two names for one place
  b.local_name = "export.bin";
  const auto overlapping = Directory(RawZip{.entries = {a, b}}.Build());
  EXPECT_EQ(overlapping.status().code(), absl::StatusCode::kDataLoss);
  RawZipEntry outside = Entry("export.bin", "content");
  outside.local_offset = 1 << 20;
  ExpectRefused({.entries = {outside}}, "contradicts the directory");
  RawZipEntry too_long = Entry("export.bin", "content");
  too_long.deflate = false;
  too_long.bytes = 5000;
  too_long.compressed_bytes = 5000;
  ExpectRefused({.entries = {too_long}}, "outside the file");
  RawZipEntry renamed = Entry("export.bin", "content");
  renamed.local_name = "other-name";
  renamed.local_name->push_back('x');
  ExpectRefused({.entries = {renamed}}, "contradicts the directory");
  RawZipEntry stored = Entry("export.bin", "content");
  stored.deflate = false;
  stored.bytes = 6;
  ExpectRefused({.entries = {stored}}, "stored, but with two sizes");
}

}  // namespace
}  // namespace tekmatch
