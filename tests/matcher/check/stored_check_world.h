// Random small worlds for tests of a check over a store: exports that servers
// and their mistakes publish over a fortnight, and what one phone heard.
//
// Exports are put together field by field, since no honest writer writes some
// of them: a key that is revoked among the primary keys, one that stands
// several times in a file, one of the day after tomorrow. Each is signed by one
// or more of three signers, two of which are one authority.
#ifndef TEKMATCH_TESTS_MATCHER_CHECK_STORED_CHECK_WORLD_H_
#define TEKMATCH_TESTS_MATCHER_CHECK_STORED_CHECK_WORLD_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/byte_source.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/export_writer.h"
#include "keyformat/hash_tables.h"
#include "keyformat/random_source.h"
#include "keyformat/signature.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

// An export before it is bytes.
struct PlainExport {
  // Seconds; 0 stands for none.
  uint64_t start_timestamp = 0;
  uint64_t end_timestamp = 0;
  int batch_num = 1;
  int batch_size = 1;
  // In this order; those that are `revised` go to revised_keys.
  std::vector<DiagnosisKey> keys;
  int num_rejected = 0;  // further keys, which no reader takes
};

// Its zip.
std::string SignedZip(const PlainExport& plain,
                      absl::Span<const ExportSigner> signers);

struct StoredCheckWorld {
  // All contents, by name: exports, copies of them under other names, and files
  // that are refused by whomever one trusts.
  std::map<std::string, std::shared_ptr<const ByteSource>> sources;
  std::vector<std::string> exports;  // names of good ones, each content once
  std::map<std::string, std::string> copies;  // name -> the export's
  std::vector<std::string> bad;
  std::vector<Sighting> sightings;
  HashSet<Tek> own_keys;
  bool repeats_keys = false;  // a file has a key twice, alike in everything
  bool lacks_a_file = false;  // a batch does
};

// "440 v1", "440 v2" and "441 v1", each of this process.
absl::Span<const ExportSigner> WorldSigners();
// Of the first so many of them, each a set of its own.
TrustedKeys TrustWorldSigners(size_t num_signers);

// Of the days from the first after kTestDay on. Nothing in it is older than 14
// days before the last second of day kLastWorldDay.
inline constexpr int kLastWorldDay = 13;
StoredCheckWorld RandomStoredCheckWorld(RandomSource& random);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_CHECK_STORED_CHECK_WORLD_H_
