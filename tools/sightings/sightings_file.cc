#include "tools/sightings/sightings_file.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tekmatch {
namespace {

constexpr size_t kMaxMessages = 10;
constexpr size_t kMaxReasons = 64;

}  // namespace

void SightingsConversion::Add(const SightingsConversion& other) {
  num_spans += other.num_spans;
  num_of_spans += other.num_of_spans;
  num_addresses += other.num_addresses;
  num_positions += other.num_positions;
  num_overwritten += other.num_overwritten;
  doubts.insert(doubts.end(), other.doubts.begin(), other.doubts.end());
}

void CountReason(absl::string_view reason, uint64_t num_rows,
                 BadRowReasons* reasons) {
  auto found = reasons->find(reason);
  if (found == reasons->end()) {
    // A length stands in some, so that a file can have any number of them.
    found =
        reasons
            ->try_emplace(reasons->size() < kMaxReasons ? std::string(reason)
                                                        : "other reasons")
            .first;
  }
  found->second += num_rows;
}

absl::Status BadRow(absl::FunctionRef<std::string()> place,
                    absl::string_view reason,
                    const SightingsReaderOptions& options,
                    SightingsFile* file) {
  if (!options.skip_bad) {
    return absl::DataLossError(absl::StrCat(place(), ": ", reason));
  }
  ++file->num_bad;
  CountReason(reason, 1, &file->bad_reasons);
  if (file->messages.size() < kMaxMessages) {
    file->messages.push_back(absl::StrCat(place(), ": ", reason));
  }
  return absl::OkStatus();
}

absl::Status HandOver(const SightingsReaderOptions& options,
                      SightingsFile* file) {
  if (!options.sink || file->sightings.empty()) return absl::OkStatus();
  absl::Status status = options.sink(absl::MakeSpan(file->sightings));
  file->sightings.clear();  // its memory is used again
  return status;
}

absl::Status LosePart(SightingsLoss loss, const SightingsReaderOptions& options,
                      SightingsFile* file) {
  if (!options.skip_bad) {
    return absl::DataLossError(absl::StrCat(loss.file, ": ", loss.reason));
  }
  file->losses.push_back(std::move(loss));
  return absl::OkStatus();
}

}  // namespace tekmatch
