// Any bytes as the partial of a shard, with the checksum that belongs to them:
// an answer, and what is taken of them is written as the same again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "keyformat/byte_source.h"
#include "matcher/check/partial.h"

namespace {

std::string Written(const tekmatch::PartialHeader& header,
                    std::vector<tekmatch::PartialFile>& files) {
  std::string bytes;
  const auto sink = [&bytes](absl::string_view some) {
    absl::StrAppend(&bytes, some);
    return absl::OkStatus();
  };
  if (!tekmatch::WritePartial(header, files, sink).ok()) __builtin_trap();
  return bytes;
}

// Whether all of it could be read.
bool Read(const std::string& bytes, tekmatch::PartialHeader* header,
          std::vector<tekmatch::PartialFile>* files) {
  const auto source = tekmatch::MemorySource("partial", bytes);
  auto reader = tekmatch::PartialReader::Open(*source);
  if (!reader.ok()) return false;
  *header = reader->header();
  while (true) {
    tekmatch::PartialFile file;
    const auto more = reader->Next(&file);
    if (!more.ok()) return false;
    if (!*more) return true;
    files->push_back(std::move(file));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes;
  tekmatch::FieldWriter sealer([&bytes](absl::string_view some) {
    absl::StrAppend(&bytes, some);
    return absl::OkStatus();
  });
  for (size_t i = 0; i < size; ++i) sealer.Number(data[i], "");
  if (!sealer.Finish().ok()) __builtin_trap();
  tekmatch::PartialHeader header;
  std::vector<tekmatch::PartialFile> files;
  if (!Read(bytes, &header, &files)) return 0;
  // Once more: what was in another order, or there twice, is not any more.
  const std::string first = Written(header, files);
  std::vector<tekmatch::PartialFile> again;
  if (!Read(first, &header, &again)) __builtin_trap();
  if (Written(header, again) != first) __builtin_trap();
  return 0;
}
