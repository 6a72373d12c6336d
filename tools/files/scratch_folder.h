// Folders that do not outlive a run: a private one for its files, gone
// afterwards whatever happens, and one that it makes for its results, gone
// unless there are any.
#ifndef TEKMATCH_TOOLS_FILES_SCRATCH_FOLDER_H_
#define TEKMATCH_TOOLS_FILES_SCRATCH_FOLDER_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "tools/files/cleanup_on_signal.h"

namespace tekmatch {

// Where temporary files go: TMPDIR, or /tmp.
std::string TemporaryFolder();

class ScratchFolder {
 public:
  // Below TemporaryFolder(); nobody else can look into it (mode 0700). Other
  // codes than OK are the system's.
  static absl::StatusOr<std::unique_ptr<ScratchFolder>> Make();
  // The same within `folder`, hidden: its files can be renamed into `folder`.
  static absl::StatusOr<std::unique_ptr<ScratchFolder>> MakeIn(
      const std::string& folder);
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path);
  // `parent` is named in errors; the path ends with XXXXXX.
  static absl::StatusOr<std::unique_ptr<ScratchFolder>> MakeAt(
      std::string path, const std::string& parent);
  std::string path_;
  CleanupOnSignal cleanup_;
};

// A folder that a run makes, unless it is there. One that it made is removed in
// the end, or by a signal, where nothing is in it by then: a run that fails
// leaves no trace. One that was there stays.
class MadeFolder {
 public:
  // Its parent has to be there. Errors are the system's, with the path.
  static absl::StatusOr<std::unique_ptr<MadeFolder>> Make(
      const std::string& path);
  MadeFolder(const MadeFolder&) = delete;
  MadeFolder& operator=(const MadeFolder&) = delete;
  ~MadeFolder();

 private:
  MadeFolder(std::string path, bool is_new);
  const std::string path_;
  std::optional<CleanupOnSignal> cleanup_;  // if it is new
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_SCRATCH_FOLDER_H_
