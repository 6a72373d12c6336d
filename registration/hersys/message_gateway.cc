// Plan: owners of libcurl's things; what a result means; a handle of libcurl;
// SMS; mail; opening; the signature.
//
// What a result means is the part that matters: kNotTaken has the number
// forgotten, so it is said only where the message did not go out, or the other
// side says that it did not take it. In doubt it is kUnclear, which costs a
// second message. The other error would give a person a number that is refused.
#include "registration/hersys/message_gateway.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/store/wipe.h"

namespace tekmatch {
namespace {

void WipeText(std::string& text) { Wipe(text.data(), text.size()); }

struct EndCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, EndCurl>;

struct EndList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, EndList>;

// Null: no memory.
List ListOf(const std::vector<std::string>& lines) {
  List list;
  for (const std::string& line : lines) {
    curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return nullptr;
    list.release();  // NOLINT(bugprone-unused-return-value): it is in `longer`
    list.reset(longer);
  }
  return list;
}

// ------------------------------------------------------ what a result means

// Whether nothing of the message can have been read by anybody.
// The codes named here are of the start (name, connection, TLS, log-in). With
// any other code, a lack of memory among them, only a connection that was never
// made is proof.
bool WasNotSent(CURL* curl, CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_LOGIN_DENIED:
      return true;
    default: {
      curl_off_t connected = 0;
      curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected);
      return connected == 0;
    }
  }
}

SendResult SmsResult(CURL* curl, CURLcode code) {
  if (code != CURLE_OK) {
    return WasNotSent(curl, code) ? SendResult::kNotTaken
                                  : SendResult::kUnclear;
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) return SendResult::kTaken;
  switch (status) {
    case 400:
    case 404:
    case 410:
    case 422:
      return SendResult::kRefused;
    case 502:
    case 504:
      return SendResult::kUnclear;
    default:
      return SendResult::kNotTaken;
  }
}

SendResult MailResult(CURL* curl, CURLcode code) {
  if (code == CURLE_OK) return SendResult::kTaken;
  // The server's last reply counts before the error: a server that said no has
  // not taken the mail, though something was sent.
  long reply = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
  if (reply >= 550 && reply <= 553) return SendResult::kRefused;
  if (reply >= 400 || WasNotSent(curl, code)) return SendResult::kNotTaken;
  return SendResult::kUnclear;
}

// ---------------------------------------------------------------- the calls

// Without it libcurl writes answers to the standard output, and an answer may
// repeat the message.
size_t Drop(const char*, size_t size, size_t count, void*) {
  return size * count;
}

size_t ReadText(char* out, size_t size, size_t count, void* from) {
  auto& text = *static_cast<absl::string_view*>(from);
  const size_t n = std::min(size * count, text.size());
  std::copy_n(text.data(), n, out);
  text.remove_prefix(n);
  return n;
}

class CurlGateway : public MessageGateway {
 public:
  explicit CurlGateway(const GatewayOptions& options) : options_(options) {}

  SendResult SendSms(absl::string_view id, const ContactAddress& to,
                     const SecretText& text) override;
  SendResult SendMail(absl::string_view id, const ContactAddress& to,
                      const MailText& mail, absl::Time now) override;

 private:
  // A handle for each message, so that nothing of one message stays for the
  // next.
  Curl NewHandle() const {
    Curl curl(curl_easy_init());
    if (curl == nullptr) return nullptr;
    CURL* const handle = curl.get();
    // Only these, whatever libcurl was built with: a URL from the options must
    // not read a file (section 9).
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps");
    // Not even one from the environment: a proxy would see numbers and
    // addresses.
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    // libcurl's signals are not for a process with threads.
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(
        handle, CURLOPT_TIMEOUT_MS,
        static_cast<long>(absl::ToInt64Milliseconds(options_.timeout)));
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Drop);
    // The connection ends with the call: kept ones are ended with the handle,
    // by a "QUIT" that waits for its answer as long as libcurl likes.
    curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(handle, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                     static_cast<long>(std::max<int64_t>(
                         1, absl::ToInt64Seconds(options_.timeout))));
    return curl;
  }

  const GatewayOptions options_;
};

