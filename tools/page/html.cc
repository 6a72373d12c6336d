#include "tools/page/html.h"

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "keyformat/printable.h"

namespace tekmatch {
namespace {

std::string Escaped(absl::string_view printable) {
  return absl::StrReplaceAll(printable, {{"&", "&amp;"},
                                         {"<", "&lt;"},
                                         {">", "&gt;"},
                                         {"\"", "&quot;"},
                                         {"'", "&#39;"}});
}

}  // namespace

std::string HtmlText(absl::string_view text) {
  return Escaped(Printable(text));
}

std::string HtmlLines(absl::string_view text) {
  return Escaped(PrintableLines(text));
}

std::string SvgNumber(double number) {
  if (!std::isfinite(number)) return "0";
  std::string text = absl::StrFormat("%.2f", number);
  // "12.50" and "12.00" as "12.5" and "12".
  while (absl::EndsWith(text, "0")) text.pop_back();
  if (absl::EndsWith(text, ".")) text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string HtmlCount(uint64_t count) {
  const std::string digits = absl::StrCat(count);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    // U+202F, narrow no-break space.
    if (i > 0 && (digits.size() - i) % 3 == 0) text += "\xe2\x80\xaf";
    text += digits[i];
  }
  return text;
}

}  // namespace tekmatch
