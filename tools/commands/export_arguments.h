// What the arguments EXPORT of `match`, `verify` and `inspect` stand for:
// files, pipes and stdin, and folders of exports.
//
// Of a folder its *.zip and *.bin are read, in the order of their names, and
// those of the folders in it where asked for, but for what is hidden (a name
// that begins with a dot). Links are followed to files, not to folders.
#ifndef TEKMATCH_TOOLS_COMMANDS_EXPORT_ARGUMENTS_H_
#define TEKMATCH_TOOLS_COMMANDS_EXPORT_ARGUMENTS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "keyformat/byte_source.h"
#include "tools/commands/command_line.h"
#include "tools/commands/run_paths.h"

namespace tekmatch {

struct ExportArguments {
  std::vector<std::string> given;
  bool recursive = false;
};

// Declares EXPORT, which the caller may require, and --recursive.
Option AddExportArguments(OptionSet& command, ExportArguments& arguments);

// The files, as paths. INVALID_ARGUMENT: --recursive without a folder.
// NOT_FOUND: a folder without exports. Others are the system's.
absl::StatusOr<std::vector<std::string>> ListExports(
    const ExportArguments& arguments);

// Notes the files, and the signatures beside them, as read.
void ReadsExports(const std::vector<std::string>& files, RunPaths* paths);

// The contents of those that can be read only once.
absl::StatusOr<std::map<std::string, std::shared_ptr<const ByteSource>>>
ReadPipes(const std::vector<std::string>& files);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_EXPORT_ARGUMENTS_H_
