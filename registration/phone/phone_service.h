// The phones of a process, served to their persons' browsers on this machine.
//
// One phone is at "/"; of several, phone N is at "/phone/N/", and its folder is
// N in the folder of all. A phone begins with the first request for it.
//
// Nobody logs in: who can open the page has the phone in the hand. Other pages
// in the same browser have not. So each POST needs the process's token, which
// is in every form and which no other site can read, and comes from a page of
// ours; each request names this host (web_session.h). There is no cookie: a
// browser sends those to all ports of a host, and a second phone would take the
// first one's.
//
//   GET  /  /consent  /register  /confirm  /sending  /done  /refused  /contacts
//        /menu
//   GET  /a/?pn=NUMBER   the link of a message, opened by a person: the number
//                        goes into the form, the browser to /consent or
//                        /register; where another number was typed, to /link
//   GET  /link           asks which of the two is meant
//   POST /notification  on=yes|no
//   POST /consent       agree=yes|no
//   POST /register      symptoms, date, number
//   POST /confirm       action=send|cancel, preview
//   POST /fetch
//   POST /link          use=yes|no
//
// Two threads do what no person asks for: one fetches at intervals, and forgets
// what is over, on phones that nobody looks at as well; one sends requests that
// nobody means, at random times.
#ifndef TEKMATCH_REGISTRATION_PHONE_PHONE_SERVICE_H_
#define TEKMATCH_REGISTRATION_PHONE_PHONE_SERVICE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "registration/phone/phone.h"
#include "registration/phone/phone_pages.h"
#include "registration/service/clock.h"
#include "registration/service/http_client.h"
#include "registration/service/http_server.h"
#include "registration/service/listen_address.h"
#include "registration/service/request_log.h"

namespace tekmatch {

struct PhoneServiceOptions {
  HttpServerOptions http;
  std::string folder;        // of the phone, or of all
  bool has_several = false;  // folders 0, 1, 2 ...
  PhoneOptions phone;
  PhonePageSettings pages;
  // By the clock; infinite: only when a person asks.
  absl::Duration fetch_every = absl::InfiniteDuration();
  double chaff_per_day = 0;  // of each phone, on average
};

class PhoneService {
 public:
  // `client`, `clock` and `log` outlive it; `log` may be null.
  // INVALID_ARGUMENT: it would not listen on TCP. Others are HttpServer's.
  static absl::StatusOr<std::unique_ptr<PhoneService>> Start(
      const PhoneServiceOptions& options, HttpClient& client,
      const Clock& clock, RequestLog* log);
  PhoneService(const PhoneService&) = delete;
  PhoneService& operator=(const PhoneService&) = delete;
  ~PhoneService();

  const ListenAddress& address() const;
  // As HttpServer::Stop. After half of `grace` the client is stopped, so that
  // no other server keeps this one from ending in time.
  bool Stop(absl::Duration grace);

 private:
  class Impl;
  explicit PhoneService(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_PHONE_PHONE_SERVICE_H_
