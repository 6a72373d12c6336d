// Plan: the distance of two words; what looks like an option; the first
// argument that is none of the known names, with the nearest of them.
#include "tools/commands/command_names.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tekmatch {
namespace {

// Letters to add, leave out, replace, or swap with the next one, to make one
// word of the other (the optimal string alignment distance).
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1,
                                     std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      const size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min(
          {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

absl::Status Unknown(absl::string_view word, absl::string_view what,
                     const std::vector<std::string>& candidates,
                     absl::string_view help) {
  const std::string meant = Suggest(word, candidates);
  return absl::InvalidArgumentError(absl::StrCat(
      word, ": no such ", what,
      meant.empty() ? "" : absl::StrCat("; did you mean ", meant, "?"),
      meant.empty() ? "; `" : " `", help, "` lists them"));
}

// "--out=x" and "--out" are options, "-x" too where no value is due; "-" is a
// file, "-1" a number.
bool LooksLikeOption(const std::string& argument, const std::string& before) {
  if (argument.size() > 2 && absl::StartsWith(argument, "--")) return true;
  return argument.size() > 1 && argument[0] == '-' &&
         absl::ascii_isalpha(static_cast<unsigned char>(argument[1])) &&
         !absl::StartsWith(before, "-");
}

}  // namespace

std::vector<std::string> WithHelpAsOption(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments[0] != "help") return arguments;
  arguments.erase(arguments.begin());
  arguments.push_back("--help");
  return arguments;
}

std::string HelpCommand(absl::string_view program,
                        const std::vector<std::string>& arguments) {
  const bool names_one = !arguments.empty() && arguments[0][0] != '-';
  return absl::StrCat(program, " help", names_one ? " " : "",
                      names_one ? arguments[0] : "");
}

absl::Status CheckNames(const ProgramNames& known,
                        const std::vector<std::string>& arguments) {
  if (arguments.empty()) return absl::OkStatus();
  const CommandNames* command = nullptr;  // none: the program's own options
  size_t next = 0;
  if (!absl::StartsWith(arguments[0], "-")) {
    std::vector<std::string> names;
    for (const CommandNames& candidate : known.commands) {
      names.push_back(candidate.name);
      if (candidate.name == arguments[0]) command = &candidate;
    }
    if (command == nullptr) {
      return Unknown(arguments[0], "command", names,
                     HelpCommand(known.name, {}));
    }
    next = 1;
  }
  const std::vector<std::string>& options =
      command == nullptr ? known.options : command->options;
  // What follows "--" is no option, whatever it looks like.
  for (; next < arguments.size() && arguments[next] != "--"; ++next) {
    const std::string& argument = arguments[next];
    if (!LooksLikeOption(argument, arguments[next > 0 ? next - 1 : 0])) {
      continue;
    }
    const std::string name = argument.substr(0, argument.find('='));
    if (std::find(options.begin(), options.end(), name) != options.end()) {
      continue;
    }
    return command == nullptr
               ? Unknown(name, "option", options, HelpCommand(known.name, {}))
               : Unknown(name, absl::StrCat("option of ", command->name),
                         options, HelpCommand(known.name, {command->name}));
  }
  return absl::OkStatus();
}

std::string Suggest(absl::string_view word,
                    const std::vector<std::string>& candidates) {
  constexpr size_t kMaxWord = 64;  // nobody's misspelling is longer
  if (word.size() > kMaxWord) return "";
  std::string best;
  // Up to a third of the letters may be wrong: beyond that, any short word
  // resembles any other.
  size_t least = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = Distance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace tekmatch
