// Any bytes as what strangers send to the registration's roles: the body of a
// request, messages between roles, forms, cookies, and what people type. The
// first byte says as what.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "registration/rules/code_points.h"
#include "registration/rules/contact_address.h"
#include "registration/rules/issuance.h"
#include "registration/rules/processing_number.h"
#include "registration/rules/registration_form.h"
#include "registration/server/diagnosis_request.h"
#include "registration/service/form_data.h"
#include "registration/service/internal_messages.h"

namespace {

void Request(absl::string_view text) {
  const auto request = tekmatch::ParseDiagnosisRequest(text);
  if (!request.ok()) {
    // One of three texts: nothing of the body is in them.
    const absl::string_view said = request.status().message();
    if (said != "no request to register" && said != "the JSON is too large" &&
        said != "no JSON, or more than is taken") {
      __builtin_trap();
    }
    return;
  }
  if (request->idempotency_key.size() != 36) __builtin_trap();
  if (!tekmatch::DigestOf(*request).ok()) __builtin_trap();
}

void Messages(absl::string_view text) {
  const auto reserve = tekmatch::ParseReserveMessage(text);
  if (reserve.ok()) {
    const auto again = tekmatch::ParseReserveMessage(ToJson(*reserve));
    if (!again.ok() || again->claim != reserve->claim ||
        again->is_chaff != reserve->is_chaff ||
        again->number.has_value() != reserve->number.has_value()) {
      __builtin_trap();
    }
  }
  const auto answer = tekmatch::ParseReserveAnswer(text);
  if (answer.ok()) {
    const auto again = tekmatch::ParseReserveAnswer(ToJson(*answer));
    if (!again.ok() || again->result != answer->result ||
        again->num_live != answer->num_live) {
      __builtin_trap();
    }
  }
  const auto claim = tekmatch::ParseConfirmMessage(text);
  if (claim.ok() &&
      tekmatch::ParseConfirmMessage(tekmatch::ConfirmToJson(*claim)).value() !=
          *claim) {
    __builtin_trap();
  }
  tekmatch::IsConfirmed(text);
}

void Form(absl::string_view text) {
  const auto form = tekmatch::FormData::Parse(text);
  if (form.ok() && !tekmatch::IsUtf8(form->Get("number"))) __builtin_trap();
  // What is encoded is one field with that value.
  if (tekmatch::IsUtf8(text) && !absl::StrContains(text, '\0')) {
    const auto own =
        tekmatch::FormData::Parse("value=" + tekmatch::QueryValue(text));
    if (!own.ok() || own->Get("value") != text) __builtin_trap();
  }
  tekmatch::HttpRequest request;
  request.headers.emplace_back("Cookie", std::string(text));
  const absl::string_view cookie = tekmatch::FindCookie(request, "session");
  if (absl::StrContains(cookie, ';')) __builtin_trap();
}

void Typed(absl::string_view text) {
  const auto kana = tekmatch::NormalizeKana(text);
  if (kana.has_value() && tekmatch::NormalizeKana(*kana) != kana) {
    __builtin_trap();
  }
  const auto contact = tekmatch::ContactAddress::Parse(text).contact;
  if (contact.has_value() &&
      tekmatch::ContactAddress::Parse(contact->text()).contact != contact) {
    __builtin_trap();
  }
  tekmatch::ParseFormDate(text);
  tekmatch::ProcessingNumber::Parse(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::string_view text(reinterpret_cast<const char*>(data) + 1,
                               size - 1);
  switch (data[0] % 4) {
    case 0:
      Request(text);
      break;
    case 1:
      Messages(text);
      break;
    case 2:
      Form(text);
      break;
    default:
      Typed(text);
  }
  return 0;
}
