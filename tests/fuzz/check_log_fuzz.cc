// Any bytes as a phone's log of exposure checks, and as COCOA's exposure data.
// The parsers have to end with an answer, and what is made of it, as text,
// JSON, CSV and page, has no byte that a terminal or a browser would obey.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/commands/cmd_log_cocoa.h"
#include "tools/commands/cmd_log_cocoa_output.h"
#include "tools/commands/cmd_log_cocoa_page.h"
#include "tools/commands/cmd_log_output.h"
#include "tools/commands/cmd_log_page.h"
#include "tools/commands/cmd_log_report.h"
#include "tools/files/json_text.h"
#include "tools/sightings/check_log.h"

namespace tekmatch {
namespace {

// Line feeds alone move the cursor.
void CheckPlain(absl::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7F) __builtin_trap();
  }
}

// Elements are the page's own: each "<" begins one of these.
void CheckPage(const std::string& html) {
  CheckPlain(html);
  for (const absl::string_view forbidden :
       {"<script", "<img", "<iframe", "<object", "<a ", "<form"}) {
    if (absl::string_view(html).find(forbidden) != absl::string_view::npos) {
      __builtin_trap();
    }
  }
}

void ReadLog(const std::string& bytes) {
  const absl::StatusOr<CheckLog> log = ParseCheckLog(bytes);
  if (!log.ok()) {
    CheckPlain(log.status().message());
    return;
  }
  // A check takes two bytes of JSON at least.
  if (log->num_checks > bytes.size() || log->files.size() > bytes.size()) {
    __builtin_trap();
  }
  ExportOfLog known{.path = "a.zip", .num_keys = 3};
  known.hash.fill(0xaa);
  known.first_day = absl::CivilDay(2020, 12, 1);
  known.last_day = known.first_day;
  const LogReport report = MakeLogReport("log.json", *log, {known});
  if (report.hashes.size() + report.num_without_hash > log->files.size()) {
    __builtin_trap();
  }
  CheckPlain(LogText(report, 0));
  CheckPlain(LogText(report, 40));
  CheckPlain(LogCsv(report));
  CheckPlain(DumpJson(LogJson(report), 2));
  CheckPage(
      LogPage(report, absl::FixedTimeZone(9 * 60 * 60), Language::kEnglish));
}

void ReadCocoa(const std::string& bytes) {
  const absl::StatusOr<CocoaLog> log = ParseCocoaLog(bytes);
  if (!log.ok()) {
    CheckPlain(log.status().message());
    return;
  }
  if (log->num_windows > bytes.size() || log->days.size() > bytes.size()) {
    __builtin_trap();
  }
  CheckPlain(CocoaLogText(*log, "e.json"));
  CheckPlain(CocoaLogCsv(*log));
  CheckPlain(DumpJson(CocoaLogJson(*log, "e.json"), 2));
  CheckPage(CocoaLogPage(*log, "e.json", Language::kJapanese));
}

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tekmatch;  // NOLINT(google-build-using-namespace)
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  ReadLog(bytes);
  ReadCocoa(bytes);
  return 0;
}
