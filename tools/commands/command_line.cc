// Plan: the names that CLI11 was told; an option's properties; the kinds of
// options; the check of numbers; the program with its commands, and the reading
// of what was typed.
//
// CLI11 throws. What a person can cause is caught in Parse(); what is left is a
// fault in the declarations, or no memory.
#include "tools/commands/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tools/commands/command_names.h"

namespace tekmatch {
namespace {

// The column in which the help of an option begins: the longest names of ours
// still have theirs on the same line.
constexpr size_t kHelpColumn = 32;

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

ProgramNames NamesOf(const CLI::App& app) {
  ProgramNames names;
  names.name = app.get_name();
  AppendOptions(app, &names.options);
  for (const CLI::App* command : app.get_subcommands({})) {
    CommandNames& known = names.commands.emplace_back();
    known.name = command->get_name();
    AppendOptions(*command, &known.options);
  }
  return names;
}

}  // namespace

Option Option::Required() const {
  option_->required();
  return *this;
}

Option Option::ShowDefault() const {
  option_->capture_default_str();
  return *this;
}

Option Option::Needs(Option other) const {
  option_->needs(other.option_);
  return *this;
}

Option Option::OneOf(const std::vector<std::string>& values) const {
  option_->check(CLI::IsMember(values));
  return *this;
}

bool Option::given() const { return option_->count() > 0; }

Option OptionSet::Flag(const std::string& name, bool& value,
                       const std::string& help) {
  return Option(app_->add_flag(name, value, help));
}

Option OptionSet::Text(const std::string& name, std::string& value,
                       const std::string& help) {
  return Option(app_->add_option(name, value, help));
}

Option OptionSet::Number(const std::string& name,
                         std::optional<uint64_t>& value,
                         const std::string& help, uint64_t low, uint64_t high) {
  return CheckedNumber(Option(app_->add_option(name, value, help)), low, high);
}

// One of each type, as CLI11 names a number's type in the help: UINT or INT.
Option OptionSet::AddNumber(const std::string& name, uint64_t& value,
                            const std::string& help) {
  return Option(app_->add_option(name, value, help));
}
Option OptionSet::AddNumber(const std::string& name, uint32_t& value,
                            const std::string& help) {
  return Option(app_->add_option(name, value, help));
}
Option OptionSet::AddNumber(const std::string& name, uint16_t& value,
                            const std::string& help) {
  return Option(app_->add_option(name, value, help));
}
Option OptionSet::AddNumber(const std::string& name, int& value,
                            const std::string& help) {
  return Option(app_->add_option(name, value, help));
}

// CLI11 by itself takes -1 for the largest number there is, and 010 for 8.
Option OptionSet::CheckedNumber(Option option, uint64_t low, uint64_t high) {
  option.option_->transform(CLI::Validator(
      [low, high](std::string& text) {
        std::string error(CheckWholeNumber(text, low, high).message());
        if (error.empty()) {
          text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
        }
        return error;
      },
      /*validator_desc=*/""));
  return option;
}

Option OptionSet::Repeatable(const std::string& name,
                             std::vector<std::string>& values,
                             const std::string& help) {
  // CLI11 would take the arguments that follow for more values.
  return Option(app_->add_option(name, values, help)->allow_extra_args(false));
}

Option OptionSet::Arguments(const std::string& name,
                            std::vector<std::string>& values,
                            const std::string& help) {
  return Option(app_->add_option(name, values, help));
}

OptionSet OptionSet::ExactlyOne(const std::string& name) {
  CLI::Option_group* group = app_->add_option_group(name);
  group->require_option(1);
  return {group, chosen_};
}

std::vector<std::string> OptionSet::Given() const {
  std::vector<std::string> names;
  const CLI::App& app = *app_;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0) continue;
    const bool is_argument = option->get_lnames().empty();
    names.push_back(
        absl::StrCat(is_argument ? "" : "--", option->get_single_name()));
  }
  return names;
}

void OptionSet::Runs(CommandBody body) {
  // It runs after Parse(): an exception of the body is none of the parser's.
  app_->callback(
      [chosen = chosen_, body = std::move(body)] { *chosen = body; });
}

absl::Status CheckWholeNumber(absl::string_view text, uint64_t low,
                              uint64_t high) {
  uint64_t value = 0;
  const bool digits =
      !text.empty() && std::all_of(text.begin(), text.end(),
                                   [](char c) { return c >= '0' && c <= '9'; });
  if (digits && absl::SimpleAtoi(text, &value) && value >= low &&
      value <= high) {
    return absl::OkStatus();
  }
  const std::string range = absl::StrCat(low, "..", high);
  if (digits) {
    return absl::InvalidArgumentError(absl::StrCat(text, ": not in ", range));
  }
  double number = 0;  // 1e6
  // Up to 1e15 a double holds every whole number.
  const bool whole = absl::SimpleAtod(text, &number) &&
                     number >= static_cast<double>(low) && number <= 1e15 &&
                     number == std::floor(number);
  return absl::InvalidArgumentError(absl::StrCat(
      text, ": not a whole number in digits, such as ",
      whole ? static_cast<uint64_t>(number) : std::min<uint64_t>(10, high),
      " (", range, ")"));
}

CommandLine::CommandLine(const std::string& name,
                         const std::string& description,
                         std::function<std::string()> version)
    : app_(std::make_unique<CLI::App>(description, name)) {
  app_->require_subcommand(1);
  // Commands copy the formatter when they are added.
  app_->get_formatter()->column_width(kHelpColumn);
  app_->set_version_flag("--version", std::move(version));
}

CommandLine::~CommandLine() = default;

OptionSet CommandLine::AddCommand(const std::string& name,
                                  const std::string& help) {
  return {app_->add_subcommand(name, help), &chosen_};
}

absl::StatusOr<ParsedLine> CommandLine::Parse(
    std::vector<std::string> arguments) {
  arguments = WithHelpAsOption(std::move(arguments));
  // CLI11 would say what is missing first, and not what a name should be.
  if (absl::Status s = CheckNames(NamesOf(*app_), arguments); !s.ok()) return s;
  try {
    // CLI11 wants them last to first.
    app_->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    // Help and version are thrown, too, as errors with the exit code 0.
    if (error.get_exit_code() == 0) {
      std::ostringstream text;
      app_->exit(error, text, text);
      return ParsedLine{.body = {}, .text = text.str()};
    }
    return absl::InvalidArgumentError(
        absl::StrCat(error.what(), "; `",
                     HelpCommand(app_->get_name(), arguments), "` has more"));
  }
  return ParsedLine{.body = chosen_, .text = {}};
}

}  // namespace tekmatch
