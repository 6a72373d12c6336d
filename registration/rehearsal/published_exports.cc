#include "registration/rehearsal/published_exports.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "matcher/check/export_files.h"
#include "registration/service/bounded_json.h"

namespace tekmatch {

absl::StatusOr<std::vector<ListedExport>> ParseListedExports(
    absl::string_view json) {
  TEKMATCH_ASSIGN_OR_RETURN(const nlohmann::json list,
                            ParseBoundedJson(json, {.max_bytes = 16 << 20,
                                                    .max_depth = 3,
                                                    .max_values = 1'000'000}));
  std::vector<ListedExport> exports;
  if (!list.is_array()) return absl::InvalidArgumentError("no list of exports");
  for (const nlohmann::json& entry : list) {
    const nlohmann::json none;
    const nlohmann::json url =
        entry.is_object() ? entry.value("url", none) : none;
    const nlohmann::json created =
        entry.is_object() ? entry.value("created", none) : none;
    if (!url.is_string() || !created.is_number_integer()) {
      return absl::InvalidArgumentError("no list of exports");
    }
    const std::string text = url.get<std::string>();
    exports.push_back(
        {.file = text.substr(text.rfind('/') + 1),
         .created = absl::FromUnixMillis(created.get<int64_t>())});
  }
  return exports;
}

absl::StatusOr<PublishedExports> ReadPublishedExports(
    const std::string& folder, const std::vector<ListedExport>& list,
    const TrustedKeys& trusted) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (absl::EndsWith(name, ".zip")) names.push_back(name);
  }
  if (error) {
    return SystemError(error.value(), folder);
  }
  std::sort(names.begin(), names.end());

  PublishedExports published;
  ExportFileOptions options;
  options.trusted = trusted;
  std::vector<ExportFileResult> results;
  results.reserve(names.size());
  for (const std::string& name : names) {
    SeenExport& seen = published.exports.emplace_back();
    seen.file = name;
    TEKMATCH_ASSIGN_OR_RETURN(
        ExportFileResult result,
        ReadExportFile(absl::StrCat(folder, "/", name), options,
                       [&seen](const std::unique_ptr<KeyBlock>& block) {
                         seen.keys.insert(seen.keys.end(),
                                          block->teks().begin(),
                                          block->teks().end());
                         return absl::OkStatus();
                       }));
    results.push_back(std::move(result));
  }
  RefuseIncompleteBatches(results);
  for (size_t i = 0; i < results.size(); ++i) {
    if (!results[i].accepted) {
      published.exports[i].defect = std::string(results[i].reason());
    }
  }
  for (const ListedExport& entry : list) {
    const auto found = std::find_if(
        published.exports.begin(), published.exports.end(),
        [&entry](const SeenExport& seen) { return seen.file == entry.file; });
    if (found == published.exports.end()) {
      published.listed_without_file.push_back(entry.file);
      continue;
    }
    found->listed = true;
    for (const Tek& tek : found->keys) {
      published.created.emplace(tek, entry.created);
    }
  }
  return published;
}

}  // namespace tekmatch
