#include "tools/commands/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "tools/files/output_file.h"
#include "tools/report/fit_lines.h"

namespace tekmatch {

size_t ReportWidth(const std::string& out) {
  constexpr uint32_t kLeast = 20;  // with fewer no line would say anything
  constexpr uint32_t kUsual = 80;
  constexpr uint32_t kMost = 10000;
  if (!out.empty() && !IsStdout(out)) return 0;
  if (isatty(STDOUT_FILENO) != 1) return 0;
  uint32_t columns = 0;
  const char* variable = std::getenv("COLUMNS");
  if (variable != nullptr && absl::SimpleAtoi(variable, &columns) &&
      columns >= kLeast && columns <= kMost) {
    return columns;
  }
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < kLeast) {
    return kUsual;
  }
  return size.ws_col;
}

std::string FitReport(const std::string& out, const std::string& text) {
  return FitLines(text, ReportWidth(out));
}

}  // namespace tekmatch
