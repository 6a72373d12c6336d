// Plan: names; soundness of keys; a batch's file; the list; retention; a run.
#include "registration/server/publisher.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "keyformat/byte_source.h"
#include "keyformat/export_reader.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "registration/service/durable_file.h"

namespace tekmatch {
namespace {

constexpr size_t kMostFileBytes = size_t{1} << 30;

std::string PathOf(const PublisherOptions& options, int64_t num) {
  return absl::StrCat(RegionFolder(options), "/", BatchFileName(num));
}

// As it is published, whatever its row says.
DiagnosisKey AsPublished(DiagnosisKey key) {
  key.metadata.days_since_onset = std::nullopt;
  key.metadata.variant_of_concern = std::nullopt;
  key.metadata.revised = false;
  return key;
}

absl::Status NotAsWritten(int64_t num, absl::string_view why) {
  return absl::DataLossError(
      absl::StrCat("batch ", num, ": the file as a phone reads it: ", why));
}

// ------------------------------------------------------------ a batch's file

// Reads a batch's file as a phone would: by the signature of the first signer,
// with every key of the batch and no other.
absl::Status CheckAsPhone(const PublisherOptions& options, int64_t num,
                          const std::string& zip,
                          absl::Span<const DiagnosisKey> keys) {
  const ExportSigner& signer = options.signers.front();
  TEKMATCH_ASSIGN_OR_RETURN(const std::string pem, signer.key.PublicPem());
  TEKMATCH_ASSIGN_OR_RETURN(VerificationKey key, VerificationKey::Parse(pem));
  TrustedKeys trusted;
  TEKMATCH_RETURN_IF_ERROR(trusted.AddSet(
      {{.id = signer.id, .version = signer.version, .key = std::move(key)}}));
  const std::unique_ptr<ByteSource> source =
      MemorySource(BatchFileName(num), zip);
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<ExportReader> reader,
                            ExportReader::Open(*source, {}));
  KeyBlock block;
  std::vector<Tek> read;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool more, reader->Next(&block));
    if (!more) break;
    read.insert(read.end(), block.teks().begin(), block.teks().end());
  }
  TEKMATCH_ASSIGN_OR_RETURN(const ExportReport report, reader->Finish(trusted));
  if (report.signature.verdict != SignatureVerdict::kValid) {
    return NotAsWritten(num, "its signature is not valid");
  }
  std::vector<Tek> wanted;
  wanted.reserve(keys.size());
  for (const DiagnosisKey& one : keys) wanted.push_back(one.tek);
  std::sort(read.begin(), read.end());
  std::sort(wanted.begin(), wanted.end());
  return read == wanted ? absl::OkStatus()
                        : NotAsWritten(num, "its keys are not the batch's");
}

// From planned to published.
absl::Status Complete(const PublisherOptions& options, ServerStore& store,
                      const Batch& batch) {
  const std::string path = PathOf(options, batch.num);
  TEKMATCH_ASSIGN_OR_RETURN(std::vector<DiagnosisKey> keys,
                            store.KeysOfBatch(batch.num));
  for (DiagnosisKey& key : keys) key = AsPublished(key);
  TEKMATCH_ASSIGN_OR_RETURN(std::optional<std::string> there,
                            ReadIfThere(path, kMostFileBytes));
  if (there.has_value()) {
    // A run was killed after the rename; or the database is another one than
    // that which published into this folder.
    const absl::Status status = CheckAsPhone(options, batch.num, *there, keys);
    if (!status.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat(path, ": is there, and is not of this database (",
                       status.message(), ")"));
    }
  } else {
    ExportWriterOptions writer;
    writer.start_timestamp = static_cast<uint64_t>(batch.start);
    writer.end_timestamp = static_cast<uint64_t>(batch.end);
    writer.region = options.region;
    // The order of a database is that of bytes; a random one shows no more.
    writer.order = KeyOrder::kRandom;
    writer.min_keys = 0;
    writer.padding_range = 0;
    writer.max_keys = options.max_keys;
    writer.signers = options.signers;
    RandomSource random = RandomSource::FromSystem();
    TEKMATCH_ASSIGN_OR_RETURN(
        ExportFile file, WriteExportFile(keys, /*batch_num=*/1,
                                         /*batch_size=*/1, writer, random));
    // Before it has its name: what a phone has fetched cannot be taken back.
    TEKMATCH_RETURN_IF_ERROR(CheckAsPhone(options, batch.num, file.zip, keys));
    TEKMATCH_RETURN_IF_ERROR(WriteDurably(path, file.zip));
    there = std::move(file.zip);
  }
  return store.MarkPublished(batch.num, Sha256(*there));
}

