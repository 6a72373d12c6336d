#include "tests/matcher/join/test_util.h"

#include <utility>

#include "matcher/join/en_crypto.h"

namespace tekmatch {

int64_t StartOf(int64_t interval) { return interval * kIntervalSeconds; }

BluetoothMetadata MetadataWithTxPower(int tx_power) {
  return {{0x58, static_cast<uint8_t>(tx_power), 0, 0}};
}

Sighting Hear(const Tek& tek, EnIntervalNumber interval, int64_t unix_seconds,
              int rssi, int tx_power) {
  Sighting sighting;
  sighting.unix_seconds = unix_seconds;
  sighting.rssi = static_cast<int16_t>(rssi);
  const auto rpik = DeriveRpik(tek);
  const auto aemk = DeriveAemk(tek);
  if (!rpik.ok() || !aemk.ok()) {
    ADD_FAILURE() << rpik.status() << "; " << aemk.status();
    return sighting;
  }
  const auto rpi = GenerateRpi(*rpik, interval);
  if (!rpi.ok()) {
    ADD_FAILURE() << rpi.status();
    return sighting;
  }
  const auto aem = EncryptAem(*aemk, *rpi, MetadataWithTxPower(tx_power));
  if (!aem.ok()) {
    ADD_FAILURE() << aem.status();
    return sighting;
  }
  sighting.rpi = *rpi;
  sighting.aem = *aem;
  return sighting;
}

std::shared_ptr<const SightingIndex> MakeIndex(
    std::vector<Sighting> sightings) {
  auto index = SightingIndex::Create(std::move(sightings));
  if (!index.ok()) {
    ADD_FAILURE() << index.status();
    index = SightingIndex::Create({});
  }
  return std::make_shared<const SightingIndex>(*std::move(index));
}

}  // namespace tekmatch
