#include "tools/commands/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tekmatch {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(1);
constexpr absl::Duration kBetweenUpdates = absl::Milliseconds(100);
// To the start of the line, and clear it.
constexpr char kWipe[] = "\r\x1b[K";
// A line that is broken could not be wiped.
size_t MaxWidth() {
  constexpr size_t kUsual = 79;
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return kUsual;
  }
  return std::min<size_t>(kUsual, size.ws_col - 1);
}

bool CanWipeLines() {
  const char* term = std::getenv("TERM");
  return term != nullptr && *term != '\0' && absl::string_view(term) != "dumb";
}

}  // namespace

Progress::Progress()
    : Progress(isatty(STDERR_FILENO) == 1 && CanWipeLines(), absl::Now,
               [](absl::string_view text) {
                 std::fwrite(text.data(), 1, text.size(), stderr);
                 std::fflush(stderr);
               }) {}

Progress::Progress(bool is_terminal, Clock clock, Sink sink)
    : is_terminal_(is_terminal),
      clock_(std::move(clock)),
      sink_(std::move(sink)),
      first_(clock_() + kPatience),
      next_(first_) {}

void Progress::Update(absl::FunctionRef<std::string()> text) {
  if (!is_terminal_) return;
  const absl::Time now = clock_();
  if (now > next_) Show(now, text);
}

void Progress::Announce(absl::FunctionRef<std::string()> text) {
  if (!is_terminal_) return;
  const absl::Time now = clock_();
  if (now > first_) Show(now, text);
}

void Progress::Show(absl::Time now, absl::FunctionRef<std::string()> text) {
  sink_(absl::StrCat(kWipe, text().substr(0, MaxWidth())));
  shown_ = true;
  next_ = now + kBetweenUpdates;
}

void Progress::Finish() {
  if (!shown_) return;
  sink_(kWipe);
  shown_ = false;
}

std::string FilesProgressText(size_t file, size_t num_files,
                              uint64_t num_keys) {
  return absl::StrCat("file ", file, " of ", num_files, ", ", num_keys,
                      " keys read");
}

std::string SightingsProgressText(const SightingsProgress& progress) {
  std::string text = "reading sightings: ";
  if (progress.num_stores > 1) {
    absl::StrAppend(&text, "store ", progress.store, " of ",
                    progress.num_stores, ", ");
  }
  absl::StrAppend(&text, progress.done);
  if (progress.total > 0) absl::StrAppend(&text, " of ", progress.total);
  return absl::StrCat(text, " ", progress.unit);
}

std::function<void(const SightingsProgress&)> ShowSightings(
    Progress& progress) {
  return [&progress](const SightingsProgress& reached) {
    progress.Update([&reached] { return SightingsProgressText(reached); });
  };
}

}  // namespace tekmatch
