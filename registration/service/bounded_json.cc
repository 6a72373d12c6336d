// Plan: The parser's events build the value, and stop it where a limit is
// passed or a name comes twice: nothing beyond the limits is ever built.
#include "registration/service/bounded_json.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace tekmatch {
namespace {

using nlohmann::json;

// Builds the value, and stops at the first thing that is not allowed. The names
// are nlohmann's.
class Builder : public nlohmann::json_sax<json> {
 public:
  explicit Builder(const JsonLimits& limits) : limits_(limits) {}

  json Take() { return std::move(root_); }

  bool null() override { return Put(nullptr); }
  bool boolean(bool value) override { return Put(value); }
  bool number_integer(int64_t value) override { return Put(value); }
  bool number_unsigned(uint64_t value) override { return Put(value); }
  bool number_float(double value, const std::string& /*text*/) override {
    return Put(value);
  }
  bool string(std::string& value) override { return Put(std::move(value)); }
  bool binary(json::binary_t& /*value*/) override { return false; }
  bool start_object(size_t /*size*/) override { return Open(json::object()); }
  bool start_array(size_t /*size*/) override { return Open(json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override {
    if (open_.back()->contains(name)) return false;
    name_ = std::move(name);
    return true;
  }
  bool parse_error(size_t /*position*/, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

 private:
  bool Put(json value) { return Place(std::move(value)) != nullptr; }

  // Pointers into the value stay: a container that is open gets no brothers.
  json* Place(json value) {
    if (++num_values_ > limits_.max_values) return nullptr;
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    json& place = parent[name_];
    place = std::move(value);
    return &place;
  }

  bool Open(json container) {
    if (open_.size() >= static_cast<size_t>(limits_.max_depth)) return false;
    json* const place = Place(std::move(container));
    if (place == nullptr) return false;
    open_.push_back(place);
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  const JsonLimits& limits_;
  json root_;
  std::vector<json*> open_;
  std::string name_;
  size_t num_values_ = 0;
};

}  // namespace

absl::StatusOr<json> ParseBoundedJson(absl::string_view text,
                                      const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return absl::InvalidArgumentError("the JSON is too large");
  }
  Builder builder(limits);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) {
    return absl::InvalidArgumentError("no JSON, or more than is taken");
  }
  return builder.Take();
}

}  // namespace tekmatch
