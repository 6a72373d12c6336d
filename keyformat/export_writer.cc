// Plan: options and keys are checked; keys are spread at random over files; a
// file's are padded, ordered, serialized and signed.
#include "keyformat/export_writer.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/export.pb.h"
#include "keyformat/key_decoder.h"
#include "keyformat/padding.h"
#include "keyformat/status_macros.h"
#include "keyformat/wire_message.h"
#include "keyformat/zip_writer.h"

namespace tekmatch {
namespace {

absl::Status CheckOptions(const ExportWriterOptions& options) {
  if (options.start_timestamp >= options.end_timestamp) {
    return absl::InvalidArgumentError(
        "start_timestamp must be before end_timestamp");
  }
  // Below the limit nothing that follows overflows.
  if (options.max_keys == 0 || options.max_keys > kMostKeysInAFile) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_keys must be in 1..", kMostKeysInAFile));
  }
  if (options.min_keys > options.max_keys ||
      options.padding_range > options.max_keys - options.min_keys) {
    return absl::InvalidArgumentError(
        "max_keys must be at least min_keys + padding_range");
  }
  return absl::OkStatus();
}

// What the decoder would reject or drop is not written: a server that publishes
// it would learn of it from nobody.
absl::Status CheckKey(const DiagnosisKey& key) {
  if (key.rolling_period < 1 || key.rolling_period > kMaxRollingPeriod) {
    return absl::InvalidArgumentError("a key's rolling_period is not 1..144");
  }
  // Protobuf's default: it cannot be told from a start that is missing.
  if (key.rolling_start == 0) {
    return absl::InvalidArgumentError("a key's rolling_start is missing");
  }
  if (key.rolling_start >
      static_cast<uint32_t>(std::numeric_limits<int32_t>::max())) {
    return absl::InvalidArgumentError("a key's rolling_start is too large");
  }
  // A key that is revoked was published before, so it is among the revised
  // ones; those are confirmed or revoked.
  const auto type = key.metadata.report_type;
  if (!key.metadata.revised && type == ReportType::kRevoked) {
    return absl::InvalidArgumentError("a primary key is revoked");
  }
  if (key.metadata.revised &&
      (type == ReportType::kSelfReport ||
       type == ReportType::kConfirmedClinicalDiagnosis)) {
    return absl::InvalidArgumentError(
        "a revised key is a self-report or a clinical diagnosis");
  }
  const auto onset = key.metadata.days_since_onset;
  if (onset.has_value() &&
      (*onset < -kMaxDaysSinceOnset || *onset > kMaxDaysSinceOnset)) {
    return absl::InvalidArgumentError(
        "a key's days_since_onset is beyond 14 days");
  }
  const auto risk = key.metadata.transmission_risk;
  if (risk.has_value() && *risk > kMaxTransmissionRisk) {
    return absl::InvalidArgumentError("a key's transmission_risk is not 0..8");
  }
  return absl::OkStatus();
}

void ToWire(const DiagnosisKey& key, wire::TemporaryExposureKey* message) {
  message->set_key_data(key.tek.bytes.data(), key.tek.bytes.size());
  const KeyMetadata& metadata = key.metadata;
  if (metadata.transmission_risk.has_value()) {
    message->set_transmission_risk_level(*metadata.transmission_risk);
  }
  message->set_rolling_start_interval_number(
      static_cast<int32_t>(key.rolling_start));
  // A missing period is a whole day, and servers leave it out.
  if (key.rolling_period != kMaxRollingPeriod) {
    message->set_rolling_period(key.rolling_period);
  }
  if (metadata.report_type.has_value()) {
    message->set_report_type(
        static_cast<wire::TemporaryExposureKey::ReportType>(
            *metadata.report_type));
  }
  if (metadata.days_since_onset.has_value()) {
    message->set_days_since_onset_of_symptoms(*metadata.days_since_onset);
  }
  if (metadata.variant_of_concern.has_value()) {
    message->set_variant_of_concern(*metadata.variant_of_concern);
  }
}

SignatureInfo InfoOf(const ExportSigner& signer) {
  return {.key_id = signer.id,
          .key_version = signer.version,
          .algorithm = std::string(signer.algorithm ==
                                           SignatureAlgorithm::kEcdsaP256Sha512
                                       ? kOidEcdsaSha512
                                       : kOidEcdsaSha256),
          .app_bundle_id = "",
          .android_package = ""};
}

// Keys of one file: [0, num_primary) primary, the rest revised.
struct FileKeys {
  std::vector<DiagnosisKey> primary;
  std::vector<DiagnosisKey> revised;
};

void Pad(const ExportWriterOptions& options, RandomSource& random,
         FileKeys& keys, ExportFile& file) {
  // Drawn for every file, so that a padded file does not shift the stream.
  const uint64_t target =
      options.min_keys + random.Below(options.padding_range + 1);
  // A 0 that was drawn pads nothing, which has to be said.
  if (options.min_keys == 0 && options.padding_range == 0) return;
  // Revised keys are never padded: made-up ones would contradict earlier files.
  // So it is at least said how many of them stand out.
  file.num_revised_alone = NumAlone(keys.revised);
  if (keys.primary.empty()) return;
  const uint64_t have = keys.primary.size() + keys.revised.size();
  file.num_padding = target - std::min(target, have);
  file.num_kinds_unpadded = AddPadding(file.num_padding, random, keys.primary);
}

void Order(const ExportWriterOptions& options, RandomSource& random,
           std::vector<DiagnosisKey>& keys) {
  // Sorted also before it is shuffled: the order in which keys came decides
  // nothing, so that the same seed gives the same file.
  std::sort(keys.begin(), keys.end());
  if (options.order == KeyOrder::kRandom) random.Shuffle(keys);
}

absl::StatusOr<std::string> SerializeBin(const ExportWriterOptions& options,
                                         const FileKeys& keys,
                                         const ExportFile& file) {
  wire::TemporaryExposureKeyExport message;
  message.set_start_timestamp(options.start_timestamp);
  message.set_end_timestamp(file.end_timestamp);
  message.set_region(options.region);
  message.set_batch_num(file.batch_num);
  message.set_batch_size(file.batch_size);
  for (const ExportSigner& signer : options.signers) {
    SignatureInfoToWire(InfoOf(signer), message.add_signature_infos());
  }
  for (const DiagnosisKey& key : keys.primary) ToWire(key, message.add_keys());
  for (const DiagnosisKey& key : keys.revised) {
    ToWire(key, message.add_revised_keys());
  }
  std::string bin(kExportHeader);
  TEKMATCH_RETURN_IF_ERROR(AppendMessage(message, kMaxExportBytes, &bin));
  return bin;
}

absl::StatusOr<std::string> SerializeSig(const ExportWriterOptions& options,
                                         const std::string& bin,
                                         const ExportFile& file) {
  const auto* data = reinterpret_cast<const uint8_t*>(bin.data());
  ExportDigests digests;
  SHA256(data, bin.size(), digests.sha256.data());
  SHA512(data, bin.size(), digests.sha512.data());
  wire::TEKSignatureList list;
  for (const ExportSigner& signer : options.signers) {
    TEKMATCH_ASSIGN_OR_RETURN(
        const std::string signature,
        signer.algorithm == SignatureAlgorithm::kEcdsaP256Sha512
            ? signer.key.Sign(digests.sha512)
            : signer.key.Sign(digests.sha256));
    wire::TEKSignature* entry = list.add_signatures();
    SignatureInfoToWire(InfoOf(signer), entry->mutable_signature_info());
    entry->set_batch_num(file.batch_num);
    entry->set_batch_size(file.batch_size);
    entry->set_signature(signature);
  }
  std::string sig;
  TEKMATCH_RETURN_IF_ERROR(AppendMessage(list, kMaxExportBytes, &sig));
  return sig;
}

absl::Status CheckKeys(absl::Span<const DiagnosisKey> keys) {
  for (const DiagnosisKey& key : keys) {
    TEKMATCH_RETURN_IF_ERROR(CheckKey(key));
  }
  return absl::OkStatus();
}

absl::Status CheckBatch(uint64_t batch_num, uint64_t batch_size) {
  if (batch_size > kMaxBatchSize) {
    return absl::InvalidArgumentError(absl::StrCat(
        batch_size, " files, a batch has at most ", kMaxBatchSize));
  }
  if (batch_num < 1 || batch_num > batch_size) {
    return absl::InvalidArgumentError(
        absl::StrCat("file ", batch_num, " of ", batch_size));
  }
  return absl::OkStatus();
}

// What a file says of its place among the files of a call.
struct Place {
  uint64_t batch_num;
  uint64_t batch_size;
  uint64_t end_timestamp;
};

// The place of file 0..num_files-1. Windows end a second apart, so that each
// file has one of its own, and the last one's end is the call's.
Place PlaceOf(uint64_t file, uint64_t num_files,
              const ExportWriterOptions& options) {
  if (options.split == ExportSplit::kBatch) {
    return {.batch_num = file + 1,
            .batch_size = num_files,
            .end_timestamp = options.end_timestamp};
  }
  return {.batch_num = 1,
          .batch_size = 1,
          .end_timestamp = options.end_timestamp - (num_files - 1 - file)};
}

absl::Status CheckSplit(uint64_t num_files,
                        const ExportWriterOptions& options) {
  const uint64_t seconds = options.end_timestamp - options.start_timestamp;
  if (options.split == ExportSplit::kWindows && num_files > seconds) {
    return absl::InvalidArgumentError(
        absl::StrCat("a window of ", seconds, " s cannot be split into ",
                     num_files, " files: each one ends a second later"));
  }
  return CheckBatch(1, num_files);
}

// All arguments are checked.
absl::StatusOr<ExportFile> WriteFile(absl::Span<const DiagnosisKey> keys,
                                     const Place& place,
                                     const ExportWriterOptions& options,
                                     RandomSource& random) {
  FileKeys file_keys;
  for (const DiagnosisKey& key : keys) {
    (key.metadata.revised ? file_keys.revised : file_keys.primary)
        .push_back(key);
  }
  ExportFile file{.end_timestamp = place.end_timestamp,
                  .batch_num = static_cast<int>(place.batch_num),
                  .batch_size = static_cast<int>(place.batch_size),
                  .zip = ""};
  Pad(options, random, file_keys, file);
  file.num_keys = file_keys.primary.size() + file_keys.revised.size();
  Order(options, random, file_keys.primary);
  Order(options, random, file_keys.revised);
  TEKMATCH_ASSIGN_OR_RETURN(std::string bin,
                            SerializeBin(options, file_keys, file));
  TEKMATCH_ASSIGN_OR_RETURN(std::string sig, SerializeSig(options, bin, file));
  TEKMATCH_ASSIGN_OR_RETURN(
      file.zip, WriteZip({{.name = "export.bin", .bytes = std::move(bin)},
                          {.name = "export.sig", .bytes = std::move(sig)}}));
  return file;
}

}  // namespace

