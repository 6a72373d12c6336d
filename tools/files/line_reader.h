// Reads a text file line by line in bounded memory and, if the file ends, in
// bounded time; any file that can be opened, pipes included.
#ifndef TEKMATCH_TOOLS_FILES_LINE_READER_H_
#define TEKMATCH_TOOLS_FILES_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/files/input_stream.h"

namespace tekmatch {

class LineReader {
 public:
  // Longer lines are no rows of any format here.
  static constexpr size_t kMaxLineBytes = 64 << 10;
  // A file with a longer one is no text: a device such as /dev/zero, in which a
  // line never ends.
  static constexpr uint64_t kEndlessLineBytes = 256 << 20;

  struct Line {
    absl::string_view text;  // without line end; valid until the next call
    bool too_long = false;   // then `text` is empty
    bool has_end = false;    // false: the file ends where the line does
  };

  // Whole lines, each with its LF.
  struct Lines {
    absl::string_view text;  // valid until the next call with these Lines
    uint64_t end = 0;        // num_bytes() after them
    // What `text` lies in; kept for the next call.
    std::unique_ptr<char[]> buffer;
  };

  // A path as OpenInputStream takes it: "-" is stdin. Errors are its own.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(
      const std::string& path);
  // Of what is open already, and is closed at the end; stream.first has at most
  // 4 * kMaxLineBytes.
  static std::unique_ptr<LineReader> Over(const std::string& path,
                                          const InputStream& stream);
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  ~LineReader();

  // False at the end. Lines end with LF or CRLF, the last one also with the
  // file. A byte order mark at the start of the file is passed over. DATA_LOSS:
  // a line does not end. Other codes: the system's.
  absl::StatusOr<bool> Next(Line* line);

  // As many lines at once as end in what can be read next, for who reads
  // millions; none at the end, and where Next() has to say what the next one
  // is, since it is long or has no LF. The lines are not split, so the caller
  // counts them, and says how many there were before it calls Next() or
  // Place(). Errors are the system's.
  absl::Status NextLines(Lines* lines);
  void CountLines(uint64_t num_lines) { number_ += num_lines; }

  // Handed out so far, line ends included.
  uint64_t num_bytes() const { return num_bytes_; }
  // "path:12", the place of the last line, for messages.
  std::string Place() const;

 private:
  LineReader(std::string path, const InputStream& stream);
  // Makes room and reads more into it; false at the end of the file.
  absl::StatusOr<bool> Fill();

  const std::string path_;
  const int fd_;
  uint64_t number_ = 0;
  uint64_t num_bytes_ = 0;
  std::unique_ptr<char[]> buffer_;  // not zeroed: few fill it
  size_t begin_ = 0;                // of what is not handed out yet
  size_t end_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_LINE_READER_H_
