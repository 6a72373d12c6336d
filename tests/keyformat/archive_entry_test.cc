// What an entry of a zip says of itself, in the directory and in its local
// header: names, flags, sizes, extra fields.
#include <cstddef>
#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "tests/keyformat/archive_verdicts.h"
#include "tests/keyformat/raw_zip.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

TEST(ArchiveEntryTest, AcceptsWhatSomeServersAddToTheirEntries) {
  RawZipEntry entry = Entry("export.bin", "content");
  entry.comment = "a comment of the entry";
  entry.local_extra = std::string("\x55\x54\x01\x00t", 5);
  // The content of this field would be a zip64 field, were it one.
  entry.extra = std::string("\x55\x54\x04\x00\x01\x00\x00\x00", 8);
  const auto directory =
      Directory(RawZip{.entries = {entry, Entry("export.sig", "x")}}.Build());
  ASSERT_THAT(directory, IsOk());
  EXPECT_EQ((*directory)[0].data_offset, 30 + 10 + 5);
}

TEST(ArchiveEntryTest, RefusesDuplicatesAndUnsafeNames) {
  ExpectRefused(
      {.entries = {Entry("export.bin", "a"), Entry("export.bin", "b")}},
      "entry export.bin: stands there twice");
  for (const std::string& name :
       {std::string("../export.bin"), std::string("a/../b"),
        std::string("/export.bin"), std::string("a\\b"), std::string(""),
        std::string("a\0b", 3), std::string("a\nb"), std::string("a\x7f"),
        std::string("a\xc2\x9b"), std::string("a\x9b"), std::string("..")}) {
    ExpectRefused({.entries = {Entry(name, "a")}}, "unsafe name");
  }
}

TEST(ArchiveEntryTest, RefusesNamesThatDifferInCaseAlone) {
  ExpectRefused(
      {.entries = {Entry("export.bin", "a"), Entry("EXPORT.bin", "b")}},
      "entry EXPORT.bin: stands there twice");
}

TEST(ArchiveEntryTest, RefusesEncryptionOtherMethodsAndDisks) {
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

// By its mode in the directory: unzip would make a link, or a folder, of it.
TEST(ArchiveEntryTest, RefusesEntriesThatAreNoRegularFiles) {
  for (uint32_t type = 0; type < 16; ++type) {
    RawZip zip{.entries = {Entry("export.bin", "content")}};
    zip.entries[0].attributes = (type << 12 | 0644) << 16 | 0x20;
    if (type == 0 || type == 8) {
      ExpectAccepted(zip);
    } else {
      ExpectRefused(zip, "entry export.bin: no regular file");
    }
  }
}

// Each field of the local header by itself.
TEST(ArchiveEntryTest, RefusesEachContradictionOfTheLocalHeader) {
  const struct {
    const char* what;
    void (*lie)(RawZipEntry&);
  } kCases[] = {
      {"name", [](RawZipEntry& e) { e.local_name = "export.bim"; }},
      {"name", [](RawZipEntry& e) { e.local_name = "export.sig"; }},
      {"name", [](RawZipEntry& e) { e.local_name = "export.bi"; }},
      {"name", [](RawZipEntry& e) { e.local_name = "export.binx"; }},
      {"name", [](RawZipEntry& e) { e.local_name = ""; }},
      {"version", [](RawZipEntry& e) { e.local_version = 10; }},
      {"version", [](RawZipEntry& e) { e.local_version = 45; }},
      {"flags", [](RawZipEntry& e) { e.local_flags = 0x0001; }},
      {"flags", [](RawZipEntry& e) { e.local_flags = 0x0008; }},
      {"flags", [](RawZipEntry& e) { e.local_flags = 0x0800; }},
      {"method", [](RawZipEntry& e) { e.local_method = 0; }},
      {"method", [](RawZipEntry& e) { e.local_method = 12; }},
      {"CRC", [](RawZipEntry& e) { e.local_crc32 = 0; }},
      {"CRC", [](RawZipEntry& e) { e.local_crc32 = 1; }},
      {"sizes", [](RawZipEntry& e) { e.local_bytes = 0; }},
      {"sizes", [](RawZipEntry& e) { e.local_bytes = 8; }},
      {"sizes", [](RawZipEntry& e) { e.local_bytes = 0xFFFFFFFF; }},
      {"sizes", [](RawZipEntry& e) { e.local_compressed_bytes = 0; }},
      {"sizes", [](RawZipEntry& e) { e.local_compressed_bytes = 0xFFFFFFFF; }},
      // Zeros stand for a descriptor, which the flags have to announce.
      {"CRC",
       [](RawZipEntry& e) {
         e.local_crc32 = e.local_bytes = e.local_compressed_bytes = 0;
       }},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.what);
    // The first and the last entry.
    for (const size_t i : {0, 1}) {
      RawZip zip{.entries = {Entry("export.bin", "content"),
                             Entry("export.bin", "content")}};
      zip.entries[1 - i].name = "other";
      c.lie(zip.entries[i]);
      ExpectRefused(zip, std::string("entry export.bin: its local header "
                                     "contradicts the directory: ") +
                             c.what);
    }
  }
  std::string no_magic = RawZip{.entries = {Entry("x", "content")}}.Build();
  no_magic[3] = '\x05';
  ExpectRefused(no_magic, "contradicts the directory: there is none");
}

