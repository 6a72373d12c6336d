#include "keyformat/zip_writer.h"

#include <minizip/zip.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

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

bool AddEntry(zipFile zip, const ZipContent& entry) {
  zip_fileinfo info{};
  info.tmz_date.tm_mday = 1;
  info.tmz_date.tm_year = 1980;
  if (zipOpenNewFileInZip(zip, entry.name.c_str(), &info, nullptr, 0, nullptr,
                          0, nullptr, entry.stored ? 0 : Z_DEFLATED,
                          Z_DEFAULT_COMPRESSION) != ZIP_OK) {
    return false;
  }
  // A length of 0 makes minizip fail where there is nothing to write.
  return (entry.bytes.empty() ||
          zipWriteInFileInZip(zip, entry.bytes.data(),
                              static_cast<unsigned>(entry.bytes.size())) ==
              ZIP_OK) &&
         zipCloseFileInZip(zip) == ZIP_OK;
}

}  // namespace

absl::StatusOr<std::string> WriteZip(const std::vector<ZipContent>& entries) {
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
  if (zip == nullptr) return absl::InternalError("zip: cannot be begun");
  for (const ZipContent& entry : entries) {
    if (!AddEntry(zip, entry)) {
      zipClose(zip, nullptr);
      return absl::InternalError(
          absl::StrCat("zip: entry ", entry.name, " cannot be written"));
    }
  }
  if (zipClose(zip, nullptr) != ZIP_OK) {
    return absl::InternalError("zip: cannot be finished");
  }
  return std::move(out.bytes);
}

}  // namespace tekmatch
