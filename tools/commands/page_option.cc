#include "tools/commands/page_option.h"

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "tools/commands/command.h"
#include "tools/files/output_file.h"

namespace tekmatch {

Option AddPageOption(OptionSet& command, const std::string& help,
                     PageOption& page) {
  const Option html = command.Text("--html", page.html, help);
  command
      .Text("--lang", page.language,
            "Of the page: en (English) or ja (Japanese)")
      .OneOf({"en", "ja"})
      .ShowDefault()
      .Needs(html);
  return html;
}

Language PageLanguage(const PageOption& page) {
  return page.language == "ja" ? Language::kJapanese : Language::kEnglish;
}

absl::Status CheckOneOnStdout(
    const std::vector<std::pair<absl::string_view, std::string>>& outputs) {
  std::string first;
  for (const auto& [flag, path] : outputs) {
    if (path.empty() || !IsStdout(path)) continue;
    if (!first.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(first, " and ", flag, " ", path, ": both are stdout"));
    }
    first = absl::StrCat(flag, " ", path);
  }
  return absl::OkStatus();
}

absl::Status WritePage(const PageOption& option, const std::string& page) {
  return option.html.empty() ? absl::OkStatus()
                             : WriteResult(option.html, page);
}

absl::Status WritePageAndResult(const PageOption& option,
                                const std::string& page, const std::string& out,
                                const std::string& result) {
  TEKMATCH_RETURN_IF_ERROR(WritePage(option, page));
  if (out.empty() && IsStdout(option.html)) return absl::OkStatus();
  return WriteResult(out, result);
}

}  // namespace tekmatch
