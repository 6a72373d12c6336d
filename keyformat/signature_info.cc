#include "keyformat/signature_info.h"

#include "keyformat/export.pb.h"

namespace tekmatch {

SignatureInfo SignatureInfoFromWire(const wire::SignatureInfo& message) {
  return {.key_id = message.verification_key_id(),
          .key_version = message.verification_key_version(),
          .algorithm = message.signature_algorithm(),
          .app_bundle_id = message.app_bundle_id(),
          .android_package = message.android_package()};
}

void SignatureInfoToWire(const SignatureInfo& info,
                         wire::SignatureInfo* message) {
  // The names of apps are reserved today: read, never written.
  message->set_verification_key_id(info.key_id);
  message->set_verification_key_version(info.key_version);
  message->set_signature_algorithm(info.algorithm);
}

}  // namespace tekmatch
