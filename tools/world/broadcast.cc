#include "tools/world/broadcast.h"

#include "keyformat/status_macros.h"

namespace tekmatch {

BluetoothMetadata MetadataSent(int tx_power) {
  return {{0x40, static_cast<uint8_t>(tx_power), 0, 0}};
}

absl::StatusOr<Broadcast> Broadcast::Of(const Tek& tek) {
  TEKMATCH_ASSIGN_OR_RETURN(const Rpik rpik, DeriveRpik(tek));
  TEKMATCH_ASSIGN_OR_RETURN(const Aemk aemk, DeriveAemk(tek));
  return Broadcast(rpik, aemk);
}

absl::StatusOr<Sighting> Broadcast::Heard(EnIntervalNumber interval,
                                          int64_t unix_seconds, int tx_power,
                                          int16_t rssi) const {
  TEKMATCH_ASSIGN_OR_RETURN(const Rpi rpi, GenerateRpi(rpik_, interval));
  TEKMATCH_ASSIGN_OR_RETURN(const Aem aem,
                            EncryptAem(aemk_, rpi, MetadataSent(tx_power)));
  return Sighting{
      .unix_seconds = unix_seconds, .rpi = rpi, .aem = aem, .rssi = rssi};
}

}  // namespace tekmatch
