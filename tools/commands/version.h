// Which build of the tool this is, and what it found to work with.
#ifndef TEKMATCH_TOOLS_COMMANDS_VERSION_H_
#define TEKMATCH_TOOLS_COMMANDS_VERSION_H_

#include <string>

namespace tekmatch {

// Two lines, without the last one's end: version and commit ("unknown" in a
// build that was not told, see tools/dev/shell.sh), and the kernels that this
// machine can run, fastest first.
std::string VersionText();

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_VERSION_H_
