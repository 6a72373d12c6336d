// A line on the terminal about work that takes long: shown once it has taken
// more than a second, renewed at most ten times a second, wiped at the end.
// Nothing where stderr is no terminal, or one that can wipe no line (TERM is
// "dumb" or unset). One object is for a whole command: whoever says something
// else on stderr calls Finish() first, and the next update shows it again.
#ifndef TEKMATCH_TOOLS_COMMANDS_PROGRESS_H_
#define TEKMATCH_TOOLS_COMMANDS_PROGRESS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

class Progress {
 public:
  using Clock = std::function<absl::Time()>;
  using Sink = std::function<void(absl::string_view)>;

  // On stderr, by the real clock.
  Progress();
  // For tests.
  Progress(bool is_terminal, Clock clock, Sink sink);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { Finish(); }

  // Cheap when nothing is due; `text` is called only when something is. Of a
  // longer text what fits on a line is shown, at most 79 characters.
  void Update(absl::FunctionRef<std::string()> text);
  // The same for a stage that begins: it need not wait for the last update.
  void Announce(absl::FunctionRef<std::string()> text);
  void Finish();

 private:
  void Show(absl::Time now, absl::FunctionRef<std::string()> text);

  const bool is_terminal_;
  const Clock clock_;
  const Sink sink_;
  const absl::Time first_;  // after it something may be shown
  absl::Time next_;
  bool shown_ = false;
};

// "file 3 of 24, 1200000 keys read": what is said while files are read.
std::string FilesProgressText(size_t file, size_t num_files, uint64_t num_keys);

// "reading sightings: store 1 of 2, 1000 of 5000 records".
std::string SightingsProgressText(const SightingsProgress& progress);

// For SightingsReaderOptions; refers to `progress`.
std::function<void(const SightingsProgress&)> ShowSightings(Progress& progress);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_PROGRESS_H_
