#include "tools/commands/trusted_key_flag.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "keyformat/status_macros.h"
#include "tools/files/key_file.h"

namespace tekmatch {
namespace {

absl::StatusOr<TrustedKey> LoadTrustedKey(absl::string_view value) {
  // At the first one: a path may have more of them.
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(value, absl::MaxSplits('=', 1));
  if (value.find('=') == absl::string_view::npos || parts.second.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--trusted-key ", value,
                     ": wanted ID[:VERSION]=FILE, such as 440:v1=public.pem"));
  }
  TEKMATCH_ASSIGN_OR_RETURN(VerificationKey key,
                            ReadVerificationKey(std::string(parts.second)));
  const std::pair<absl::string_view, absl::string_view> name =
      absl::StrSplit(parts.first, absl::MaxSplits(':', 1));
  // "440:=a.pem" is not "440=a.pem": it trusts signatures whose version is
  // empty.
  std::optional<std::string> version;
  if (parts.first.find(':') != absl::string_view::npos) {
    version = std::string(name.second);
  }
  return TrustedKey{.id = std::string(name.first),
                    .version = std::move(version),
                    .key = std::move(key)};
}

}  // namespace

absl::StatusOr<TrustedKeys> LoadTrustedKeys(
    const std::vector<std::string>& values) {
  TrustedKeys trusted;
  for (const std::string& value : values) {
    std::vector<TrustedKey> set;
    for (const absl::string_view member : absl::StrSplit(value, '&')) {
      TEKMATCH_ASSIGN_OR_RETURN(TrustedKey key, LoadTrustedKey(member));
      set.push_back(std::move(key));
    }
    TEKMATCH_RETURN_IF_ERROR(trusted.AddSet(std::move(set)));
  }
  return trusted;
}

std::vector<std::string> TrustedKeyPaths(
    const std::vector<std::string>& values) {
  std::vector<std::string> paths;
  for (const std::string& value : values) {
    for (const absl::string_view member : absl::StrSplit(value, '&')) {
      const size_t equals = member.find('=');
      if (equals == absl::string_view::npos) continue;  // refused when loaded
      paths.emplace_back(member.substr(equals + 1));
    }
  }
  return paths;
}

}  // namespace tekmatch
