// tekmatch-registry server: takes keys for numbers, publishes them, serves what
// is published.
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "keyformat/status_macros.h"
#include "registration/commands/command.h"
#include "registration/server/management_system.h"
#include "registration/server/notification_server.h"
#include "registration/service/clock.h"
#include "registration/service/listen_address.h"
#include "registration/service/request_log.h"
#include "tools/commands/command_line.h"

namespace tekmatch {
namespace {

struct Options {
  std::string data;
  std::string listen = "127.0.0.1:8081";
  std::string management;
  std::string secret_file;
  std::string client_header;
  std::string log;
  std::string clock_file;
  bool no_publish = false;
  uint64_t number_life_hours = 1;
  std::optional<uint64_t> wrong_per_hour;
  uint64_t workers = 4;
  PublishFlags publish;
};

absl::StatusOr<int> Serve(const Options& o) {
  NotificationServerOptions options;
  options.data = o.data;
  TEKMATCH_ASSIGN_OR_RETURN(options.http.address, ParseListenAddress(o.listen));
  options.http.client_header = o.client_header;
  options.http.num_workers = static_cast<int>(o.workers);
  TEKMATCH_ASSIGN_OR_RETURN(options.publisher, PublisherOptionsOf(o.publish));
  options.publishes = !o.no_publish;
  if (options.publishes && options.publisher.signers.empty()) {
    return absl::InvalidArgumentError(
        "--signing-key is needed, or --no-publish");
  }
  options.diagnosis.region = options.publisher.region;
  options.diagnosis.schedule = options.publisher.schedule;
  options.diagnosis.budget.wrong_per_hour = static_cast<int64_t>(
      o.wrong_per_hour.value_or(static_cast<uint64_t>(WrongPerHourFor(
          absl::Hours(static_cast<int64_t>(o.number_life_hours))))));
  TEKMATCH_RETURN_IF_ERROR(Validate(options.diagnosis.budget));
  TEKMATCH_ASSIGN_OR_RETURN(const ListenAddress management_address,
                            ParseListenAddress(o.management));
  TEKMATCH_ASSIGN_OR_RETURN(const std::string secret,
                            ReadSecret(o.secret_file));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Clock> clock,
                            ClockFrom(o.clock_file));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<RequestLog> log,
                            RequestLog::Open(o.log));

  BlockEndingSignals();
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<ManagementSystem> management,
                            ManagementSystemAt(management_address, secret));
  TEKMATCH_ASSIGN_OR_RETURN(
      const std::unique_ptr<NotificationServer> server,
      NotificationServer::Start(options, *management, *clock, log.get()));
  TEKMATCH_RETURN_IF_ERROR(
      PrintLine(absl::StrCat("listening at ", server->address().ToString())));
  WaitForEndingSignal();
  if (!server->Stop(absl::Seconds(10))) {
    Say("some answers were not sent in 10 seconds");
  }
  return kExitDone;
}

}  // namespace

void AddServerCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "server", "Take keys for numbers, publish them, and serve the exports");
  const auto o = std::make_shared<Options>();
  command.Text("--data", o->data, "Folder of the database").Required();
  command
      .Text("--listen", o->listen,
            "127.0.0.1:PORT, [::1]:PORT or unix:PATH; port 0 is any.\n"
            "A reverse proxy has TLS and the way from outside")
      .ShowDefault();
  command
      .Text("--management", o->management,
            "Where the management system listens, as --listen")
      .Required();
  command
      .Text("--secret-file", o->secret_file,
            "File of the secret that it shares with this server")
      .Required();
  command.Text("--client-header", o->client_header,
               "Header in which the reverse proxy names the client,\n"
               "such as X-Real-IP");
  command.Text("--log", o->log, "File to append to (default: stderr)");
  command
      .Number("--number-life-hours", o->number_life_hours,
              "How long numbers are good: the budget of wrong ones is\n"
              "200 an hour, divided by it",
              1, 24)
      .ShowDefault();
  command.Number("--wrong-per-hour", o->wrong_per_hour,
                 "Another budget of wrong numbers");
  command.Number("--workers", o->workers, "Threads that answer", 1, 64)
      .ShowDefault();
  command.Flag("--no-publish", o->no_publish,
               "Leave publication to `publish`, run by somebody else");
  AddPublishFlags(command, o->publish);
  command.Text("--clock-file", o->clock_file,
               "File that holds the time, for rehearsals");
  command.Runs([o] { return Serve(*o); });
}

}  // namespace tekmatch
