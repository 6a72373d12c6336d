#include "matcher/store/meta.h"

#include "keyformat/status_macros.h"

namespace tekmatch {

absl::StatusOr<std::optional<int64_t>> GetNumber(Database& database,
                                                 absl::string_view name) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database.Prepare("SELECT value FROM meta WHERE name = ?1"));
  select.BindText(1, name);
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return std::optional<int64_t>();
  return std::optional<int64_t>(select.Int64(0));
}

absl::Status SetNumber(Database& database, absl::string_view name,
                       int64_t value) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database.Prepare("INSERT OR REPLACE INTO meta(name, value) "
                       "VALUES(?1, ?2)"));
  return insert.BindText(1, name).BindInt64(2, value).Run();
}

absl::Status ForgetNumber(Database& database, absl::string_view name) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement erase, database.Prepare("DELETE FROM meta WHERE name = ?1"));
  return erase.BindText(1, name).Run();
}

}  // namespace tekmatch
