// tekmatch-registry phone: the person's screens, for a browser on this machine.
// tekmatch-registry phone-import: own keys and sightings for it.
//
// Plan: options and their checks; the service until a signal; the import; help.
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "keyformat/p256_key.h"
#include "keyformat/signature.h"
#include "keyformat/status_macros.h"
#include "registration/commands/command.h"
#include "registration/phone/phone_import.h"
#include "registration/phone/phone_service.h"
#include "registration/rules/key_acceptance.h"
#include "registration/service/clock.h"
#include "registration/service/http_client.h"
#include "registration/service/listen_address.h"
#include "registration/service/request_log.h"
#include "tools/commands/command_line.h"
#include "tools/files/key_file.h"

namespace tekmatch {
namespace {

constexpr size_t kMostRegion = 16;
constexpr uint64_t kMostChaff = 10'000;
constexpr uint64_t kMostSeconds = 604'800;  // a week

struct Options {
  std::string data;
  std::string phones;
  std::string listen = "127.0.0.1:8083";
  std::string server;
  std::string exports;
  std::string region = "440";
  std::string public_key;
  std::string key_id;
  std::string key_version;
  std::string policy = "cocoa-1.2.1";
  bool accept_disclosure = false;
  std::string zone = "Asia/Tokyo";
  std::optional<uint64_t> fetch_every;
  uint64_t chaff_per_day = 0;
  PhonePageSettings pages;
  uint64_t workers = 8;
  std::string log;
  std::string clock_file;
};

absl::StatusOr<std::string> RoleUrl(absl::string_view option,
                                    absl::string_view url) {
  const absl::Status status = CheckRoleUrl(url);
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, " ", url, ": ", status.message()));
  }
  return std::string(absl::StripSuffix(url, "/"));
}

absl::StatusOr<TrustedKeys> Trusted(const Options& o) {
  TEKMATCH_ASSIGN_OR_RETURN(VerificationKey key,
                            ReadVerificationKey(o.public_key));
  TrustedKey trusted{
      .id = o.key_id, .version = std::nullopt, .key = std::move(key)};
  if (!o.key_version.empty()) trusted.version = o.key_version;
  TrustedKeys keys;
  std::vector<TrustedKey> set;
  set.push_back(std::move(trusted));
  TEKMATCH_RETURN_IF_ERROR(keys.AddSet(std::move(set)));
  return keys;
}

absl::StatusOr<TransmissionWindowPolicy> PolicyOf(const Options& o) {
  if (o.policy != "cocoa-3") return PublicationPolicy(o.policy);
  if (!o.accept_disclosure) {
    return absl::InvalidArgumentError(
        "--policy cocoa-3: the days on which keys end tell the date that was "
        "entered; --accept-disclosure says that the person was told");
  }
  return NamedTransmissionWindowPolicy(o.policy);
}

absl::StatusOr<int> Serve(const Options& o) {
  PhoneServiceOptions options;
  if (o.data.empty() == o.phones.empty()) {
    return absl::InvalidArgumentError(
        "--data or --phones is needed: one of them");
  }
  options.has_several = o.data.empty();
  options.folder = options.has_several ? o.phones : o.data;
  TEKMATCH_ASSIGN_OR_RETURN(options.http.address, ParseListenAddress(o.listen));
  options.http.num_workers = static_cast<int>(o.workers);
  TEKMATCH_ASSIGN_OR_RETURN(options.phone.server,
                            RoleUrl("--server", o.server));
  TEKMATCH_ASSIGN_OR_RETURN(options.phone.exports,
                            RoleUrl("--exports", o.exports));
  // It is a part of paths, and of what is sent.
  if (o.region.empty() || o.region.size() > kMostRegion ||
      !std::all_of(o.region.begin(), o.region.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c));
      })) {
    return absl::InvalidArgumentError(
        "--region: letters and digits, such as 440, are wanted");
  }
  options.phone.region = o.region;
  TEKMATCH_ASSIGN_OR_RETURN(options.phone.policy, PolicyOf(o));
  if (!absl::LoadTimeZone(o.zone, &options.phone.zone)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--zone ", o.zone, ": no time zone, such as Asia/Tokyo"));
  }
  TEKMATCH_ASSIGN_OR_RETURN(options.phone.trusted, Trusted(o));
  options.pages = o.pages;
  if (o.fetch_every.has_value()) {
    options.fetch_every = absl::Seconds(*o.fetch_every);
  }
  options.chaff_per_day = static_cast<double>(o.chaff_per_day);
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Clock> clock,
                            ClockFrom(o.clock_file));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<RequestLog> log,
                            RequestLog::Open(o.log));

  BlockEndingSignals();
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<HttpClient> client,
                            NewHttpClient());
  TEKMATCH_ASSIGN_OR_RETURN(
      const std::unique_ptr<PhoneService> service,
      PhoneService::Start(options, *client, *clock, log.get()));
  TEKMATCH_RETURN_IF_ERROR(
      PrintLine(absl::StrCat("listening at ", service->address().ToString())));
  WaitForEndingSignal();
  if (!service->Stop(absl::Seconds(10))) {
    Say("some answers were not sent in 10 seconds");
  }
  return kExitDone;
}

