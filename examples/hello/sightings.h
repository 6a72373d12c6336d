// Sightings as the examples read them; an app has them from its scans.
#ifndef EXAMPLES_HELLO_SIGHTINGS_H_
#define EXAMPLES_HELLO_SIGHTINGS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "matcher/join/sighting.h"

// Fills `bytes` from that many pairs of hexadecimal digits.
template <size_t N>
bool ReadHex(const std::string& text, std::array<uint8_t, N>& bytes) {
  const auto is_digit = [](char c) { return absl::ascii_isxdigit(c); };
  if (text.size() != 2 * N || !std::all_of(text.begin(), text.end(), is_digit))
    return false;
  const std::string read = absl::HexStringToBytes(text);
  std::copy(read.begin(), read.end(), bytes.begin());
  return true;
}

// Returns the good lines, and counts the others.
inline std::vector<tekmatch::Sighting> ReadSightings(std::istream& in,
                                                     int& num_bad) {
  std::vector<tekmatch::Sighting> sightings;
  for (std::string line; std::getline(in, line);) {
    std::replace(line.begin(), line.end(), ',', ' ');
    tekmatch::Sighting sighting;
    int64_t seconds = 0;
    std::string rpi, aem;
    std::istringstream fields(line);
    if (fields >> seconds >> rpi >> aem >> sighting.rssi &&
        ReadHex(rpi, sighting.rpi.bytes) && ReadHex(aem, sighting.aem.bytes)) {
      sighting.unix_seconds = seconds;
      sightings.push_back(sighting);
    } else {
      ++num_bad;
    }
  }
  return sightings;
}

#endif  // EXAMPLES_HELLO_SIGHTINGS_H_
