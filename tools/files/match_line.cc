#include "tools/files/match_line.h"

#include <nlohmann/json.hpp>

#include "tools/files/hex.h"
#include "tools/files/json_text.h"

namespace tekmatch {

std::string MatchLine(const Match& match, const std::string& path,
                      bool with_device) {
  nlohmann::ordered_json json = {
      {"tek", EncodeHex(match.tek.bytes)},
      {"rolling_start", match.rolling_start},
      {"rolling_period", match.rolling_period},
      {"interval", match.interval},
      {"rpi", EncodeHex(match.sighting.rpi.bytes)},
      {"sighting_time", int64_t{match.sighting.unix_seconds}},
      {"rssi", match.sighting.rssi},
      {"tx_power", match.tx_power},
      {"attenuation", match.attenuation}};
  if (with_device) json["device"] = match.sighting.device;
  json["file"] = path;
  return DumpJson(json, -1) + "\n";
}

}  // namespace tekmatch
