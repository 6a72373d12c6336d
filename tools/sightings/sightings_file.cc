#include "tools/sightings/sightings_file.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tekmatch {
namespace {

constexpr size_t kMaxMessages = 10;

}  // namespace

absl::Status BadRow(absl::FunctionRef<std::string()> place,
                    absl::string_view reason,
                    const SightingsReaderOptions& options,
                    SightingsFile* file) {
  if (!options.skip_bad) {
    return absl::DataLossError(absl::StrCat(place(), ": ", reason));
  }
  ++file->num_bad;
  if (file->messages.size() < kMaxMessages) {
    file->messages.push_back(absl::StrCat(place(), ": ", reason));
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
