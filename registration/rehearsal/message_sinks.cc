// Plan: what is in a message; the webhook; the mail server: lines with a
// deadline, one conversation, the loop over connections.
#include "registration/rehearsal/message_sinks.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "keyformat/status_macros.h"
#include "registration/service/bounded_json.h"
#include "registration/service/listen_address.h"

namespace tekmatch {
namespace {

constexpr size_t kNumberDigits = 8;
constexpr size_t kMostLine = 1000;
constexpr size_t kMostMail = 64 << 10;
constexpr int kIdleMilliseconds = 30'000;
constexpr int kTickMilliseconds = 100;
// Longer than any client waits.
constexpr absl::Duration kHang = absl::Seconds(60);

// "+819012345678" as it is entered.
std::string NationalNumber(absl::string_view international) {
  if (!absl::StartsWith(international, "+81")) {
    return std::string(international);
  }
  return absl::StrCat("0", international.substr(3));
}

// The text between < and >.
std::string InBrackets(absl::string_view line) {
  const size_t begin = line.find('<');
  const size_t end = line.find('>');
  if (begin == absl::string_view::npos || end == absl::string_view::npos ||
      end < begin) {
    return "";
  }
  return std::string(line.substr(begin + 1, end - begin - 1));
}

}  // namespace

std::string NumberInText(absl::string_view text) {
  const size_t at = text.find("pn=");
  if (at == absl::string_view::npos) return "";
  const absl::string_view number = text.substr(at + 3, kNumberDigits);
  if (number.size() < kNumberDigits) return "";
  for (const char c : number) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return "";
  }
  return std::string(number);
}

std::string GatewaySignature(absl::string_view secret, absl::string_view body) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  HMAC(EVP_sha512(), secret.data(), secret.size(),
       reinterpret_cast<const uint8_t*>(body.data()), body.size(),
       digest.data(), &size);
  return absl::BytesToHexString(
      {reinterpret_cast<const char*>(digest.data()), size});
}

// ------------------------------------------------------------------- SMS

SmsSink::SmsSink(std::string secret, MessageHandler handler)
    : secret_(std::move(secret)), handler_(std::move(handler)) {}

absl::StatusOr<std::unique_ptr<SmsSink>> SmsSink::Start(
    std::string secret, const Clock& clock, MessageHandler handler) {
  std::unique_ptr<SmsSink> sink(
      new SmsSink(std::move(secret), std::move(handler)));
  sink->router_.Add({.method = "POST",
                     .path = "/sms",
                     .handler =
                         [raw = sink.get()](const HttpRequest& request) {
                           return raw->Take(request);
                         },
                     .refusal = {}});
  HttpServerOptions options;
  // One at a time: the handler need not be for several threads.
  options.num_workers = 1;
  TEKMATCH_ASSIGN_OR_RETURN(
      sink->server_, HttpServer::Start(options, sink->router_, clock, nullptr));
  return sink;
}

std::string SmsSink::Url() const {
  return absl::StrCat("http://", server_->address().ToString(), "/sms");
}

HttpResponse SmsSink::Take(const HttpRequest& request) {
  const SinkMode mode = mode_;
  HttpResponse response =
      PlainResponse(mode == SinkMode::kFails ? 500 : 200, "");
  const absl::Duration pace = absl::Microseconds(pace_us_.load());
  if (pace > absl::ZeroDuration()) {
    const absl::Time now = absl::Now();
    free_from_ = std::max(free_from_, now) + pace;
    response.not_before = free_from_ - now;
  }
  if (mode == SinkMode::kFails) return response;
  const absl::StatusOr<nlohmann::json> message = ParseBoundedJson(request.body);
  if (request.Header("X-Signature") !=
          GatewaySignature(secret_, request.body) ||
      !message.ok() || !message->is_object() ||
      !message->value("id", nlohmann::json()).is_string() ||
      !message->value("to", nlohmann::json()).is_string() ||
      !message->value("text", nlohmann::json()).is_string()) {
    ++num_wrong_;
    return PlainResponse(400, "");
  }
  const bool hangs = mode == SinkMode::kHangs;
  if (hangs) response.not_before = kHang;
  if (!hangs || ++num_hung_ % 2 == 0) {
    handler_({.id = (*message)["id"],
              .to = NationalNumber((*message)["to"].get<std::string>()),
              .number = NumberInText((*message)["text"].get<std::string>()),
              .by_mail = false});
  }
  return response;
}

// ------------------------------------------------------------------- mail

MailSink::MailSink(int fd, int port, MessageHandler handler)
    : fd_(fd), port_(port), handler_(std::move(handler)) {}

