// Plan: `hersys` of tekmatch-registry sends numbers that were asked for, says
// of each whether it is good, and serves operators' pages. First come the
// options' values, then the service from its start to a signal, last the
// options.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "keyformat/status_macros.h"
#include "registration/commands/command.h"
#include "registration/hersys/hersys_service.h"
#include "registration/rules/issuance.h"
#include "registration/service/clock.h"
#include "registration/service/listen_address.h"
#include "registration/service/request_log.h"
#include "tools/commands/command_line.h"

namespace tekmatch {
namespace {

constexpr uint64_t kMostLifeMinutes = 1440;
// A file of patients, in a form.
constexpr size_t kMostPageBody = 1 << 20;
// Each may hold such a body.
constexpr unsigned kMostPageConnections = 200;

struct Options {
  std::string data;
  std::string key_file;
  std::string listen = "127.0.0.1:8082";
  std::string pages;
  std::string pages_origin;
  std::string pages_client_header;
  std::string secret_file;
  std::string sms_url;
  std::string sms_secret_file;
  std::string smtp_url;
  std::string mail_from;
  std::string link;
  uint64_t life_minutes = 60;
  std::string life_from = "handover";
  uint64_t tries = 100;
  uint64_t couriers = 4;
  uint64_t workers = 4;
  std::string log;
  std::string clock_file;
};

absl::StatusOr<LifeFrom> LifeFromOf(const std::string& text) {
  if (text == "handover") return LifeFrom::kHandOver;
  if (text == "issue") return LifeFrom::kIssue;
  if (text == "delivery") return LifeFrom::kDelivery;
  return absl::InvalidArgumentError(absl::StrCat(
      "--life-from ", text, ": handover, issue or delivery is wanted"));
}

absl::StatusOr<int> Serve(const Options& o) {
  HersysOptions options;
  options.data = o.data;
  options.key_file = o.key_file.empty() ? o.data + "/number-keys" : o.key_file;
  TEKMATCH_ASSIGN_OR_RETURN(options.http.address, ParseListenAddress(o.listen));
  options.http.num_workers = static_cast<int>(o.workers);
  if (!o.pages.empty()) {
    options.pages.emplace();
    TEKMATCH_ASSIGN_OR_RETURN(options.pages->address,
                              ParseListenAddress(o.pages));
    options.pages->num_workers = static_cast<int>(o.workers);
    options.pages->client_header = o.pages_client_header;
    options.pages->max_body_bytes = kMostPageBody;
    options.pages->max_connections = kMostPageConnections;
    options.pages_origin = o.pages_origin;
  }
  TEKMATCH_ASSIGN_OR_RETURN(options.secret, ReadSecret(o.secret_file));
  if (o.sms_url.empty() && o.smtp_url.empty()) {
    return absl::InvalidArgumentError("--sms-url or --smtp-url is needed");
  }
  if (!o.sms_url.empty()) {
    if (o.sms_secret_file.empty()) {
      return absl::InvalidArgumentError("--sms-url needs --sms-secret-file");
    }
    TEKMATCH_ASSIGN_OR_RETURN(options.gateway.sms_secret,
                              ReadSecret(o.sms_secret_file));
  }
  options.gateway.sms_url = o.sms_url;
  options.gateway.smtp_url = o.smtp_url;
  options.gateway.mail_from = o.mail_from;
  options.courier.link = o.link;
  options.courier.life.life =
      absl::Minutes(static_cast<int64_t>(o.life_minutes));
  TEKMATCH_ASSIGN_OR_RETURN(options.courier.life.from, LifeFromOf(o.life_from));
  options.courier.num_senders = static_cast<int>(o.couriers);
  options.courier.most_tries = static_cast<int>(o.tries);
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Clock> clock,
                            ClockFrom(o.clock_file));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<RequestLog> log,
                            RequestLog::Open(o.log));

  BlockEndingSignals();
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<HersysService> service,
                            HersysService::Start(options, *clock, log.get()));
  TEKMATCH_RETURN_IF_ERROR(
      PrintLine(absl::StrCat("listening at ", service->address().ToString())));
  if (service->pages_address() != nullptr) {
    TEKMATCH_RETURN_IF_ERROR(PrintLine(
        absl::StrCat("pages at ", service->pages_address()->ToString())));
  }
  WaitForEndingSignal();
  if (!service->Stop(absl::Seconds(10))) {
    Say("some answers were not sent in 10 seconds");
  }
  return kExitDone;
}

}  // namespace

void AddHersysCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "hersys", "Send processing numbers, and say of each whether it is good");
  const auto o = std::make_shared<Options>();
  command.Text("--data", o->data, "Folder of the database").Required();
  command.Text("--key-file", o->key_file,
               "Keys of the numbers' hashes, made where there are\n"
               "none (default: number-keys in the folder)");
  command
      .Text("--listen", o->listen,
            "127.0.0.1:PORT, [::1]:PORT or unix:PATH; port 0 is any")
      .ShowDefault();
  const Option pages = command.Text(
      "--pages", o->pages, "The same for operators' pages (default: none)");
  command
      .Text("--pages-origin", o->pages_origin,
            "What browsers have before the path of a page, where a\n"
            "reverse proxy is in front: https://hersys.example.jp")
      .Needs(pages);
  command
      .Text("--pages-client-header", o->pages_client_header,
            "Header in which that proxy names the client, such as\n"
            "X-Real-IP: without it, all share the limit of log-ins")
      .Needs(pages);
  command
      .Text("--secret-file", o->secret_file,
            "File of the secret shared with the notification server")
      .Required();
  command.Text("--sms-url", o->sms_url, "Webhook of the SMS gateway, http(s)");
  command.Text("--sms-secret-file", o->sms_secret_file,
               "File of the secret that signs what it gets and reports");
  command.Text("--smtp-url", o->smtp_url,
               "Mail server, such as smtp://127.0.0.1:25");
  command.Text("--mail-from", o->mail_from, "Sender of mails");
  command
      .Text("--link", o->link,
            "In messages, before the number: https://example.jp/a/")
      .Required();
  command
      .Number("--life-minutes", o->life_minutes, "How long a number is good", 1,
              kMostLifeMinutes)
      .ShowDefault();
  command
      .Text("--life-from", o->life_from,
            "From when that counts: handover (to the gateway),\n"
            "issue (the button) or delivery")
      .ShowDefault();
  command
      .Number("--tries", o->tries,
              "After how many tries to send an issue has failed", 1, 100'000)
      .ShowDefault();
  command
      .Number("--couriers", o->couriers,
              "Messages that are on their way to gateways at once", 1, 64)
      .ShowDefault();
  command.Number("--workers", o->workers, "Threads that answer", 1, 64)
      .ShowDefault();
  command.Text("--log", o->log, "File to append to (default: stderr)");
  command.Text("--clock-file", o->clock_file,
               "File that holds the time, for rehearsals");
  command.Runs([o] { return Serve(*o); });
}

}  // namespace tekmatch
