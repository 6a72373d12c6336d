// What may stand on the program's command line, and what a person put there:
// commands, each with options and arguments, their help, and the messages for
// what is wrong.
//
//   CommandLine line("tekmatch", "What it is for.", [] { return "0.1"; });
//   OptionSet options = line.AddCommand("add", "Adds things up");
//   const auto o = std::make_shared<Options>();
//   options.Arguments("FILE", o->files, "What to add").Required();
//   options.Number("--times", o->times, "How often", 1, 9).ShowDefault();
//   options.Runs([o] { return Add(*o); });
//   const absl::StatusOr<ParsedLine> parsed = line.Parse(arguments);
//
// Variables keep the values that they have, which are the defaults, until
// Parse() writes what was given into them. They live as long as the
// CommandLine; so do OptionSet and Option, which are handles, cheap to copy.
//
// Names are long ones, with their dashes, but for arguments, which have none: a
// word in capitals. Declaring a name twice ends the program: it is a fault of
// the program, not of the person.
//
// It stands over CLI11, whose header takes seconds to compile, wherever it is
// included: that is command_line.cc alone.
#ifndef TEKMATCH_TOOLS_COMMANDS_COMMAND_LINE_H_
#define TEKMATCH_TOOLS_COMMANDS_COMMAND_LINE_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tekmatch {

// What a command does once its options have their values. Returns the exit
// code, or an error that nobody has been told of.
using CommandBody = std::function<absl::StatusOr<int>()>;

// One option or argument. What is said of it may be chained.
class Option {
 public:
  // The command line is refused without it.
  Option Required() const;
  // Its help says the value that its variable has at this moment.
  Option ShowDefault() const;
  // It is refused unless `other` is given, too.
  Option Needs(Option other) const;
  // Other values are refused.
  Option OneOf(const std::vector<std::string>& values) const;

  // Whether the person gave it. To be asked by the command's body.
  bool given() const;

 private:
  friend class OptionSet;

  explicit Option(CLI::Option* option) : option_(option) {}

  CLI::Option* option_;
};

// The options and arguments of one command, or of a group of them. Every one is
// declared with the variable for its value and with its help, whose further
// lines are indented as the first one.
class OptionSet {
 public:
  // Without a value. true where it is given.
  Option Flag(const std::string& name, bool& value, const std::string& help);

  // Any text; given once. A name without dashes is that of an argument.
  Option Text(const std::string& name, std::string& value,
              const std::string& help = "");

  // A whole number in digits, low..high (CheckWholeNumber). For uint64_t,
  // uint32_t, uint16_t and int.
  template <typename T>
  Option Number(const std::string& name, T& value, const std::string& help,
                uint64_t low = 0,
                uint64_t high = std::numeric_limits<T>::max()) {
    return CheckedNumber(AddNumber(name, value, help), low, high);
  }
  // Such a number, absent where it is not given.
  Option Number(const std::string& name, std::optional<uint64_t>& value,
                const std::string& help, uint64_t low = 0,
                uint64_t high = std::numeric_limits<uint64_t>::max());

  // May be given several times, with one value each time.
  Option Repeatable(const std::string& name, std::vector<std::string>& values,
                    const std::string& help);

  // All arguments that stand on the command line.
  Option Arguments(const std::string& name, std::vector<std::string>& values,
                   const std::string& help);

  // A group: of the options that are declared in it, exactly one has to be
  // given. Its name is a heading in the help.
  OptionSet ExactlyOne(const std::string& name);

  // The names of all of its own, not those of its groups, that the person gave,
  // in the order in which they were declared. To be asked by the command's
  // body.
  std::vector<std::string> Given() const;

  // What to do when this command is chosen; once for each command.
  void Runs(CommandBody body);

 private:
  friend class CommandLine;

  OptionSet(CLI::App* app, CommandBody* chosen) : app_(app), chosen_(chosen) {}

  Option AddNumber(const std::string& name, uint64_t& value,
                   const std::string& help);
  Option AddNumber(const std::string& name, uint32_t& value,
                   const std::string& help);
  Option AddNumber(const std::string& name, uint16_t& value,
                   const std::string& help);
  Option AddNumber(const std::string& name, int& value,
                   const std::string& help);
  static Option CheckedNumber(Option option, uint64_t low, uint64_t high);

  CLI::App* app_;
  CommandBody* chosen_;  // CommandLine::chosen_
};

// What a person asked for.
struct ParsedLine {
  CommandBody body;  // of the command; empty where `text` is all there is
  std::string text;  // the help or the version
};

class CommandLine {
 public:
  // `version` is called where it is asked for.
  CommandLine(const std::string& name, const std::string& description,
              std::function<std::string()> version);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  ~CommandLine();

  // The help lists commands in the order in which they are added.
  OptionSet AddCommand(const std::string& name, const std::string& help);

  // `arguments` are those after the program's name.
  //
  // INVALID_ARGUMENT: an unknown name, which is said before all else, with the
  // one that was probably meant (command_names.h); a value that is refused;
  // what is missing, or too much. The message ends with where to read on. It
  // holds arguments as they were typed: show it printable.
  absl::StatusOr<ParsedLine> Parse(std::vector<std::string> arguments);

 private:
  const std::unique_ptr<CLI::App> app_;
  CommandBody chosen_;
};

// The check of a number's text: digits alone, in low..high. INVALID_ARGUMENT
// otherwise; where the text can be read as another spelling of a number, 1e6 or
// 0x10, the message shows the digits.
absl::Status CheckWholeNumber(absl::string_view text, uint64_t low,
                              uint64_t high);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_COMMAND_LINE_H_
