#include "registration/service/router.h"

#include <exception>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tekmatch {
namespace {

bool Fits(absl::string_view route_path, absl::string_view path) {
  if (!absl::EndsWith(route_path, "}")) return route_path == path;
  return !LastPart(route_path, path).empty();
}

bool Serves(const Route& route, absl::string_view method) {
  return route.method == method || (method == "HEAD" && route.method == "GET");
}

absl::string_view Words(int status) {
  switch (status) {
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

absl::string_view LastPart(absl::string_view route_path,
                           absl::string_view path) {
  const absl::string_view stem = route_path.substr(0, route_path.rfind('{'));
  if (!absl::StartsWith(path, stem)) return {};
  const absl::string_view last = path.substr(stem.size());
  return last.find('/') == absl::string_view::npos ? last : "";
}

HttpResponse PlainRefusal(int status) {
  HttpResponse response = PlainResponse(status, Words(status));
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

void Router::Add(Route route) { routes_.push_back(std::move(route)); }

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
  match.answer = PlainRefusal(allow.empty() ? 404 : 405);
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
