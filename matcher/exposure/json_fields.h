// Reads JSON that others wrote, and the members of an object into plain values,
// saying by name what is wrong: for policies and configurations that people
// write by hand.
#ifndef TEKMATCH_MATCHER_EXPOSURE_JSON_FIELDS_H_
#define TEKMATCH_MATCHER_EXPOSURE_JSON_FIELDS_H_

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "keyformat/cpp20.h"

namespace tekmatch {

// Each call reads one member if it is there, and leaves the value as it is if
// not. The first thing that is wrong stands; later calls then do nothing.
// Everything is INVALID_ARGUMENT "alert.seconds: not an integer in 0..86400".
class JsonFields {
 public:
  // `object` outlives this. `prefix`: "alert." in front of the members' names.
  explicit JsonFields(const nlohmann::json& object, std::string prefix = "");

  void Integer(const char* name, int low, int high, int& value);
  // null: absent.
  void Integer(const char* name, int low, int high, std::optional<int>& value);
  void Number(const char* name, double low, double high, double& value);
  void Boolean(const char* name, bool& value);
  // Text that can be shown to people as it is, in a line.
  void String(const char* name, std::string& value);
  // Arrays of exactly values.size() elements.
  void Integers(const char* name, int low, int high, absl::Span<int> values);
  void Numbers(const char* name, double low, double high,
               absl::Span<double> values);

  // One of the names.
  template <typename T>
  void Choice(const char* name,
              const std::vector<std::pair<const char*, T>>& choices, T& value) {
    const nlohmann::json* member = Find(name);
    if (member == nullptr) return;
    std::string all;
    for (const auto& [text, choice] : choices) {
      if (*member == text) {
        value = choice;
        return;
      }
      all += all.empty() ? text : std::string(", ") + text;
    }
    Fail(name, "not one of " + all);
  }

  // The member, marked as read; null if it is absent.
  const nlohmann::json* Find(const char* name);
  void Fail(const std::string& name, const std::string& reason);
  // Takes over what went wrong in an object inside this one.
  void Merge(const absl::Status& status);

  // What went wrong, or else that there is a member nobody asked for: a
  // misspelt one would silently leave a default in force.
  absl::Status Finish();

 private:
  const nlohmann::json& object_;
  const std::string prefix_;
  std::set<std::string> read_;
  absl::Status status_;
};

// The value of a text. INVALID_ARGUMENT: not JSON, or an object in it has two
// members of one name. RFC 8259 leaves open which of them counts, so that two
// readers can take one text for two things. The message names the member if the
// name is only lower-case letters and underscores, as those of fields are:
// other names may be anything, an identifier too.
//
// A byte 0 is no JSON either (nlohmann takes it for the end of the text).
absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text);
// Also INVALID_ARGUMENT "not a JSON object", in place of "not JSON" too.
absl::StatusOr<nlohmann::json> ParseJsonObject(absl::string_view text);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_JSON_FIELDS_H_
