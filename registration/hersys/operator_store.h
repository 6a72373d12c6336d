// The operators of the management system at rest: who may log in, for which
// health centre, and as what. The table `operator` is hersys_store.h's.
//
// An operator belongs to one centre for good. Whoever is disabled stays in the
// table, as the audit names him. In the audit, "operator_set" and
// "operator_disabled" are of the operator who was changed; whoever has the
// machine did that, by the command line, and has no login.
//
// Errors are those of matcher/store/database.h, beside what stands at each
// function.
//
// Source: REGISTRATION rows 4, 30, section 6, rule 9.
#ifndef TEKMATCH_REGISTRATION_HERSYS_OPERATOR_STORE_H_
#define TEKMATCH_REGISTRATION_HERSYS_OPERATOR_STORE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "matcher/store/database.h"

namespace tekmatch {

enum class OperatorRole : uint8_t { kOperator, kAdmin };

// Before the number of failures, in the audit.
inline constexpr char kLoginFailed[] = "login_failed:";

// "operator", "admin", and what the pages say.
absl::string_view OperatorRoleName(OperatorRole role);
absl::string_view OperatorRoleLabel(OperatorRole role);
std::optional<OperatorRole> OperatorRoleOf(absl::string_view name);

// 3 to 64 of a-z, 0-9, point, hyphen, underscore and @.
bool IsLogin(absl::string_view login);

struct Operator {
  int64_t id = 0;
  int64_t centre = 0;
  std::string centre_name;
  std::string inquiry_phone;  // of the centre
  std::string login;
  std::string password_hash;  // passwords.h
  OperatorRole role = OperatorRole::kOperator;
  bool disabled = false;
};

// Over a connection that outlives it, for one thread at a time.
class OperatorStore {
 public:
  explicit OperatorStore(Database& database) : database_(database) {}

  // Adds an operator, or gives one another password and role; who was disabled
  // is no more. The id. INVALID_ARGUMENT: no login. FAILED_PRECONDITION: the
  // login is another centre's.
  absl::StatusOr<int64_t> Put(int64_t centre, absl::string_view login,
                              absl::string_view password_hash,
                              OperatorRole role, absl::Time now);
  // NOT_FOUND: the centre has none of this login.
  absl::Status Disable(int64_t centre, absl::string_view login, absl::Time now);

  // NOT_FOUND: none.
  absl::StatusOr<Operator> FindByLogin(absl::string_view login);
  absl::StatusOr<Operator> Find(int64_t id);

  // In the audit: "login", and before it, where wrong passwords came since the
  // last one, how many ("login_failed:3").
  absl::Status NoteLogin(int64_t id, int64_t num_failures, absl::Time now);

 private:
  Database& database_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_OPERATOR_STORE_H_
