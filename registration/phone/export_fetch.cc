// Plan: names of files; the list; one file after the other, within the limits.
#include "registration/phone/export_fetch.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "registration/service/bounded_json.h"

namespace tekmatch {
namespace {

using json = nlohmann::json;

constexpr size_t kMostListBytes = 1 << 20;
constexpr size_t kMostEntries = 5000;
constexpr size_t kMostETagBytes = 200;

// A name of a file: no folder, no query, nothing that is decoded.
bool IsFileName(absl::string_view name) {
  return name.size() > 4 && name.size() <= 100 && name[0] != '.' &&
         absl::EndsWith(name, ".zip") &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '.' || c == '-' || c == '_';
         });
}

constexpr absl::Duration kFileTimeout = absl::Minutes(2);

// Of a call; zero or less where the time is over.
absl::Duration TimeLeft(const FetchLimits& limits, absl::Duration most) {
  if (limits.until == std::chrono::steady_clock::time_point::max()) return most;
  return std::min(
      most, absl::FromChrono(limits.until - std::chrono::steady_clock::now()));
}

absl::Status TooLate() {
  return absl::UnavailableError("exports did not come in time");
}

absl::Status TooLarge() {
  return absl::DataLossError("exports are larger than they may be");
}

absl::Status NoList() {
  return absl::DataLossError("list.json is no list of exports");
}

}  // namespace

absl::StatusOr<std::vector<ExportEntry>> ParseExportList(
    absl::string_view text, absl::string_view region, absl::Time now) {
  const absl::StatusOr<json> list =
      ParseBoundedJson(text, {.max_bytes = kMostListBytes,
                              .max_depth = 3,
                              .max_values = 8 * kMostEntries});
  if (!list.ok() || !list->is_array() || list->size() > kMostEntries) {
    return NoList();
  }
  std::vector<ExportEntry> entries;
  entries.reserve(list->size());
  for (const json& item : *list) {
    if (!item.is_object()) return NoList();
    const auto item_region = item.find("region");
    const auto url = item.find("url");
    const auto created = item.find("created");
    if (item_region == item.end() || !item_region->is_string() ||
        url == item.end() || !url->is_string() || created == item.end() ||
        !created->is_number_integer()) {
      return NoList();
    }
    if (item_region->get_ref<const std::string&>() != region) continue;
    const std::string& path = url->get_ref<const std::string&>();
    // The name alone: a list that nobody signs must lead to no other host or
    // folder.
    const std::string file = path.substr(path.rfind('/') + 1);
    if (!IsFileName(file)) return NoList();
    // Beyond 63 bits it is negative here.
    const int64_t created_ms = created->get<int64_t>();
    // Later exports would pass for known ones.
    if (created_ms <= 0 || created_ms > absl::ToUnixMillis(now + kMostAhead)) {
      return NoList();
    }
    entries.push_back({.file = file, .created_ms = created_ms});
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const ExportEntry& a, const ExportEntry& b) {
                     return a.created_ms < b.created_ms;
                   });
  return entries;
}

absl::StatusOr<FetchedExports> FetchExports(
    HttpClient& client, const std::string& exports, const std::string& region,
    int64_t after_ms, const std::string& etag, absl::Time now,
    const FetchLimits& limits) {
  const std::string folder = absl::StrCat(exports, "/c19r/", region, "/");
  FetchedExports fetched;
  fetched.newest_created_ms = after_ms;
  fetched.etag = etag;
  HttpCall call;
  call.url = folder + "list.json";
  call.max_answer_bytes = kMostListBytes;
  call.timeout = TimeLeft(limits, call.timeout);
  if (call.timeout <= absl::ZeroDuration()) return TooLate();
  if (!etag.empty()) call.headers.emplace_back("If-None-Match", etag);
  const absl::StatusOr<HttpResult> list = client.Send(call);
  if (!list.ok()) {
    return absl::UnavailableError("list.json could not be fetched");
  }
  if (list->status == 304 && !etag.empty()) return fetched;
  if (list->status != 200) {
    return absl::UnavailableError(
        absl::StrCat("list.json: status ", list->status));
  }
  const absl::string_view new_etag = FindHeader(list->headers, "ETag");
  fetched.etag = new_etag.size() <= kMostETagBytes ? std::string(new_etag) : "";
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<ExportEntry> entries,
                            ParseExportList(list->body, region, now));
  size_t num_bytes = 0;
  for (const ExportEntry& entry : entries) {
    if (entry.created_ms <= after_ms) continue;
    if (num_bytes >= limits.fetch_bytes &&
        entry.created_ms > fetched.newest_created_ms) {
      fetched.has_more = true;
      // With it, the next round would hear that the list has not changed.
      fetched.etag.clear();
      return fetched;
    }
    HttpCall file;
    file.url = folder + entry.file;
    file.max_answer_bytes =
        std::min(limits.file_bytes, limits.most_bytes - num_bytes);
    file.timeout = TimeLeft(limits, kFileTimeout);
    if (file.timeout <= absl::ZeroDuration()) return TooLate();
    absl::StatusOr<HttpResult> answer = client.Send(file);
    if (absl::IsOutOfRange(answer.status())) return TooLarge();
    if (!answer.ok() || answer->status != 200) {
      return absl::UnavailableError("an export could not be fetched");
    }
    num_bytes += answer->body.size();
    if (num_bytes > limits.most_bytes) return TooLarge();
    fetched.names.push_back(entry.file);
    fetched.sources[entry.file] =
        MemorySource(entry.file, std::move(answer->body));
    fetched.newest_created_ms = entry.created_ms;
  }
  return fetched;
}

}  // namespace tekmatch
