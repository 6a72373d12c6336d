// Matches as lines of JSON: the form of --matches-out.
#ifndef TEKMATCH_TOOLS_FILES_MATCH_LINE_H_
#define TEKMATCH_TOOLS_FILES_MATCH_LINE_H_

#include <string>

#include "matcher/join/match.h"

namespace tekmatch {

// One line, with its newline. `path` is the key's file.
std::string MatchLine(const Match& match, const std::string& path,
                      bool with_device = false);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_MATCH_LINE_H_
