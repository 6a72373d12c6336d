// Plan: secrets and free ports; the files that roles are given; their commands,
// as an authority would type them; then start, kill and end.
#include "registration/rehearsal/role_processes.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "keyformat/p256_key.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "registration/rehearsal/operators.h"
#include "registration/service/durable_file.h"

namespace tekmatch {
namespace {

constexpr char kKeyId[] = "440";
constexpr char kKeyVersion[] = "v1";
// Linux gives clients ports from 32768 on.
constexpr uint64_t kFirstPort = 15'000;
constexpr uint64_t kNumPorts = 15'000;
constexpr int kMostPortTries = 200;
constexpr absl::Duration kCommandTimeout = absl::Seconds(60);
constexpr absl::Duration kEndGrace = absl::Seconds(30);

std::string RandomText() {
  std::string bytes(24, '\0');
  RandomSource::FromSystem().Fill(
      absl::MakeSpan(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()));
  return absl::BytesToHexString(bytes);
}

// Ports that nobody has at the moment. Each is held until all are found: they
// differ.
absl::StatusOr<std::vector<ListenAddress>> FreePorts(size_t number) {
  RandomSource random = RandomSource::FromSystem();
  std::vector<ListenAddress> found;
  std::vector<int> held;
  const absl::Cleanup close_held = [&held] {
    for (const int fd : held) close(fd);
  };
  for (int i = 0; i < kMostPortTries && found.size() < number; ++i) {
    ListenAddress address;
    address.port = static_cast<uint16_t>(kFirstPort + random.Below(kNumPorts));
    const absl::StatusOr<int> fd = ListenAt(address);
    if (!fd.ok()) continue;
    held.push_back(*fd);
    found.push_back(address);
  }
  if (found.size() < number) {
    return absl::ResourceExhaustedError("no port is free");
  }
  return found;
}

}  // namespace

std::string RoleProcesses::Path(const std::string& name) const {
  return absl::StrCat(settings_.folder, "/", name);
}

absl::StatusOr<std::unique_ptr<RoleProcesses>> RoleProcesses::Create(
    const RehearsalConfig& config, RoleSettings settings,
    const std::string& sms_secret) {
  std::unique_ptr<RoleProcesses> roles(
      new RoleProcesses(config, std::move(settings)));
  roles->addresses_.sms_secret = sms_secret;
  TEKMATCH_RETURN_IF_ERROR(roles->MakeFiles());
  roles->MakeChildren();
  return roles;
}

absl::Status RoleProcesses::MakeFiles() {
  for (const char* name : {"hersys", "server", "published", "phones", "keys"}) {
    TEKMATCH_RETURN_IF_ERROR(MakeFolders(Path(name)));
  }
  TEKMATCH_ASSIGN_OR_RETURN(sockets_, ScratchFolder::Make());
  addresses_.hersys.unix_path = sockets_->path() + "/hersys";
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<ListenAddress> ports,
                            FreePorts(3));
  addresses_.server = ports[0];
  pages_ = ports[1];
  addresses_.phones = ports[2];
  password_ = RandomText();

  TEKMATCH_ASSIGN_OR_RETURN(const SigningKey key, SigningKey::Generate());
  TEKMATCH_ASSIGN_OR_RETURN(const std::string private_pem, key.PrivatePem());
  TEKMATCH_ASSIGN_OR_RETURN(const std::string public_pem, key.PublicPem());
  TEKMATCH_ASSIGN_OR_RETURN(const VerificationKey public_key,
                            VerificationKey::Parse(public_pem));
  TEKMATCH_RETURN_IF_ERROR(trusted_.AddSet(
      {TrustedKey{.id = kKeyId, .version = kKeyVersion, .key = public_key}}));
  TEKMATCH_RETURN_IF_ERROR(WriteDurably(Path("keys/signing.pem"), private_pem));
  TEKMATCH_RETURN_IF_ERROR(WriteDurably(Path("keys/public.pem"), public_pem));
  TEKMATCH_RETURN_IF_ERROR(WriteDurably(Path("keys/secret"), RandomText()));
  return WriteDurably(Path("keys/sms-secret"), addresses_.sms_secret);
}

