// Plan: first the checks of texts that options hold, then output, then what
// ends a role, then the options of publishing (declared, then checked and
// read), last what is said of files. Two commands publish, so both get the same
// options from here. PublisherOptionsOf looks at what is typed before it opens
// a file, so that a slip is named first.
#include "registration/commands/command.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "keyformat/p256_key.h"
#include "keyformat/printable.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "tools/commands/command_line.h"
#include "tools/files/key_file.h"
#include "tools/files/small_file.h"

namespace tekmatch {
namespace {

constexpr uint64_t kMostSecretBytes = 64 << 10;
// After two weeks keys are too old.
constexpr uint64_t kLongestWaitHours = 336;

// "15:00" and so on, separated by commas, in any order.
absl::StatusOr<std::vector<absl::Duration>> ParseSlots(
    const std::string& text) {
  std::vector<absl::Duration> slots;
  for (const absl::string_view slot : absl::StrSplit(text, ',')) {
    int hours = 0;
    int minutes = 0;
    // Both ends of the ranges: SimpleAtoi takes a sign, too.
    if (slot.size() != 5 || slot[2] != ':' ||
        !absl::SimpleAtoi(slot.substr(0, 2), &hours) ||
        !absl::SimpleAtoi(slot.substr(3), &minutes) || hours < 0 ||
        hours > 23 || minutes < 0 || minutes > 59) {
      return absl::InvalidArgumentError(
          absl::StrCat("--slots ", text, ": no times such as 03:00,15:00"));
    }
    slots.push_back(absl::Hours(hours) + absl::Minutes(minutes));
  }
  // PublishSchedule wants them ascending. It also refuses a slot given twice.
  std::sort(slots.begin(), slots.end());
  return slots;
}

sigset_t EndingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

// The region becomes the name of a folder and a part of urls. A slash or a
// point could lead out of the folder.
bool IsRegion(absl::string_view region) {
  return !region.empty() && region.size() <= 16 &&
         std::all_of(region.begin(), region.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '-';
         });
}

}  // namespace

void Say(absl::string_view message) {
  std::fprintf(stderr, "tekmatch-registry: %s\n", Printable(message).c_str());
}

absl::Status PrintLine(absl::string_view text) {
  // Printable leaves no line feed, so a name from the database adds no line.
  return PrintText(Printable(text));
}

absl::Status PrintText(absl::string_view text) {
  // A full disk may show only at the flush.
  if (std::fprintf(stdout, "%s\n", PrintableLines(text).c_str()) < 0 ||
      std::fflush(stdout) != 0) {
    return SystemError(errno, "stdout");
  }
  return absl::OkStatus();
}

void BlockEndingSignals() {
  const sigset_t signals = EndingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void WaitForEndingSignal() {
  const sigset_t signals = EndingSignals();
  int signal = 0;
  sigwait(&signals, &signal);
}

void AddPublishFlags(OptionSet& command, PublishFlags& flags) {
  command
      .Text("--out", flags.out,
            "Folder that phones fetch from; the exports go into\n"
            "c19r/REGION below it")
      .Required();
  command.Text("--region", flags.region, "Such as 440").ShowDefault();
  command.Text("--base-url", flags.base_url,
               "What urls in list.json begin with, such as\n"
               "https://example.jp (default: nothing, urls are paths)");
  command.Text("--signing-key", flags.signing_key, "P-256 key, PEM");
  command.Text("--key-id", flags.key_id, "Usually the country's MCC: 440");
  command.Text("--key-version", flags.key_version).ShowDefault();
  command
      .Text("--slots", flags.slots,
            "Times of the UTC day at which keys go out, as\n"
            "03:00,15:00")
      .ShowDefault();
  command.Flag("--release-same-day", flags.release_same_day,
               "Let keys go out from their beginning on, not 2 hours\n"
               "after their end");
  command
      .Number("--min-keys", flags.min_keys,
              "With fewer keys wait for more, and")
      .ShowDefault();
  command
      .Number("--longest-wait-hours", flags.longest_wait_hours,
              "not longer than this", 0, kLongestWaitHours)
      .ShowDefault();
}

absl::StatusOr<PublisherOptions> PublisherOptionsOf(const PublishFlags& flags) {
  PublisherOptions options;
  if (!IsRegion(flags.region)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--region ", flags.region, ": letters, digits and - are wanted"));
  }
  options.out = flags.out;
  options.region = flags.region;
  options.base_url = flags.base_url;
  TEKMATCH_ASSIGN_OR_RETURN(options.schedule.slots, ParseSlots(flags.slots));
  options.schedule.rule =
      flags.release_same_day ? ReleaseRule::kSameDay : ReleaseRule::kAfterEnd;
  // No server has a billion keys waiting: more means the same, and int64_t
  // holds it.
  options.schedule.min_keys =
      static_cast<int64_t>(std::min<uint64_t>(flags.min_keys, 1'000'000'000));
  options.schedule.longest_wait =
      absl::Hours(static_cast<int64_t>(flags.longest_wait_hours));
  TEKMATCH_RETURN_IF_ERROR(Validate(options.schedule));
  if (flags.signing_key.empty()) return options;
  // A phone chooses the public key by the id that the export names.
  if (flags.key_id.empty()) {
    return absl::InvalidArgumentError("--signing-key needs --key-id");
  }
  TEKMATCH_ASSIGN_OR_RETURN(SigningKey key, ReadSigningKey(flags.signing_key));
  options.signers.push_back({.key = std::move(key),
                             .id = flags.key_id,
                             .version = flags.key_version});
  return options;
}

absl::Status OfFile(const std::string& path, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(absl::IsInvalidArgument(status)
                          ? absl::StatusCode::kDataLoss
                          : status.code(),
                      absl::StrCat(path, ": ", status.message()));
}

absl::StatusOr<std::string> ReadSecret(const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::string text,
                            ReadSmallFile(path, kMostSecretBytes, "a secret"));
  // Most editors end a file with a line feed, which is no part of the secret.
  std::string secret(absl::StripAsciiWhitespace(text));
  if (secret.size() < 16 || secret.size() > 1000 ||
      !std::all_of(secret.begin(), secret.end(), [](char c) {
        return absl::ascii_isgraph(static_cast<unsigned char>(c));
      })) {
    return absl::DataLossError(absl::StrCat(
        path, ": a secret has 16 to 1000 printable characters, no spaces"));
  }
  return secret;
}

}  // namespace tekmatch
