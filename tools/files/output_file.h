// A file that is there whole or not at all: written beside its place under
// another name, and renamed when complete.
#ifndef TEKMATCH_TOOLS_FILES_OUTPUT_FILE_H_
#define TEKMATCH_TOOLS_FILES_OUTPUT_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/files/cleanup_on_signal.h"

namespace tekmatch {

class OutputFile {
 public:
  enum class Readers : uint8_t {
    kOwner,   // 0600: contact data is the owner's business
    kAnyone,  // as umask says: what gets published
  };

  // Where `path` is a link, the file that it names is replaced. Where it is
  // stdout (IsStdout) or something else than a file (a pipe), it is written to
  // directly. Errors are the system's, with the path.
  static absl::StatusOr<std::unique_ptr<OutputFile>> Open(
      const std::string& path, Readers readers = Readers::kOwner);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  // Without Commit: nothing is left, and an old file at the place stays.
  ~OutputFile();

  // Buffered.
  absl::Status Append(absl::string_view bytes);
  // Flushes and syncs: what a full disk refuses, it refuses here. Nothing may
  // be appended afterwards.
  absl::Status Sync();
  // Syncs, unless that is done, and renames. Once; nothing may be appended
  // afterwards.
  absl::Status Commit();

 private:
  OutputFile(std::string path, std::string temporary, int fd);
  absl::Status Flush();
  absl::Status Error(absl::string_view what) const;

  const std::string path_;
  const std::string temporary_;  // empty: writes directly
  std::optional<CleanupOnSignal> cleanup_;
  int fd_;
  bool synced_ = false;
  std::string buffer_;
};

// Commits files that belong together, in their order; null ones are passed
// over. All of them are synced before the first one is renamed: a disk that is
// full leaves none of them new beside others that are old. Only a rename that
// fails can, or a machine that dies in between.
absl::Status CommitAll(absl::Span<OutputFile* const> files);

// Whether `path` is stdout: "-", or its name in /dev or /proc.
bool IsStdout(absl::string_view path);

// The file that `path` stands for, through links, be it there yet or not: what
// OutputFile replaces.
std::string ResolveLinks(const std::string& path);

// All of a file at once.
absl::Status WriteWholeFile(const std::string& path, absl::string_view bytes,
                            OutputFile::Readers readers);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_OUTPUT_FILE_H_
