// Trust, index and check for C.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "keyformat/p256_key.h"
#include "keyformat/signature.h"
#include "keyformat/status_macros.h"
#include "matcher/api/call.h"
#include "matcher/api/check_arguments.h"
#include "matcher/api/result.h"
#include "matcher/api/rules.h"
#include "matcher/api/sources.h"
#include "matcher/api/tekmatch.h"
#include "matcher/check/exposure_check.h"
#include "matcher/kernels/dispatch.h"

struct tekmatch_index {
  std::shared_ptr<const tekmatch::SightingIndex> index;
};

namespace tekmatch {
namespace {

absl::StatusOr<TrustedKey> ReadKey(const tekmatch_trusted_key& given) {
  TEKMATCH_RETURN_IF_ERROR(NotNull(given.id, "the id of a key"));
  TEKMATCH_RETURN_IF_ERROR(NotNull(given.public_key, "public_key"));
  TEKMATCH_ASSIGN_OR_RETURN(
      VerificationKey key,
      VerificationKey::Parse(absl::string_view(
          static_cast<const char*>(given.public_key), given.public_key_bytes)));
  std::optional<std::string> version;
  if (given.version != nullptr) version = given.version;
  return TrustedKey{given.id, std::move(version), std::move(key)};
}

}  // namespace
}  // namespace tekmatch

using tekmatch::Call;
using tekmatch::Destroy;
using tekmatch::IsArray;
using tekmatch::NotNull;

tekmatch_status tekmatch_trust_create(tekmatch_trust** trust, char* message,
                                      size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(trust, "trust"));
    *trust = new tekmatch_trust;
    return absl::OkStatus();
  });
}

tekmatch_status tekmatch_trust_add_set(tekmatch_trust* trust,
                                       const tekmatch_trusted_key* keys,
                                       size_t num_keys, char* message,
                                       size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(trust, "trust"));
    TEKMATCH_RETURN_IF_ERROR(IsArray(keys, num_keys, "keys"));
    std::vector<tekmatch::TrustedKey> set;
    for (size_t i = 0; i < num_keys; ++i) {
      TEKMATCH_ASSIGN_OR_RETURN(tekmatch::TrustedKey key,
                                tekmatch::ReadKey(keys[i]));
      set.push_back(std::move(key));
    }
    return trust->keys.AddSet(std::move(set));
  });
}

void tekmatch_trust_destroy(tekmatch_trust* trust) { Destroy(trust); }

tekmatch_status tekmatch_index_create(tekmatch_index** index,
                                      const tekmatch_sighting* sightings,
                                      size_t num_sightings, char* message,
                                      size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(index, "index"));
    TEKMATCH_ASSIGN_OR_RETURN(
        std::vector<tekmatch::Sighting> read,
        tekmatch::ReadSightings(sightings, num_sightings));
    auto made = std::make_unique<tekmatch_index>();
    TEKMATCH_ASSIGN_OR_RETURN(made->index,
                              tekmatch::IndexSightings(std::move(read)));
    *index = made.release();
    return absl::OkStatus();
  });
}

uint64_t tekmatch_index_num_sightings(const tekmatch_index* index) {
  return index == nullptr ? 0 : index->index->sightings().size();
}

void tekmatch_index_destroy(tekmatch_index* index) { Destroy(index); }

tekmatch_status tekmatch_check(tekmatch_result** result,
                               const tekmatch_index* index,
                               const tekmatch_trust* trust,
                               const tekmatch_source* sources,
                               size_t num_sources,
                               const tekmatch_check_options* options,
                               char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(result, "result"));
    TEKMATCH_RETURN_IF_ERROR(NotNull(index, "index"));
    TEKMATCH_ASSIGN_OR_RETURN(
        const tekmatch::CheckArguments read,
        tekmatch::ReadCheckArguments(trust, sources, num_sources, options));
    TEKMATCH_ASSIGN_OR_RETURN(
        tekmatch::ExposureCheckResult checked,
        tekmatch::CheckExposure(read.names, index->index, read.options));
    auto made = std::make_unique<tekmatch_result>();
    FillResult(std::move(checked), read.options.config, *read.options.zone,
               *made);
    *result = made.release();
    return absl::OkStatus();
  });
}
