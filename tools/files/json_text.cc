#include "tools/files/json_text.h"

#include <nlohmann/json.hpp>

#include "keyformat/printable.h"

namespace tekmatch {

std::string DumpJson(const nlohmann::ordered_json& value, int indent) {
  return PrintableJson(
      value.dump(indent, ' ', /*ensure_ascii=*/false,
                 nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace tekmatch
