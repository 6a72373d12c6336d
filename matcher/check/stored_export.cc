// Plan: each group of fields has a function that packs it and one that unpacks
// it, side by side. What is unpacked is checked only as far as code that works
// with it has to rely on it: the seal (ledger.cc) says whether the bytes are
// those that were written, and a description that a newer version wrote with
// other fields is still to be read.
//
// The signatures are kept as they were published, and never a verdict on them:
// a key that is no longer trusted takes the export out at the next check, and
// one that is trusted anew brings it back.
#include "matcher/check/stored_export.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/status_macros.h"
#include "matcher/check/stored_export.pb.h"

namespace tekmatch {
namespace {

absl::Status Damaged() {
  return absl::DataLossError("the description of an export is damaged");
}

template <size_t N>
std::string PackDigest(const std::array<uint8_t, N>& digest) {
  return std::string(digest.begin(), digest.end());
}

template <size_t N>
absl::Status UnpackDigest(const std::string& bytes,
                          std::array<uint8_t, N>* digest) {
  if (bytes.size() != N) return Damaged();
  std::copy(bytes.begin(), bytes.end(), digest->begin());
  return absl::OkStatus();
}

// `values` is a repeated field, which an older version may have had shorter.
template <typename Values, size_t N>
absl::Status UnpackCounts(const Values& values,
                          std::array<uint64_t, N>* counts) {
  if (static_cast<size_t>(values.size()) > N) return Damaged();
  std::copy(values.begin(), values.end(), counts->begin());
  return absl::OkStatus();
}

// A map in ascending order: equal counts give equal bytes.
using PackedValidities =
    google::protobuf::RepeatedPtrField<stored::Export::Validity>;

void PackValidities(const ValidityCounts& validities, PackedValidities* out) {
  for (const auto& [validity, num_keys] : validities) {
    stored::Export::Validity* packed = out->Add();
    packed->set_rolling_start(validity.rolling_start);
    packed->set_rolling_period(validity.rolling_period);
    packed->set_num_keys(num_keys);
  }
}

absl::Status UnpackValidities(const PackedValidities& packed,
                              ValidityCounts* out) {
  for (const stored::Export::Validity& one : packed) {
    // EndDay and IsIn add the two; nothing may overflow there.
    const uint32_t start = one.rolling_start();
    const uint32_t period = one.rolling_period();
    if (period < 1 || period > kMaxRollingPeriod ||
        start > std::numeric_limits<EnIntervalNumber>::max() - period) {
      return Damaged();
    }
    (*out)[{start, static_cast<uint8_t>(period)}] += one.num_keys();
  }
  return absl::OkStatus();
}

void PackUnkept(const UnkeptKeys& keys, stored::Export::Unkept* out) {
  out->set_num_keys(keys.num_keys);
  out->set_num_own(keys.num_own);
  out->set_first_start(keys.first_start);
  out->set_last_end(keys.last_end);
}

UnkeptKeys UnpackUnkept(const stored::Export::Unkept& packed) {
  return {.num_keys = packed.num_keys(),
          .num_own = packed.num_own(),
          .first_start = packed.first_start(),
          .last_end = packed.last_end()};
}

// The same bytes by the same key. ECDSA signatures are random: a server that
// signs the same export.bin again makes another one.
bool IsSame(const ExportSignature& a, const ExportSignature& b) {
  return a.signature == b.signature && a.info.key_id == b.info.key_id &&
         a.info.key_version == b.info.key_version &&
         a.info.algorithm == b.info.algorithm;
}

}  // namespace

void UnkeptKeys::Add(const Validity& validity, uint64_t num,
                     uint64_t num_own_ones) {
  num_keys += num;
  num_own += num_own_ones;
  first_start = std::min(first_start, validity.rolling_start);
  last_end =
      std::max(last_end, validity.rolling_start + validity.rolling_period);
}

EnIntervalNumber StoredExport::last_end() const {
  EnIntervalNumber last = std::max(before.last_end, after.last_end);
  for (const auto& [validity, num_keys] : validities) {
    last = std::max(last, validity.rolling_start + validity.rolling_period);
  }
  return last;
}

void Judge(const TrustedKeys& trusted, ExportFileResult& file) {
  ExportReport& report = file.report;
  report.signature =
      CheckSignatures(report.signatures, report.digests, trusted);
  file.accepted = file.is_verified();
  file.verdict = std::string(SignatureVerdictName(report.signature.verdict));
  file.message = file.accepted
                     ? ""
                     : absl::StrCat(file.path,
                                    ": no key that is trusted now made its "
                                    "signature");
}

bool AddSignatures(const ExportFingerprint& more, const TrustedKeys& trusted,
                   ExportFileResult& file) {
  // As many as one list may have: a server that signs anew every day would
  // otherwise let the description grow for as long as the export is kept.
  constexpr size_t kMostSignatures = 64;
  std::vector<ExportSignature>& known = file.report.signatures;
  bool any_new = false;
  for (const ExportSignature& signature : more.signatures) {
    const bool is_known = std::any_of(
        known.begin(), known.end(),
        [&](const auto& other) { return IsSame(other, signature); });
    if (is_known || known.size() >= kMostSignatures) continue;
    // Anybody can add signatures to a file; what no trusted key made is not
    // remembered.
    const SignatureReport report =
        CheckSignatures({signature}, more.digests, trusted);
    if (report.signed_by.empty()) continue;
    known.push_back(signature);
    any_new = true;
  }
  if (!any_new) return false;
  // Of SHA-512 there is a digest only where a signature uses it.
  if (file.report.digests.sha512 == decltype(more.digests.sha512){}) {
    file.report.digests.sha512 = more.digests.sha512;
  }
  Judge(trusted, file);
  return true;
}

std::string PackExport(const StoredExport& stored) {
  const ExportReport& report = stored.file.report;
  // On an arena for the same reason as below. It frees a string whether or not
  // there was memory to copy into it, so strings are copied before.
  google::protobuf::Arena arena;
  stored::Export& message =
      *google::protobuf::Arena::CreateMessage<stored::Export>(&arena);
  message.set_path(std::string(stored.file.path));
  message.set_start_timestamp(report.metadata.start_timestamp);
  message.set_end_timestamp(report.metadata.end_timestamp);
  message.set_region(std::string(report.metadata.region));
  message.set_batch_num(report.metadata.batch_num);
  message.set_batch_size(report.metadata.batch_size);
  message.set_keys(report.counts.keys);
  message.set_revised_keys(report.counts.revised_keys);
  for (const uint64_t n : report.counts.rejected) message.add_rejected(n);
  for (const uint64_t n : report.counts.dropped) message.add_dropped(n);
  message.set_sha256(PackDigest(report.digests.sha256));
  message.set_sha512(PackDigest(report.digests.sha512));
  for (const ExportSignature& signature : report.signatures) {
    stored::Export::Signature* packed = message.add_signatures();
    packed->set_key_id(std::string(signature.info.key_id));
    packed->set_key_version(std::string(signature.info.key_version));
    packed->set_algorithm(std::string(signature.info.algorithm));
    packed->set_signature(std::string(signature.signature));
  }
  message.set_extra_entry(std::string(report.extra_entry));
  message.set_signature_list(std::string(report.signature_list));
  PackValidities(stored.validities, message.mutable_validities());
  PackValidities(stored.own_validities, message.mutable_own_validities());
  message.set_first_day(stored.first_day);
  message.set_last_day(stored.last_day);
  PackUnkept(stored.before, message.mutable_before());
  PackUnkept(stored.after, message.mutable_after());
  return message.SerializeAsString();
}

absl::StatusOr<StoredExport> UnpackExport(absl::Span<const uint8_t> bytes,
                                          const TrustedKeys& trusted) {
  // Without memory a message leaks what it was about to take; an arena has it.
  google::protobuf::Arena arena;
  stored::Export& message =
      *google::protobuf::Arena::CreateMessage<stored::Export>(&arena);
  if (bytes.size() > size_t{std::numeric_limits<int>::max()} ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Damaged();
  }
  StoredExport result;
  ExportFileResult& file = result.file;
  file.path = message.path();
  ExportReport& report = file.report;
  report.metadata.start_timestamp = message.start_timestamp();
  report.metadata.end_timestamp = message.end_timestamp();
  report.metadata.region = message.region();
  report.metadata.batch_num = message.batch_num();
  report.metadata.batch_size = message.batch_size();
  report.counts.keys = message.keys();
  report.counts.revised_keys = message.revised_keys();
  TEKMATCH_RETURN_IF_ERROR(
      UnpackCounts(message.rejected(), &report.counts.rejected));
  TEKMATCH_RETURN_IF_ERROR(
      UnpackCounts(message.dropped(), &report.counts.dropped));
  TEKMATCH_RETURN_IF_ERROR(
      UnpackDigest(message.sha256(), &report.digests.sha256));
  TEKMATCH_RETURN_IF_ERROR(
      UnpackDigest(message.sha512(), &report.digests.sha512));
  for (const stored::Export::Signature& packed : message.signatures()) {
    ExportSignature& signature = report.signatures.emplace_back();
    signature.info.key_id = packed.key_id();
    signature.info.key_version = packed.key_version();
    signature.info.algorithm = packed.algorithm();
    signature.signature = packed.signature();
  }
  report.extra_entry = message.extra_entry();
  report.signature_list = message.signature_list();
  Judge(trusted, file);
  TEKMATCH_RETURN_IF_ERROR(
      UnpackValidities(message.validities(), &result.validities));
  TEKMATCH_RETURN_IF_ERROR(
      UnpackValidities(message.own_validities(), &result.own_validities));
  result.first_day = message.first_day();
  result.last_day = message.last_day();
  result.before = UnpackUnkept(message.before());
  result.after = UnpackUnkept(message.after());
  return result;
}

}  // namespace tekmatch
