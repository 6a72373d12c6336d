// Plan: Which RPIs count is asked of a table of the intervals beside a
// sighting. Then a floor each: of the kernels, of a zip, of a file of
// sightings.
#include "bench/row_floors.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "bench/kernel_floor.h"
#include "bench/measure.h"
#include "keyformat/archive.h"
#include "keyformat/byte_source.h"
#include "keyformat/status_macros.h"
#include "matcher/join/match_policy.h"

namespace tekmatch {

double ShareInTime(const KeyBlock& keys,
                   const std::vector<Sighting>& sightings) {
  const int64_t tolerance = MatchPolicy().tolerance_intervals;
  std::vector<int64_t> heard;
  heard.reserve(sightings.size());
  for (const Sighting& sighting : sightings) {
    heard.push_back(sighting.unix_seconds / kIntervalSeconds);
  }
  std::sort(heard.begin(), heard.end());
  heard.erase(std::unique(heard.begin(), heard.end()), heard.end());
  if (heard.empty() || keys.empty()) return 0;
  // before[i]: of the intervals from the first on, how many before the i-th
  // have somebody beside them.
  const int64_t first = heard.front() - tolerance;
  const auto num = static_cast<size_t>(heard.back() + tolerance + 1 - first);
  std::vector<uint32_t> before(num + 1, 0);
  for (const int64_t interval : heard) {
    const auto at = static_cast<size_t>(interval - tolerance - first);
    std::fill_n(before.begin() + static_cast<ptrdiff_t>(at) + 1,
                2 * tolerance + 1, 1);
  }
  for (size_t i = 1; i <= num; ++i) before[i] += before[i - 1];
  const auto count_to = [&](int64_t interval) {
    return before[static_cast<size_t>(
        std::clamp<int64_t>(interval - first, 0, static_cast<int64_t>(num)))];
  };
  uint64_t num_rpis = 0;
  uint64_t in_time = 0;
  for (size_t k = 0; k < keys.size(); ++k) {
    const int64_t start = keys.rolling_starts()[k];
    const int64_t period = keys.rolling_periods()[k];
    num_rpis += static_cast<uint64_t>(period);
    in_time += count_to(start + period) - count_to(start);
  }
  return num_rpis == 0
             ? 0
             : static_cast<double>(in_time) / static_cast<double>(num_rpis);
}

absl::StatusOr<double> KernelsFloor(absl::string_view kernel,
                                    double share_in_time) {
  TEKMATCH_ASSIGN_OR_RETURN(const double hkdf, HkdfFloor(kernel));
  TEKMATCH_ASSIGN_OR_RETURN(const double aes, AesFloor(kernel));
  return hkdf + kRoundsOfProbe * aes * share_in_time;
}

absl::StatusOr<double> ZipFloor(const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(const auto source, OpenFileSource(path));
  TEKMATCH_ASSIGN_OR_RETURN(const auto entries,
                            ReadArchiveDirectory(*source, {}));
  double seconds = 0;
  for (const ArchiveEntry& entry : entries) {
    // Only a read with room left can say that the entry has ended.
    std::vector<uint8_t> content(entry.bytes + 1);
    std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
    size_t size = 0;
    absl::Status status;
    seconds += SecondsOf([&] {
      auto stream = OpenEntry(*source, entry);
      status = stream.status();
      while (status.ok()) {
        const absl::StatusOr<size_t> n =
            (*stream)->Read(absl::MakeSpan(content).subspan(size));
        status = n.status();
        if (!n.ok() || *n == 0) break;
        size += *n;
      }
      SHA256(content.data(), size, digest.data());
    });
    TEKMATCH_RETURN_IF_ERROR(status);
    if (size != entry.bytes) return absl::InternalError("not the whole entry");
  }
  return seconds;
}

absl::StatusOr<double> SightingsFloor(const std::string& path,
                                      size_t num_sightings) {
  constexpr size_t kPiece = size_t{1} << 20;
  std::vector<uint8_t> piece(kPiece);
  // Written before, so that no page of theirs is met for the first time.
  std::vector<Sighting> from(num_sightings);
  std::vector<Sighting> to(num_sightings);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return absl::ErrnoToStatus(errno, path);
  ssize_t got = 0;
  int error = 0;
  const double seconds = SecondsOf([&] {
    do {
      got = read(file, piece.data(), piece.size());
      error = got < 0 ? errno : 0;
    } while (got > 0 || error == EINTR);
    std::copy(from.begin(), from.end(), to.begin());
  });
  close(file);
  if (error != 0) return absl::ErrnoToStatus(error, path);
  if (to != from) return absl::InternalError("wrong copy");
  return seconds;
}

}  // namespace tekmatch
