#include "tests/matcher/api/c_world.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "keyformat/p256_key.h"
#include "tests/test_exports.h"

namespace tekmatch {

TrustHandle TrustTestSignerInC() {
  Message message;
  tekmatch_trust* trust = nullptr;
  EXPECT_EQ(tekmatch_trust_create(&trust, message.data(), message.size()),
            TEKMATCH_OK);
  const std::string pem = *TestSigner().key.PublicPem();
  const tekmatch_trusted_key key = {"440", "v1", pem.data(), pem.size()};
  EXPECT_EQ(
      tekmatch_trust_add_set(trust, &key, 1, message.data(), message.size()),
      TEKMATCH_OK)
      << message.str();
  return TrustHandle(trust);
}

tekmatch_sighting SightingInC(const Sighting& sighting) {
  tekmatch_sighting made{};
  made.unix_seconds = sighting.unix_seconds;
  std::copy(sighting.rpi.bytes.begin(), sighting.rpi.bytes.end(), made.rpi);
  std::copy(sighting.aem.bytes.begin(), sighting.aem.bytes.end(), made.aem);
  made.rssi = sighting.rssi;
  made.seconds_since_previous_scan = sighting.seconds_since_previous_scan;
  return made;
}

IndexHandle IndexInC(const std::vector<Sighting>& sightings) {
  std::vector<tekmatch_sighting> given;
  given.reserve(sightings.size());
  for (const Sighting& sighting : sightings) {
    given.push_back(SightingInC(sighting));
  }
  Message message;
  tekmatch_index* index = nullptr;
  EXPECT_EQ(tekmatch_index_create(&index, given.data(), given.size(),
                                  message.data(), message.size()),
            TEKMATCH_OK)
      << message.str();
  return IndexHandle(index);
}

tekmatch_check_options CocoaOptions() {
  tekmatch_check_options options{};
  options.struct_size = sizeof(options);
  options.now = kTestDaySeconds + int64_t{2} * 86400;
  options.policy = "cocoa-3";
  options.policy_zone = "Asia/Tokyo";
  options.config = "cocoa";
  options.zone = "Asia/Tokyo";
  return options;
}

tekmatch_source MemorySourceInC(const char* name, const std::string& bytes) {
  tekmatch_source source{};
  source.name = name;
  source.kind = TEKMATCH_SOURCE_MEMORY;
  source.bytes = bytes.data();
  source.num_bytes = bytes.size();
  return source;
}

ResultHandle CheckInC(const tekmatch_index* index, const tekmatch_trust* trust,
                      const std::vector<tekmatch_source>& sources,
                      const tekmatch_check_options& options) {
  Message message;
  tekmatch_result* result = nullptr;
  EXPECT_EQ(
      tekmatch_check(&result, index, trust, sources.data(), sources.size(),
                     &options, message.data(), message.size()),
      TEKMATCH_OK)
      << message.str();
  return ResultHandle(result);
}

std::vector<Sighting> HearForHalfAnHour(const std::vector<DiagnosisKey>& keys,
                                        int rssi) {
  std::vector<Sighting> heard;
  for (const DiagnosisKey& key : keys) {
    const int64_t begin = int64_t{key.rolling_start} * kIntervalSeconds + 3600;
    for (int64_t at = begin; at < begin + 1800; at += 120) {
      heard.push_back(HearKey(key, at, rssi));
      heard.back().seconds_since_previous_scan = 120;
    }
  }
  return heard;
}

}  // namespace tekmatch
