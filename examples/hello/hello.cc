// On which days was the owner of a phone in contact with somebody of an export?
//
//   hello EXPORT KEY_ID KEY_VERSION PUBLIC_KEY.pem TODAY < SIGHTINGS
//
// A sighting is a line "unix_seconds,rpi,aem,rssi"; other lines are counted.
// Dates are Japan's, and the rules are those of COCOA. An app asks its clock
// instead of taking TODAY (2020-12-16).
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "keyformat/p256_key.h"
#include "matcher/check/exposure_check.h"
#include "sightings.h"

namespace {

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
  absl::TimeZone tokyo;
  if (!absl::LoadTimeZone("Asia/Tokyo", &tokyo)) return 1;
  options.zone = options.window_zone = tokyo;
  options.window_policy = *tekmatch::NamedTransmissionWindowPolicy("cocoa-3");
  options.config = *tekmatch::NamedExposureConfig("cocoa");
  options.now = absl::FromCivil(today + 1, tokyo) - absl::Seconds(1);

  int num_bad = 0;
  const auto index = tekmatch::IndexSightings(ReadSightings(std::cin, num_bad));
  if (!index.ok()) return Fail(index.status());
  const auto checked = tekmatch::CheckExposure({argv[1]}, *index, options);
  if (!checked.ok()) return Fail(checked.status());
  if (!checked->complete) {
    for (const auto& refused : checked->files) {
      std::cerr << refused.message << "\n";
    }
    return 1;
  }
  if (absl::Status s = tekmatch::CheckCompared(*checked, num_bad); !s.ok()) {
    return Fail(s);
  }
  std::cout << checked->num_keys << " keys of a file that is "
            << checked->files[0].verdict << ", " << checked->num_compared
            << " of the days of " << checked->num_sightings << " sightings ("
            << num_bad << " more lines are none)\n";
  for (const tekmatch::DailySummary& day : checked->findings.at(0).days) {
    std::cout << day.date << ": " << day.seconds / 60 << " minutes"
              << (day.alerting ? ", alert\n" : "\n");
  }
}
