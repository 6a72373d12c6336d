// The zips are minizip's, byte for byte, and are read back.
#include "keyformat/zip_writer.h"

#include <minizip/zip.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "keyformat/random_source.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

// minizip writes through these callbacks: it seeks back to complete headers.
struct MinizipOutput {
  std::string bytes;
  size_t position = 0;
};

MinizipOutput* Output(voidpf stream) {
  return static_cast<MinizipOutput*>(stream);
}

voidpf OpenOutput(voidpf opaque, const void*, int) { return opaque; }
int CloseOutput(voidpf, voidpf) { return 0; }
int OutputError(voidpf, voidpf) { return 0; }
ZPOS64_T TellOutput(voidpf, voidpf stream) { return Output(stream)->position; }

uLong WriteOutput(voidpf, voidpf stream, const void* data, uLong size) {
  MinizipOutput* out = Output(stream);
  const size_t end = out->position + size;
  if (end > out->bytes.size()) out->bytes.resize(end);
  std::copy_n(static_cast<const char*>(data), size,
              out->bytes.begin() + static_cast<ptrdiff_t>(out->position));
  out->position = end;
  return size;
}

long SeekOutput(voidpf, voidpf stream, ZPOS64_T offset,  // NOLINT(runtime/int)
                int origin) {
  MinizipOutput* out = Output(stream);
  size_t base = 0;
  if (origin == ZLIB_FILEFUNC_SEEK_CUR) base = out->position;
  if (origin == ZLIB_FILEFUNC_SEEK_END) base = out->bytes.size();
  out->position = base + static_cast<size_t>(offset);
  return 0;
}

// Deflated, or all of them stored.
std::string ByMinizip(const std::vector<ZipContent>& entries,
                      bool stored = false) {
  MinizipOutput out;
  zlib_filefunc64_def callbacks{};
  callbacks.zopen64_file = OpenOutput;
  callbacks.zwrite_file = WriteOutput;
  callbacks.ztell64_file = TellOutput;
  callbacks.zseek64_file = SeekOutput;
  callbacks.zclose_file = CloseOutput;
  callbacks.zerror_file = OutputError;
  callbacks.opaque = &out;
  zipFile zip = zipOpen2_64("", APPEND_STATUS_CREATE, nullptr, &callbacks);
  EXPECT_NE(zip, nullptr);
  for (const ZipContent& entry : entries) {
    zip_fileinfo info{};
    info.tmz_date.tm_mday = 1;
    info.tmz_date.tm_year = 1980;
    EXPECT_EQ(zipOpenNewFileInZip(zip, entry.name.c_str(), &info, nullptr, 0,
                                  nullptr, 0, nullptr, stored ? 0 : Z_DEFLATED,
                                  Z_DEFAULT_COMPRESSION),
              ZIP_OK);
    // A length of 0 makes minizip fail where there is nothing to write.
    if (!entry.bytes.empty()) {
      EXPECT_EQ(zipWriteInFileInZip(zip, entry.bytes.data(),
                                    static_cast<unsigned>(entry.bytes.size())),
                ZIP_OK);
    }
    EXPECT_EQ(zipCloseFileInZip(zip), ZIP_OK);
  }
  EXPECT_EQ(zipClose(zip, nullptr), ZIP_OK);
  return std::move(out.bytes);
}

// Half random, half of one byte. The zero at its begin says that it is no text,
// which minizip would note.
std::string Content(size_t size, uint64_t seed) {
  RandomSource random = RandomSource::Seeded(seed);
  std::string bytes(size, '\0');
  for (size_t i = 1; i < size; ++i) {
    if (i / 1000 % 2 == 0) bytes[i] = static_cast<char>(random.Below(256));
  }
  return bytes;
}

TEST(ZipWriterTest, WritesWhatMinizipDoes) {
  for (const size_t size : {0, 1, 2, 100, 16383, 16384, 40000, 1000000}) {
    SCOPED_TRACE(size);
    const std::vector<ZipContent> entries = {
        {.name = "export.bin", .bytes = Content(size, 1)},
        {.name = "export.sig", .bytes = Content(100, 2)},
        {.name = "a", .bytes = Content(size, 3)}};
    const auto zip = WriteZip(entries);
    ASSERT_THAT(zip, IsOk());
    EXPECT_TRUE(*zip == ByMinizip(entries));
  }
}

// Up to the reader's limit, some 16 KiB, it is deflated.
TEST(ZipWriterTest, WhatAReaderWouldRefuseIsStored) {
  for (const auto& [size, stored] :
       {std::pair(size_t{16000}, false), std::pair(size_t{17000}, true),
        std::pair(size_t{1000000}, true)}) {
    SCOPED_TRACE(size);
    const std::vector<ZipContent> entries = {
        {.name = "export.bin", .bytes = std::string(size, '\0')}};
    const auto zip = WriteZip(entries);
    ASSERT_THAT(zip, IsOk());
    EXPECT_TRUE(*zip == ByMinizip(entries, stored));
  }
}

TEST(ZipWriterTest, WithoutEntries) {
  const auto zip = WriteZip({});
  ASSERT_THAT(zip, IsOk());
  EXPECT_EQ(*zip, ByMinizip({}));
}

TEST(ZipWriterTest, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(WriteZip({{.name = std::string(65536, 'n'), .bytes = ""}}).status(),
            absl::InvalidArgumentError("zip: an entry's name is too long"));
  EXPECT_EQ(WriteZip(std::vector<ZipContent>(65536)).status(),
            absl::InvalidArgumentError("zip: too large"));
  EXPECT_THAT(WriteZip({{.name = std::string(65535, 'n'), .bytes = ""}}),
              IsOk());
}

}  // namespace
}  // namespace tekmatch
