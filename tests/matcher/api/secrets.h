// What a privacy test plants, and the search for it in what the library says
// and writes: keys, identifiers and times of contact, in every form in which a
// program may give them.
#ifndef TEKMATCH_TESTS_MATCHER_API_SECRETS_H_
#define TEKMATCH_TESTS_MATCHER_API_SECRETS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

class Secrets {
 public:
  // A key or an identifier: 16 bytes, and any part of it that is long enough to
  // be told from chance.
  void AddBytes(const uint8_t* bytes, size_t n);
  // The second, the interval, and the time of day in UTC and in Japan.
  void AddTime(int64_t unix_seconds);
  // Identifier, encrypted metadata (as text only: 4 bytes come by chance in
  // binary output) and time.
  void AddSighting(const Sighting& sighting);

  // The first form of a secret that is in `said`, escaped; "" without one.
  std::string FirstIn(absl::string_view said) const;
  // The same of keys and identifiers as they are, 8 bytes or more of them, in a
  // file that is not text.
  std::string FirstRawIn(absl::string_view bytes) const;
  size_t size() const { return forms_.size(); }

 private:
  std::vector<std::string> forms_;
  std::vector<std::string> raw_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_API_SECRETS_H_
