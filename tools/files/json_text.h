// JSON as text to write or to show.
#ifndef TEKMATCH_TOOLS_FILES_JSON_TEXT_H_
#define TEKMATCH_TOOLS_FILES_JSON_TEXT_H_

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tekmatch {

// JSON text of any value, safe to show (printable.h); bytes that are no UTF-8
// (paths can hold them) become U+FFFD. indent < 0: one line.
std::string DumpJson(const nlohmann::ordered_json& value, int indent);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_JSON_TEXT_H_
