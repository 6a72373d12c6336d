#include "matcher/check/publication_order.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>

#include "keyformat/hash_tables.h"

namespace tekmatch {
namespace {

std::optional<int64_t> PlausibleTime(uint64_t unix_seconds) {
  constexpr uint64_t kYear10000 = 253402300800;
  if (unix_seconds == 0 || unix_seconds >= kYear10000) return std::nullopt;
  return static_cast<int64_t>(unix_seconds);
}

}  // namespace

ExportTimes TimesOf(const ExportMetadata& metadata) {
  return {.start_seconds = PlausibleTime(metadata.start_timestamp),
          .end_seconds = PlausibleTime(metadata.end_timestamp)};
}

bool InPublicationOrder(const ExportFileResult& a, const ExportFileResult& b) {
  if (a.is_whole() != b.is_whole()) return a.is_whole();
  if (!a.is_whole()) return a.path < b.path;
  const auto rank = [](const ExportFileResult& file) {
    const ExportMetadata& metadata = file.report.metadata;
    return std::make_tuple(TimesOf(metadata).end_seconds.value_or(
                               std::numeric_limits<int64_t>::max()),
                           metadata.batch_num, file.report.digests.sha256,
                           !file.accepted, !file.is_verified(), file.verdict,
                           file.path);
  };
  return rank(a) < rank(b);
}

void MarkCopies(std::vector<ExportFileResult>& files) {
  HashMap<Sha256Digest, const ExportFileResult*> firsts;  // of what counts
  for (ExportFileResult& file : files) {
    if (!file.accepted) continue;
    const auto [first, is_new] =
        firsts.try_emplace(file.report.digests.sha256, &file);
    if (!is_new) file.copy_of = first->second->path;
  }
}

}  // namespace tekmatch
