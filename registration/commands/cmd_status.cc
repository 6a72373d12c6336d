// tekmatch-registry status: what a server's database holds, in numbers.
#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "keyformat/status_macros.h"
#include "registration/commands/command.h"
#include "registration/server/server_store.h"
#include "registration/service/clock.h"
#include "tools/commands/command_line.h"

namespace tekmatch {
namespace {

struct Options {
  std::string data;
  std::string clock_file;
};

constexpr int kMostClaimsToCount = 1'000'000;

absl::StatusOr<int> Status(const Options& o) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Clock> clock,
                            ClockFrom(o.clock_file));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<ServerStore> store,
                            ServerStore::Open(o.data, OpenMode::kReadOnly));
  const absl::Time now = clock->Now();
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<UnpublishedKey> waiting,
                            store->UnpublishedKeys());
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<Batch> batches, store->Batches());
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<Digest> claims,
                            store->UnconfirmedClaims(kMostClaimsToCount));
  absl::Time oldest = now;
  for (const UnpublishedKey& key : waiting) {
    oldest = std::min(oldest, key.arrived);
  }
  int64_t num_published = 0;
  int64_t num_files = 0;
  for (const Batch& batch : batches) {
    if (!batch.published) continue;
    ++num_files;
    num_published += batch.num_keys;
  }
  TEKMATCH_RETURN_IF_ERROR(PrintLine(
      absl::StrCat("keys that wait: ", waiting.size(), ", the oldest for ",
                   absl::ToInt64Hours(now - oldest), " h")));
  TEKMATCH_RETURN_IF_ERROR(PrintLine(absl::StrCat(
      "published: ", num_published, " keys in ", num_files, " files; ",
      static_cast<int64_t>(batches.size()) - num_files, " begun")));
  TEKMATCH_RETURN_IF_ERROR(
      PrintLine(absl::StrCat("numbers to confirm: ", claims.size())));
  for (const char* name : {"registered", "keys", "refused", "guess_alarm",
                           "chaff", "keys_never_published"}) {
    TEKMATCH_ASSIGN_OR_RETURN(
        const int64_t n,
        store->CountOf(name, now - absl::Hours(24), now + absl::Seconds(1)));
    TEKMATCH_RETURN_IF_ERROR(
        PrintLine(absl::StrCat(name, " in 24 hours: ", n)));
  }
  return kExitDone;
}

}  // namespace

void AddStatusCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "status", "Say how many keys a server has, waits with, has published");
  const auto o = std::make_shared<Options>();
  command.Text("--data", o->data, "Folder of the server's database").Required();
  command.Text("--clock-file", o->clock_file,
               "File that holds the time, for rehearsals");
  command.Runs([o] { return Status(*o); });
}

}  // namespace tekmatch
