// Any bytes as the partial of a shard, with the checksum that belongs to them:
// an answer, and what is taken of them is written as the same again. A merge
// that expects such files has an answer, too, and never that of a fault of its
// own.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"
#include "matcher/check/check_options.h"
#include "matcher/check/conclusion.h"
#include "matcher/check/partial.h"
#include "matcher/check/partial_fields.h"
#include "matcher/check/shard_merger.h"
#include "matcher/check/shards.h"
#include "matcher/join/match.h"

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

void TrapOnFault(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kInternal ||
      status.code() == absl::StatusCode::kUnknown) {
    __builtin_trap();
  }
}

// Two shards by devices, each with the same partial: what one of them may not
// say of the other's devices, and what they say of one file.
void Merge(tekmatch::PartialHeader header,
           std::vector<tekmatch::PartialFile>& files) {
  header.num_sightings = std::max<uint64_t>(header.num_sightings, 1);
  if (header.num_sightings > 1000) return;
  tekmatch::ShardPlan plan;
  plan.digest = header.plan;
  plan.by_devices = true;
  tekmatch::ExposureCheckOptions options;
  for (uint32_t i = 0; i < files.size(); ++i) {
    files[i].number = i;
    const std::string& path = files[i].matched.file.path;
    plan.paths.push_back(path);
    plan.common_files.push_back(i);
    // No path of theirs is opened.
    options.files.sources[path] = tekmatch::MemorySource(path, "");
  }
  options.devices = {0, 1, 2};
  plan.shards = {
      {.files = {}, .devices = {0, 1}, .num_sightings = header.num_sightings},
      {.files = {}, .devices = {2}, .num_sightings = header.num_sightings}};
  tekmatch::ShardMerger merger(plan);
  for (const uint32_t shard : {0U, 1U}) {
    header.shard = shard;
    const std::string bytes = Written(header, files);
    const absl::Status added =
        merger.Add(*tekmatch::MemorySource("partial", bytes));
    TrapOnFault(added);
    if (!added.ok()) return;
    // The other one has no candidates and keys, so that both can be taken in.
    for (tekmatch::PartialFile& file : files) {
      file.matched.candidates.clear();
      file.matched.teks = {};
    }
  }
  options.skip_bad_files = true;
  const tekmatch::SightingNumbers numbers = {.all = 2 * header.num_sightings,
                                             .of_device = {}};
  uint64_t num_matches = 0;
  const auto merged = merger.Conclude(
      numbers, options, [&](absl::Span<const tekmatch::Match> matches) {
        num_matches += matches.size();
        return absl::OkStatus();
      });
  TrapOnFault(merged.status());
  if (merged.ok() && merged->result.matches.empty() != (num_matches == 0)) {
    __builtin_trap();
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
  Merge(header, again);
  return 0;
}