absl::StatusOr<std::unique_ptr<MailSink>> MailSink::Start(
    MessageHandler handler) {
  ListenAddress address;
  TEKMATCH_ASSIGN_OR_RETURN(const int fd, ListenAt(address));
  std::unique_ptr<MailSink> sink(
      new MailSink(fd, address.port, std::move(handler)));
  sink->thread_ = std::thread([raw = sink.get()] { raw->Serve(); });
  return sink;
}

MailSink::~MailSink() {
  stops_ = true;
  if (thread_.joinable()) thread_.join();
  close(fd_);
}

std::string MailSink::Url() const {
  return absl::StrCat("smtp://127.0.0.1:", port_);
}

void MailSink::Serve() {
  while (!stops_) {
    pollfd wait = {.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, kTickMilliseconds) <= 0) continue;
    const int connection = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    Talk(connection);
    close(connection);
  }
}

namespace {

// Lines of one connection, which may not be silent for long.
class MailLines {
 public:
  MailLines(int fd, const std::atomic<bool>& stops) : fd_(fd), stops_(stops) {}

  // Without its end. nullopt: closed, silent, too long, or the sink stops.
  std::optional<std::string> Next() {
    size_t end = 0;
    while ((end = read_.find("\r\n")) == std::string::npos) {
      if (read_.size() > kMostLine || !Fill()) return std::nullopt;
    }
    std::string line = read_.substr(0, end);
    read_.erase(0, end + 2);
    return line;
  }
  bool Say(absl::string_view text) {
    const std::string line = absl::StrCat(text, "\r\n");
    return send(fd_, line.data(), line.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(line.size());
  }
  // Until the other side gives up.
  void Hang() {
    while (Fill() && !absl::StrContains(read_, "QUIT")) {
      if (read_.size() > kMostLine) read_.clear();
    }
  }

 private:
  bool Fill() {
    pollfd wait = {.fd = fd_, .events = POLLIN, .revents = 0};
    for (int waited = 0; waited < kIdleMilliseconds && !stops_;
         waited += kTickMilliseconds) {
      if (poll(&wait, 1, kTickMilliseconds) <= 0) continue;
      std::array<char, 4096> bytes;
      const ssize_t n = recv(fd_, bytes.data(), bytes.size(), 0);
      if (n <= 0) return false;
      read_.append(bytes.data(), static_cast<size_t>(n));
      return true;
    }
    return false;
  }

  const int fd_;
  const std::atomic<bool>& stops_;
  std::string read_;
};

// A mail's lines as DATA has them; nullopt as MailLines::Next, or too long.
std::optional<std::string> ReadMail(MailLines& lines) {
  std::string mail;
  while (true) {
    std::optional<std::string> line = lines.Next();
    if (!line.has_value()) return std::nullopt;
    if (*line == ".") return mail;
    if (absl::StartsWith(*line, ".")) line->erase(0, 1);
    absl::StrAppend(&mail, *line, "\n");
    if (mail.size() > kMostMail) return std::nullopt;
  }
}

SunkMessage MessageOf(absl::string_view mail, std::string to) {
  SunkMessage message;
  message.to = std::move(to);
  message.by_mail = true;
  const size_t head_end = mail.find("\n\n");
  if (head_end == absl::string_view::npos) return message;
  std::string text;
  const std::string body =
      absl::StrReplaceAll(mail.substr(head_end + 2), {{"\n", ""}});
  if (absl::Base64Unescape(body, &text)) message.number = NumberInText(text);
  return message;
}

}  // namespace

void MailSink::Talk(int fd) {
  MailLines lines(fd, stops_);
  std::string to;
  if (!lines.Say("220 rehearsal")) return;
  while (const std::optional<std::string> line = lines.Next()) {
    const std::string verb =
        absl::AsciiStrToUpper(absl::string_view(*line).substr(0, 4));
    if (verb == "QUIT") {
      lines.Say("221 bye");
      return;
    }
    if (verb == "MAIL" && mode_ == SinkMode::kFails) {
      if (!lines.Say("451 not now")) return;
    } else if (verb == "EHLO" || verb == "HELO" || verb == "MAIL" ||
               verb == "RSET") {
      if (!lines.Say("250 ok")) return;
    } else if (verb == "RCPT") {
      to = InBrackets(*line);
      if (!lines.Say(to.empty() ? "501 whom" : "250 ok")) return;
    } else if (verb == "DATA" && !to.empty()) {
      if (!lines.Say("354 go on")) return;
      const std::optional<std::string> mail = ReadMail(lines);
      if (!mail.has_value()) return;
      const bool hangs = mode_ == SinkMode::kHangs;
      if (!hangs || ++num_hung_ % 2 == 0) handler_(MessageOf(*mail, to));
      if (hangs) return lines.Hang();
      if (!lines.Say("250 taken")) return;
      to.clear();
    } else if (!lines.Say("500 what")) {
      return;
    }
  }
}

}  // namespace tekmatch
