// What a hostile export may cost. No clock is asked: what a reader takes in and
// what it keeps are counted. tools/dev/hostile_costs measures the time.
#include "tests/keyformat/hostile_exports.h"

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
#include "keyformat/archive.h"
#include "keyformat/byte_source.h"
#include "keyformat/export_reader.h"
#include "keyformat/key_block.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

constexpr size_t kZipBytes = 200'000;

// Counts what is read of it.
class CountingSource : public ByteSource {
 public:
  explicit CountingSource(std::string bytes)
      : source_(MemorySource("a.zip", std::move(bytes))) {}
  const std::string& name() const override { return source_->name(); }
  uint64_t size() const override { return source_->size(); }
  absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> out) const override {
    num_bytes += out.size();
    return source_->ReadAt(offset, out);
  }

  mutable uint64_t num_bytes = 0;

 private:
  const std::unique_ptr<ByteSource> source_;
};

TEST(HostileExportsTest, AnHonestExportStaysFarBelowTheLimit) {
  const std::string fields = HonestFields(kZipBytes);
  const std::string zip = ExportOf(fields);
  EXPECT_LT(fields.size(), 2 * zip.size());
  const CountingSource source(zip);
  EXPECT_THAT(ReadArchiveDirectory(source, {}), IsOk());
}

// At the compression that they reach by themselves most kinds are refused
// before anything of them is inflated. A megabyte of fields is enough for a
// zip larger than what may be read of it, of the kind that compresses least.
TEST(HostileExportsTest, WhatCompressesTooWellIsRefusedUnread) {
  int num_refused = 0;
  int num_larger = 0;
  for (const HostileKind& kind : HostileKinds()) {
    SCOPED_TRACE(kind.name);
    const std::string fields = kind.fields(size_t{1} << 20);
    const std::string zip = ExportOf(fields);
    if (4 * fields.size() <= 11 * zip.size()) continue;
    ++num_refused;
    const CountingSource source(zip);
    const auto reader = ExportReader::Open(source, {});
    ASSERT_EQ(reader.status().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(reader.status().message()),
                HasSubstr("compressed more than 2.75 to 1"));
    EXPECT_LT(source.num_bytes, 70'000);
    num_larger += zip.size() > 140'000;
  }
  EXPECT_EQ(num_refused, 13);
  EXPECT_GE(num_larger, 1);
}

// At the compression that is allowed a file inflates to 2.75 times its size,
// and is read once.
TEST(HostileExportsTest, WhatIsReadIsBoundedByTheFilesSize) {
  for (const HostileKind& kind : HostileKinds()) {
    SCOPED_TRACE(kind.name);
    const CountingSource source(HostileExport(kind, kZipBytes));
    EXPECT_NEAR(static_cast<double>(source.size()), kZipBytes,
                0.05 * kZipBytes);
    const auto entries = ReadArchiveDirectory(source, {});
    ASSERT_THAT(entries, IsOk());
    EXPECT_LE(4 * (*entries)[0].bytes, 11 * source.size() + (64 << 10));

    source.num_bytes = 0;
    auto reader = ExportReader::Open(source, {});
    ASSERT_THAT(reader, IsOk());
    KeyBlock block;
    absl::StatusOr<bool> more = true;
    while (more.ok() && *more) more = (*reader)->Next(&block);
    EXPECT_THAT(more, IsOk());
    // All of it, the directory, and the last 64 KiB for a zip64 locator.
    EXPECT_LT(source.num_bytes, source.size() + 70'000);
  }
}

// Of a stream with more blocks than its data could need no more is read than
// where they become too many.
TEST(HostileExportsTest, WhatHasTooManyBlocksIsRefusedEarly) {
  for (const HostileStream& stream : HostileStreams()) {
    SCOPED_TRACE(stream.name);
    const CountingSource source(StreamExport(stream, kZipBytes));
    EXPECT_NEAR(static_cast<double>(source.size()), kZipBytes,
                0.05 * kZipBytes);
    auto reader = ExportReader::Open(source, {});
    ASSERT_THAT(reader, IsOk());
    KeyBlock block;
    absl::StatusOr<bool> more = true;
    while (more.ok() && *more) more = (*reader)->Next(&block);
    EXPECT_LT(source.num_bytes, source.size() + 70'000);
    if (stream.refused) {
      ASSERT_EQ(more.status().code(), absl::StatusCode::kDataLoss);
      EXPECT_THAT(std::string(more.status().message()),
                  HasSubstr("the compressed data has too many blocks"));
    } else {
      EXPECT_THAT(more, IsOk());
    }
  }
}

}  // namespace
}  // namespace tekmatch
