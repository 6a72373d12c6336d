#include "tools/report/fit_lines.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tekmatch {
namespace {

// One line that is too wide.
std::string FitLine(absl::string_view line, size_t width) {
  const size_t leading = std::min(line.find_first_not_of(' '), line.size());
  // A narrow screen has no room for a deep indent.
  const std::string indent(std::min(leading + 2, width / 2), ' ');
  std::string fitted(line.substr(0, leading));
  size_t column = leading;
  bool has_word = false;  // the line that is being filled
  size_t at = leading;
  while (at < line.size()) {
    // Words with the spaces before them: those of columns are kept.
    const size_t word = std::min(line.find_first_not_of(' ', at), line.size());
    const size_t end = std::min(line.find(' ', word), line.size());
    const absl::string_view spaces = line.substr(at, word - at);
    const absl::string_view letters = line.substr(word, end - word);
    const size_t wide = DisplayWidth(letters);
    if (has_word && column + spaces.size() + wide > width) {
      absl::StrAppend(&fitted, "\n", indent, letters);
      column = indent.size() + wide;
    } else {
      absl::StrAppend(&fitted, spaces, letters);
      column += spaces.size() + wide;
    }
    has_word = true;
    at = end;
  }
  return fitted;
}

}  // namespace

size_t DisplayWidth(absl::string_view text) {
  size_t width = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte & 0xC0) == 0x80) continue;  // not the first of a character
    const bool is_wide = (byte >= 0xE3 && byte <= 0xED) || byte == 0xEF;
    width += is_wide ? 2 : 1;
  }
  return width;
}

std::string FitLines(absl::string_view text, size_t width) {
  if (width == 0) return std::string(text);
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    lines.push_back(DisplayWidth(line) <= width ? std::string(line)
                                                : FitLine(line, width));
  }
  return absl::StrJoin(lines, "\n");
}

}  // namespace tekmatch
