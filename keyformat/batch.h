// Batches: exports that a server split over several files belong together, and
// count only together: a device that matched a part would tell its user less
// than the server said.
#ifndef TEKMATCH_KEYFORMAT_BATCH_H_
#define TEKMATCH_KEYFORMAT_BATCH_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/key_decoder.h"

namespace tekmatch {

// A batch of which not every number is there.
struct IncompleteBatch {
  std::vector<size_t> files;  // positions of its files in the argument
  int batch_size = 0;
  // Ascending; at most the first hundred of them.
  std::vector<int> missing;
  int num_missing = 0;
};

// Files are of one batch when region, both timestamps and batch_size agree. A
// number may be there more than once (the same file given twice). Files of
// batch size 1 are always complete. Order: by the first file of each batch.
std::vector<IncompleteBatch> FindIncompleteBatches(
    absl::Span<const ExportMetadata> files);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_BATCH_H_
