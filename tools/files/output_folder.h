// A run's files in a folder, which has all of them or none: they gather in a
// hidden folder within it, and go to their places when all are whole.
#ifndef TEKMATCH_TOOLS_FILES_OUTPUT_FOLDER_H_
#define TEKMATCH_TOOLS_FILES_OUTPUT_FOLDER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/files/scratch_folder.h"

namespace tekmatch {

class OutputFolder {
 public:
  // Makes the folder unless it is there; its parent has to be. Errors are the
  // system's, with the path.
  static absl::StatusOr<std::unique_ptr<OutputFolder>> Open(
      const std::string& path);
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;
  // Without Commit, or where a signal ends the process before it, the folder is
  // as it was: gone, if it was not there.
  ~OutputFolder() = default;

  // Where a file has to be written, and where it is after Commit.
  std::string SidePathOf(absl::string_view name) const;
  std::string PathOf(absl::string_view name) const;

  // Moves the files, which are written and closed, to their places; files of
  // their names are replaced, links too. Signals wait meanwhile. Once. Errors
  // are the system's, with the path; then none of the files is there, nor those
  // that were replaced by then.
  absl::Status Commit();

 private:
  explicit OutputFolder(std::string path) : path_(std::move(path)) {}

  const std::string path_;
  // The second one lies in the first, and has to go before it.
  std::unique_ptr<MadeFolder> made_;
  std::unique_ptr<ScratchFolder> side_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_OUTPUT_FOLDER_H_