// ------------------------------------------------------- list and retention

bool IsOver(const Batch& batch, absl::Time now) {
  return absl::FromUnixSeconds(batch.end) + kServerKeeps <= now;
}

// Where nothing changed, the file stays: its ETag is its content's.
absl::Status WriteList(const PublisherOptions& options,
                       const std::vector<Batch>& batches, absl::Time now) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Batch& batch : batches) {
    if (!batch.published || IsOver(batch, now)) continue;
    list.push_back(
        {{"region", options.region},
         {"url", absl::StrCat(options.base_url, "/c19r/", options.region, "/",
                              BatchFileName(batch.num))},
         {"created", batch.created_ms}});
  }
  const std::string text = list.dump();
  const std::string path = absl::StrCat(RegionFolder(options), "/", kListName);
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<std::string> there,
                            ReadIfThere(path, kMostFileBytes));
  return there == text ? absl::OkStatus() : WriteDurably(path, text);
}

absl::StatusOr<int64_t> DeleteOld(const PublisherOptions& options,
                                  ServerStore& store,
                                  const std::vector<Batch>& batches,
                                  absl::Time now) {
  int64_t num_deleted = 0;
  for (const Batch& batch : batches) {
    if (!batch.published || !IsOver(batch, now)) continue;
    const std::string path = PathOf(options, batch.num);
    if (unlink(path.c_str()) != 0 && errno != ENOENT) {
      return SystemError(errno, path);
    }
    TEKMATCH_RETURN_IF_ERROR(store.DeleteBatch(batch.num));
    ++num_deleted;
  }
  return num_deleted;
}

// ---------------------------------------------------------------- the plan

// Puts the keys that go out into batches.
absl::Status Plan(const PublisherOptions& options, ServerStore& store,
                  absl::Time slot, absl::Time now, PublishedBatches& result,
                  std::vector<Batch>& planned) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<UnpublishedKey> keys,
                            store.UnpublishedKeys());
  std::vector<WaitingKey> waiting;
  std::vector<Tek> teks;
  for (const UnpublishedKey& unpublished : keys) {
    if (!IsSound(AsPublished(unpublished.key))) {
      ++result.num_unsound;
      continue;
    }
    waiting.push_back({.rolling_start = unpublished.key.rolling_start,
                       .rolling_period = unpublished.key.rolling_period,
                       .arrived = unpublished.arrived});
    teks.push_back(unpublished.key.tek);
  }
  const ReleasePlan plan = PlanRelease(waiting, slot, options.schedule);
  std::vector<Tek> going_out;
  for (size_t i = 0; i < teks.size(); ++i) {
    switch (plan.verdicts[i]) {
      case ReleaseVerdict::kGoesOut:
        going_out.push_back(teks[i]);
        break;
      case ReleaseVerdict::kEmbargoed:
        ++result.num_embargoed;
        break;
      case ReleaseVerdict::kWaitsForMore:
        ++result.num_waiting;
        break;
      case ReleaseVerdict::kTooOld:
        break;  // Purge counts it
    }
  }
  result.oldest_unpublished_age = plan.oldest_unpublished_age;
  // A person's keys may be in two files of one run: they lie in the order of
  // their bytes, which is random.
  for (size_t i = 0; i < going_out.size(); i += options.max_keys) {
    const size_t n = std::min<size_t>(options.max_keys, going_out.size() - i);
    TEKMATCH_ASSIGN_OR_RETURN(
        const Batch batch,
        store.PlanBatch(absl::MakeConstSpan(going_out).subspan(i, n), slot,
                        now));
    planned.push_back(batch);
    result.added.push_back(batch.num);
  }
  return absl::OkStatus();
}

}  // namespace

