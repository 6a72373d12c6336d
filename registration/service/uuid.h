// Names that nobody else gives: of issues, of forms that may be sent twice, of
// requests that are repeated.
//
// Source: RFC 4122, section 4.4 (version 4).
#ifndef TEKMATCH_REGISTRATION_SERVICE_UUID_H_
#define TEKMATCH_REGISTRATION_SERVICE_UUID_H_

#include <string>

namespace tekmatch {

// 122 random bits: "5f5c1bd4-0d3f-4e39-8b9c-6a0a6f7a2a11", in small letters.
std::string NewUuid();

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_UUID_H_
