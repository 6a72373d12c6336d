#include "bench/plain_reader.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tekmatch {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

constexpr std::array<uint8_t, 256> kHexDigits = [] {
  std::array<uint8_t, 256> digits{};
  for (uint8_t i = 0; i < 10; ++i) digits[size_t{'0'} + i] = i;
  for (uint8_t i = 0; i < 6; ++i) {
    digits[size_t{'a'} + i] = static_cast<uint8_t>(10 + i);
  }
  return digits;
}();

// Calls `take` with each row after the header, without its line's end.
absl::Status ForEachRow(const std::string& path,
                        absl::FunctionRef<void(absl::string_view)> take) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(
      std::fopen(path.c_str(), "rb"), std::fclose);
  if (file == nullptr) return absl::ErrnoToStatus(errno, path);
  std::vector<char> buffer(kReadBytes);
  size_t held = 0;
  bool is_header = true;
  while (true) {
    const size_t more =
        std::fread(buffer.data() + held, 1, buffer.size() - held, file.get());
    if (more == 0) break;
    held += more;
    const char* row = buffer.data();
    const char* const end = buffer.data() + held;
    while (const auto* line_end = static_cast<const char*>(
               std::memchr(row, '\n', static_cast<size_t>(end - row)))) {
      if (!is_header) take({row, static_cast<size_t>(line_end - row)});
      is_header = false;
      row = line_end + 1;
    }
    held = static_cast<size_t>(end - row);
    std::memmove(buffer.data(), row, held);
  }
  if (std::ferror(file.get()) != 0) return absl::ErrnoToStatus(errno, path);
  return absl::OkStatus();
}

// `row` is "time,rpi,...".
Rpi RpiOf(absl::string_view row, size_t comma) {
  Rpi rpi{};
  if (row.size() < comma + 1 + 2 * kRpiBytes) return rpi;
  const char* digits = row.data() + comma + 1;
  for (uint8_t& byte : rpi.bytes) {
    const uint8_t high = kHexDigits[static_cast<uint8_t>(*digits++)];
    const uint8_t low = kHexDigits[static_cast<uint8_t>(*digits++)];
    byte = static_cast<uint8_t>(high << 4 | low);
  }
  return rpi;
}

}  // namespace

absl::StatusOr<std::vector<Rpi>> ReadPlainRpis(const std::string& path) {
  std::vector<Rpi> rpis;
  const absl::Status status = ForEachRow(path, [&](absl::string_view row) {
    rpis.push_back(RpiOf(row, row.find(',')));
  });
  if (!status.ok()) return status;
  return rpis;
}

absl::StatusOr<std::vector<Sighting>> ReadPlainSightings(
    const std::string& path) {
  std::vector<Sighting> sightings;
  const absl::Status status = ForEachRow(path, [&](absl::string_view row) {
    Sighting& sighting = sightings.emplace_back();
    const size_t comma = row.find(',');
    int64_t seconds = 0;
    std::from_chars(row.data(), row.data() + row.size(), seconds);
    sighting.unix_seconds = seconds;
    sighting.rpi = RpiOf(row, comma);
  });
  if (!status.ok()) return status;
  return sightings;
}

}  // namespace tekmatch
