// How many entries a zip may have, how large and how far compressed; and what
// one beyond that costs.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "keyformat/archive.h"
#include "keyformat/byte_source.h"
#include "tests/keyformat/archive_verdicts.h"
#include "tests/keyformat/raw_zip.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

TEST(ArchiveLimitsTest, RefusesMoreEntriesThanAllowed) {
  RawZip zip;
  for (const char* name : {"a", "b", "c", "d"}) {
    zip.entries.push_back(Entry(name, "x"));
  }
  ExpectRefused(zip, "4 entries, at most 3 allowed");
  zip.num_entries = 65535;
  ExpectRefused(zip, "zip64");
  zip.entries.pop_back();
  zip.num_entries.reset();
  EXPECT_THAT(Directory(zip.Build()), IsOk());
  // More, or fewer, in the directory than the end record says.
  zip.num_entries = 2;
  ExpectRefused(zip, "the directory holds more than its entries");
  zip.entries.pop_back();
  zip.num_entries = 3;
  ExpectRefused(zip, "damaged directory");
}

// A zip of one entry with so many zero bytes for data, which take no memory.
class LargeZip : public ByteSource {
 public:
  LargeZip(RawZipEntry entry, uint32_t data_bytes)
      : data_offset_(30 + entry.name.size()), data_bytes_(data_bytes) {
    entry.data = "";
    entry.compressed_bytes = data_bytes;
    around_ = RawZip{.entries = {std::move(entry)},
                     .directory_offset =
                         static_cast<uint32_t>(data_offset_ + data_bytes)}
                  .Build();
  }
  const std::string& name() const override { return name_; }
  uint64_t size() const override { return around_.size() + data_bytes_; }
  absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> out) const override {
    if (offset > size() || out.size() > size() - offset) {
      return absl::DataLossError("beyond the end");
    }
    for (uint8_t& byte : out) {
      const uint64_t at = offset++;
      if (at < data_offset_) {
        byte = static_cast<uint8_t>(around_[at]);
      } else if (at < data_offset_ + data_bytes_) {
        byte = 0;
      } else {
        byte = static_cast<uint8_t>(around_[at - data_bytes_]);
      }
    }
    return absl::OkStatus();
  }

 private:
  const std::string name_ = "a.zip";
  const uint64_t data_offset_;
  const uint64_t data_bytes_;
  std::string around_;
};

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

// A directory of 66,000 entries, of which the end record tells three; and as
// many that it tells modulo 65,536, with which zip64 has no part.
TEST(ArchiveLimitsTest, EntriesBeyondTheLimitCostNothing) {
  RawZip zip;
  zip.entries.reserve(66'000);
  for (int i = 0; i < 66'000; ++i) {
    RawZipEntry entry = Entry(std::to_string(100'000 + i), "");
    entry.deflate = false;
    zip.entries.push_back(std::move(entry));
  }
  for (const bool with_zip64 : {false, true}) {
    zip.before_end = with_zip64 ? Zip64Record() + Zip64Locator() : "";
    const std::string honest = zip.Build();
    for (const uint16_t told : {uint16_t{3}, uint16_t{66'000 % 65'536}}) {
      // Of this disk, and in all.
      std::string file = honest;
      for (const size_t offset : {8, 10}) {
        const size_t at = file.size() - 22 + offset;
        file[at] = static_cast<char>(told & 0xff);
        file[at + 1] = static_cast<char>(told >> 8);
      }
      const CountingSource source(file);
      const auto directory = ReadArchiveDirectory(source, {});
      EXPECT_EQ(directory.status().code(), absl::StatusCode::kDataLoss);
      EXPECT_LE(source.num_reads, 2);
      EXPECT_LE(source.num_bytes, 65'535 + 22);
    }
  }
}

TEST(ArchiveLimitsTest, RefusesLargeAndOvercompressedEntries) {
  RawZipEntry entry = Entry("export.bin", "content");
  entry.bytes = (512U << 20) + 1;
  ExpectRefused({.entries = {entry}}, "at most 536870912 allowed");
  // A bomb: a million zeros in a thousand bytes.
  ExpectRefused({.entries = {Entry("export.bin", std::string(1 << 20, '\0'))}},
                "compressed more than 2.75 to 1");
  // The third entry is no way round it.
  ExpectRefused({.entries = {Entry("export.bin", "x"),
                             Entry("other", std::string(1 << 20, '\0'))}},
                "entry other: compressed more than 2.75 to 1");
  // Tiny entries may repeat themselves.
  ExpectAccepted({.entries = {Entry("x", std::string(16'384, '\0'))}});
  // Empty keys, of two bytes each.
  std::string empty_keys;
  for (int i = 0; i < 100'000; ++i) empty_keys += std::string("\x3a\0", 2);
  ExpectRefused({.entries = {Entry("export.bin", empty_keys)}},
                "compressed more than 2.75 to 1");
}

TEST(ArchiveLimitsTest, AcceptsEntriesUpToTheLimitOfTheirSize) {
  const ArchiveLimits limits{.max_entry_bytes = 1000};
  RawZip zip{.entries = {Entry("export.bin", Noise(1000))}};
  ExpectAccepted(zip, limits);
  zip.entries[0] = Entry("export.bin", Noise(1001));
  ExpectRefused(zip.Build(), "1001 bytes, at most 1000 allowed", limits);
  // The limit where nobody says one; sizes are as declared. Data of
  // 4/11, so that it is not compressed too much.
  RawZipEntry large = Entry("export.bin", "");
  constexpr uint32_t kDataBytes = (512U << 20) / 11 * 4 + 4;
  large.bytes = 512U << 20;
  const auto accepted = ReadArchiveDirectory(LargeZip(large, kDataBytes), {});
  EXPECT_THAT(accepted, IsOk());
  large.bytes = (512U << 20) + 1;
  const auto refused = ReadArchiveDirectory(LargeZip(large, kDataBytes), {});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(refused.status().message(),
                                "536870913 bytes, at most 536870912"))
      << refused.status();
}

// To the byte, also where four does not divide the size.
TEST(ArchiveLimitsTest, AcceptsACompressionUpToTheLimitAndTheAllowance) {
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

}  // namespace
}  // namespace tekmatch
