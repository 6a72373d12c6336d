#include "registration/rules/padding.h"

#include <algorithm>

#include "absl/status/status.h"

namespace tekmatch {
namespace {

constexpr absl::string_view kMember = "\"padding\":\"";
constexpr absl::string_view kEnd = "\"}";
constexpr absl::string_view kCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static_assert(kCharacters.size() == 64, "six bits of a byte choose one");

}  // namespace

absl::StatusOr<std::string> PadJsonObject(
    absl::string_view object, absl::Span<const size_t> classes,
    absl::FunctionRef<void(absl::Span<uint8_t>)> fill) {
  if (object.size() < 2 || object.front() != '{' || object.back() != '}') {
    return absl::InvalidArgumentError("to be padded: not a JSON object");
  }
  object.remove_suffix(1);
  const absl::string_view comma = object.size() > 1 ? "," : "";
  const size_t unpadded =
      object.size() + comma.size() + kMember.size() + kEnd.size();
  const auto* const size =
      std::lower_bound(classes.begin(), classes.end(), unpadded);
  if (size == classes.end()) {
    return absl::InvalidArgumentError(
        "to be padded: longer than the last size class");
  }
  std::string padded;
  padded.reserve(*size);
  padded.append(object.data(), object.size());
  padded.append(comma.data(), comma.size());
  padded.append(kMember.data(), kMember.size());
  std::string random(*size - unpadded, '\0');
  fill(
      absl::MakeSpan(reinterpret_cast<uint8_t*>(random.data()), random.size()));
  for (char& c : random) c = kCharacters[static_cast<uint8_t>(c) & 63];
  padded += random;
  padded.append(kEnd.data(), kEnd.size());
  return padded;
}

}  // namespace tekmatch