std::string BatchFileName(int64_t num) { return absl::StrCat(num, ".zip"); }

std::optional<int64_t> ParseBatchFileName(absl::string_view name) {
  int64_t num = 0;
  const absl::string_view digits = name.substr(0, name.find('.'));
  if (digits.size() > 18 || !absl::SimpleAtoi(digits, &num) || num < 1 ||
      BatchFileName(num) != name) {
    return std::nullopt;
  }
  return num;
}

std::string RegionFolder(const PublisherOptions& options) {
  return absl::StrCat(options.out, "/c19r/", options.region);
}

bool IsSound(const DiagnosisKey& key) {
  const KeyMetadata& metadata = key.metadata;
  return key.rolling_start > 0 && key.rolling_period >= 1 &&
         key.rolling_period <= kMaxRollingPeriod &&
         metadata.transmission_risk.value_or(0) <= kMaxTransmissionRisk &&
         metadata.report_type.has_value() &&
         *metadata.report_type != ReportType::kUnknown &&
         *metadata.report_type != ReportType::kRevoked &&
         !metadata.days_since_onset.has_value();
}

std::string ToString(const PublishedBatches& published) {
  std::string text = absl::StrCat(
      "published ", published.num_keys, " keys in ",
      published.resumed.size() + published.added.size(), " files",
      published.added.empty() && published.resumed.empty() ? "" : ": ",
      absl::StrJoin(published.resumed, ", "),
      published.added.empty() || published.resumed.empty() ? "" : ", ",
      absl::StrJoin(published.added, ", "));
  if (!published.resumed.empty()) {
    absl::StrAppend(&text, " (", published.resumed.size(),
                    " of a run that was ended)");
  }
  absl::StrAppend(&text, "; held back: ", published.num_embargoed,
                  " until after their end, ", published.num_waiting,
                  " until there are more");
  if (published.num_unsound > 0) {
    absl::StrAppend(&text, "; LEFT OUT: ", published.num_unsound,
                    " that a phone would drop");
  }
  if (published.num_too_late > 0) {
    absl::StrAppend(&text, "; NEVER PUBLISHED: ", published.num_too_late);
  }
  if (published.oldest_unpublished_age.has_value()) {
    absl::StrAppend(&text, "; the oldest that waits came ",
                    absl::ToInt64Hours(*published.oldest_unpublished_age),
                    " h ago");
  }
  return text;
}

absl::StatusOr<PublishedBatches> Publish(const PublisherOptions& options,
                                         ServerStore& store, absl::Time slot,
                                         absl::Time now) {
  if (options.signers.empty() || options.max_keys == 0) {
    return absl::InvalidArgumentError("no signer, or no keys in a file");
  }
  TEKMATCH_RETURN_IF_ERROR(MakeFolders(RegionFolder(options)));
  TEKMATCH_ASSIGN_OR_RETURN(
      const FileLock lock,
      FileLock::Take(absl::StrCat(RegionFolder(options), "/.lock")));

  PublishedBatches result;
  TEKMATCH_ASSIGN_OR_RETURN(std::vector<Batch> batches, store.Batches());
  std::vector<Batch> planned;
  for (const Batch& batch : batches) {
    if (batch.published) continue;
    planned.push_back(batch);
    result.resumed.push_back(batch.num);
  }
  TEKMATCH_RETURN_IF_ERROR(Plan(options, store, slot, now, result, planned));
  for (const Batch& batch : planned) {
    TEKMATCH_RETURN_IF_ERROR(Complete(options, store, batch));
    result.num_keys += batch.num_keys;
  }
  TEKMATCH_ASSIGN_OR_RETURN(batches, store.Batches());
  TEKMATCH_RETURN_IF_ERROR(WriteList(options, batches, now));
  TEKMATCH_ASSIGN_OR_RETURN(result.num_deleted,
                            DeleteOld(options, store, batches, now));
  TEKMATCH_ASSIGN_OR_RETURN(const ServerStore::Purged purged, store.Purge(now));
  result.num_too_late = purged.num_unpublished;
  TEKMATCH_RETURN_IF_ERROR(store.SetLastSlot(slot));
  return result;
}

}  // namespace tekmatch
