// Plan: the distance of two words; the names that a command knows; the first
// argument that none of them is, with the nearest.
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

// Those of option groups, too, which CLI11 keeps as nameless subcommands.
void AppendOptions(const CLI::App& command, std::vector<std::string>* names) {
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names->push_back("--" + name);
    }
    for (const std::string& name : option->get_snames()) {
      names->push_back("-" + name);
    }
  }
  for (const CLI::App* group : command.get_subcommands({})) {
    if (group->get_name().empty()) AppendOptions(*group, names);
  }
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

absl::Status CheckNames(const CLI::App& app,
                        const std::vector<std::string>& arguments) {
  if (arguments.empty()) return absl::OkStatus();
  const CLI::App* command = &app;
  size_t next = 0;
  if (!absl::StartsWith(arguments[0], "-")) {
    std::vector<std::string> names;
    for (const CLI::App* sub : app.get_subcommands({})) {
      names.push_back(sub->get_name());
      if (sub->get_name() == arguments[0]) command = sub;
    }
    if (command == &app) {
      return Unknown(arguments[0], "command", names, "tekmatch help");
    }
    next = 1;
  }
  std::vector<std::string> options;
  AppendOptions(*command, &options);
  for (; next < arguments.size() && arguments[next] != "--"; ++next) {
    const std::string& argument = arguments[next];
    if (!LooksLikeOption(argument, arguments[next > 0 ? next - 1 : 0])) {
      continue;
    }
    const std::string name = argument.substr(0, argument.find('='));
    if (std::find(options.begin(), options.end(), name) != options.end()) {
      continue;
    }
    return command == &app
               ? Unknown(name, "option", options, "tekmatch help")
               : Unknown(name, absl::StrCat("option of ", command->get_name()),
                         options,
                         absl::StrCat("tekmatch help ", command->get_name()));
  }
  return absl::OkStatus();
}

std::string Suggest(absl::string_view word,
                    const std::vector<std::string>& candidates) {
  constexpr size_t kMaxWord = 64;  // nobody's misspelling is longer
  if (word.size() > kMaxWord) return "";
  std::string best;
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
