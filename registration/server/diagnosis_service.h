// PUT /v1/diagnosis: a person's keys, for a number that is good.
//
// The order, in which everything that can fail without the number comes before
// it (F1, F5: COCOA's server spent it first):
//
//   1  the body is a request                              400 malformed
//   2  this request was answered already                  the same answer; with
//                                                         another body 409
//   3  its number has 8 digits                            400 bad_number_format
//   4  it names the region                                400
//   unsupported_region 5  its keys, by key_acceptance.h, and against what 400
//   nothing_to_send,
//      is stored                                          too_many_keys,
//                                                         no_acceptable_key
//   6  its client may try a number                        429 with Retry-After
//   7  the management system reserves the number          406, or 503 with
//                                                         Retry-After
//   8  keys and answer are stored, in one transaction     200
//   9  later: the management system is told that the number is used, until it
//      says that it knows (ConfirmAll)
//
// A kill between any two of them leads the phone's retry to the same answer:
// before 8 the number is reserved at most, for the claim that the retry has,
// too; after it the answer is there.
//
// Answers are {"accepted":n,"rejected":[{"index":i,"reason":"..."}]} or
// {"reason":"..."}, all padded to one size (padding.h). With X-Chaff they come
// from the same steps, but nothing is stored, and the answer is 200 (F3).
//
// A wrong number costs what a right one does, a transaction included. Too many
// of them, over all clients, are answered later, and alarm (guess_budget.h).
//
// Source: REGISTRATION sections 5 and 6.
#ifndef TEKMATCH_REGISTRATION_SERVER_DIAGNOSIS_SERVICE_H_
#define TEKMATCH_REGISTRATION_SERVER_DIAGNOSIS_SERVICE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "registration/rules/guess_budget.h"
#include "registration/rules/publish_schedule.h"
#include "registration/server/management_system.h"
#include "registration/server/server_store.h"
#include "registration/server/server_store_pool.h"
#include "registration/service/clock.h"
#include "registration/service/http_message.h"
#include "registration/service/request_log.h"
#include "registration/service/router.h"

namespace tekmatch {

inline constexpr char kDiagnosisPath[] = "/v1/diagnosis";

struct DiagnosisServiceOptions {
  std::string region = "440";
  PublishSchedule schedule;
  GuessBudgetOptions budget;
  AddressBucketOptions bucket;
};

// Any number of threads may call at once.
class DiagnosisService {
 public:
  // All but `log` outlive it and are not null.
  DiagnosisService(const DiagnosisServiceOptions& options,
                   ServerStorePool& stores, ManagementSystem& management,
                   const Clock& clock, RequestLog* log)
      : options_(options),
        stores_(stores),
        management_(management),
        clock_(clock),
        log_(log),
        budget_(options.budget) {}

  // Reads the wrong numbers of the last hour, which a restart does not forgive.
  absl::Status Restore();

  HttpResponse Put(const HttpRequest& request);
  // As the route's refusal: padded as all answers.
  static HttpResponse Refusal(int status);
  Route ToRoute();

  // Called after each submission that is stored; returns at once.
  void OnStored(std::function<void()> callback) {
    on_stored_ = std::move(callback);
  }
  // Tells the management system of used numbers until none is left or it does
  // not answer.
  absl::Status ConfirmAll();

  // For the log of the day: wrong numbers of the last 24 hours, those of the
  // last hour against the budget, numbers that are good, and the probability
  // that a guess of the last hour hit.
  absl::StatusOr<std::string> RiskLine();

 private:
  absl::StatusOr<HttpResponse> PutOrFail(const HttpRequest& request);
  absl::Duration RetryAfterOf(const std::string& client, absl::Time now);
  // How long the answer waits.
  absl::StatusOr<absl::Duration> CountWrong(const std::string& client,
                                            absl::Time now);
  absl::Status Count(absl::string_view name, absl::Time now);

  const DiagnosisServiceOptions options_;
  ServerStorePool& stores_;
  ManagementSystem& management_;
  const Clock& clock_;
  RequestLog* const log_;
  std::function<void()> on_stored_;

  std::mutex mutex_;  // of all below
  GuessBudget budget_;
  // By address, in memory only.
  std::map<std::string, AddressBucket> buckets_;
  int64_t num_live_ = 0;
  absl::Time last_alarm_ = absl::InfinitePast();
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVER_DIAGNOSIS_SERVICE_H_
