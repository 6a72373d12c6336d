// Plan: answers, all of one size; the steps of a PUT, numbered as in the
// header; the budgets of wrong numbers; confirmation; the line of the day.
//
// All that can fail without the number comes before the number is reserved
// (REGISTRATION section 6, rule 1). Keys and answer are stored in one
// transaction before the answer leaves, and the confirm comes from the table
// afterwards (rule 2). No lock is held while the management system is asked.
#include "registration/server/diagnosis_service.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "registration/rules/key_acceptance.h"
#include "registration/rules/padding.h"
#include "registration/rules/processing_number.h"
#include "registration/server/diagnosis_request.h"

namespace tekmatch {
namespace {

using nlohmann::json;

constexpr char kRefusedCounter[] = "refused";
constexpr char kChaffCounter[] = "chaff";
constexpr char kAlarmCounter[] = "guess_alarm";

// More addresses than this at once are forgotten: the budget of all stays.
constexpr size_t kMostBuckets = 20'000;

// The answer of a JSON object, padded.
HttpResponse Answer(int status, absl::string_view object) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "application/json");
  RandomSource random = RandomSource::FromSystem();
  absl::StatusOr<std::string> padded =
      PadJsonObject(object, kAnswerSizeClasses,
                    [&random](absl::Span<uint8_t> out) { random.Fill(out); });
  response.body = padded.ok() ? *std::move(padded) : std::string(object);
  return response;
}

HttpResponse Reason(int status, absl::string_view reason) {
  return Answer(status, absl::StrCat(R"({"reason":")", reason, "\"}"));
}

HttpResponse RetryLater(int status, absl::string_view reason,
                        absl::Duration wait) {
  HttpResponse response = Reason(status, reason);
  response.headers.emplace_back(
      "Retry-After",
      absl::StrCat(std::max<int64_t>(
          1, absl::ToInt64Seconds(absl::Ceil(wait, absl::Seconds(1))))));
  return response;
}

// `verdicts` has one for each key of the request.
std::string Outcome(absl::Span<const KeyVerdict> verdicts) {
  json rejected = json::array();
  int64_t num_good = 0;
  for (size_t i = 0; i < verdicts.size(); ++i) {
    if (IsGood(verdicts[i])) {
      ++num_good;
    } else {
      rejected.push_back(
          {{"index", i}, {"reason", std::string(KeyVerdictName(verdicts[i]))}});
    }
  }
  return json({{"accepted", num_good}, {"rejected", std::move(rejected)}})
      .dump();
}

// With a tag, the row's hash differs from the claim, which is the plain hash of
// the same key and leaves this server.
Digest TaggedHash(absl::string_view tag, absl::string_view text) {
  return Sha256(absl::StrCat(tag, text));
}

}  // namespace

HttpResponse DiagnosisService::Refusal(int status) {
  switch (status) {
    case 411:
      return Reason(411, "length_required");
    case 413:
      return Reason(413, "too_large");
    case 503:
      return RetryLater(503, "busy", absl::Seconds(5));
    default:
      return Reason(status, "internal");
  }
}

Route DiagnosisService::ToRoute() {
  return {
      .method = "PUT",
      .path = kDiagnosisPath,
      .handler = [this](const HttpRequest& request) { return Put(request); },
      .refusal = &DiagnosisService::Refusal};
}

// --------------------------------------------------------- the steps of a PUT

HttpResponse DiagnosisService::Put(const HttpRequest& request) {
  absl::StatusOr<HttpResponse> response = PutOrFail(request);
  if (response.ok()) return *std::move(response);
  // The disk or the database; the number is reserved at most.
  if (log_ != nullptr) {
    log_->Note(clock_.Now(), response.status().message());
  }
  return RetryLater(503, "unavailable", absl::Seconds(30));
}

