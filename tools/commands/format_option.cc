#include "tools/commands/format_option.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace tekmatch {
namespace {

// The format that the path's name says; empty: none.
std::string FormatOfName(const std::string& path) {
  static constexpr std::array<absl::string_view, 5> kFormats = {
      "csv", "html", "json", "jsonl", "tksight"};
  const std::string suffix =
      absl::AsciiStrToLower(std::filesystem::path(path).extension().string());
  if (suffix.empty()) return "";
  const std::string name = suffix.substr(1);
  return std::find(kFormats.begin(), kFormats.end(), name) == kFormats.end()
             ? ""
             : name;
}

absl::Status IsOfAnother(absl::string_view flag, const std::string& path,
                         absl::string_view named, absl::string_view written) {
  return absl::InvalidArgumentError(
      absl::StrCat(flag, " ", path, ": the file's name is that of ", named,
                   ", and what is written here is ", written));
}

}  // namespace

absl::Status CheckNameOfOutput(absl::string_view flag, const std::string& path,
                               absl::string_view written) {
  const std::string named = FormatOfName(path);
  return named.empty() || named == written
             ? absl::OkStatus()
             : IsOfAnother(flag, path, named, written);
}

absl::Status FormatOption::Settle(const std::string& out) const {
  const std::string named = FormatOfName(out);
  if (named.empty() || named == *format_) return absl::OkStatus();
  if (option_.given()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--format ", *format_, " and --out ", out,
                     ": the file's name is that of another format, ", named));
  }
  if (std::find(formats_.begin(), formats_.end(), named) == formats_.end()) {
    return IsOfAnother("--out", out, named, absl::StrJoin(formats_, " or "));
  }
  *format_ = named;
  return absl::OkStatus();
}

FormatOption AddFormatOption(OptionSet& command,
                             std::vector<std::string> formats,
                             std::string& format, const std::string& help) {
  format = formats.front();
  const Option option =
      command
          .Text("--format", format,
                absl::StrCat(help, help.empty() ? "" : "\n",
                             "(default: what the name of --out ends in, or ",
                             format, ")"))
          .OneOf(formats);
  return {option, std::move(formats), &format};
}

}  // namespace tekmatch
