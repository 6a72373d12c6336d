// Plan: which route a path is of; the words of refusals; the look-up, the call.
#include "registration/service/router.h"

#include <exception>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tekmatch {
namespace {

// Whether a path is of a route; calls `found` with the name of each "{name}"
// and what stands for it.
template <typename Found>
bool Walk(absl::string_view route_path, absl::string_view path, Found found) {
  while (true) {
    const size_t brace = route_path.find('{');
    if (brace == absl::string_view::npos) return route_path == path;
    if (!absl::ConsumePrefix(&path, route_path.substr(0, brace))) return false;
    route_path.remove_prefix(brace + 1);
    const size_t end = route_path.find('}');
    // A route of ours always has the other brace.
    if (end == absl::string_view::npos) return false;
    const absl::string_view part = path.substr(0, path.find('/'));
    if (part.empty()) return false;
    found(route_path.substr(0, end), part);
    path.remove_prefix(part.size());
    route_path.remove_prefix(end + 1);
  }
}

bool Fits(absl::string_view route_path, absl::string_view path) {
  return Walk(route_path, path, [](absl::string_view, absl::string_view) {});
}

bool Serves(const Route& route, absl::string_view method) {
  return route.method == method || (method == "HEAD" && route.method == "GET");
}

absl::string_view Words(int status) {
  switch (status) {
    case 400:
      return "not understood\n";
    case 404:
      return "not found\n";
    case 405:
      return "method not allowed\n";
    case 411:
      return "the length of the content is missing\n";
    case 413:
      return "too large\n";
    case 503:
      return "too busy\n";
    default:
      return "internal error\n";
  }
}

}  // namespace

absl::string_view PathPart(absl::string_view route_path, absl::string_view path,
                           absl::string_view name) {
  absl::string_view wanted;
  const bool fits =
      Walk(route_path, path,
           [&](absl::string_view found_name, absl::string_view part) {
             if (found_name == name) wanted = part;
           });
  return fits ? wanted : "";
}

absl::string_view LastPart(absl::string_view route_path,
                           absl::string_view path) {
  if (!absl::EndsWith(route_path, "}")) return {};
  absl::string_view last;
  const bool fits =
      Walk(route_path, path,
           [&](absl::string_view, absl::string_view part) { last = part; });
  return fits ? last : "";
}

HttpResponse PlainRefusal(int status) {
  HttpResponse response = PlainResponse(status, Words(status));
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

void Router::Add(Route route) { routes_.push_back(std::move(route)); }

void Router::SetRefusal(HttpRefusal refusal) { refusal_ = std::move(refusal); }

Router::Match Router::Find(absl::string_view method,
                           absl::string_view path) const {
  std::string allow;
  for (const Route& route : routes_) {
    if (!Fits(route.path, path)) continue;
    if (Serves(route, method)) return {.route = &route, .answer = {}};
    absl::StrAppend(&allow, allow.empty() ? "" : ", ", route.method,
                    route.method == "GET" ? ", HEAD" : "");
  }
  Match match;
  const int status = allow.empty() ? 404 : 405;
  match.answer = refusal_ == nullptr ? PlainRefusal(status) : refusal_(status);
  if (!allow.empty()) match.answer.headers.emplace_back("Allow", allow);
  return match;
}

HttpResponse Router::Handle(const HttpRequest& request) const {
  Match match = Find(request.method, request.path);
  return match.route == nullptr ? std::move(match.answer)
                                : Call(*match.route, request);
}

HttpResponse Router::Call(const Route& route, const HttpRequest& request) {
  // The standard library and nlohmann throw; no handler does by itself.
  try {
    return route.handler(request);
  } catch (const std::exception&) {
    return Refuse(route, 500);
  }
}

HttpResponse Router::Refuse(const Route& route, int status) {
  return route.refusal == nullptr ? PlainRefusal(status)
                                  : route.refusal(status);
}

}  // namespace tekmatch