absl::StatusOr<HttpResponse> DiagnosisService::PutOrFail(
    const HttpRequest& http) {
  const absl::Time now = clock_.Now();
  const bool is_chaff = !http.Header("X-Chaff").empty();
  const absl::StatusOr<DiagnosisRequest> parsed =
      ParseDiagnosisRequest(http.body);
  // Step 1. Chaff goes on, whatever it holds, so that it takes the time of a
  // request.
  if (!parsed.ok() && !is_chaff) return Reason(400, "malformed");
  const DiagnosisRequest request = parsed.ok() ? *parsed : DiagnosisRequest();

  // Step 2 comes before every check: a repeat gets its answer although its
  // number is used by now, and its keys may be too old by now.
  TEKMATCH_ASSIGN_OR_RETURN(const ServerStorePool::Lease store, stores_.Take());
  const Digest idem_hash = TaggedHash("row:", request.idempotency_key);
  TEKMATCH_ASSIGN_OR_RETURN(const Digest body_digest, DigestOf(request));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<StoredSubmission> earlier,
                            store->FindSubmission(idem_hash));
  const auto answer_again = [&](const StoredSubmission& stored) {
    return stored.body_digest == body_digest ? Answer(200, stored.outcome)
                                             : Reason(409, "other_request");
  };
  if (earlier.has_value() && !is_chaff) return answer_again(*earlier);

  // Steps 3 to 5 are computed for all, and refuse below, so that chaff costs
  // the same work.
  const ProcessingNumber::Parsed number =
      ProcessingNumber::Parse(request.number);
  const bool has_region =
      std::find(request.regions.begin(), request.regions.end(),
                options_.region) != request.regions.end();
  Acceptance acceptance = AcceptKeys(request.keys, now, options_.schedule);
  TEKMATCH_ASSIGN_OR_RETURN(
      const std::vector<std::optional<DiagnosisKey>> stored_keys,
      store->FindKeys(acceptance.accepted));
  if (!is_chaff) {
    if (!number.number.has_value()) return Reason(400, "bad_number_format");
    if (!has_region) return Reason(400, "unsupported_region");
    if (acceptance.verdict != SubmissionVerdict::kAcceptable) {
      return Reason(400, SubmissionVerdictName(acceptance.verdict));
    }
    std::vector<KeyVerdict> verdicts = acceptance.verdicts;
    for (size_t i = 0; i < stored_keys.size(); ++i) {
      const AcceptedKey& accepted = acceptance.accepted[i];
      if (stored_keys[i].has_value()) {
        verdicts[accepted.index] =
            JudgeAgainstStored(accepted.key, *stored_keys[i]);
      }
    }
    const SubmissionVerdict verdict = Conclude(verdicts);
    if (verdict != SubmissionVerdict::kAcceptable) {
      return Reason(400, SubmissionVerdictName(verdict));
    }
    // Step 6 is the last before the number: a request that is malformed should
    // hear of its own fault, not of its neighbours' wrong numbers.
    const absl::Duration wait = RetryAfterOf(http.client, now);
    if (wait > absl::ZeroDuration()) {
      return RetryLater(429, "too_many_wrong_numbers", wait);
    }
  }

  // Step 7. From here on a kill leaves a number that is reserved for this
  // claim, which the phone's retry has, too.
  ReserveMessage message;
  message.number = number.number;
  message.claim = Sha256(request.idempotency_key);
  message.is_chaff = is_chaff;
  const absl::StatusOr<ReserveAnswer> reserved = management_.Reserve(message);
  if (is_chaff) {
    // A transaction, as a request has one. The answer is 200 whether the
    // management system answered or not.
    TEKMATCH_RETURN_IF_ERROR(Count(kChaffCounter, now));
    return Answer(200, Outcome(acceptance.verdicts));
  }
  if (!reserved.ok()) {
    return RetryLater(503, "unreachable", absl::Seconds(30));
  }
  if (reserved->num_live.has_value()) {
    const std::lock_guard<std::mutex> lock(mutex_);
    num_live_ = *reserved->num_live;
  }
  if (reserved->result == ReserveResult::kRefused) {
    // One answer for all causes: unknown, expired, used, or claimed by another
    // (section 5). More would help to guess.
    HttpResponse response = Reason(406, "number_refused");
    TEKMATCH_ASSIGN_OR_RETURN(response.not_before,
                              CountWrong(http.client, now));
    return response;
  }

  // Step 8. The lock is taken after the call of the management system, so that
  // nobody's writing waits for another process.
  const std::unique_lock<std::mutex> write_lock = store.WriteLock();
  TEKMATCH_ASSIGN_OR_RETURN(
      const StoredSubmission stored,
      store->StoreSubmission(
          {.idem_hash = idem_hash,
           .body_digest = body_digest,
           .claim = message.claim,
           .keys = acceptance.accepted},
          now, [&acceptance](absl::Span<const KeyVerdict> verdicts) {
            std::vector<KeyVerdict> all = acceptance.verdicts;
            for (size_t i = 0; i < verdicts.size(); ++i) {
              // What repeats a key of the request itself stays so.
              all[acceptance.accepted[i].index] = verdicts[i];
            }
            return Outcome(all);
          }));
  // The same request may have come twice at once, and both passed step 2. The
  // second finds the first's row, and gets its answer.
  if (stored.is_new && on_stored_ != nullptr) on_stored_();
  return answer_again(stored);
}

// --------------------------------------------------------------- budgets

