// On which days was the owner of a phone in contact with somebody of an export?
//
//   hello EXPORT KEY_ID KEY_VERSION PUBLIC_KEY.pem TODAY < SIGHTINGS
//
// A sighting is a line "unix_seconds,rpi,aem,rssi"; others are passed over.
// Dates are Japan's, and the rules are those of COCOA. An app asks its clock
// instead of taking TODAY (2020-12-16).
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "keyformat/p256_key.h"
#include "matcher/check/exposure_check.h"

namespace {

std::vector<tekmatch::Sighting> ReadSightings(std::istream& in) {
  std::vector<tekmatch::Sighting> sightings;
  for (std::string line; std::getline(in, line);) {
    std::replace(line.begin(), line.end(), ',', ' ');
    tekmatch::Sighting sighting;
    std::string rpi, aem;
    int rssi = 0;
    std::istringstream fields(line);
    if (!(fields >> sighting.unix_seconds >> rpi >> aem >> rssi)) continue;
    rpi = absl::HexStringToBytes(rpi);
    aem = absl::HexStringToBytes(aem);
    if (rpi.size() != 16 || aem.size() != 4) continue;
    std::copy(rpi.begin(), rpi.end(), sighting.rpi.bytes.begin());
    std::copy(aem.begin(), aem.end(), sighting.aem.bytes.begin());
    sighting.rssi = static_cast<int8_t>(rssi);
    sightings.push_back(sighting);
  }
  return sightings;
}

int Fail(const absl::Status& status) {
  std::cerr << status.message() << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  absl::CivilDay today;
  if (argc != 6 || !absl::ParseCivilTime(argv[5], &today)) return 2;
  std::ifstream file(argv[4]);
  const std::string pem{std::istreambuf_iterator<char>(file), {}};
  const auto key = tekmatch::VerificationKey::Parse(pem);
  if (!key.ok()) return Fail(key.status());

  tekmatch::ExposureCheckOptions options;
  if (absl::Status s = options.files.trusted.AddSet(
          {tekmatch::TrustedKey{argv[2], argv[3], *key}});
      !s.ok()) {
    return Fail(s);
  }
  if (!absl::LoadTimeZone("Asia/Tokyo", &options.zone)) return 1;
  options.window_zone = options.zone;
  options.window_policy = *tekmatch::NamedTransmissionWindowPolicy("cocoa-3");
  options.config = *tekmatch::NamedExposureConfig("cocoa");
  options.now = absl::FromCivil(today + 1, options.zone) - absl::Seconds(1);

  const auto index = tekmatch::IndexSightings(ReadSightings(std::cin));
  if (!index.ok()) return Fail(index.status());
  const auto checked = tekmatch::CheckExposure({argv[1]}, *index, options);
  if (!checked.ok()) return Fail(checked.status());
  if (!checked->complete) {
    std::cerr << checked->files[0].message << "\n";
    return 1;
  }
  if (absl::Status s = tekmatch::CheckCompared(*checked); !s.ok()) {
    return Fail(s);
  }
  std::cout << checked->num_keys << " keys of a file that is "
            << checked->files[0].verdict << "\n";
  for (const tekmatch::DailySummary& day : checked->findings.at(0).days) {
    std::cout << day.date << ": " << day.seconds / 60 << " minutes"
              << (day.alerting ? ", alert\n" : "\n");
  }
}
