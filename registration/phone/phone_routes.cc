// Plan: what keeps a person from the form; one function for each route, in the
// order of a registration; contacts; a message's link; the table of routes.
#include "registration/phone/phone_routes.h"

#include <optional>
#include <utility>

#include "keyformat/status_macros.h"
#include "registration/service/router.h"

namespace tekmatch {
namespace {

// The page that says why there is no form; nullopt where there is one.
std::optional<HttpResponse> Closed(const PhoneVisit& visit, Gate gate) {
  switch (gate) {
    case Gate::kOpen:
      return std::nullopt;
    case Gate::kRegistered:
      return SeeOther(visit.pages.Path("/done"));
    case Gate::kNotificationOff:
      return visit.pages.NotificationOff();
    case Gate::kNoConsent:
      return SeeOther(visit.pages.Path("/consent"));
    case Gate::kNoKeyOfEarlierDay:
      return visit.pages.NoKeyOfEarlierDay();
  }
  return std::nullopt;
}

absl::StatusOr<HttpResponse> GetHome(const PhoneVisit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  return visit.pages.Home(view, visit.form.Get("m"));
}

absl::StatusOr<HttpResponse> PostNotification(const PhoneVisit& visit) {
  const absl::string_view on = visit.form.Get("on");
  if (on == "yes" || on == "no") {
    TEKMATCH_RETURN_IF_ERROR(visit.phone.SetNotification(on == "yes"));
  }
  return SeeOther(
      visit.pages.Path(visit.form.Get("next") == "consent" ? "/consent" : "/"));
}

absl::StatusOr<HttpResponse> GetConsent(const PhoneVisit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  switch (view.gate) {
    case Gate::kRegistered:
      return SeeOther(visit.pages.Path("/done"));
    case Gate::kNotificationOff:
      return visit.pages.NotificationOff();
    default:
      return visit.pages.Consent(view);
  }
}

absl::StatusOr<HttpResponse> Cancel(const PhoneVisit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const CancelResult result, visit.phone.Cancel());
  switch (result) {
    case CancelResult::kCancelled:
      return SeeOther(visit.pages.Path("/?m=cancelled"));
    case CancelResult::kUnclear:
      return SeeOther(visit.pages.Path("/?m=unclear"));
    case CancelResult::kSending:
      return SeeOther(visit.pages.Path("/sending"));
    case CancelResult::kRegistered:
      break;
  }
  return SeeOther(visit.pages.Path("/done"));
}

absl::StatusOr<HttpResponse> PostConsent(const PhoneVisit& visit) {
  if (visit.form.Get("agree") == "no") return Cancel(visit);
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (view.gate == Gate::kRegistered) {
    return SeeOther(visit.pages.Path("/done"));
  }
  if (view.gate == Gate::kNotificationOff) {
    return visit.pages.NotificationOff(422);
  }
  if (visit.form.Get("agree") != "yes") return visit.pages.Consent(view, 422);
  TEKMATCH_RETURN_IF_ERROR(visit.phone.Consent());
  return SeeOther(visit.pages.Path("/register"));
}

absl::StatusOr<HttpResponse> GetForm(const PhoneVisit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (auto closed = Closed(visit, view.gate)) return *std::move(closed);
  return visit.pages.Form(view, nullptr);
}

absl::StatusOr<HttpResponse> PostForm(const PhoneVisit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(
      const SubmittedForm submitted,
      visit.phone.Submit({.symptoms = std::string(visit.form.Get("symptoms")),
                          .date = std::string(visit.form.Get("date")),
                          .number = std::string(visit.form.Get("number"))}));
  switch (submitted.result) {
    case FormResult::kReady:
      return SeeOther(visit.pages.Path("/confirm"));
    case FormResult::kNothingToSend:
      return SeeOther(visit.pages.Path("/refused"));
    case FormResult::kSending:
      return SeeOther(visit.pages.Path("/sending"));
    case FormResult::kFaults:
    case FormResult::kWait:
    case FormResult::kGate:
      break;
  }
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (auto closed = Closed(visit, view.gate)) return *std::move(closed);
  return visit.pages.Form(view, &submitted);
}

absl::StatusOr<HttpResponse> GetConfirm(const PhoneVisit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (auto closed = Closed(visit, view.gate)) return *std::move(closed);
  if (!view.preview.has_value()) {
    return SeeOther(visit.pages.Path("/register"));
  }
  return visit.pages.Confirm(view);
}

absl::StatusOr<HttpResponse> PostConfirm(const PhoneVisit& visit) {
  const absl::string_view action = visit.form.Get("action");
  if (action == "cancel") return Cancel(visit);
  if (action != "send") return SeeOther(visit.pages.Path("/confirm"));
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneSendResult result,
                            visit.phone.Send(visit.form.Get("preview")));
  switch (result) {
    case PhoneSendResult::kDone:
      return SeeOther(visit.pages.Path("/done"));
    case PhoneSendResult::kRefused:
      return SeeOther(visit.pages.Path("/refused"));
    case PhoneSendResult::kSending:
      return SeeOther(visit.pages.Path("/sending"));
    case PhoneSendResult::kOtherPreview:
    case PhoneSendResult::kWait:
    case PhoneSendResult::kNotReady:
    case PhoneSendResult::kGate:
      // It says what would be sent, or what holds the person up.
      return SeeOther(visit.pages.Path("/confirm"));
  }
  return PhoneRefusal(500);
}

