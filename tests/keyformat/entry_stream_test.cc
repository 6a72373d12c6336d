// What OpenEntry of archive.h makes of an entry's data.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/archive.h"
#include "tests/keyformat/deflate_writer.h"
#include "tests/keyformat/raw_zip.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Reads all of an entry, `step` bytes at a time.
absl::StatusOr<std::string> ReadAll(const ByteSource& source,
                                    const ArchiveEntry& entry,
                                    size_t step = 1000) {
  absl::StatusOr<std::unique_ptr<ByteStream>> stream = OpenEntry(source, entry);
  if (!stream.ok()) return stream.status();
  std::string all;
  std::vector<uint8_t> buffer(step);
  while (true) {
    absl::StatusOr<size_t> n = (*stream)->Read(absl::MakeSpan(buffer));
    if (!n.ok()) return n.status();
    if (*n == 0) return all;
    all.append(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(*n));
  }
}

// The first entry of a zip, read through directory and stream.
absl::StatusOr<std::string> ReadFirst(const std::string& bytes,
                                      size_t step = 1000) {
  const std::unique_ptr<ByteSource> source = MemorySource("a.zip", bytes);
  absl::StatusOr<std::vector<ArchiveEntry>> entries =
      ReadArchiveDirectory(*source, {});
  if (!entries.ok()) return entries.status();
  return ReadAll(*source, entries->front(), step);
}

// The end of a deflate stream, after content that is no block's last: so many
// empty blocks, the last of which says so. RFC 1951, 3.2.4.
std::string EmptyBlocks(size_t n) {
  std::string blocks;
  for (size_t i = 0; i < n; ++i) {
    blocks += std::string(i + 1 == n ? "\1" : "\0", 1);
    blocks += std::string("\0\0\xff\xff", 4);
  }
  return blocks;
}

// A block, not the last, that holds its content as it is; less than 64 KiB.
std::string StoredBlock(const std::string& content) {
  const auto size = static_cast<uint16_t>(content.size());
  const auto inverse = static_cast<uint16_t>(~size);
  const std::string header = {
      '\0', static_cast<char>(size), static_cast<char>(size >> 8),
      static_cast<char>(inverse), static_cast<char>(inverse >> 8)};
  return header + content;
}

TEST(EntryStreamTest, ReadsStoredAndDeflatedEntriesOfManySizes) {
  for (const size_t size : {0, 1, 999, 1000, 1001, 65536, 200000}) {
    for (const bool deflate : {false, true}) {
      RawZipEntry entry = Entry("export.bin", Noise(size));
      entry.deflate = deflate;
      const std::unique_ptr<ByteSource> source = MemorySource(
          "a.zip",
          RawZip{.entries = {entry, Entry("export.sig", "x")}}.Build());
      const auto entries = ReadArchiveDirectory(*source, {});
      ASSERT_THAT(entries, IsOk());
      ASSERT_EQ(entries->size(), 2);
      EXPECT_EQ((*entries)[0].bytes, size);
      for (const size_t step : {1, 7, 1000, 300000}) {
        if (step == 1 && size > 1001) continue;
        EXPECT_THAT(ReadAll(*source, (*entries)[0], step),
                    IsOkAndHolds(Noise(size)));
      }
      EXPECT_THAT(ReadAll(*source, (*entries)[1]), IsOkAndHolds("x"));
    }
  }
}

TEST(EntryStreamTest, HoldsTheDataToItsDeclaration) {
  const std::string content = Noise(100000);
  const struct {
    const char* reason;
    void (*lie)(RawZipEntry&);
  } kCases[] = {
      {"wrong CRC", [](RawZipEntry& e) { e.crc32 = 1; }},
      {"less than declared", [](RawZipEntry& e) { e.bytes = 100001; }},
      {"more than declared", [](RawZipEntry& e) { e.bytes = 99999; }},
      {"truncated",
       [](RawZipEntry& e) {
         e.data = RawDeflate(e.content);
         e.data->resize(e.data->size() / 2);
       }},
      {"damaged", [](RawZipEntry& e) { e.data = std::string(50000, '\x07'); }},
      {"after its compressed stream",
       [](RawZipEntry& e) { e.data = RawDeflate(e.content) + "more"; }},
  };
  for (const auto& c : kCases) {
    RawZipEntry entry = Entry("export.bin", content);
    c.lie(entry);
    const auto read = ReadFirst(RawZip{.entries = {entry}}.Build());
    EXPECT_THAT(read, StatusIs(absl::StatusCode::kDataLoss,
                               AllOf(HasSubstr("a.zip: entry export.bin: "),
                                     HasSubstr(c.reason))));
  }
  RawZipEntry stored = Entry("export.bin", "content");
  stored.deflate = false;
  stored.crc32 = 7;
  EXPECT_THAT(
      std::string(
          ReadFirst(RawZip{.entries = {stored}}.Build()).status().message()),
      HasSubstr("wrong CRC"));
}

