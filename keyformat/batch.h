// Batches: exports that a server split over several files belong together, and
// count only together: a device that matched a part would tell its user less
// than the server said.
//
// Who signed is part of what a batch is. Two authorities can publish for one
// region and window ("GB" was England's and Scotland's), and a half of either
// is not the other's missing half. A signer is a key id: its versions are the
// keys that one authority uses one after another, and a batch may be signed
// with the old one, the new one, or both.
#ifndef TEKMATCH_KEYFORMAT_BATCH_H_
#define TEKMATCH_KEYFORMAT_BATCH_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/key_decoder.h"

namespace tekmatch {

struct BatchMember {
  ExportMetadata metadata;
  // Key ids of the signatures that verified, in any order; "" is an id too.
  // None for an unsigned file: such files make batches among themselves.
  std::vector<std::string> signers;
};

// A batch of which not every number is there.
struct IncompleteBatch {
  std::vector<size_t> files;  // positions of its files in the argument
  int batch_size = 0;
  // Ascending; at most the first hundred of them.
  std::vector<int> missing;
  int num_missing = 0;
};

// Files are of one batch when region, both timestamps and batch_size agree and
// one signer signed them all. A number may be there more than once (the same
// file given twice). A file with several signers is complete if the batch of
// any of them is; otherwise it is named once, in the batch that lacks least.
// Files of batch size 1 are always complete. Order: by the first file of each
// batch.
std::vector<IncompleteBatch> FindIncompleteBatches(
    absl::Span<const BatchMember> files);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_BATCH_H_
