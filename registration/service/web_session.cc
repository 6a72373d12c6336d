// Plan: the sessions in memory; their cookies; what a browser says of where a
// request comes from.
#include "registration/service/web_session.h"

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "keyformat/random_source.h"
#include "registration/service/digests.h"
#include "registration/service/form_data.h"

namespace tekmatch {
namespace {

std::string RandomDigits() {
  std::array<uint8_t, 16> bytes;
  RandomSource::FromSystem().Fill(absl::MakeSpan(bytes));
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

// So how long a look-up takes says nothing about the cookies that are good.
std::string KeyOf(absl::string_view cookie) {
  const Digest digest = Sha256(cookie);
  return std::string(reinterpret_cast<const char*>(digest.data()),
                     digest.size());
}

}  // namespace

bool WebSessions::IsOver(const State& state, absl::Time now) const {
  return now - state.used >= options_.idle ||
         now - state.begun >= options_.longest;
}

WebSession WebSessions::Begin(int64_t user, absl::Time now) {
  WebSession session{
      .id = RandomDigits(), .token = RandomDigits(), .user = user};
  const std::lock_guard<std::mutex> lock(mutex_);
  if (states_.size() >= options_.most) {
    auto oldest = states_.begin();
    for (auto i = states_.begin(); i != states_.end();) {
      if (IsOver(i->second, now)) {
        const bool was_oldest = i == oldest;
        i = states_.erase(i);
        if (was_oldest) oldest = i;
        continue;
      }
      if (oldest == states_.end() || i->second.used < oldest->second.used) {
        oldest = i;
      }
      ++i;
    }
    if (states_.size() >= options_.most) states_.erase(oldest);
  }
  states_[KeyOf(session.id)] = {.session = session, .begun = now, .used = now};
  return session;
}

std::optional<WebSession> WebSessions::Find(const HttpRequest& request,
                                            absl::Time now) {
  const absl::string_view cookie = FindCookie(request, options_.cookie);
  if (cookie.empty()) return std::nullopt;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto i = states_.find(KeyOf(cookie));
  if (i == states_.end()) return std::nullopt;
  if (IsOver(i->second, now)) {
    states_.erase(i);
    return std::nullopt;
  }
  i->second.used = now;
  return i->second.session;
}

void WebSessions::End(const WebSession& session) {
  const std::lock_guard<std::mutex> lock(mutex_);
  states_.erase(KeyOf(session.id));
}

void WebSessions::EndAllOf(int64_t user) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(states_, [user](const auto& state) {
    return state.second.session.user == user;
  });
}

std::string WebSessions::SetCookie(const WebSession& session) const {
  return absl::StrCat(options_.cookie, "=", session.id,
                      "; Path=/; HttpOnly; SameSite=Strict",
                      options_.secure ? "; Secure" : "");
}

std::string WebSessions::ClearCookie() const {
  return absl::StrCat(options_.cookie,
                      "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0",
                      options_.secure ? "; Secure" : "");
}

bool HasToken(const WebSession& session, absl::string_view token) {
  return IsEqualInConstantTime(session.token, token);
}

bool IsFromOurPages(const HttpRequest& request) {
  const absl::string_view site = request.Header("Sec-Fetch-Site");
  if (!site.empty()) return site == "same-origin" || site == "none";
  absl::string_view origin = request.Header("Origin");
  if (origin.empty()) return true;
  if (!absl::ConsumePrefix(&origin, "https://") &&
      !absl::ConsumePrefix(&origin, "http://")) {
    return false;
  }
  return !origin.empty() &&
         absl::EqualsIgnoreCase(origin, request.Header("Host"));
}

bool HasExpectedHost(const HttpRequest& request, absl::string_view address) {
  const absl::string_view host = request.Header("Host");
  if (absl::EqualsIgnoreCase(host, address)) return true;
  const absl::string_view port = address.substr(address.rfind(':') + 1);
  return absl::EqualsIgnoreCase(host, absl::StrCat("localhost:", port));
}

}  // namespace tekmatch
