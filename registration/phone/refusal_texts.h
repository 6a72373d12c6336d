// The words for what is wrong with a field, and for why a registration did not
// end.
//
// Of a number that was refused one text names all causes: wrong, over, used
// (R2). The operator sees which.
#ifndef TEKMATCH_REGISTRATION_PHONE_REFUSAL_TEXTS_H_
#define TEKMATCH_REGISTRATION_PHONE_REFUSAL_TEXTS_H_

#include <string>

#include "absl/time/civil_time.h"
#include "registration/phone/phone.h"
#include "registration/rules/processing_number.h"
#include "registration/rules/registration_form.h"

namespace tekmatch {

// Empty for kNone.
std::string SymptomsFaultText(SymptomsFault fault);
std::string DateFaultText(DateFault fault, absl::CivilDay oldest);
std::string NumberFaultText(NumberFault fault);

struct RefusalText {
  std::string title;
  std::string what;  // with what became of the number
  std::string what_to_do;
};

RefusalText RefusalTextOf(const Refusal& refusal);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_PHONE_REFUSAL_TEXTS_H_
