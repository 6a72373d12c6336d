// Plan: `operator` of tekmatch-registry adds, changes and disables who may log
// in at the pages of a `hersys`, which may run meanwhile: it looks operators up
// at each request. The first operator of a centre is made here, too, since
// nobody else could.
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/store/database.h"
#include "registration/commands/command.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/passwords.h"
#include "registration/rules/notice_text.h"
#include "registration/service/clock.h"
#include "tools/commands/command_line.h"
#include "tools/files/small_file.h"

namespace tekmatch {
namespace {

constexpr uint64_t kMostPasswordBytes = 4 << 10;

struct Options {
  std::string data;
  std::string centre;
  std::string inquiry_phone;
  std::string login;
  std::string role = "operator";
  std::string password_file;
  bool disable = false;
  std::string clock_file;
};

// A file, or "-": arguments are seen by everybody on the machine.
absl::StatusOr<std::string> ReadPassword(const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(
      std::string password,
      ReadSmallFile(path, kMostPasswordBytes, "a password"));
  // Most editors end a file with a line feed, which nobody can type.
  if (absl::EndsWith(password, "\n")) password.pop_back();
  if (absl::EndsWith(password, "\r")) password.pop_back();
  TEKMATCH_RETURN_IF_ERROR(OfFile(path, CheckPassword(password)));
  return password;
}

absl::StatusOr<int> ChangeOperator(const Options& o) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Clock> clock,
                            ClockFrom(o.clock_file));
  if (o.disable == !o.password_file.empty()) {
    return absl::InvalidArgumentError(
        "one of --password-file and --disable is needed");
  }
  if (o.disable) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<HersysStore> store,
                              HersysStore::Open(o.data, OpenMode::kExisting));
    TEKMATCH_ASSIGN_OR_RETURN(const int64_t centre,
                              store->FindCentre(o.centre));
    TEKMATCH_RETURN_IF_ERROR(
        store->operators().Disable(centre, o.login, clock->Now()));
    TEKMATCH_RETURN_IF_ERROR(PrintLine(absl::StrCat("disabled ", o.login)));
    return kExitDone;
  }
  // What is typed comes before anything is written.
  if (!IsLogin(o.login)) {
    return absl::InvalidArgumentError(
        "--login: 3 to 64 of a-z, 0-9 and . - _ @ are wanted");
  }
  if (!o.inquiry_phone.empty()) {
    // The link and the life just have to pass; the `hersys` has the real ones.
    TEKMATCH_RETURN_IF_ERROR(
        Validate(NoticeSettings{.telephone = o.inquiry_phone,
                                .link = "https://localhost/",
                                .life = {}}));
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::string password,
                            ReadPassword(o.password_file));
  TEKMATCH_ASSIGN_OR_RETURN(const std::string hash, HashPassword(password));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<HersysStore> store,
                            HersysStore::Open(o.data, OpenMode::kCreate));
  // Nor may a centre be made, or get another telephone, for nothing.
  const absl::StatusOr<Operator> before =
      store->operators().FindByLogin(o.login);
  if (!before.ok() && !absl::IsNotFound(before.status())) {
    return before.status();
  }
  if (before.ok() && before->centre_name != o.centre) {
    return absl::FailedPreconditionError("this login is another centre's");
  }
  int64_t centre = 0;
  if (o.inquiry_phone.empty()) {
    TEKMATCH_ASSIGN_OR_RETURN(centre, store->FindCentre(o.centre));
  } else {
    TEKMATCH_ASSIGN_OR_RETURN(centre,
                              store->PutCentre(o.centre, o.inquiry_phone));
  }
  TEKMATCH_RETURN_IF_ERROR(
      store->operators()
          .Put(centre, o.login, hash, *OperatorRoleOf(o.role), clock->Now())
          .status());
  TEKMATCH_RETURN_IF_ERROR(PrintLine(absl::StrCat(o.role, " ", o.login)));
  return kExitDone;
}

}  // namespace

void AddOperatorCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "operator", "Add, change or disable who may log in at the pages");
  const auto o = std::make_shared<Options>();
  command.Text("--data", o->data, "Folder of the database of `hersys`")
      .Required();
  command.Text("--centre", o->centre, "Name of the operator's health centre")
      .Required();
  command.Text("--inquiry-phone", o->inquiry_phone,
               "Its telephone, which messages name; once at least");
  command.Text("--login", o->login, "3 to 64 of a-z, 0-9 and . - _ @")
      .Required();
  command
      .Text("--role", o->role, "operator, or admin, who sees the audit as well")
      .OneOf({"operator", "admin"})
      .ShowDefault();
  command.Text("--password-file", o->password_file,
               "File of the password, 12 to 128 characters; - is stdin");
  command.Flag("--disable", o->disable,
               "The operator's sessions end, and no log-in succeeds");
  command.Text("--clock-file", o->clock_file,
               "File that holds the time, for rehearsals");
  command.Runs([o] { return ChangeOperator(*o); });
}

}  // namespace tekmatch
