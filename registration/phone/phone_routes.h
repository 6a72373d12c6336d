// What each address of a phone does: phone.h's answers become pages
// (phone_pages.h) or lead on to others. phone_service.h has the list; host and
// token are checked before.
//
// Errors are the phone's own: its files cannot be read or written.
#ifndef TEKMATCH_REGISTRATION_PHONE_PHONE_ROUTES_H_
#define TEKMATCH_REGISTRATION_PHONE_PHONE_ROUTES_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "registration/phone/phone.h"
#include "registration/phone/phone_pages.h"
#include "registration/service/form_data.h"
#include "registration/service/http_message.h"

namespace tekmatch {

// A request that passed everything before its page.
struct PhoneVisit {
  Phone& phone;
  const PhonePages& pages;
  const HttpRequest& request;
  const FormData& form;  // of a POST; of a GET its query
};

using PhoneHandler =
    std::function<absl::StatusOr<HttpResponse>(const PhoneVisit&)>;

struct PhoneRoute {
  std::string method;
  std::string path;  // after the phone's prefix
  PhoneHandler handler;
};

std::vector<PhoneRoute> PhoneRoutes();

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_PHONE_PHONE_ROUTES_H_
