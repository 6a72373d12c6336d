// The public key in a file that an authority publishes, in whatever form:
//
//   PEM      a PUBLIC KEY or a CERTIFICATE (X.509), with text around it, with a
//            byte order mark, with any line ends; several blocks if they hold
//            one and the same key
//   DER      of either
//   base64   of such a DER, alone in the file, on one line or several: as keys
//            stand in threads and in the sources of apps
//
// Of a certificate nothing is used but its key: whom to believe is decided by
// whoever names the file, not by a date or an issuer in it.
//
// Source: RFC 5280 (SubjectPublicKeyInfo, certificates), RFC 7468 (PEM), RFC
// 5480 (keys on curves), RFC 5208 and 5915 (private keys).
#ifndef TEKMATCH_KEYFORMAT_PUBLIC_KEY_FORMS_H_
#define TEKMATCH_KEYFORMAT_PUBLIC_KEY_FORMS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

// The DER of the key's SubjectPublicKeyInfo; of which algorithm it is, is not
// looked at. INVALID_ARGUMENT: there is none, there are several, or it is a
// private key, encrypted or not, which is said. RESOURCE_EXHAUSTED: there was
// no memory to say. Messages hold nothing of the file.
absl::StatusOr<std::string> FindPublicKeyInfo(absl::string_view file);

// What kind of key such a DER holds, for a message: "an RSA key", "a key on
// secp256k1", "a key on the curve 1.2.3".
std::string DescribePublicKey(absl::string_view key_info);

// The text after a byte order mark of UTF-8, if it begins with one.
absl::string_view SkipByteOrderMark(absl::string_view text);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_PUBLIC_KEY_FORMS_H_
