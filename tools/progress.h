// A line on the terminal about work that takes long: shown once it has taken
// more than a second, renewed at most ten times a second, wiped at the end.
// Nothing where stderr is no terminal.
#ifndef TEKMATCH_TOOLS_PROGRESS_H_
#define TEKMATCH_TOOLS_PROGRESS_H_

#include <functional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

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

  // Cheap when nothing is due; `text` is called only when something is.
  void Update(absl::FunctionRef<std::string()> text);
  void Finish();

 private:
  const bool is_terminal_;
  const Clock clock_;
  const Sink sink_;
  absl::Time next_;
  bool shown_ = false;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_PROGRESS_H_
