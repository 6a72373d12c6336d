// Reads a text file line by line in bounded memory; any file that can be
// opened, pipes included.
#ifndef TEKMATCH_TOOLS_LINE_READER_H_
#define TEKMATCH_TOOLS_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

class LineReader {
 public:
  // Longer lines are no rows of any format here.
  static constexpr size_t kMaxLineBytes = 64 << 10;

  struct Line {
    absl::string_view text;  // without line end; valid until the next call
    bool too_long = false;   // then `text` is empty
  };

  // Errors are the system's, with the path.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(
      const std::string& path);
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  ~LineReader();

  // False at the end. Lines end with LF or CRLF, the last one also with the
  // file. A byte order mark at the start of the file is passed over.
  absl::StatusOr<bool> Next(Line* line);

  // "path:12", the place of the last line, for messages.
  std::string Place() const;

 private:
  LineReader(std::string path, int fd);
  // Makes room and reads more into it; false at the end of the file.
  absl::StatusOr<bool> Fill();

  const std::string path_;
  const int fd_;
  uint64_t number_ = 0;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of what is not handed out yet
  size_t end_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_LINE_READER_H_
