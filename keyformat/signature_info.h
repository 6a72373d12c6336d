// How a signature of an export names the key that made it.
#ifndef TEKMATCH_KEYFORMAT_SIGNATURE_INFO_H_
#define TEKMATCH_KEYFORMAT_SIGNATURE_INFO_H_

#include <string>

namespace tekmatch {

namespace wire {
class SignatureInfo;
}  // namespace wire

struct SignatureInfo {
  std::string key_id;       // usually a mobile country code
  std::string key_version;  // such as "v1"
  std::string algorithm;    // an OID as text
  // Names of the app, in files of 2020 only.
  std::string app_bundle_id;
  std::string android_package;
};

SignatureInfo SignatureInfoFromWire(const wire::SignatureInfo& message);
void SignatureInfoToWire(const SignatureInfo& info,
                         wire::SignatureInfo* message);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_SIGNATURE_INFO_H_
