#include "matcher/own_keys.h"

namespace tekmatch {

uint64_t DropOwnMatches(const OwnKeys& own, std::vector<Match>& matches) {
  if (own.of_device.empty()) return 0;
  return std::erase_if(matches, [&own](const Match& match) {
    const auto keys = own.of_device.find(match.sighting.device);
    return keys != own.of_device.end() && keys->second.contains(match.tek);
  });
}

}  // namespace tekmatch