SendResult CurlGateway::SendSms(absl::string_view id, const ContactAddress& to,
                                const SecretText& text) {
  if (options_.sms_url.empty()) return SendResult::kNotTaken;
  nlohmann::json object = {{"id", std::string(id)},
                           {"to", to.International()},
                           {"text", std::string(text.text())}};
  std::string body = object.dump();
  // It stands before the handle, and so runs after the handle's end: libcurl
  // reads `body` in place until then.
  const absl::Cleanup wipe = [&] {
    WipeText(object["text"].get_ref<std::string&>());
    WipeText(body);
  };
  const absl::StatusOr<std::string> signature =
      SignatureOf(options_.sms_secret, body);
  if (!signature.ok()) return SendResult::kNotTaken;
  const Curl curl = NewHandle();
  // An empty "Expect:" keeps libcurl from waiting for the gateway's "100
  // Continue".
  const List headers =
      ListOf({"Content-Type: application/json",
              "Expect:", absl::StrCat("X-Signature: ", *signature)});
  if (curl == nullptr || headers == nullptr) return SendResult::kNotTaken;
  CURL* const handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, options_.sms_url.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE,
                   static_cast<long>(body.size()));
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
  return SmsResult(handle, curl_easy_perform(handle));
}

// ------------------------------------------------------------------- mail

// Lines of 76 characters, as MIME has them.
std::string Base64Lines(absl::string_view text) {
  constexpr size_t kBytesOfLine = 57;
  std::string lines;
  lines.reserve(2 * text.size() + 4);
  for (; !text.empty();
       text.remove_prefix(std::min(kBytesOfLine, text.size()))) {
    std::string line = absl::Base64Escape(text.substr(0, kBytesOfLine));
    absl::StrAppend(&lines, line, "\r\n");
    WipeText(line);
  }
  return lines;
}

SendResult CurlGateway::SendMail(absl::string_view id, const ContactAddress& to,
                                 const MailText& mail, absl::Time now) {
  if (options_.smtp_url.empty()) return SendResult::kNotTaken;
  const absl::StatusOr<std::string> subject = EncodeHeading(mail.subject);
  if (!subject.ok()) return SendResult::kNotTaken;
  std::string body = Base64Lines(mail.body.text());
  // Neither the address nor the id can hold the end of a line.
  std::string message = absl::StrCat(
      "Date: ",
      absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", now, absl::UTCTimeZone()),
      "\r\nFrom: <", options_.mail_from, ">\r\nTo: <", to.text(),
      ">\r\nMessage-ID: <", id, "@",
      options_.mail_from.substr(options_.mail_from.find('@') + 1),
      ">\r\nSubject: ", *subject,
      "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: base64\r\nAuto-Submitted: "
      "auto-generated\r\n\r\n",
      body);
  const absl::Cleanup wipe = [&] {
    WipeText(body);
    WipeText(message);
  };
  const Curl curl = NewHandle();
  const List recipients = ListOf({absl::StrCat("<", to.text(), ">")});
  if (curl == nullptr || recipients == nullptr) return SendResult::kNotTaken;
  CURL* const handle = curl.get();
  const std::string from = absl::StrCat("<", options_.mail_from, ">");
  absl::string_view rest = message;
  curl_easy_setopt(handle, CURLOPT_URL, options_.smtp_url.c_str());
  // Where the server offers it: one on the loopback has no TLS. An smtps:// url
  // always has it.
  curl_easy_setopt(handle, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_TRY));
  curl_easy_setopt(handle, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, &ReadText);
  curl_easy_setopt(handle, CURLOPT_READDATA, &rest);
  return MailResult(handle, curl_easy_perform(handle));
}

}  // namespace

absl::StatusOr<std::unique_ptr<MessageGateway>> OpenGateway(
    const GatewayOptions& options) {
  if (!options.sms_url.empty() &&
      !absl::StartsWith(options.sms_url, "http://") &&
      !absl::StartsWith(options.sms_url, "https://")) {
    return absl::InvalidArgumentError("the SMS gateway's url is no http(s)");
  }
  if (!options.smtp_url.empty()) {
    if (!absl::StartsWith(options.smtp_url, "smtp://") &&
        !absl::StartsWith(options.smtp_url, "smtps://")) {
      return absl::InvalidArgumentError("the mail server's url is no smtp(s)");
    }
    const auto from = ContactAddress::Parse(options.mail_from).contact;
    if (!from.has_value() || from->kind() != ContactKind::kMail) {
      return absl::InvalidArgumentError("the sender is no mail address");
    }
  }
  // Once for the process, before any handle: libcurl's own start at the first
  // handle is not for threads.
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) {
    return absl::InternalError("libcurl does not start");
  }
  return std::make_unique<CurlGateway>(options);
}

absl::StatusOr<std::string> SignatureOf(absl::string_view secret,
                                        absl::string_view body) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (HMAC(EVP_sha512(), secret.data(), secret.size(),
           reinterpret_cast<const uint8_t*>(body.data()), body.size(),
           digest.data(), &size) == nullptr) {
    return absl::ResourceExhaustedError("no memory for an HMAC");
  }
  return absl::BytesToHexString(
      {reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace tekmatch
