// Plan: a collector of what is broken; a function for each invariant.
#include "registration/rehearsal/invariants.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace tekmatch {
namespace {

constexpr size_t kMostExamples = 5;

class Collector {
 public:
  explicit Collector(std::string name) { result_.name = std::move(name); }

  void Check(bool holds, const std::string& example) {
    ++result_.num_checked;
    if (holds) return;
    ++result_.num_broken;
    if (result_.examples.size() < kMostExamples) {
      result_.examples.push_back(example);
    }
  }
  InvariantResult Take() && { return std::move(result_); }

 private:
  InvariantResult result_;
};

InvariantResult AcceptedKeys(const Evidence& evidence) {
  absl::flat_hash_map<Tek, int> exports_of;
  for (const SeenExport& file : evidence.exports) {
    for (const Tek& tek : file.keys) ++exports_of[tek];
  }
  Collector collector("each_accepted_key_in_one_export");
  for (const Tek& tek : evidence.accepted) {
    const auto found = exports_of.find(tek);
    const int n = found == exports_of.end() ? 0 : found->second;
    collector.Check(n == 1,
                    absl::StrCat("an accepted key is in ", n, " exports"));
  }
  return std::move(collector).Take();
}

InvariantResult RefusedKeys(const Evidence& evidence) {
  absl::flat_hash_set<Tek> published;
  for (const SeenExport& file : evidence.exports) {
    published.insert(file.keys.begin(), file.keys.end());
  }
  Collector collector("no_refused_key_published");
  for (const Tek& tek : evidence.refused) {
    collector.Check(!published.contains(tek),
                    "a key of a refused request is published");
  }
  return std::move(collector).Take();
}

InvariantResult NumbersOnce(const Evidence& evidence) {
  std::map<std::string, std::set<std::string>> requests_of_number;
  std::map<int, std::set<std::string>> requests_of_person;
  for (const NumberUse& use : evidence.uses) {
    requests_of_number[use.number].insert(use.request);
    if (use.person >= 0) requests_of_person[use.person].insert(use.request);
  }
  Collector collector("no_number_good_twice");
  for (const auto& [number, requests] : requests_of_number) {
    collector.Check(
        requests.size() == 1,
        absl::StrCat("a number was good for ", requests.size(), " requests"));
  }
  for (const auto& [person, requests] : requests_of_person) {
    collector.Check(requests.size() == 1,
                    absl::StrCat("person ", person, " has ", requests.size(),
                                 " successes"));
  }
  return std::move(collector).Take();
}

InvariantResult NotAfterItsHour(const Evidence& evidence) {
  Collector collector("none_good_after_its_hour");
  for (const NumberUse& use : evidence.uses) {
    const auto sent = evidence.sent.find(use.number);
    if (sent == evidence.sent.end()) {
      collector.Check(false, "a number was good that was never sent");
      continue;
    }
    absl::Time latest = absl::InfinitePast();
    for (const SentNumber& message : sent->second) {
      latest = std::max(latest, message.arrived);
    }
    // The clock may have been set back while the request was under way.
    const absl::Time used = std::min(use.sent, use.answered);
    const absl::Duration over =
        used - (latest + evidence.latest_begin + evidence.life);
    collector.Check(
        over <= absl::ZeroDuration(),
        absl::StrCat("a number was good ", absl::ToInt64Seconds(over),
                     " s after its life"));
  }
  for (const Probe& probe : evidence.probes) {
    collector.Check(probe.was_good == probe.should_be_good,
                    absl::StrCat(probe.what, ": was ",
                                 probe.was_good ? "good" : "refused"));
  }
  return std::move(collector).Take();
}

InvariantResult Messages(const Evidence& evidence) {
  Collector collector("each_message_to_its_person");
  for (const auto& [number, messages] : evidence.sent) {
    for (const SentNumber& message : messages) {
      collector.Check(message.person >= 0,
                      "a message went to nobody who was issued a number");
    }
  }
  for (int64_t i = 0; i < evidence.num_without_number; ++i) {
    collector.Check(false, "a message had no number");
  }
  for (int64_t i = 0; i < evidence.num_wrong_signatures; ++i) {
    collector.Check(false, "the SMS gateway got a request that was not signed");
  }
  return std::move(collector).Take();
}

InvariantResult Ends(const Evidence& evidence) {
  Collector collector("everyone_ended");
  for (size_t i = 0; i < evidence.ends.size(); ++i) {
    collector.Check(evidence.ends[i] != PersonEnd::kOpen,
                    absl::StrCat("person ", i, " still waits"));
  }
  return std::move(collector).Take();
}

InvariantResult Contacts(const Evidence& evidence) {
  Collector collector("contacts_as_expected");
  for (size_t i = 0; i < evidence.notices.size(); ++i) {
    const PhoneNotice& notice = evidence.notices[i];
    collector.Check(
        notice.failure.empty() && notice.expected == notice.shown,
        notice.failure.empty()
            ? absl::StrCat("phone ", i, " shows ", notice.shown.size(),
                           " dates; expected are ", notice.expected.size(),
                           ", or their counts differ")
            : absl::StrCat("phone ", i, ": ", notice.failure));
  }
  InvariantResult result = std::move(collector).Take();
  if (!evidence.phones_were_asked) result.not_checked = "no phone was asked";
  return result;
}

InvariantResult Secrets(const Evidence& evidence) {
  Collector collector("no_secret_in_any_file");
  for (const SecretHit& hit : evidence.secrets) {
    collector.Check(false,
                    absl::StrCat(hit.file, ": ", SecretKindName(hit.kind),
                                 " at byte ", hit.offset));
  }
  InvariantResult result = std::move(collector).Take();
  result.num_checked = evidence.num_files_scanned;
  return result;
}

InvariantResult Exports(const Evidence& evidence) {
  Collector collector("exports_are_valid");
  for (const SeenExport& file : evidence.exports) {
    collector.Check(file.defect.empty(),
                    absl::StrCat(file.file, ": ", file.defect));
    collector.Check(file.listed,
                    absl::StrCat(file.file, ": is not in the list"));
  }
  for (const std::string& name : evidence.listed_without_file) {
    collector.Check(false, absl::StrCat(name, ": is listed and not there"));
  }
  return std::move(collector).Take();
}

InvariantResult Processes(const Evidence& evidence) {
  Collector collector("no_process_ended_by_itself");
  for (const std::string& what : evidence.unexpected_ends) {
    collector.Check(false, what);
  }
  InvariantResult result = std::move(collector).Take();
  result.num_checked = evidence.num_roles;
  return result;
}

}  // namespace

std::vector<InvariantResult> CheckInvariants(const Evidence& evidence) {
  std::vector<InvariantResult> results;
  results.reserve(10);
  for (const auto check :
       {&AcceptedKeys, &RefusedKeys, &NumbersOnce, &NotAfterItsHour, &Messages,
        &Ends, &Contacts, &Secrets, &Exports, &Processes}) {
    results.push_back(check(evidence));
  }
  return results;
}

}  // namespace tekmatch
