#include "keyformat/batch.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace tekmatch {
namespace {

constexpr size_t kMaxNamedMissing = 100;

// Region, timestamps, batch size, and the signer if there is one.
using BatchId = std::tuple<std::string, uint64_t, uint64_t, int,
                           std::optional<std::string>>;

std::map<BatchId, std::vector<size_t>> GroupByBatch(
    absl::Span<const BatchMember> files) {
  std::map<BatchId, std::vector<size_t>> batches;
  for (size_t i = 0; i < files.size(); ++i) {
    const ExportMetadata& f = files[i].metadata;
    if (f.batch_size <= 1) continue;
    BatchId id = {f.region, f.start_timestamp, f.end_timestamp, f.batch_size,
                  std::nullopt};
    if (files[i].signers.empty()) batches[id].push_back(i);
    for (const std::string& signer : std::set<std::string>(
             files[i].signers.begin(), files[i].signers.end())) {
      std::get<4>(id) = signer;
      batches[id].push_back(i);
    }
  }
  return batches;
}

// What the members lack of a batch of this size.
IncompleteBatch FindMissing(absl::Span<const BatchMember> files,
                            std::vector<size_t> members, int batch_size) {
  std::set<int> present;
  for (const size_t i : members) present.insert(files[i].metadata.batch_num);
  IncompleteBatch batch;
  batch.files = std::move(members);
  batch.batch_size = batch_size;
  batch.num_missing = batch_size - static_cast<int>(present.size());
  for (int number = 1;
       number <= batch_size && batch.missing.size() < kMaxNamedMissing;
       ++number) {
    if (!present.contains(number)) batch.missing.push_back(number);
  }
  return batch;
}

}  // namespace

std::vector<IncompleteBatch> FindIncompleteBatches(
    absl::Span<const BatchMember> files) {
  std::vector<IncompleteBatch> batches;
  for (auto& [id, members] : GroupByBatch(files)) {
    batches.push_back(FindMissing(files, std::move(members), std::get<3>(id)));
  }
  // The complete ones come first, and take their files from the others.
  std::stable_sort(batches.begin(), batches.end(),
                   [](const IncompleteBatch& a, const IncompleteBatch& b) {
                     return a.num_missing < b.num_missing;
                   });
  std::vector<bool> settled(files.size(), false);
  std::vector<IncompleteBatch> incomplete;
  for (IncompleteBatch& batch : batches) {
    std::erase_if(batch.files, [&](size_t i) { return settled[i]; });
    for (const size_t i : batch.files) settled[i] = true;
    if (batch.num_missing > 0 && !batch.files.empty()) {
      incomplete.push_back(std::move(batch));
    }
  }
  std::sort(incomplete.begin(), incomplete.end(),
            [](const IncompleteBatch& a, const IncompleteBatch& b) {
              return a.files.front() < b.files.front();
            });
  return incomplete;
}

}  // namespace tekmatch
