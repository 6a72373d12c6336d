// A small world through tekmatch.h: who is trusted, what was heard, an export;
// and handles that destroy themselves.
#ifndef TEKMATCH_TESTS_MATCHER_API_C_WORLD_H_
#define TEKMATCH_TESTS_MATCHER_API_C_WORLD_H_

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "keyformat/diagnosis_key.h"
#include "matcher/api/tekmatch.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

struct DestroyHandle {
  void operator()(tekmatch_trust* trust) const {
    tekmatch_trust_destroy(trust);
  }
  void operator()(tekmatch_index* index) const {
    tekmatch_index_destroy(index);
  }
  void operator()(tekmatch_result* result) const {
    tekmatch_result_destroy(result);
  }
  void operator()(tekmatch_store* store) const {
    tekmatch_store_destroy(store);
  }
};
using TrustHandle = std::unique_ptr<tekmatch_trust, DestroyHandle>;
using IndexHandle = std::unique_ptr<tekmatch_index, DestroyHandle>;
using ResultHandle = std::unique_ptr<tekmatch_result, DestroyHandle>;
using StoreHandle = std::unique_ptr<tekmatch_store, DestroyHandle>;

// A buffer for messages.
struct Message {
  std::array<char, 300> text{};

  char* data() { return text.data(); }
  size_t size() const { return text.size(); }
  std::string str() const { return text.data(); }
};

// The functions report what fails through GoogleTest.
TrustHandle TrustTestSignerInC();
IndexHandle IndexInC(const std::vector<Sighting>& sightings);
tekmatch_sighting SightingInC(const Sighting& sighting);

// COCOA's rules, Japan's dates, a day after the test day's.
tekmatch_check_options CocoaOptions();
// Of what the caller keeps.
tekmatch_source MemorySourceInC(const char* name, const std::string& bytes);
// Null where the check failed.
ResultHandle CheckInC(const tekmatch_index* index, const tekmatch_trust* trust,
                      const std::vector<tekmatch_source>& sources,
                      const tekmatch_check_options& options);

// Sightings every two minutes of half an hour with each key, from 01:00 UTC of
// its day on.
std::vector<Sighting> HearForHalfAnHour(const std::vector<DiagnosisKey>& keys,
                                        int rssi = -60);

// All rows by size query and array.
template <typename Row, typename Function>
std::vector<Row> RowsInC(Function function, const tekmatch_result* result) {
  size_t num_rows = 0;
  if (function(nullptr, &num_rows, result, nullptr, 0) != TEKMATCH_OK) {
    return {};
  }
  std::vector<Row> rows(num_rows);
  if (function(rows.data(), &num_rows, result, nullptr, 0) != TEKMATCH_OK) {
    return {};
  }
  return rows;
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_API_C_WORLD_H_
