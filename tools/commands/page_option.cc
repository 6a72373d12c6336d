#include "tools/commands/page_option.h"

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "tools/commands/command.h"

namespace tekmatch {
namespace {

// A file that has the text and is not committed; null where `path` is none.
absl::StatusOr<std::unique_ptr<OutputFile>> FileOf(const std::string& path,
                                                   const std::string& text) {
  if (path.empty() || IsStdout(path)) return nullptr;
  TEKMATCH_ASSIGN_OR_RETURN(std::unique_ptr<OutputFile> file,
                            OutputFile::Open(path));
  TEKMATCH_RETURN_IF_ERROR(file->Append(text));
  return file;
}

}  // namespace

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

absl::Status WritePage(const PageOption& option, const std::string& page,
                       OutputFile* beside) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> html,
                            FileOf(option.html, page));
  TEKMATCH_RETURN_IF_ERROR(CommitAll({html.get(), beside}));
  return IsStdout(option.html) ? Print(page) : absl::OkStatus();
}

absl::Status WritePageAndResult(const PageOption& option,
                                const std::string& page, const std::string& out,
                                const std::string& result, OutputFile* beside) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> html,
                            FileOf(option.html, page));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> file,
                            FileOf(out, result));
  TEKMATCH_RETURN_IF_ERROR(CommitAll({html.get(), file.get(), beside}));
  if (IsStdout(option.html)) TEKMATCH_RETURN_IF_ERROR(Print(page));
  const bool is_printed =
      IsStdout(out) || (out.empty() && !IsStdout(option.html));
  return is_printed ? Print(result) : absl::OkStatus();
}

}  // namespace tekmatch