absl::StatusOr<ExportFile> WriteExportFile(absl::Span<const DiagnosisKey> keys,
                                           int batch_num, int batch_size,
                                           const ExportWriterOptions& options,
                                           RandomSource& random) {
  TEKMATCH_RETURN_IF_ERROR(CheckOptions(options));
  if (batch_num < 1 || batch_size < 1) {
    return absl::InvalidArgumentError("batch_num and batch_size start at 1");
  }
  TEKMATCH_RETURN_IF_ERROR(CheckBatch(static_cast<uint64_t>(batch_num),
                                      static_cast<uint64_t>(batch_size)));
  if (keys.size() > options.max_keys) {
    return absl::InvalidArgumentError(absl::StrCat(
        keys.size(), " keys, a file has at most ", options.max_keys));
  }
  TEKMATCH_RETURN_IF_ERROR(CheckKeys(keys));
  return WriteFile(keys,
                   {.batch_num = static_cast<uint64_t>(batch_num),
                    .batch_size = static_cast<uint64_t>(batch_size),
                    .end_timestamp = options.end_timestamp},
                   options, random);
}

absl::Status WriteExports(std::vector<DiagnosisKey> keys,
                          const ExportWriterOptions& options,
                          RandomSource& random,
                          absl::FunctionRef<absl::Status(ExportFile)> sink) {
  TEKMATCH_RETURN_IF_ERROR(CheckOptions(options));
  TEKMATCH_RETURN_IF_ERROR(CheckKeys(keys));
  const uint64_t num_files = std::max<uint64_t>(
      1, (keys.size() + options.max_keys - 1) / options.max_keys);
  TEKMATCH_RETURN_IF_ERROR(CheckSplit(num_files, options));
  // The order of arrival is lost here, so that it decides nothing.
  std::sort(keys.begin(), keys.end());
  // Files of neighbouring keys would show their padding: it has any bytes.
  if (num_files > 1) random.Shuffle(keys);
  // Primary keys go over the first files, revised ones over the rest.
  std::stable_partition(keys.begin(), keys.end(), [](const DiagnosisKey& key) {
    return !key.metadata.revised;
  });
  for (uint64_t i = 0; i < num_files; ++i) {
    const absl::Span<const DiagnosisKey> file_keys =
        absl::MakeConstSpan(keys).subspan(i * options.max_keys,
                                          options.max_keys);
    TEKMATCH_ASSIGN_OR_RETURN(
        ExportFile file,
        WriteFile(file_keys, PlaceOf(i, num_files, options), options, random));
    TEKMATCH_RETURN_IF_ERROR(sink(std::move(file)));
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
