// Any bytes as a file of keys, one JSON object a line. What is read, written
// and read again is the same; the three readers of such files agree; and a
// message says where and why, with no byte that a terminal would obey.
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "keyformat/printable.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/memory_file.h"
#include "tools/commands/key_lines.h"

namespace tekmatch {
namespace {

void CheckMessage(const absl::Status& status, const std::string& path) {
  if (status.ok()) return;
  Require(absl::StartsWith(status.message(), path));
  Require(Printable(status.message()) == status.message());
}

void CheckKeys(const std::vector<DiagnosisKey>& keys) {
  std::string lines;
  for (const DiagnosisKey& key : keys) {
    Require(key.rolling_start >= 1);
    Require(key.rolling_period >= 1 && key.rolling_period <= kMaxRollingPeriod);
    const KeyMetadata& metadata = key.metadata;
    Require(metadata.transmission_risk.value_or(0) <= kMaxTransmissionRisk);
    const int days = metadata.days_since_onset.value_or(0);
    Require(days >= -kMaxDaysSinceOnset && days <= kMaxDaysSinceOnset);
    lines += KeyLine(key);
  }
  const MemoryFile file(lines);
  const auto again = ReadKeyLines(file.path());
  Require(again.ok() && *again == keys);
}

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tekmatch;  // NOLINT(google-build-using-namespace)
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const MemoryFile file(text);
  const auto keys = ReadKeyLines(file.path());
  const auto to_publish = ReadKeysToPublish(file.path());
  const auto own = ReadOwnKeys(file.path());
  CheckMessage(keys.status(), file.path());
  CheckMessage(to_publish.status(), file.path());
  CheckMessage(own.status(), file.path());
  if (!keys.ok()) {
    Require(!to_publish.ok());
    return 0;
  }
  CheckKeys(*keys);

  // A key that stands on several lines counts once, unless they differ.
  std::map<Tek, DiagnosisKey> by_tek;
  std::vector<DiagnosisKey> once;
  bool differ = false;
  for (const DiagnosisKey& key : *keys) {
    const auto [first, is_new] = by_tek.emplace(key.tek, key);
    if (is_new) once.push_back(key);
    differ |= first->second != key;
  }
  Require(to_publish.ok() == !differ);
  if (to_publish.ok()) Require(*to_publish == once);

  // Keys with metadata are own keys, too, and name no device.
  Require(own.ok() && own->of_device.empty());
  Require(own->of_all.size() == by_tek.size());
  for (const auto& [tek, key] : by_tek) Require(own->of_all.contains(tek));
  return 0;
}
