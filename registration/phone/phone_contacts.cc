// Plan: what the phone fetches is checked against what it heard, by the stored
// check; the outcome goes to the phone's store, as dates and counts.
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "keyformat/status_macros.h"
#include "matcher/check/stored_check.h"
#include "matcher/exposure/match_counts.h"
#include "registration/phone/export_fetch.h"
#include "registration/phone/phone.h"

namespace tekmatch {
namespace {

// Of FetchExports, in one fetch: 12 GiB.
constexpr int kMostRounds = 100;
constexpr std::chrono::minutes kMostTime(15);

}  // namespace

absl::StatusOr<FetchResult> Phone::Fetch() {
  const absl::Time now = clock_.Now();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (fetching_) return FetchResult::kBusy;
    fetching_ = true;
  }
  const absl::Cleanup at_end = [this] {
    const std::lock_guard<std::mutex> lock(mutex_);
    fetching_ = false;
  };
  TEKMATCH_RETURN_IF_ERROR(FetchAndCheck(now));
  return FetchResult::kDone;
}

absl::Status Phone::FetchAndCheck(absl::Time now) {
  FetchedRegion before;
  std::vector<DiagnosisKey> own;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                              OpenStore(now, OpenMode::kCreate));
    TEKMATCH_ASSIGN_OR_RETURN(const PhoneSettings settings, store->Settings());
    if (!settings.notification_on) return absl::OkStatus();
    TEKMATCH_ASSIGN_OR_RETURN(before, store->Fetched(options_.region));
    // A clock was set back, or a list was believed that should not have been:
    // all that is listed is checked again.
    if (before.created_ms > absl::ToUnixMillis(now + kMostAhead)) before = {};
    TEKMATCH_ASSIGN_OR_RETURN(own, store->OwnKeys());
  }
  const auto say = [this](CheckState state) -> absl::Status {
    const std::lock_guard<std::mutex> lock(mutex_);
    TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                              PhoneStore::Open(folder_, OpenMode::kCreate));
    return store->SetCheckState(state);
  };

  StoredCheckOptions options;
  options.check.now = now;
  options.check.files.trusted = options_.trusted;
  options.check.window_zone = options_.zone;
  for (const DiagnosisKey& key : own) {
    options.check.own_keys.of_all.insert(key.tek);
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            Database::Open(folder_, OpenMode::kCreate));
  StoredCheckResult checked;
  FetchLimits limits;
  limits.until = std::chrono::steady_clock::now() + kMostTime;
  FetchedRegion after = before;
  for (int round = 0;; ++round) {
    absl::StatusOr<FetchedExports> fetched =
        FetchExports(client_, options_.exports, options_.region,
                     after.created_ms, after.etag, now, limits);
    if (!fetched.ok()) {
      return say(absl::IsUnavailable(fetched.status())
                     ? CheckState::kUnreachable
                     : CheckState::kIncomplete);
    }
    options.check.files.sources = std::move(fetched->sources);
    // Also without anything new: contacts of a fortnight ago go.
    TEKMATCH_ASSIGN_OR_RETURN(checked,
                              CheckStored(*database, fetched->names, options));
    after = {.created_ms = fetched->newest_created_ms,
             .etag = std::move(fetched->etag)};
    if (!fetched->has_more) break;
    if (round == kMostRounds) return say(CheckState::kIncomplete);
  }
  // What was fetched is then fetched again, until every export is read: the
  // phone goes on from where nothing was lacking.
  if (!checked.checked.complete) return say(CheckState::kIncomplete);
  const std::vector<DateCount> days =
      CountByDate(checked.checked.result.matches, options_.zone);
  const CheckState state = CheckCompared(checked.checked).ok() || !days.empty()
                               ? CheckState::kComplete
                               : CheckState::kNothingCompared;
  const std::lock_guard<std::mutex> lock(mutex_);
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                            PhoneStore::Open(folder_, OpenMode::kCreate));
  return store->SetFindings(state, Today(now), days, options_.region, after);
}

absl::StatusOr<StoredFindings> Phone::Findings() {
  const absl::Time now = clock_.Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<PhoneStore> store,
                            OpenStore(now, OpenMode::kCreate));
  return store->Findings();
}

}  // namespace tekmatch
