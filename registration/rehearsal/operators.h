// The health centre's people: they have numbers sent.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_OPERATORS_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_OPERATORS_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "registration/rehearsal/day_plan.h"
#include "registration/rehearsal/loopback_client.h"
#include "registration/service/listen_address.h"

namespace tekmatch {

inline constexpr char kRehearsalCentre[] = "リハーサル保健所";
inline constexpr char kInquiryPhone[] = "03-1234-5678";

// What an operator knows of a patient.
struct PatientCard {
  std::optional<int64_t> patient;  // once it is added
  std::string uuid;  // of the issue that is under way; kept until it is clear
};

enum class IssueOutcome : uint8_t {
  kQueued,
  kTryAgain,  // it is not clear, or the system is away: again with the same
              // uuid
  kRegistered,
  kTooManyToday,
  kTooManyLive,
  kRefused,  // another reason
};

class Operators {
 public:
  virtual ~Operators() = default;
  // Adds the patient where that is not done yet, and presses the button. For
  // any number of threads; one at a time for a patient.
  virtual IssueOutcome Issue(const PersonPlan& person, PatientCard& card) = 0;
};

// By `tekmatch-registry issue`, as people without a browser do.
class CommandOperators : public Operators {
 public:
  CommandOperators(std::string data, std::string clock_file)
      : data_(std::move(data)), clock_file_(std::move(clock_file)) {}

  IssueOutcome Issue(const PersonPlan& person, PatientCard& card) override;

 private:
  const std::string data_;
  const std::string clock_file_;
};

// By the pages, logged in as one operator in several browsers.
class PageOperators : public Operators {
 public:
  PageOperators(ListenAddress pages, std::string login, std::string password)
      : pages_(std::move(pages)),
        login_(std::move(login)),
        password_(std::move(password)) {}

  IssueOutcome Issue(const PersonPlan& person, PatientCard& card) override;

 private:
  // A browser that shows a page of an operator's; null: the pages are away.
  std::unique_ptr<PageClient> Browser(const std::string& target);
  IssueOutcome IssueIn(PageClient& browser, const PersonPlan& person,
                       PatientCard& card);

  const ListenAddress pages_;
  const std::string login_;
  const std::string password_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<PageClient>> idle_;
};

// What `issue` said, by its exit status and output.
IssueOutcome ReadIssueOutput(int exit_status, absl::string_view output,
                             PatientCard& card);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_OPERATORS_H_
