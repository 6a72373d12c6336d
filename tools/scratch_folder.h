// A private folder for files of one run, gone afterwards whatever happens.
#ifndef TEKMATCH_TOOLS_SCRATCH_FOLDER_H_
#define TEKMATCH_TOOLS_SCRATCH_FOLDER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tools/cleanup_on_signal.h"

namespace tekmatch {

class ScratchFolder {
 public:
  // Below TMPDIR, or /tmp; nobody else can look into it (mode 0700). Other
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

// Makes a folder unless it is there; its parent has to be.
absl::Status MakeFolder(const std::string& path);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SCRATCH_FOLDER_H_
