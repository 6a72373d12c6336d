#include "tools/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tekmatch {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(1);
constexpr absl::Duration kBetweenUpdates = absl::Milliseconds(100);
// To the start of the line, and clear it.
constexpr char kWipe[] = "\r\x1b[K";

}  // namespace

Progress::Progress()
    : Progress(isatty(STDERR_FILENO) == 1, absl::Now,
               [](absl::string_view text) {
                 std::fwrite(text.data(), 1, text.size(), stderr);
                 std::fflush(stderr);
               }) {}

Progress::Progress(bool is_terminal, Clock clock, Sink sink)
    : is_terminal_(is_terminal),
      clock_(std::move(clock)),
      sink_(std::move(sink)),
      next_(clock_() + kPatience) {}

void Progress::Update(absl::FunctionRef<std::string()> text) {
  if (!is_terminal_) return;
  const absl::Time now = clock_();
  if (now <= next_) return;
  sink_(absl::StrCat(kWipe, text()));
  shown_ = true;
  next_ = now + kBetweenUpdates;
}

void Progress::Finish() {
  if (!shown_) return;
  sink_(kWipe);
  shown_ = false;
}

}  // namespace tekmatch
