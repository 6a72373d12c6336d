#include "matcher/join/own_keys.h"

namespace tekmatch {

uint64_t DropOwnMatches(const OwnKeys& own, std::vector<Match>& matches,
                        const DropSink& dropped) {
  if (own.of_device.empty()) return 0;
  return std::erase_if(matches, [&](const Match& match) {
    const auto keys = own.of_device.find(match.sighting.device);
    if (keys == own.of_device.end() || !keys->second.contains(match.tek)) {
      return false;
    }
    if (dropped) dropped(match, "own_key");
    return true;
  });
}

}  // namespace tekmatch
