// What the subcommands of `tekmatch-registry` share. How options are declared
// is tools/commands/command_line.h, as for `tekmatch`.
#ifndef TEKMATCH_REGISTRATION_COMMANDS_COMMAND_H_
#define TEKMATCH_REGISTRATION_COMMANDS_COMMAND_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "registration/rules/publish_schedule.h"
#include "registration/server/publisher.h"

namespace tekmatch {

class CommandLine;
class OptionSet;

// As `tekmatch` has them.
inline constexpr int kExitDone = 0;
inline constexpr int kExitBadInput = 1;
inline constexpr int kExitUsage = 2;

// Each declares one subcommand, with what it does when it is chosen.
void AddHersysCommand(CommandLine& line);
void AddIssueCommand(CommandLine& line);
void AddIssuesCommand(CommandLine& line);
void AddPurgeCommand(CommandLine& line);
void AddOperatorCommand(CommandLine& line);
void AddPhoneCommand(CommandLine& line);
void AddPhoneImportCommand(CommandLine& line);
void AddServerCommand(CommandLine& line);
void AddPublishCommand(CommandLine& line);
void AddStatusCommand(CommandLine& line);
void AddRehearseCommand(CommandLine& line);

// One line on stderr, after the program's name; made printable.
void Say(absl::string_view message);
// Writes a line to stdout, made printable, and flushes it: who started the
// program may wait for it. The system's error if it is full or closed.
absl::Status PrintLine(absl::string_view text);

// The same for several lines, as they are.
absl::Status PrintText(absl::string_view text);

// What ends a role in peace: SIGINT and SIGTERM. Block comes before any thread
// starts, so that only the wait takes them; a write to a closed socket is an
// error then, and no signal.
void BlockEndingSignals();
void WaitForEndingSignal();

// What publishing is told on the command line.
struct PublishFlags {
  std::string out;
  std::string region = "440";
  std::string base_url;
  std::string signing_key;
  std::string key_id;
  std::string key_version = "v1";
  std::string slots = "15:00";
  bool release_same_day = false;
  uint64_t min_keys = 0;
  uint64_t longest_wait_hours = 24;
};

void AddPublishFlags(OptionSet& command, PublishFlags& flags);

// INVALID_ARGUMENT: a slot is none, or the schedule's own words. DATA_LOSS: the
// file of the key holds none. Others: the system's, of that file. Without a
// signing key there is no signer.
absl::StatusOr<PublisherOptions> PublisherOptionsOf(const PublishFlags& flags);

// What a parser said of the text of a file, with the file's path before it.
// The parser blames its caller; but whoever named the file did nothing wrong,
// so INVALID_ARGUMENT becomes DATA_LOSS, and the exit code that of bad input.
absl::Status OfFile(const std::string& path, const absl::Status& status);

// A text that two roles share, without white space around it. DATA_LOSS: less
// than 16 or more than 1,000 characters, one that is not in 0x21..0x7e, or too
// large a file. Others: the system's.
absl::StatusOr<std::string> ReadSecret(const std::string& path);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_COMMANDS_COMMAND_H_