// The compressed data goes on after the content is complete.
TEST(EntryStreamTest, AFewEmptyBlocksAtTheEndAreNoFault) {
  for (const size_t num_blocks : {1, 2, 1000}) {
    RawZipEntry entry = Entry("export.bin", "content");
    entry.data = StoredBlock("content") + EmptyBlocks(num_blocks);
    EXPECT_THAT(ReadFirst(RawZip{.entries = {entry}}.Build()),
                IsOkAndHolds("content"))
        << num_blocks;
  }
}

// Wherever they stand: before the content or behind it.
TEST(EntryStreamTest, RefusesMoreBlocksThanTheDataCouldNeed) {
  for (const bool with_tables : {false, true}) {
    for (const size_t content_bytes : {1, 512, 60'000}) {
      for (const bool before : {false, true}) {
        for (const bool one_more : {false, true}) {
          DeflateWriter writer;
          const auto add_content = [&] { writer.Stored(Noise(content_bytes)); };
          if (before) add_content();
          // Of the cost 2 is for the content and the end.
          for (uint64_t cost = 2;; cost += with_tables ? 16 : 1) {
            const uint64_t end_bytes = 5 + (before ? 0 : 5 + content_bytes);
            const uint64_t most = 1024 + (writer.num_bytes() + end_bytes) / 512;
            if (cost + (with_tables ? 16 : 1) > most) break;
            if (with_tables) {
              writer.SmallTable(0);
            } else {
              writer.Stored("");
            }
          }
          if (one_more && with_tables) writer.SmallTable(0);
          for (int i = 0; one_more && !with_tables && i < 2; ++i) {
            writer.Stored("");
          }
          if (!before) add_content();
          RawZipEntry entry = Entry("export.bin", Noise(content_bytes));
          entry.data = writer.Finish();
          const auto read = ReadFirst(RawZip{.entries = {entry}}.Build());
          if (one_more) {
            EXPECT_THAT(std::string(read.status().message()),
                        HasSubstr("entry export.bin: the compressed data has "
                                  "too many blocks"));
          } else {
            EXPECT_THAT(read, IsOk());
          }
        }
      }
    }
  }
}

// The CRC is of what is declared, so that nothing but the length tells.
TEST(EntryStreamTest, OneByteMoreThanDeclaredIsFoundAtEverySize) {
  for (size_t size = 1; size < 400; ++size) {
    for (const std::string& content : {Noise(size), std::string(size, 'x')}) {
      RawZipEntry entry = Entry("export.bin", content.substr(0, size - 1));
      entry.data = RawDeflate(content);
      const std::string zip = RawZip{.entries = {entry}}.Build();
      for (const size_t step : {1, 7, 1000}) {
        const auto read = ReadFirst(zip, step);
        ASSERT_FALSE(read.ok()) << size;
        EXPECT_THAT(std::string(read.status().message()),
                    HasSubstr("inflates to more than declared"));
      }
    }
  }
}

TEST(EntryStreamTest, DataAfterTheStreamIsFoundAtEveryLength) {
  // Content and its stream.
  std::vector<std::pair<std::string, std::string>> streams;
  // Streams of a few bytes, which end after every number of bits of a byte:
  // literals from 144 on have nine.
  std::string content;
  for (int i = 0; i < 9; ++i) {
    streams.emplace_back(content, RawDeflate(content));
    content += static_cast<char>(0xd0 + i);
  }
  // Streams that end where a read of the file does, with the content and after
  // it.
  constexpr size_t kReadBytes = 64 << 10;
  for (const size_t num_blocks : {1000, 1}) {
    content = Noise(kReadBytes - 5 - 5 * num_blocks);
    streams.emplace_back(content,
                         StoredBlock(content) + EmptyBlocks(num_blocks));
    ASSERT_EQ(streams.back().second.size(), kReadBytes);
  }
  for (const auto& [plain, stream] : streams) {
    for (size_t more = 0; more < 20; ++more) {
      for (const char rest : {'\0', '\1', '\xff'}) {
        RawZipEntry entry = Entry("export.bin", plain);
        entry.data = stream + std::string(more, rest);
        const auto read = ReadFirst(RawZip{.entries = {entry}}.Build());
        if (more == 0) {
          EXPECT_THAT(read, IsOk());
        } else {
          EXPECT_THAT(std::string(read.status().message()),
                      HasSubstr("has data after its compressed stream"))
              << stream.size() << " + " << more;
        }
      }
    }
  }
}

}  // namespace
}  // namespace tekmatch
