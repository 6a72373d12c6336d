#include "tools/sightings_file.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tekmatch {
namespace {

constexpr size_t kMaxMessages = 10;

}  // namespace

absl::Status BadRow(const std::string& place, absl::string_view reason,
                    const SightingsReaderOptions& options,
                    SightingsFile* file) {
  std::string message = absl::StrCat(place, ": ", reason);
  if (!options.skip_bad) return absl::DataLossError(message);
  ++file->num_bad;
  if (file->messages.size() < kMaxMessages) {
    file->messages.push_back(std::move(message));
  }
  return absl::OkStatus();
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
