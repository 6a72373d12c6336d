// Plan: own keys as JSON; what is added to a phone; the same from files.
#include "registration/phone/phone_import.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "registration/phone/phone_store.h"
#include "registration/service/bounded_json.h"
#include "registration/service/durable_file.h"
#include "tools/files/small_file.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {
namespace {

using json = nlohmann::json;

constexpr uint64_t kMostBytes = 1 << 20;
constexpr size_t kMostOwnKeys = 1000;

// A whole number of an object, or -1.
int64_t NumberAt(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned()
             ? static_cast<int64_t>(
                   std::min<uint64_t>(found->get<uint64_t>(), 0x1FFFFFFFF))
             : -1;
}

}  // namespace

absl::StatusOr<std::vector<DiagnosisKey>> ParseOwnKeys(absl::string_view text) {
  const absl::StatusOr<json> list =
      ParseBoundedJson(text, {.max_bytes = kMostBytes,
                              .max_depth = 3,
                              .max_values = 10 * kMostOwnKeys});
  if (!list.ok() || !list->is_array() || list->size() > kMostOwnKeys) {
    return absl::InvalidArgumentError("own keys: no list of at most 1000 keys");
  }
  std::vector<DiagnosisKey> keys;
  keys.reserve(list->size());
  for (const json& item : *list) {
    const auto bad = [&](absl::string_view what) {
      return absl::InvalidArgumentError(
          absl::StrCat("own keys: key ", keys.size() + 1, ": ", what));
    };
    if (!item.is_object()) return bad("no object");
    std::string bytes;
    const auto data = item.find("keyData");
    if (data == item.end() || !data->is_string() ||
        !absl::Base64Unescape(data->get_ref<const std::string&>(), &bytes) ||
        bytes.size() != kTekBytes) {
      return bad("keyData is no base64 of 16 bytes");
    }
    const int64_t start = NumberAt(item, "rollingStartNumber");
    if (start < 0 || start > 0xFFFFFFFF) {
      return bad("rollingStartNumber is no number of an interval");
    }
    const int64_t period = NumberAt(item, "rollingPeriod");
    if (period < 1 || period > kMaxRollingPeriod) {
      return bad("rollingPeriod is not 1 to 144");
    }
    DiagnosisKey& key = keys.emplace_back();
    std::copy(bytes.begin(), bytes.end(), key.tek.bytes.begin());
    key.rolling_start = static_cast<EnIntervalNumber>(start);
    key.rolling_period = static_cast<uint8_t>(period);
  }
  return keys;
}

absl::StatusOr<AddedToPhone> AddToPhone(const std::string& folder,
                                        absl::Span<const DiagnosisKey> own_keys,
                                        absl::Span<const Sighting> sightings,
                                        absl::Time now) {
  AddedToPhone added;
  added.num_own_keys = own_keys.size();
  // The folder itself is made by the database, for its owner alone.
  const std::string above = std::filesystem::path(folder).parent_path();
  if (!above.empty()) TEKMATCH_RETURN_IF_ERROR(MakeFolders(above));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> phone,
                            PhoneStore::Open(folder, OpenMode::kCreate));
  TEKMATCH_RETURN_IF_ERROR(phone->AddOwnKeys(own_keys, now));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            Database::Open(folder, OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                            SightingStore::Create(*database));
  TEKMATCH_ASSIGN_OR_RETURN(const AddedSightings heard,
                            store.Add(sightings, now));
  added.num_added = heard.num_added;
  added.num_known = heard.num_known;
  added.num_too_old = heard.num_too_old;
  return added;
}

absl::StatusOr<AddedToPhone> ImportToPhone(const std::string& folder,
                                           const std::string& own_keys,
                                           const std::string& sightings,
                                           absl::Time now) {
  std::vector<DiagnosisKey> keys;
  if (!own_keys.empty()) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::string text,
                              ReadSmallFile(own_keys, kMostBytes, "own keys"));
    absl::StatusOr<std::vector<DiagnosisKey>> parsed = ParseOwnKeys(text);
    if (!parsed.ok()) {
      return absl::DataLossError(
          absl::StrCat(own_keys, ": ", parsed.status().message()));
    }
    keys = *std::move(parsed);
  }
  std::vector<Sighting> heard;
  if (!sightings.empty()) {
    // "./": a path that begins with digits and "=" names a device otherwise.
    const std::string path =
        sightings[0] == '/' ? sightings : absl::StrCat("./", sightings);
    TEKMATCH_ASSIGN_OR_RETURN(RunSightings read, ReadStores({path}, {}));
    if (!read.counts.by_device.empty()) {
      return absl::DataLossError(
          absl::StrCat(sightings, ": names a device, and a phone is of one"));
    }
    heard = std::move(read.sightings);
  }
  return AddToPhone(folder, keys, heard, now);
}

}  // namespace tekmatch
