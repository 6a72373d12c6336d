// Which handler a request is for.
//
// A route is a method and a path, compared byte by byte with what was sent:
// nothing is decoded, joined or normalized, so that "..", "%2e" and "//" are
// letters like others and lead nowhere. A part "{name}", in the middle or at
// the end, stands for one or more characters without a slash; the handler looks
// them up in a list of its own, and makes no path of them.
//
// GET serves HEAD, too. An unknown path is 404, a known one with another method
// 405 with Allow.
#ifndef TEKMATCH_REGISTRATION_SERVICE_ROUTER_H_
#define TEKMATCH_REGISTRATION_SERVICE_ROUTER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "registration/service/http_message.h"

namespace tekmatch {

// Called by any number of threads at once.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;
// The answer to a request that does not get as far as the handler: 411, 413,
// 503, or 500 after an exception.
using HttpRefusal = std::function<HttpResponse(int status)>;

struct Route {
  std::string method;  // "GET", "PUT", "POST"
  std::string path;    // "/v1/diagnosis", "/c19r/440/{file}"
  HttpHandler handler;
  HttpRefusal refusal;  // empty: PlainRefusal

  // What logs call it: "PUT /v1/diagnosis".
  std::string Name() const { return method + " " + path; }
};

HttpResponse PlainRefusal(int status);

class Router {
 public:
  void Add(Route route);
  // The answer where no route fits: 404 or 405. None set: PlainRefusal.
  void SetRefusal(HttpRefusal refusal);

  struct Match {
    const Route* route = nullptr;  // null: `answer` is all there is
    HttpResponse answer;           // 404 or 405
  };
  Match Find(absl::string_view method, absl::string_view path) const;

  // Find, and the handler. What the handler throws is a 500.
  HttpResponse Handle(const HttpRequest& request) const;
  // The same for a route that Find found.
  static HttpResponse Call(const Route& route, const HttpRequest& request);
  static HttpResponse Refuse(const Route& route, int status);

 private:
  std::vector<Route> routes_;
  HttpRefusal refusal_;
};

// The part of a path that stands for "{name}" in the route's ("/phone/{n}/menu"
// has "n"); empty where the path is not of that route, or the route has no such
// part.
absl::string_view PathPart(absl::string_view route_path, absl::string_view path,
                           absl::string_view name);

// The same for a "{name}" that the route's path ends with.
absl::string_view LastPart(absl::string_view route_path,
                           absl::string_view path);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_ROUTER_H_