// The request is under way, on this page's behalf or another's.
absl::StatusOr<HttpResponse> GetSending(const PhoneVisit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (view.is_sending) return visit.pages.Sending();
  if (view.gate == Gate::kRegistered) {
    return SeeOther(visit.pages.Path("/done"));
  }
  return SeeOther(visit.pages.Path(
      view.refusal.kind == RefusalKind::kNone ? "/confirm" : "/refused"));
}

absl::StatusOr<HttpResponse> GetDone(const PhoneVisit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (!view.settings.registered_on.has_value()) {
    return SeeOther(visit.pages.Path("/"));
  }
  return visit.pages.Done(view);
}

absl::StatusOr<HttpResponse> GetRefused(const PhoneVisit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (view.refusal.kind == RefusalKind::kNone) {
    return SeeOther(visit.pages.Path("/"));
  }
  return visit.pages.Refused(view);
}

absl::StatusOr<HttpResponse> GetContacts(const PhoneVisit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  TEKMATCH_ASSIGN_OR_RETURN(const StoredFindings findings,
                            visit.phone.Findings());
  return visit.pages.Contacts(findings, view.settings.notification_on);
}

absl::StatusOr<HttpResponse> PostFetch(const PhoneVisit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const FetchResult result, visit.phone.Fetch());
  if (result == FetchResult::kBusy) {
    return visit.pages.Message(
        409, "確認しています",
        "ほかの画面、または自動の確認が進んでいます。"
        "しばらくしてから、過去14日間の接触をご覧ください。");
  }
  return SeeOther(visit.pages.Path("/contacts"));
}

// Whether a person opens a page: any page may ask for this address as an image,
// in a frame or ahead of time, and old browsers do not say how they ask.
bool IsOpened(const HttpRequest& request) {
  const absl::string_view mode = request.Header("Sec-Fetch-Mode");
  const absl::string_view goal = request.Header("Sec-Fetch-Dest");
  return request.method == "GET" && (mode.empty() || mode == "navigate") &&
         (goal.empty() || goal == "document") &&
         request.Header("Sec-Purpose").empty() &&
         request.Header("Purpose").empty();
}

HttpResponse ToForm(const PhoneVisit& visit, const PhoneView& view) {
  return SeeOther(
      visit.pages.Path(view.settings.consented ? "/register" : "/consent"));
}

// The number leaves the address bar at once. It stays in the browser's history:
// a browser records each address that it was sent on from. That is in the
// nature of a link with a number, and goes with the number's hour.
absl::StatusOr<HttpResponse> GetLink(const PhoneVisit& visit) {
  if (!IsOpened(visit.request)) return PhoneRefusal(403);
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (view.gate == Gate::kRegistered) {
    return SeeOther(visit.pages.Path("/done"));
  }
  if (visit.phone.KeepNumber(visit.form.Get("pn")) == KeptNumber::kOffered) {
    return SeeOther(visit.pages.Path("/link"));
  }
  return ToForm(visit, view);
}

// Another number was typed: the person says which one is meant.
absl::StatusOr<HttpResponse> GetOffer(const PhoneVisit& visit) {
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  if (view.gate == Gate::kRegistered) {
    return SeeOther(visit.pages.Path("/done"));
  }
  return view.offered.empty() ? ToForm(visit, view) : visit.pages.Offer();
}

absl::StatusOr<HttpResponse> PostOffer(const PhoneVisit& visit) {
  const absl::string_view use = visit.form.Get("use");
  if (use == "yes" || use == "no") visit.phone.TakeOffered(use == "yes");
  TEKMATCH_ASSIGN_OR_RETURN(const PhoneView view, visit.phone.View());
  return ToForm(visit, view);
}

absl::StatusOr<HttpResponse> GetMenu(const PhoneVisit& visit) {
  return visit.pages.Menu();
}

}  // namespace

std::vector<PhoneRoute> PhoneRoutes() {
  return {
      {"GET", "/", &GetHome},
      {"POST", "/notification", &PostNotification},
      {"GET", "/consent", &GetConsent},
      {"POST", "/consent", &PostConsent},
      {"GET", "/register", &GetForm},
      {"POST", "/register", &PostForm},
      {"GET", "/confirm", &GetConfirm},
      {"POST", "/confirm", &PostConfirm},
      {"GET", "/sending", &GetSending},
      {"GET", "/done", &GetDone},
      {"GET", "/refused", &GetRefused},
      {"GET", "/contacts", &GetContacts},
      {"POST", "/fetch", &PostFetch},
      {"GET", "/a/", &GetLink},
      {"GET", "/link", &GetOffer},
      {"POST", "/link", &PostOffer},
      {"GET", "/menu", &GetMenu},
  };
}

}  // namespace tekmatch