void RoleProcesses::MakeChildren() {
  const auto make = [this](Role role, std::vector<std::string> arguments,
                           int num_ready_lines) {
    const std::string name = RoleName(role);
    arguments.insert(arguments.begin(), name);
    arguments.insert(arguments.end(), {"--log", Path(name + ".log"),
                                       "--clock-file", clock_file()});
    children_[static_cast<size_t>(role)] = std::make_unique<Child>(
        ChildOptions{.program = "",
                     .arguments = std::move(arguments),
                     .stderr_path = Path(name + ".stderr"),
                     .num_ready_lines = num_ready_lines});
  };
  make(Role::kHersys,
       {"--data", Path("hersys"), "--key-file", Path("keys/number-keys"),
        "--listen", addresses_.hersys.ToString(), "--pages", pages_.ToString(),
        "--secret-file", Path("keys/secret"), "--sms-url", settings_.sms_url,
        "--sms-secret-file", Path("keys/sms-secret"), "--smtp-url",
        settings_.smtp_url, "--mail-from", "cocoa@example.jp", "--link",
        "https://example.jp/a/", "--life-minutes",
        absl::StrCat(config_.life_minutes), "--life-from", config_.life_from,
        // The rehearsal's faults may last; nobody shall be given up.
        "--tries", "100000"},
       2);
  make(Role::kServer,
       {"--data",
        Path("server"),
        "--out",
        Path("published"),
        "--signing-key",
        Path("keys/signing.pem"),
        "--key-id",
        kKeyId,
        "--key-version",
        kKeyVersion,
        "--slots",
        config_.slots,
        "--listen",
        addresses_.server.ToString(),
        "--management",
        addresses_.hersys.ToString(),
        "--secret-file",
        Path("keys/secret"),
        "--client-header",
        "X-Real-IP",
        "--wrong-per-hour",
        absl::StrCat(config_.wrong_per_hour)},
       1);
  if (!settings_.has_phones) return;
  const std::string server =
      absl::StrCat("http://", addresses_.server.ToString());
  make(Role::kPhone,
       {"--phones", Path("phones"), "--listen", addresses_.phones.ToString(),
        "--server", server, "--exports", server, "--public-key",
        Path("keys/public.pem"), "--key-id", kKeyId, "--inquiry-phone",
        kInquiryPhone},
       1);
}

absl::Status RoleProcesses::StartAll() {
  // The operator comes first: `hersys` needs no folder by then.
  TEKMATCH_ASSIGN_OR_RETURN(
      const CommandResult added,
      RunCommand(
          {"operator", "--data", Path("hersys"), "--centre", kRehearsalCentre,
           "--inquiry-phone", kInquiryPhone, "--login", kOperatorLogin,
           "--password-file", "-", "--clock-file", clock_file()},
          password_, kCommandTimeout));
  if (added.exit_status != 0) {
    return absl::InternalError(
        absl::StrCat("operator was not added: ", added.output));
  }
  for (const Role role : {Role::kHersys, Role::kServer, Role::kPhone}) {
    if (IsThere(role)) TEKMATCH_RETURN_IF_ERROR(Of(role)->Start());
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Duration> RoleProcesses::Restart(Role role) {
  if (!IsThere(role)) return absl::ZeroDuration();
  const absl::Time begin = absl::Now();
  Of(role)->Kill();
  TEKMATCH_RETURN_IF_ERROR(Of(role)->Start());
  return absl::Now() - begin;
}

bool RoleProcesses::IsRunning(Role role) {
  return IsThere(role) && Of(role)->IsRunning();
}

absl::Status RoleProcesses::LimitFiles(std::optional<uint64_t> bytes) {
  for (const std::unique_ptr<Child>& child : children_) {
    if (child != nullptr) TEKMATCH_RETURN_IF_ERROR(child->LimitFiles(bytes));
  }
  return absl::OkStatus();
}

std::vector<std::string> RoleProcesses::EndAll() {
  std::vector<std::string> failed;
  for (const Role role : {Role::kPhone, Role::kServer, Role::kHersys}) {
    if (!IsThere(role)) continue;
    const std::optional<int> status = Of(role)->End(kEndGrace);
    if (status == 0) continue;
    failed.push_back(
        absl::StrCat(RoleName(role), " ended with ",
                     status.has_value() ? absl::StrCat(*status) : "a signal"));
  }
  return failed;
}

}  // namespace tekmatch
