// zip64, by which a zip means two things, wherever a reader could find it.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/zip_records.h"
#include "tests/keyformat/archive_verdicts.h"
#include "tests/keyformat/raw_zip.h"

namespace tekmatch {
namespace {

TEST(ArchiveZip64Test, RefusesZip64) {
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

// Each number by itself, without a field that holds the true one.
TEST(ArchiveZip64Test, RefusesNumbersThatSayElsewhere) {
  for (const auto number : {&RawZipEntry::bytes, &RawZipEntry::compressed_bytes,
                            &RawZipEntry::local_offset}) {
    RawZipEntry entry = Entry("export.bin", "content");
    entry.*number = 0xFFFFFFFF;
    ExpectRefused({.entries = {entry}}, "entry export.bin: zip64");
    entry.*number = 0xFFFFFFFE;  // wrong, too, but not by that
    EXPECT_THAT(
        std::string(
            Directory(RawZip{.entries = {entry}}.Build()).status().message()),
        ::testing::Not(::testing::HasSubstr("zip64")));
  }
}

TEST(ArchiveZip64Test, RefusesZip64OfTheLocalHeaderAlone) {
  RawZipEntry entry = Entry("export.bin", "content");
  const std::string time("\x55\x54\x01\x00t", 5);
  const std::string zip64 =
      std::string("\x01\x00\x10\x00", 4) + std::string(16, '\0');
  const std::string empty_zip64("\x01\x00\x00\x00", 4);
  for (const std::string& extra :
       {zip64, time + zip64, empty_zip64, time + empty_zip64,
        empty_zip64 + time, std::string("\x01\x00\xff\xff", 4)}) {
    entry.local_extra = extra;
    ExpectRefused({.entries = {entry}}, "entry export.bin: zip64");
  }
}

// Readers follow a locator right before the end record, or search for one in
// the last 64 KiB; an export that holds one means two things.
TEST(ArchiveZip64Test, RefusesAZip64LocatorBeforeTheEndRecord) {
  const RawZip zip{
      .entries = {Entry("export.bin", "content"), Entry("export.sig", "sig")}};
  const std::string ends = Zip64Record() + Zip64Locator();
  // Between directory and end record, which the directory's size covers or
  // does not.
  for (const std::string& hidden : {ends, Zip64Locator(), ends + "x"}) {
    RawZip with = zip;
    with.before_end = hidden;
    ExpectRefused(with, "zip64");
    const size_t directory_bytes = size_t{2} * (46 + 10) + hidden.size();
    with.directory_bytes = static_cast<uint32_t>(directory_bytes);
    ExpectRefused(with, "zip64");
    // As python's and minizip's way of looking for the directory takes it.
    with.directory_bytes.reset();
    with.directory_offset =
        static_cast<uint32_t>(with.Build().size() - 22 - size_t{2} * (46 + 10));
    ExpectRefused(with, "zip64");
    // Before the directory.
    with = zip;
    with.before_directory = hidden;
    ExpectRefused(with, "zip64");
    with = zip;
    with.prefix = hidden;
    ExpectRefused(with, "zip64");
    // In the comment of an entry, in its extra fields, and in its data.
    for (const size_t i : {0, 1}) {
      with = zip;
      with.entries[i].comment = hidden;
      ExpectRefused(with, "zip64");
      const std::string field =
          std::string("\x55\x54") + static_cast<char>(hidden.size()) + '\0';
      with = zip;
      with.entries[i].extra = field + hidden;
      ExpectRefused(with, "zip64");
      with = zip;
      with.entries[i].local_extra = field + hidden;
      ExpectRefused(with, "zip64");
      with = zip;
      with.entries[i] = Entry(zip.entries[i].name, hidden);
      with.entries[i].deflate = false;
      ExpectRefused(with, "zip64");
    }
  }
  // A record by itself, and four bytes of a locator in its place.
  for (const std::string& comment :
       {Zip64Record(), std::string("PK\x06\x07") + std::string(16, 'x')}) {
    RawZip with = zip;
    with.entries[1].comment = comment;
    ExpectRefused(with, "zip64");
  }
}

// Four bytes are in the data of one export of 65,000 by chance.
TEST(ArchiveZip64Test, AcceptsZip64sFirstBytesInData) {
  for (const std::string& content :
       {std::string("PK\x06\x07") + std::string(16, 'x'),
        "PK\x06\x07" + std::string(12, '\0') + std::string("\2\0\0\0", 4),
        Zip64Locator().substr(0, 19), Zip64Record()}) {
    RawZipEntry entry = Entry("export.bin", content);
    entry.deflate = false;
    ExpectAccepted({.entries = {entry}});
  }
  // And where nobody searches: 64 KiB before the end record.
  RawZipEntry entry = Entry("export.bin", Zip64Locator() + Noise(65'500));
  entry.deflate = false;
  ExpectAccepted({.entries = {entry}});
}

// By itself, wherever it stands; a byte less is none.
TEST(ArchiveZip64Test, FindsALocatorUpToTheLastByte) {
  const std::string locator = Zip64Locator();
  for (const std::string before : {"", "x", "PK\x06\x07", "PK\x06"}) {
    EXPECT_TRUE(HoldsZip64Locator(before + locator));
    EXPECT_TRUE(HoldsZip64Locator(before + locator + "x"));
    EXPECT_FALSE(
        HoldsZip64Locator(before + locator.substr(0, locator.size() - 1)));
  }
}

}  // namespace
}  // namespace tekmatch
