// Plan:
//   1. hashes, counts and times out of texts;
//   2. an entry of each form: iOS 1, iOS 2, Android;
//   3. the log of each platform, which the outermost bracket tells: iOS writes
//      an object, Android an array.
// A value that cannot be read is missing, and its entry stays: phones write
// other things there, and the rest of the entry is still worth reading. A wrong
// structure is an error, since nothing after it can be trusted.
#include "tools/sightings/check_log.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "matcher/exposure/json_fields.h"
#include "tools/files/hex.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(what);
}

// The text of a member; empty if it is none.
std::string TextOf(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
}

// A negative or broken number is no count, and is missing.
std::optional<uint64_t> CountOf(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned()) {
    return std::nullopt;
  }
  return found->get<uint64_t>();
}

// Base64 of another length may be whole, but is no SHA-256.
std::optional<Sha256Digest> HashOf(const std::string& text, bool base64) {
  Sha256Digest hash{};
  if (!base64) {
    if (!DecodeHex(text, absl::MakeSpan(hash)).ok()) return std::nullopt;
    return hash;
  }
  std::string bytes;
  if (!absl::Base64Unescape(text, &bytes) || bytes.size() != hash.size()) {
    return std::nullopt;
  }
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

std::optional<absl::Time> TimeOf(const std::string& text) {
  absl::Time time;
  // The parser's message would repeat the text.
  std::string ignored;
  if (!absl::ParseTime("%Y-%m-%d %H:%M:%S %z", text, &time, &ignored)) {
    return std::nullopt;
  }
  return time;
}

// A time in `object`, or else the check's, in which the file is.
void SetTime(const json& object, const LoggedFile* check, LoggedFile* file) {
  file->time_text = TextOf(object, "Timestamp");
  if (file->time_text.empty() && check != nullptr) {
    file->time_text = check->time_text;
  }
  file->time = TimeOf(file->time_text);
}

absl::Status AddIos1(const json& entry, CheckLog* log) {
  LoggedFile file;
  file.hash = HashOf(TextOf(entry, "Hash"), /*base64=*/false);
  file.keys = CountOf(entry, "RandomIDCount");
  file.matches = CountOf(entry, "MatchCount");
  SetTime(entry, nullptr, &file);
  file.check = log->num_checks++;
  // This form does not put files together: each entry counts as a check.
  if (file.time.has_value()) log->check_times.push_back(*file.time);
  log->files.push_back(std::move(file));
  return absl::OkStatus();
}

absl::Status AddIos2(const json& entry, CheckLog* log) {
  LoggedFile check;
  SetTime(entry, nullptr, &check);
  if (check.time.has_value()) log->check_times.push_back(*check.time);
  const size_t number = log->num_checks++;
  const auto files = entry.find("Files");
  if (files == entry.end()) return absl::OkStatus();  // none were given
  if (!files->is_array()) return Wrong("Files: not an array");
  for (const json& object : *files) {
    if (!object.is_object()) return Wrong("Files: not objects");
    LoggedFile file;
    file.hash = HashOf(TextOf(object, "Hash"), /*base64=*/false);
    file.keys = CountOf(object, "KeyCount");
    file.matches = CountOf(object, "MatchCount");
    SetTime(object, &check, &file);
    file.check = number;
    log->files.push_back(std::move(file));
  }
  return absl::OkStatus();
}

absl::StatusOr<CheckLog> ParseIos(const json& root) {
  const auto checks = root.find("ExposureChecks");
  if (checks == root.end() || !checks->is_array()) {
    return Wrong("ExposureChecks: missing, or not an array");
  }
  CheckLog log;
  const std::optional<uint64_t> version = CountOf(root, "ExportVersion");
  if (version.has_value() && *version != 1 && *version != 2) {
    return Wrong("ExportVersion: neither 1 nor 2");
  }
  // Early exports do not tell; the files' place does.
  const bool nested =
      version.has_value()
          ? *version == 2
          : std::any_of(checks->begin(), checks->end(), [](const json& entry) {
              return entry.is_object() && entry.contains("Files");
            });
  log.format = nested ? CheckLogFormat::kIos2 : CheckLogFormat::kIos1;
  for (const json& entry : *checks) {
    if (!entry.is_object()) return Wrong("ExposureChecks: not objects");
    TEKMATCH_RETURN_IF_ERROR(nested ? AddIos2(entry, &log)
                                    : AddIos1(entry, &log));
  }
  return log;
}

absl::StatusOr<CheckLog> ParseAndroid(const json& root) {
  CheckLog log;
  log.format = CheckLogFormat::kAndroid;
  // Files of one check have one time, to the minute, and stand together. The
  // first entry begins a check, even one without a time.
  std::optional<std::string> time;
  for (const json& entry : root) {
    if (!entry.is_object() || !entry.contains("hash")) {
      return Wrong("an entry without hash");
    }
    LoggedFile file;
    file.hash = HashOf(TextOf(entry, "hash"), /*base64=*/true);
    file.keys = CountOf(entry, "keyCount");
    file.matches = CountOf(entry, "matchesCount");
    file.time_text = TextOf(entry, "timestamp");
    if (file.time_text != time) ++log.num_checks;
    time = file.time_text;
    file.check = log.num_checks - 1;
    log.files.push_back(std::move(file));
  }
  return log;
}

}  // namespace

absl::string_view CheckLogFormatName(CheckLogFormat format) {
  switch (format) {
    case CheckLogFormat::kIos1:
      return "ios-1";
    case CheckLogFormat::kIos2:
      return "ios-2";
    case CheckLogFormat::kAndroid:
      return "android";
  }
  return "";
}

// Words in the text, not its structure: a damaged log is still taken for one,
// and ParseCheckLog then says what is wrong with it.
bool LooksLikeCheckLog(absl::string_view text) {
  return absl::StrContains(text, "\"ExposureChecks\"") ||
         (absl::StrContains(text, "\"hash\"") &&
          absl::StrContains(text, "\"keyCount\""));
}

absl::StatusOr<CheckLog> ParseCheckLog(absl::string_view text) {
  TEKMATCH_ASSIGN_OR_RETURN(const json root, ParseJson(text));
  absl::StatusOr<CheckLog> log =
      root.is_object()  ? ParseIos(root)
      : root.is_array() ? ParseAndroid(root)
                        : absl::StatusOr<CheckLog>(Wrong("not a log"));
  if (log.ok()) std::sort(log->check_times.begin(), log->check_times.end());
  return log;
}

bool HasHashesOfChecks(const CheckLog& log) {
  // Of one or two checks each may well have had one new file.
  constexpr size_t kChecks = 3;
  std::set<Sha256Digest> hashes;
  for (const LoggedFile& file : log.files) {
    if (!file.hash.has_value() || !hashes.insert(*file.hash).second) {
      return false;
    }
  }
  return log.format == CheckLogFormat::kAndroid &&
         log.files.size() == log.num_checks && log.num_checks >= kChecks;
}

}  // namespace tekmatch
