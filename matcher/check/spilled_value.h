// The values of an ExternalSort as bytes of a file that this process alone
// reads. They are written member by member: what lies between members, and in
// an optional that has no value, is memory that nobody wrote, and may hold what
// was there before.
#ifndef TEKMATCH_MATCHER_CHECK_SPILLED_VALUE_H_
#define TEKMATCH_MATCHER_CHECK_SPILLED_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>

#include "matcher/join/match.h"

namespace tekmatch {

// Io is one of the classes below: Bytes(member) takes what has no padding.

// Whatever else is sorted has no padding as a whole.
template <typename Io, typename T>
constexpr void VisitSpilled(Io& io, T& value) {
  io.Bytes(value);
}

template <typename Io, typename T>
constexpr void VisitSpilledOptional(Io& io, T& optional) {
  uint8_t has = optional.has_value() ? 1 : 0;
  auto value = optional.value_or(typename std::remove_const_t<T>::value_type{});
  io.Bytes(has);
  io.Bytes(value);
  if constexpr (!std::is_const_v<T>) {
    if (has == 1) {
      optional = value;
    } else {
      optional.reset();
    }
  }
}

// Bindings name every member: a new one does not compile until it is here.
template <typename Io, typename AMatch>
constexpr void VisitSpilledMatch(Io& io, AMatch& match) {
  auto& [tek, rolling_start, rolling_period, metadata, source, interval,
         sighting, sighting_position, bluetooth_metadata, tx_power,
         attenuation] = match;
  auto& [transmission_risk, report_type, days_since_onset, variant_of_concern,
         revised] = metadata;
  io.Bytes(tek);
  io.Bytes(rolling_start);
  io.Bytes(rolling_period);
  VisitSpilledOptional(io, transmission_risk);
  VisitSpilledOptional(io, report_type);
  VisitSpilledOptional(io, days_since_onset);
  VisitSpilledOptional(io, variant_of_concern);
  io.Bytes(revised);
  io.Bytes(source);
  io.Bytes(interval);
  io.Bytes(sighting);
  io.Bytes(sighting_position);
  io.Bytes(bluetooth_metadata);
  io.Bytes(tx_power);
  io.Bytes(attenuation);
}
template <typename Io>
constexpr void VisitSpilled(Io& io, Match& match) {
  VisitSpilledMatch(io, match);
}
template <typename Io>
constexpr void VisitSpilled(Io& io, const Match& match) {
  VisitSpilledMatch(io, match);
}

class SpilledSize {
 public:
  template <typename T>
  constexpr void Bytes(const T& /*member*/) {
    static_assert(std::has_unique_object_representations_v<T>,
                  "padding would be written");
    size_ += sizeof(T);
  }
  constexpr size_t size() const { return size_; }

 private:
  size_t size_ = 0;
};

template <typename T>
constexpr size_t SizeOfSpilled() {
  SpilledSize io;
  const T value{};
  VisitSpilled(io, value);
  return io.size();
}
template <typename T>
inline constexpr size_t kSpilledBytes = SizeOfSpilled<T>();

// To `out`, which has room for kSpilledBytes of what is visited.
class SpilledWriter {
 public:
  explicit SpilledWriter(uint8_t* out) : out_(out) {}

  template <typename T>
  void Bytes(const T& member) {
    std::memcpy(out_, &member, sizeof(T));
    out_ += sizeof(T);
  }

 private:
  uint8_t* out_;
};

class SpilledReader {
 public:
  // `in` has what was written of the value.
  explicit SpilledReader(const uint8_t* in) : in_(in) {}

  template <typename T>
  void Bytes(T& member) {
    std::memcpy(&member, in_, sizeof(T));
    in_ += sizeof(T);
  }

 private:
  const uint8_t* in_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_SPILLED_VALUE_H_