absl::Status DiagnosisService::Restore() {
  const absl::Time now = clock_.Now();
  TEKMATCH_ASSIGN_OR_RETURN(const ServerStorePool::Lease store, stores_.Take());
  // Counters are of whole hours: what may be of the last hour counts.
  for (const absl::Duration age : {absl::Hours(1), absl::ZeroDuration()}) {
    const absl::Time hour =
        absl::FromUnixSeconds(absl::ToUnixSeconds(now - age) / 3600 * 3600);
    TEKMATCH_ASSIGN_OR_RETURN(
        const int64_t num_wrong,
        store->CountOf(kRefusedCounter, hour, hour + absl::Hours(1)));
    if (num_wrong == 0) continue;
    // As late as they can have been: a restart must not make the budget larger
    // than it is.
    const absl::Time last = std::min(now, hour + absl::Minutes(59));
    const std::lock_guard<std::mutex> lock(mutex_);
    budget_.Restore(last, num_wrong);
  }
  return absl::OkStatus();
}

absl::Duration DiagnosisService::RetryAfterOf(const std::string& client,
                                              absl::Time now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto bucket = buckets_.find(client);
  return bucket == buckets_.end() ? absl::ZeroDuration()
                                  : bucket->second.RetryAfter(now);
}

absl::StatusOr<absl::Duration> DiagnosisService::CountWrong(
    const std::string& client, absl::Time now) {
  absl::Duration delay;
  bool alarms = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    delay = budget_.CountWrong(now);
    // A full bucket owes nothing, and is as good as none. Clearing all forgives
    // some addresses; memory without a bound would be worse, and the budget
    // over all clients still holds.
    if (buckets_.size() >= kMostBuckets) {
      std::erase_if(buckets_, [now](const auto& bucket) {
        return bucket.second.IsFull(now);
      });
      if (buckets_.size() >= kMostBuckets) buckets_.clear();
    }
    buckets_.try_emplace(client, options_.bucket, now)
        .first->second.CountWrong(now);
    // One line a minute at most, so that an attack does not fill the log. A
    // clock that was set back must not silence it.
    if (delay > absl::ZeroDuration() &&
        (now - last_alarm_ >= absl::Minutes(1) || now < last_alarm_)) {
      last_alarm_ = now;
      alarms = true;
    }
  }
  // On the disk, since Restore reads it. Outside the lock: other clients'
  // answers must not wait for this transaction.
  TEKMATCH_RETURN_IF_ERROR(Count(kRefusedCounter, now));
  if (delay > absl::ZeroDuration()) {
    TEKMATCH_RETURN_IF_ERROR(Count(kAlarmCounter, now));
  }
  if (alarms && log_ != nullptr) {
    log_->Note(now, "ALARM: more wrong numbers than the budget of an hour");
  }
  return delay;
}

absl::Status DiagnosisService::Count(absl::string_view name, absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(const ServerStorePool::Lease store, stores_.Take());
  const std::unique_lock<std::mutex> write_lock = store.WriteLock();
  return store->Count(name, now);
}

// ---------------------------------------------- confirmation, line of the day

absl::Status DiagnosisService::ConfirmAll() {
  TEKMATCH_ASSIGN_OR_RETURN(const ServerStorePool::Lease store, stores_.Take());
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::vector<Digest> claims,
                              store->UnconfirmedClaims(/*limit=*/100));
    if (claims.empty()) return absl::OkStatus();
    for (const Digest& claim : claims) {
      // Told first, then marked. A kill in between tells it again, which
      // changes nothing there. The other way round, a number would stay
      // reserved and its patient unregistered.
      TEKMATCH_RETURN_IF_ERROR(management_.Confirm(claim));
      const std::unique_lock<std::mutex> write_lock = store.WriteLock();
      TEKMATCH_RETURN_IF_ERROR(store->MarkConfirmed(claim));
    }
  }
}

absl::StatusOr<std::string> DiagnosisService::RiskLine() {
  const absl::Time now = clock_.Now();
  TEKMATCH_ASSIGN_OR_RETURN(const ServerStorePool::Lease store, stores_.Take());
  TEKMATCH_ASSIGN_OR_RETURN(
      const int64_t num_wrong,
      store->CountOf(kRefusedCounter, now - absl::Hours(24),
                     now + absl::Seconds(1)));
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t num_late,
                            store->CountOf(kAlarmCounter, now - absl::Hours(24),
                                           now + absl::Seconds(1)));
  const std::lock_guard<std::mutex> lock(mutex_);
  const int64_t of_hour = budget_.NumWrong(now);
  return absl::StrFormat(
      "wrong numbers: %d in 24 hours, %d of them beyond the budget; %d in the "
      "last hour of %d; %d numbers are good; a guess of the last hour hit with "
      "probability %.2g",
      num_wrong, num_late, of_hour, options_.budget.wrong_per_hour, num_live_,
      HitProbabilityPerHour(of_hour, num_live_));
}

}  // namespace tekmatch
