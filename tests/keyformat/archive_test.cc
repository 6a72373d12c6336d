#include "keyformat/archive.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
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

// Counts what is asked of it.
class CountingSource : public ByteSource {
 public:
  explicit CountingSource(std::string bytes)
      : source_(MemorySource("a.zip", std::move(bytes))) {}
  const std::string& name() const override { return source_->name(); }
  uint64_t size() const override { return source_->size(); }
  absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> out) const override {
    ++num_reads;
    num_bytes += out.size();
    return source_->ReadAt(offset, out);
  }

  mutable uint64_t num_reads = 0;
  mutable uint64_t num_bytes = 0;

 private:
  const std::unique_ptr<ByteSource> source_;
};

// A directory of 150,000 entries, of which the end record tells three; and as
// many that it tells modulo 65,536, with which zip64 has no part.
TEST(ArchiveTest, EntriesBeyondTheLimitCostNothing) {
  RawZip zip;
  zip.entries.reserve(150'000);
  for (int i = 0; i < 150'000; ++i) {
    RawZipEntry entry = Entry(std::to_string(100'000 + i), "");
    entry.deflate = false;
    zip.entries.push_back(std::move(entry));
  }
  for (const uint16_t told : {uint16_t{3}, uint16_t{150'000 % 65'536}}) {
    zip.num_entries = told;
    for (const bool with_zip64 : {false, true}) {
      zip.before_end = with_zip64 ? Zip64Record() + Zip64Locator() : "";
      const CountingSource source(zip.Build());
      const auto directory = ReadArchiveDirectory(source, {});
      EXPECT_EQ(directory.status().code(), absl::StatusCode::kDataLoss);
      EXPECT_LE(source.num_reads, 2);
      EXPECT_LE(source.num_bytes, 65'535 + 22);
    }
  }
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

TEST(ArchiveTest, RefusesDuplicatesAndUnsafeNames) {
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
                "compressed more than 2.75 to 1");
  // The third entry is no way round it.
  ExpectRefused({.entries = {Entry("export.bin", "x"),
                             Entry("other", std::string(10 << 20, '\0'))}},
                "entry other: compressed more than 2.75 to 1");
  // Tiny entries may repeat themselves.
  ExpectAccepted({.entries = {Entry("x", std::string(16'384, '\0'))}});
  // The size of an empty key, as often as a zip of a megabyte could hold it.
  std::string empty_keys;
  for (int i = 0; i < 1'000'000; ++i) empty_keys += std::string("\x3a\0", 2);
  ExpectRefused({.entries = {Entry("export.bin", empty_keys)}},
                "compressed more than 2.75 to 1");
}

TEST(ArchiveTest, AcceptsEntriesUpToTheLimitOfTheirSize) {
  const ArchiveLimits limits{.max_entry_bytes = 1000};
  RawZip zip{.entries = {Entry("export.bin", Noise(1000))}};
  ExpectAccepted(zip, limits);
  zip.entries[0] = Entry("export.bin", Noise(1001));
  ExpectRefused(zip.Build(), "1001 bytes, at most 1000 allowed", limits);
  // The limit where nobody says one; sizes are as declared. Data of
  // 4/11, so that it is not compressed too much.
  RawZipEntry large = Entry("export.bin", "");
  large.data = std::string((512U << 20) / 11 * 4 + 4, 'x');
  large.bytes = 512U << 20;
  ExpectAccepted({.entries = {large}});
  large.bytes = (512U << 20) + 1;
  ExpectRefused({.entries = {large}}, "536870913 bytes, at most 536870912");
}

// To the byte, also where four does not divide the size.
TEST(ArchiveTest, AcceptsACompressionUpToTheLimitAndTheAllowance) {
  const struct {
    uint32_t compressed;
    uint32_t most;
  } kCases[] = {{1, 16'386},           {2, 16'389},
                {3, 16'392},           {4, 16'395},
                {99, 16'656},          {1000, 19'134},
                {33'333, 108'049},     {1'000'000, 2'766'384},
                {1'000'001, 2'766'386}};
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.compressed);
    RawZipEntry entry = Entry("export.bin", "");
    entry.data = std::string(c.compressed, 'x');
    entry.bytes = c.most;
    ExpectAccepted({.entries = {entry}});
    for (const uint32_t more : {1, 99, 100}) {
      entry.bytes = c.most + more;
      ExpectRefused({.entries = {entry}}, "compressed more than 2.75 to 1");
    }
  }
  RawZipEntry entry = Entry("export.bin", "");
  entry.data = std::string(1000, 'x');
  const ArchiveLimits limits{.max_compression_percent = 700,
                             .ratio_allowance_bytes = 0};
  entry.bytes = 7000;
  ExpectAccepted({.entries = {entry}}, limits);
  entry.bytes = 7001;
  ExpectRefused(RawZip{.entries = {entry}}.Build(),
                "compressed more than 7 to 1", limits);
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

// Each field of the local header by itself.
TEST(ArchiveTest, RefusesEachContradictionOfTheLocalHeader) {
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

TEST(ArchiveTest, AcceptsStreamedEntriesAndHoldsThemToTheirDescriptor) {
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

TEST(ArchiveTest, RefusesZip64OfTheLocalHeaderAlone) {
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

// Info-ZIP takes the name in the field for the entry's, others do not.
TEST(ArchiveTest, RefusesExtraFieldsThatRename) {
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

// By its mode in the directory: unzip would make a link, or a folder, of it.
TEST(ArchiveTest, RefusesEntriesThatAreNoRegularFiles) {
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

TEST(ArchiveTest, RefusesNamesThatDifferInCaseAlone) {
  ExpectRefused(
      {.entries = {Entry("export.bin", "a"), Entry("EXPORT.bin", "b")}},
      "entry EXPORT.bin: stands there twice");
}

TEST(ArchiveTest, RefusesExtraFieldsLongerThanTheirPlace) {
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

// Readers follow a locator right before the end record, or search for one in
// the last 64 KiB; an export that holds one means two things.
TEST(ArchiveTest, RefusesAZip64LocatorBeforeTheEndRecord) {
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
TEST(ArchiveTest, AcceptsZip64sFirstBytesInData) {
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

}  // namespace
}  // namespace tekmatch
