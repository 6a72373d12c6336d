// The folder that phones fetch exports from: files named as Google's server
// names them, and index.txt, which lists them.
//
// - A window goes out once. A file of a window that shares time with an earlier
//   one is refused: padding is drawn anew each time, so what stands in both of
//   two files of the same keys is real.
// - A run's files appear together or not at all: they are written to the side,
//   in a hidden folder (".tekmatch-" and six letters or digits), which becomes
//   ".tekmatch-publishing" when it is whole. With that they are published: they
//   are moved to their places, while signals are held back, and the folder is
//   removed. A process that is killed before leaves a folder that the next one
//   removes. One that is killed afterwards leaves files that the next one
//   moves. The next one does so where there are locks for folders; without,
//   nobody can tell whether the other one still runs. Each step is synced
//   before the next one, so that a loss of power is as a kill.
// - index.txt comes last, so that who reads it finds every file in it. It lists
//   all files of the folder that have such a name, a line each, from old to
//   new: by the window's end, its start, the number. A file that was taken away
//   is listed no more. Files of other names are not ours.
//
// Source: google/exposure-notifications-server internal/export/worker.go, and
// its issues of published files that were lost (#457, #681, #711).
#ifndef TEKMATCH_TOOLS_FILES_PUBLISHED_FOLDER_H_
#define TEKMATCH_TOOLS_FILES_PUBLISHED_FOLDER_H_

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/files/scratch_folder.h"

namespace tekmatch {

inline constexpr char kPublishedIndex[] = "index.txt";

// What a file's name says; in the order of the index.
struct PublishedName {
  uint64_t end_timestamp = 0;  // Unix seconds
  uint64_t start_timestamp = 0;
  uint64_t number = 1;

  auto operator<=>(const PublishedName&) const = default;
};

// "1595980800-1596067200-00001.zip"
std::string ToString(const PublishedName& name);
// Nothing unless it is such a name.
std::optional<PublishedName> ParsePublishedName(absl::string_view text);

class PublishedFolder {
 public:
  // Makes the folder unless it is there (MadeFolder: without anything published
  // it goes again), and waits for others that write into it, where its file
  // system has locks for folders. Then completes what a run that was killed had
  // begun to publish, and removes what others left that had not. Errors are the
  // system's, with the path. FAILED_PRECONDITION, too:
  // such a run has to be completed, but there are no locks.
  static absl::StatusOr<std::unique_ptr<PublishedFolder>> Open(
      const std::string& path);
  PublishedFolder(const PublishedFolder&) = delete;
  PublishedFolder& operator=(const PublishedFolder&) = delete;
  ~PublishedFolder();

  // What Open had to move for a run that was killed: names, the index last.
  const std::vector<std::string>& completed() const { return completed_; }

  // FAILED_PRECONDITION: a file is there whose window shares time with
  // [start, end), in Unix seconds; the message names it.
  absl::Status CheckUnpublished(uint64_t start, uint64_t end) const;

  // Paths of the files that are on offer, from old to new.
  std::vector<std::string> PublishedPaths() const;

  // Writes a file to the side.
  absl::Status Add(const PublishedName& name, absl::string_view bytes);

  // Moves what was added to its places, and writes the index. Once. After an
  // error the folder is as before; where even that fails, as if the run had
  // been killed.
  absl::Status Publish();

  std::string PathOf(absl::string_view name) const;

 private:
  PublishedFolder(std::string path, std::unique_ptr<MadeFolder> made, int lock);
  absl::Status Complete();
  void RemoveStaleFolders() const;
  absl::Status WriteIndex(const std::string& folder,
                          const std::vector<PublishedName>& names) const;
  absl::Status Move(const std::string& name) const;
  absl::Status TakeBack(const std::vector<std::string>& moved) const;
  std::string PublishingPath() const;

  const std::string path_;
  std::unique_ptr<MadeFolder> made_;
  const int lock_;  // the folder itself, opened
  std::vector<std::string> completed_;
  std::vector<PublishedName> published_;
  std::vector<PublishedName> added_;
  std::unique_ptr<ScratchFolder> side_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_PUBLISHED_FOLDER_H_
