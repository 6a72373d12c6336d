#include "bench/signed_export.h"

#include <utility>
#include <vector>

#include "keyformat/p256_key.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "tools/world/sighting_times.h"

namespace tekmatch {

absl::StatusOr<ExportSigner> MakeSigner() {
  TEKMATCH_ASSIGN_OR_RETURN(SigningKey key, SigningKey::Generate());
  return ExportSigner{.key = std::move(key), .id = "440", .version = "v1"};
}

absl::Status Trust(const ExportSigner& signer, TrustedKeys& trusted) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::string pem, signer.key.PublicPem());
  TEKMATCH_ASSIGN_OR_RETURN(const VerificationKey key,
                            VerificationKey::Parse(pem));
  return trusted.AddSet(
      {TrustedKey{.id = signer.id, .version = signer.version, .key = key}});
}

absl::StatusOr<std::string> SignedExport(const KeyBlock& keys,
                                         const ExportSigner& signer) {
  ExportWriterOptions options;
  options.start_timestamp =
      static_cast<uint64_t>(kWorldStartSeconds + 14 * kDaySeconds);
  options.end_timestamp = options.start_timestamp + uint64_t{kDaySeconds};
  options.region = "440";
  options.min_keys = 0;
  options.padding_range = 0;
  options.max_keys = keys.size() + 1;
  options.signers.push_back(signer);
  std::vector<DiagnosisKey> all;
  all.reserve(keys.size());
  for (size_t k = 0; k < keys.size(); ++k) all.push_back(keys.key(k));
  RandomSource random = RandomSource::FromSystem();
  TEKMATCH_ASSIGN_OR_RETURN(ExportFile file,
                            WriteExportFile(all, 1, 1, options, random));
  return std::move(file.zip);
}

}  // namespace tekmatch
