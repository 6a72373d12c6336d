// Plan: rows to values; roles and logins; changes, each with its line in the
// audit; look-ups.
#include "registration/hersys/operator_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "registration/hersys/hersys_rows.h"

namespace tekmatch {
namespace {

constexpr char kColumns[] =
    "SELECT o.id, o.center_id, c.name, c.inquiry_phone, o.login, o.argon2, "
    "o.role, o.disabled FROM operator o JOIN center c ON c.id = o.center_id "
    "WHERE ";

absl::StatusOr<Operator> OperatorFrom(const Database& database,
                                      Statement& select) {
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return absl::NotFoundError("no such operator");
  const std::optional<OperatorRole> role = OperatorRoleOf(select.Text(6));
  // A role that a newer program wrote must not become the first of ours.
  if (!role.has_value()) {
    return database.Damaged("an operator has no such role");
  }
  return Operator{.id = select.Int64(0),
                  .centre = select.Int64(1),
                  .centre_name = std::string(select.Text(2)),
                  .inquiry_phone = std::string(select.Text(3)),
                  .login = std::string(select.Text(4)),
                  .password_hash = std::string(select.Text(5)),
                  .role = *role,
                  .disabled = select.Int64(7) != 0};
}

absl::Status AddToAudit(Database& database, int64_t id, absl::string_view what,
                        absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database.Prepare("INSERT INTO audit(at, operator_id, what, patient_id) "
                       "VALUES(?1, ?2, ?3, 0)"));
  insert.BindInt64(1, MillisOf(now)).BindInt64(2, id).BindText(3, what);
  return insert.Run();
}

}  // namespace

absl::string_view OperatorRoleName(OperatorRole role) {
  return role == OperatorRole::kAdmin ? "admin" : "operator";
}

absl::string_view OperatorRoleLabel(OperatorRole role) {
  return role == OperatorRole::kAdmin ? "管理者" : "担当者";
}

std::optional<OperatorRole> OperatorRoleOf(absl::string_view name) {
  if (name == "operator") return OperatorRole::kOperator;
  if (name == "admin") return OperatorRole::kAdmin;
  return std::nullopt;
}

bool IsLogin(absl::string_view login) {
  return login.size() >= 3 && login.size() <= 64 &&
         std::all_of(login.begin(), login.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return absl::ascii_islower(byte) || absl::ascii_isdigit(byte) ||
                  c == '.' || c == '-' || c == '_' || c == '@';
         });
}

absl::StatusOr<int64_t> OperatorStore::Put(int64_t centre,
                                           absl::string_view login,
                                           absl::string_view password_hash,
                                           OperatorRole role, absl::Time now) {
  if (!IsLogin(login)) {
    return absl::InvalidArgumentError(
        "a login has 3 to 64 of a-z, 0-9 and . - _ @");
  }
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  // The centre is in both conditions: no other centre can take a login over by
  // setting its password, and a centre that is none adds nobody.
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement put,
      database_.Prepare(
          "INSERT INTO operator(center_id, login, argon2, role, disabled) "
          "SELECT id, ?2, ?3, ?4, 0 FROM center WHERE id = ?1 ON "
          "CONFLICT(login) DO UPDATE SET argon2 = ?3, role = ?4, disabled = 0 "
          "WHERE center_id = ?1"));
  put.BindInt64(1, centre)
      .BindText(2, login)
      .BindText(3, password_hash)
      .BindText(4, OperatorRoleName(role));
  TEKMATCH_RETURN_IF_ERROR(put.Run());
  if (database_.num_changes() != 1) {
    return absl::FailedPreconditionError("this login is another centre's");
  }
  TEKMATCH_ASSIGN_OR_RETURN(const Operator found, FindByLogin(login));
  TEKMATCH_RETURN_IF_ERROR(
      AddToAudit(database_, found.id, "operator_set", now));
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return found.id;
}

absl::Status OperatorStore::Disable(int64_t centre, absl::string_view login,
                                    absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_.Prepare("UPDATE operator SET disabled = 1 WHERE login = ?1 AND "
                        "center_id = ?2"));
  update.BindText(1, login).BindInt64(2, centre);
  TEKMATCH_RETURN_IF_ERROR(update.Run());
  if (database_.num_changes() != 1) {
    return absl::NotFoundError("the centre has no operator of this login");
  }
  TEKMATCH_ASSIGN_OR_RETURN(const Operator found, FindByLogin(login));
  TEKMATCH_RETURN_IF_ERROR(
      AddToAudit(database_, found.id, "operator_disabled", now));
  return transaction.Commit();
}

absl::StatusOr<Operator> OperatorStore::FindByLogin(absl::string_view login) {
  TEKMATCH_ASSIGN_OR_RETURN(Statement select, database_.Prepare(absl::StrCat(
                                                  kColumns, "o.login = ?1")));
  select.BindText(1, login);
  return OperatorFrom(database_, select);
}

absl::StatusOr<Operator> OperatorStore::Find(int64_t id) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select, database_.Prepare(absl::StrCat(kColumns, "o.id = ?1")));
  select.BindInt64(1, id);
  return OperatorFrom(database_, select);
}

absl::Status OperatorStore::NoteLogin(int64_t id, int64_t num_failures,
                                      absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(database_, Durability::kFull));
  if (num_failures > 0) {
    TEKMATCH_RETURN_IF_ERROR(AddToAudit(
        database_, id, absl::StrCat(kLoginFailed, num_failures), now));
  }
  TEKMATCH_RETURN_IF_ERROR(AddToAudit(database_, id, "login", now));
  return transaction.Commit();
}

}  // namespace tekmatch
