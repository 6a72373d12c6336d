// The orders in which matches are resolved and told. Both are total over what
// one run can find, so that results depend on no other order.
#ifndef TEKMATCH_MATCHER_JOIN_MATCH_ORDER_H_
#define TEKMATCH_MATCHER_JOIN_MATCH_ORDER_H_

#include <tuple>

#include "matcher/join/match.h"

namespace tekmatch {

// Brings together a device's candidates of an RPI, the earliest first, then
// those of a sighting, the one to keep first: by (tek, interval, device, time,
// sighting_position, source, rolling_start, rolling_period, metadata).
inline bool InResolvingOrder(const Match& a, const Match& b) {
  return std::tie(a.tek, a.interval, a.sighting.device, a.sighting.unix_seconds,
                  a.sighting_position, a.source, a.rolling_start,
                  a.rolling_period, a.metadata) <
         std::tie(b.tek, b.interval, b.sighting.device, b.sighting.unix_seconds,
                  b.sighting_position, b.source, b.rolling_start,
                  b.rolling_period, b.metadata);
}

// By device, then in resolving order: all that rules look at together, which is
// what one device heard of one key, stands together.
inline bool ByDeviceAndKey(const Match& a, const Match& b) {
  if (a.sighting.device != b.sighting.device) {
    return a.sighting.device < b.sighting.device;
  }
  return InResolvingOrder(a, b);
}

// By (time, rpi, tek, interval, device, sighting_position).
inline bool InResultOrder(const Match& a, const Match& b) {
  return std::tie(a.sighting.unix_seconds, a.sighting.rpi, a.tek, a.interval,
                  a.sighting.device, a.sighting_position) <
         std::tie(b.sighting.unix_seconds, b.sighting.rpi, b.tek, b.interval,
                  b.sighting.device, b.sighting_position);
}

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_MATCH_ORDER_H_