TEST(ArchiveEntryTest, AcceptsStreamedEntriesAndHoldsThemToTheirDescriptor) {
  for (const bool with_signature : {true, false}) {
    SCOPED_TRACE(with_signature);
    const RawZipEntry bin =
        StreamedEntry("export.bin", "content", with_signature);
    const RawZipEntry sig = StreamedEntry("export.sig", "", with_signature);
    ExpectAccepted({.entries = {bin, sig}});
    ExpectAccepted({.entries = {bin, Entry("export.sig", "s")}});
    // The local header may say it all the same.
    RawZipEntry entry = bin;
    entry.local_crc32.reset();
    entry.local_bytes.reset();
    entry.local_compressed_bytes.reset();
    ExpectAccepted({.entries = {entry, sig}});
    // But not a part of it, and nothing else.
    entry = bin;
    entry.local_bytes.reset();
    ExpectRefused({.entries = {entry, sig}}, "the directory: CRC");
    entry.local_crc32.reset();
    ExpectRefused({.entries = {entry, sig}}, "the directory: sizes");
    // A lie in any byte of the descriptor, its signature's included.
    for (size_t i = 0; i < bin.after_data.size(); ++i) {
      entry = bin;
      entry.after_data[i] = static_cast<char>(entry.after_data[i] ^ 1);
      ExpectRefused({.entries = {entry, sig}}, "entry export.bin: its descri");
      ExpectRefused({.entries = {sig, entry}}, "entry export.bin: its descri");
    }
    entry = bin;
    entry.after_data = "";
    ExpectRefused({.entries = {entry, sig}}, "no descriptor after its data");
    for (const std::string& more : {std::string("x"), std::string(8, '\0')}) {
      entry = bin;
      entry.after_data += more;
      ExpectRefused({.entries = {entry, sig}}, "foreign bytes after its data");
      ExpectRefused({.entries = {sig, entry}}, "foreign bytes after its data");
    }
    entry = bin;
    entry.after_data.pop_back();
    ExpectRefused({.entries = {entry}}, "foreign bytes after its data");
  }
}

// Info-ZIP takes the name in the field for the entry's, others do not.
TEST(ArchiveEntryTest, RefusesExtraFieldsThatRename) {
  for (const char* id : {"up", "uc"}) {
    const std::string field = id + std::string(
                                       "\x05\0\x01"
                                       "\0\0\0\0",
                                       7);
    for (const std::string& before :
         {std::string(), std::string("UT\0\0", 4)}) {
      for (const bool local : {false, true}) {
        RawZip zip{.entries = {Entry("export.bin", "content"),
                               Entry("other", "content")}};
        (local ? zip.entries[1].local_extra : zip.entries[1].extra) =
            before + field;
        ExpectRefused(
            zip,
            "entry other: an extra field gives it another name or comment");
      }
    }
  }
}

TEST(ArchiveEntryTest, RefusesExtraFieldsLongerThanTheirPlace) {
  for (const bool local : {false, true}) {
    for (const std::string& extra :
         {std::string("\x55\x54\x01\x00", 4),
          std::string("\x55\x54\x02\x00t", 5),
          std::string("\x55\x54\x00\x00\x55\x54\xff\xff", 8)}) {
      RawZipEntry entry = Entry("export.bin", "content");
      (local ? entry.local_extra : entry.extra) = extra;
      ExpectRefused({.entries = {entry}}, "an extra field is longer than");
    }
    // Up to three bytes are no field.
    RawZipEntry entry = Entry("export.bin", "content");
    (local ? entry.local_extra : entry.extra) = std::string("\x01\x00\x00", 3);
    ExpectAccepted({.entries = {entry}});
  }
}

}  // namespace
}  // namespace tekmatch