struct ImportOptions {
  std::string data;
  std::string own_keys;
  std::string sightings;
  std::string clock_file;
};

// A file of that name in the folder; empty where there is none.
std::string InFolder(const std::string& folder, absl::string_view name) {
  std::string path = absl::StrCat(folder, "/", name);
  return access(path.c_str(), F_OK) == 0 ? path : "";
}

absl::StatusOr<int> Import(const ImportOptions& o) {
  const std::string own_keys =
      o.own_keys.empty() ? InFolder(o.data, "own-keys.json") : o.own_keys;
  std::string sightings = o.sightings;
  for (const char* name :
       {"sightings.csv", "sightings.jsonl", "sightings.sqlite"}) {
    if (sightings.empty()) sightings = InFolder(o.data, name);
  }
  if (own_keys.empty() && sightings.empty()) {
    return absl::InvalidArgumentError(
        "--own-keys or --sightings is needed, or such files in the folder");
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Clock> clock,
                            ClockFrom(o.clock_file));
  TEKMATCH_ASSIGN_OR_RETURN(
      const AddedToPhone added,
      ImportToPhone(o.data, own_keys, sightings, clock->Now()));
  TEKMATCH_RETURN_IF_ERROR(PrintLine(absl::StrCat(
      "own keys: ", added.num_own_keys, "; sightings: ", added.num_added,
      " added, ", added.num_known, " known, ", added.num_too_old, " too old")));
  return kExitDone;
}

}  // namespace

void AddPhoneCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "phone", "Serve a person's screens to a browser on this machine");
  const auto o = std::make_shared<Options>();
  command.Text("--data", o->data, "Folder of the phone");
  command.Text("--phones", o->phones,
               "Folder of several: 0, 1, 2 ...; phone N is at /phone/N/");
  command
      .Text("--listen", o->listen,
            "127.0.0.1:PORT or [::1]:PORT; port 0 is any")
      .ShowDefault();
  command.Text("--server", o->server, "Url of the notification server")
      .Required();
  command
      .Text("--exports", o->exports, "What comes before /c19r/REGION/list.json")
      .Required();
  command.Text("--region", o->region, "Such as 440").ShowDefault();
  command
      .Text("--public-key", o->public_key,
            "Key that signs exports, in any form that tekmatch reads")
      .Required();
  command.Text("--key-id", o->key_id, "Its id, such as 440").Required();
  command.Text("--key-version", o->key_version, "Its version (default: any)");
  command
      .Text("--policy", o->policy,
            "Which keys are sent: cocoa-1.2.1, civil, legacy-14d or cocoa-3")
      .ShowDefault();
  command.Flag("--accept-disclosure", o->accept_disclosure,
               "For cocoa-3, whose window tells the date that was entered");
  command.Text("--zone", o->zone, "Time zone of the person's dates")
      .ShowDefault();
  command.Number("--fetch-every", o->fetch_every,
                 "Fetch exports after so many seconds, again and again\n"
                 "(default: when the person asks)",
                 1, kMostSeconds);
  command
      .Number("--chaff-per-day", o->chaff_per_day,
              "Requests that nobody means, at random times, on average", 0,
              kMostChaff)
      .ShowDefault();
  command.Text("--inquiry-phone", o->pages.inquiry_phone,
               "Telephone number of the health centre, on refusals");
  command.Text("--consultation", o->pages.consultation,
               "Where to ask after a contact");
  command.Text("--faq-url", o->pages.faq_url, "In the menu");
  command.Text("--mail", o->pages.mail, "In the menu: address for inquiries");
  command.Text("--ministry-url", o->pages.ministry_url, "In the menu");
  command.Text("--call-centre", o->pages.call_centre,
               "In the menu: telephone number");
  command.Number("--workers", o->workers, "Threads that answer", 1, 64)
      .ShowDefault();
  command.Text("--log", o->log, "File to append to (default: stderr)");
  command.Text("--clock-file", o->clock_file,
               "File that holds the time, for rehearsals");
  command.Runs([o] { return Serve(*o); });
}

void AddPhoneImportCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "phone-import", "Give a phone its own keys, and what it heard");
  const auto o = std::make_shared<ImportOptions>();
  command
      .Text("--data", o->data, "Folder of the phone, made where there is none")
      .Required();
  command.Text("--own-keys", o->own_keys,
               "JSON: [{\"keyData\": base64, \"rollingStartNumber\": n,\n"
               "\"rollingPeriod\": n}] (default: own-keys.json in the folder)");
  command.Text("--sightings", o->sightings,
               "In any form that `tekmatch match` reads (default:\n"
               "sightings.csv, .jsonl or .sqlite in the folder)");
  command.Text("--clock-file", o->clock_file,
               "File that holds the time, for rehearsals");
  command.Runs([o] { return Import(*o); });
}

}  // namespace tekmatch
