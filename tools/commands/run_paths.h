// The files that a run reads and writes, and the one place that decides whether
// they go together: an output that is an input of the same run, or another
// output of it, would destroy what the person has.
//
// Two paths are one file when they lead to the same inode of the same device,
// through links, hard links and other spellings; where nothing is there yet,
// when they lead to the same name in the same folder. Pipes, terminals,
// devices (/dev/null) and stdout hold nothing that could be lost, and are never
// the same file. stdin is read once: by one option, or by none.
#ifndef TEKMATCH_TOOLS_COMMANDS_RUN_PATHS_H_
#define TEKMATCH_TOOLS_COMMANDS_RUN_PATHS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

class RunPaths {
 public:
  // `flag` is what the person calls it: "--sightings", "EXPORT". An empty path
  // is an option that was not given. A folder is read with all files in it, and
  // no output may lie in it.
  void Reads(absl::string_view flag, const std::string& path);
  void Reads(absl::string_view flag, const std::vector<std::string>& paths);
  void Writes(absl::string_view flag, const std::string& path);
  // A folder whose files the run decides on: no output of another flag may lie
  // in it, whether it is there yet or not.
  void WritesFolder(absl::string_view flag, const std::string& path);

  // INVALID_ARGUMENT with both flags and both paths, or with both readers of
  // stdin. To be asked before anything is read or written.
  absl::Status Check() const;

 private:
  struct Named {
    std::string flag;
    std::string path;
  };
  std::vector<Named> inputs_;
  std::vector<Named> outputs_;
  std::vector<Named> written_folders_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_RUN_PATHS_H_
