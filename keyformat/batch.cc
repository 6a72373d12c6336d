#include "keyformat/batch.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace tekmatch {
namespace {

constexpr size_t kMaxNamedMissing = 100;

}  // namespace

std::vector<IncompleteBatch> FindIncompleteBatches(
    absl::Span<const ExportMetadata> files) {
  using BatchId = std::tuple<std::string, uint64_t, uint64_t, int>;
  std::map<BatchId, std::vector<size_t>> batches;
  for (size_t i = 0; i < files.size(); ++i) {
    const ExportMetadata& f = files[i];
    if (f.batch_size <= 1) continue;
    batches[{f.region, f.start_timestamp, f.end_timestamp, f.batch_size}]
        .push_back(i);
  }

  std::vector<IncompleteBatch> incomplete;
  for (auto& [id, members] : batches) {
    const int batch_size = std::get<3>(id);
    std::set<int> present;
    for (const size_t i : members) present.insert(files[i].batch_num);
    const int num_missing = batch_size - static_cast<int>(present.size());
    if (num_missing == 0) continue;
    IncompleteBatch batch;
    batch.batch_size = batch_size;
    batch.num_missing = num_missing;
    for (int number = 1;
         number <= batch_size && batch.missing.size() < kMaxNamedMissing;
         ++number) {
      if (present.count(number) == 0) batch.missing.push_back(number);
    }
    batch.files = std::move(members);
    incomplete.push_back(std::move(batch));
  }
  std::sort(incomplete.begin(), incomplete.end(),
            [](const IncompleteBatch& a, const IncompleteBatch& b) {
              return a.files.front() < b.files.front();
            });
  return incomplete;
}

}  // namespace tekmatch
