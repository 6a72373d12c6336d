// Plan: what a value must be; JsonFields takes the fields of an object one by
// one and remembers the first fault; the parser in front of it refuses names
// that an object repeats.
#include "matcher/exposure/json_fields.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/printable.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;

// The library keeps numbers above INT64_MAX as unsigned; read as signed they
// would be negative.
bool IsInteger(const json& value, int low, int high) {
  return value.is_number_integer() &&
         !(value.is_number_unsigned() && value.get<uint64_t>() > INT32_MAX) &&
         value.get<int64_t>() >= low && value.get<int64_t>() <= high;
}

bool IsNumber(const json& value, double low, double high) {
  return value.is_number() && value.get<double>() >= low &&
         value.get<double>() <= high;
}

absl::Status NotJson() { return absl::InvalidArgumentError("not JSON"); }

// A message does not repeat what a file says, unless it can be one of our
// names.
absl::Status Repeated(absl::string_view name) {
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '_';
  });
  return absl::InvalidArgumentError(
      is_plain ? absl::StrCat(name, ": stands twice in one object")
               : "a member stands twice in one object");
}

// Looks for a name that an object repeats; keeps nothing else.
class NameReader : public nlohmann::json_sax<json> {
 public:
  // The first such name, or OK.
  const absl::Status& repeated() const { return repeated_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(json::number_integer_t) override { return true; }
  bool number_unsigned(json::number_unsigned_t) override { return true; }
  bool number_float(json::number_float_t, const std::string&) override {
    return true;
  }
  bool string(std::string&) override { return true; }
  bool binary(json::binary_t&) override { return true; }
  bool start_array(size_t) override { return true; }
  bool end_array() override { return true; }
  bool start_object(size_t) override {
    open_objects_.emplace_back();
    return true;
  }
  bool end_object() override {
    open_objects_.pop_back();
    return true;
  }
  bool key(std::string& name) override {
    if (!open_objects_.back().insert(name).second && repeated_.ok()) {
      repeated_ = Repeated(name);
    }
    return true;
  }
  bool parse_error(size_t, const std::string&,
                   const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  std::vector<std::set<std::string>> open_objects_;
  absl::Status repeated_;
};

template <typename T>
std::string Bounds(const char* what, T low, T high) {
  return absl::StrCat("not ", what, " in ", low, "..", high);
}

}  // namespace

JsonFields::JsonFields(const json& object, std::string prefix)
    : object_(object), prefix_(std::move(prefix)) {
  if (!object.is_object()) {
    status_ = absl::InvalidArgumentError(
        prefix_.empty() ? "not a JSON object"
                        : absl::StrCat(prefix_.substr(0, prefix_.size() - 1),
                                       ": not a JSON object"));
  }
}

const json* JsonFields::Find(const char* name) {
  // After a fault nothing is found, so that callers need not ask in between.
  if (!status_.ok()) return nullptr;
  read_.insert(name);
  const auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

void JsonFields::Fail(const std::string& name, const std::string& reason) {
  Merge(absl::InvalidArgumentError(absl::StrCat(prefix_, name, ": ", reason)));
}

void JsonFields::Merge(const absl::Status& status) {
  if (status_.ok()) status_ = status;
}

void JsonFields::Integer(const char* name, int low, int high, int& value) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (!IsInteger(*member, low, high)) {
    return Fail(name, Bounds("an integer", low, high));
  }
  value = member->get<int>();
}

void JsonFields::Integer(const char* name, int low, int high,
                         std::optional<int>& value) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (member->is_null()) {
    value.reset();
    return;
  }
  int number = 0;
  Integer(name, low, high, number);
  value = number;
}

void JsonFields::Number(const char* name, double low, double high,
                        double& value) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (!IsNumber(*member, low, high)) {
    return Fail(name, Bounds("a number", low, high));
  }
  value = member->get<double>();
}

void JsonFields::Boolean(const char* name, bool& value) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (!member->is_boolean()) return Fail(name, "neither true nor false");
  value = member->get<bool>();
}

void JsonFields::String(const char* name, std::string& value) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (!member->is_string()) return Fail(name, "not a string");
  const auto& text = member->get_ref<const std::string&>();
  // It is shown to people in a line of its own; another line would look like
  // the program's.
  if (Printable(text) != text) {
    return Fail(name, "has characters that cannot be shown");
  }
  value = text;
}

void JsonFields::Integers(const char* name, int low, int high,
                          absl::Span<int> values) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (!member->is_array() || member->size() != values.size()) {
    return Fail(name, absl::StrCat("not an array of ", values.size()));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (!IsInteger((*member)[i], low, high)) {
      return Fail(absl::StrCat(name, "[", i, "]"),
                  Bounds("an integer", low, high));
    }
    values[i] = (*member)[i].get<int>();
  }
}

void JsonFields::Numbers(const char* name, double low, double high,
                         absl::Span<double> values) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (!member->is_array() || member->size() != values.size()) {
    return Fail(name, absl::StrCat("not an array of ", values.size()));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (!IsNumber((*member)[i], low, high)) {
      return Fail(absl::StrCat(name, "[", i, "]"),
                  Bounds("a number", low, high));
    }
    values[i] = (*member)[i].get<double>();
  }
}

absl::Status JsonFields::Finish() {
  if (!status_.ok()) return status_;
  for (const auto& [name, value] : object_.items()) {
    if (!read_.contains(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat(prefix_, name, ": no such field"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<json> ParseJson(absl::string_view text) {
  // The library's lexer takes a zero byte for the end, whatever follows.
  if (absl::StrContains(text, '\0')) return NotJson();
  // Two passes: the parser that builds values while it asks about each takes
  // the square of an array's length for the objects in it.
  NameReader names;
  if (!json::sax_parse(text.begin(), text.end(), &names)) return NotJson();
  if (!names.repeated().ok()) return names.repeated();
  return json::parse(text.begin(), text.end(), /*cb=*/nullptr,
                     /*allow_exceptions=*/false);
}

absl::StatusOr<json> ParseJsonObject(absl::string_view text) {
  absl::StatusOr<json> value = ParseJson(text);
  if (value.ok() ? !value->is_object() : value.status() == NotJson()) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  return value;
}

}  // namespace tekmatch
