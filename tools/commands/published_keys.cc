#include "tools/commands/published_keys.h"

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "keyformat/key_block.h"
#include "matcher/check/export_files.h"

namespace tekmatch {
namespace {

// What files say of a key that is to be published.
struct Found {
  bool is_published = false;  // and stays out
  bool contradicts = false;
};

void Compare(const DiagnosisKey& published, const DiagnosisKey& key,
             Found& found) {
  if (key.metadata.revised) {
    if (published == key) found.is_published = true;
    return;
  }
  found.is_published = true;
  if (!published.metadata.revised && published != key) found.contradicts = true;
}

}  // namespace

absl::StatusOr<PublishedBefore> LeaveOutPublished(
    const std::vector<std::string>& files, std::vector<DiagnosisKey>& keys) {
  absl::flat_hash_map<Tek, size_t> places;  // in `keys`
  places.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) places.emplace(keys[i].tek, i);
  std::vector<Found> found(keys.size());
  for (const std::string& path : files) {
    const absl::StatusOr<ExportFileResult> file =
        ReadExportFile(path, {}, [&](std::unique_ptr<KeyBlock>& block) {
          for (size_t i = 0; i < block->size(); ++i) {
            const auto place = places.find(block->teks()[i]);
            if (place == places.end()) continue;
            Compare(block->key(i), keys[place->second], found[place->second]);
          }
          return absl::OkStatus();
        });
    if (!file.ok()) return file.status();
    if (!file->is_whole()) {
      return absl::FailedPreconditionError(
          absl::StrCat(file->message,
                       "; so nobody knows which keys it publishes, and nothing "
                       "was written"));
    }
  }
  PublishedBefore before;
  std::vector<DiagnosisKey> rest;
  rest.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!found[i].is_published) {
      rest.push_back(keys[i]);
      continue;
    }
    ++before.num_keys;
    if (found[i].contradicts) ++before.num_contradicting;
  }
  keys = std::move(rest);
  return before;
}

}  // namespace tekmatch
