// The roles of a rehearsal as processes, and their files:
//
//   DIR/hersys, DIR/server, DIR/phones   each role's own
//   DIR/published                        what phones fetch
//   DIR/keys                             secrets that roles share, the signing
//                                        key, the keys of numbers' hashes
//   DIR/clock, DIR/*.log, DIR/*.stderr
//
// Each keeps its address over all starts: ports below those that the system
// gives to clients, and a socket in a folder of its own, as paths of sockets
// are short.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_ROLE_PROCESSES_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_ROLE_PROCESSES_H_

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "keyformat/signature.h"
#include "registration/rehearsal/day_plan.h"
#include "registration/rehearsal/people.h"
#include "registration/rehearsal/rehearsal_config.h"
#include "registration/rehearsal/supervisor.h"
#include "tools/files/scratch_folder.h"

namespace tekmatch {

inline constexpr char kOperatorLogin[] = "rehearsal";

struct RoleSettings {
  std::string folder;
  std::string sms_url;
  std::string smtp_url;
  bool has_phones = false;
};

// For one thread, which lives as long as this.
class RoleProcesses {
 public:
  // Makes folders, keys and secrets. Errors are the system's.
  static absl::StatusOr<std::unique_ptr<RoleProcesses>> Create(
      const RehearsalConfig& config, RoleSettings settings,
      const std::string& sms_secret);

  // Starts all, the first of them by its dependencies, and adds the operator.
  absl::Status StartAll();
  // kill -9, and start again; how long until it is ready.
  absl::StatusOr<absl::Duration> Restart(Role role);
  bool IsThere(Role role) const { return Of(role) != nullptr; }
  bool IsRunning(Role role);
  absl::Status LimitFiles(std::optional<uint64_t> bytes);
  // By SIGTERM; says of each that did not end with 0.
  std::vector<std::string> EndAll();

  const std::string& folder() const { return settings_.folder; }
  std::string Path(const std::string& name) const;
  std::string clock_file() const { return Path("clock"); }
  std::string published_folder() const { return Path("published/c19r/440"); }
  const RoleAddresses& addresses() const { return addresses_; }
  RoleAddresses& addresses() { return addresses_; }
  const ListenAddress& pages() const { return pages_; }
  const std::string& operator_password() const { return password_; }
  const TrustedKeys& trusted() const { return trusted_; }

 private:
  RoleProcesses(const RehearsalConfig& config, RoleSettings settings)
      : config_(config), settings_(std::move(settings)) {}
  absl::Status MakeFiles();
  void MakeChildren();
  const std::unique_ptr<Child>& Of(Role role) const {
    return children_[static_cast<size_t>(role)];
  }

  const RehearsalConfig config_;
  const RoleSettings settings_;
  std::unique_ptr<ScratchFolder> sockets_;
  RoleAddresses addresses_;
  ListenAddress pages_;
  std::string password_;
  TrustedKeys trusted_;
  std::array<std::unique_ptr<Child>, kNumRoles> children_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_ROLE_PROCESSES_H_
