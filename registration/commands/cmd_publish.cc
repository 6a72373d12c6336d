// tekmatch-registry publish: one run of the publisher, now.
#include <memory>

#include "absl/time/time.h"
#include "keyformat/status_macros.h"
#include "registration/commands/command.h"
#include "registration/server/publisher.h"
#include "registration/server/server_store.h"
#include "registration/service/clock.h"
#include "tools/commands/command_line.h"

namespace tekmatch {
namespace {

struct Options {
  std::string data;
  std::string clock_file;
  PublishFlags publish;
};

absl::StatusOr<int> PublishNow(const Options& o) {
  TEKMATCH_ASSIGN_OR_RETURN(const PublisherOptions options,
                            PublisherOptionsOf(o.publish));
  if (options.signers.empty()) {
    return absl::InvalidArgumentError("--signing-key is needed");
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Clock> clock,
                            ClockFrom(o.clock_file));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<ServerStore> store,
                            ServerStore::Open(o.data, OpenMode::kExisting));
  const absl::Time now = clock->Now();
  TEKMATCH_ASSIGN_OR_RETURN(const PublishedBatches published,
                            Publish(options, *store, now, now));
  TEKMATCH_RETURN_IF_ERROR(PrintLine(ToString(published)));
  return kExitDone;
}

}  // namespace

void AddPublishCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "publish", "Publish now what may go out, beside a server or without");
  const auto o = std::make_shared<Options>();
  command.Text("--data", o->data, "Folder of the server's database").Required();
  AddPublishFlags(command, o->publish);
  command.Text("--clock-file", o->clock_file,
               "File that holds the time, for rehearsals");
  command.Runs([o] { return PublishNow(*o); });
}

}  // namespace tekmatch
