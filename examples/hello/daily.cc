// What an app does day after day: it adds what it heard to a store, and checks
// the exports that are new.
//
//   daily FOLDER KEY_ID KEY_VERSION PUBLIC_KEY.pem TODAY EXPORT... < SIGHTINGS
//   daily FOLDER     forgets everything
//
// Sightings, dates and rules as in hello.cc.
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "keyformat/p256_key.h"
#include "matcher/check/check_lock.h"
#include "matcher/check/stored_check.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "sightings.h"

namespace {

// What is damaged is set aside, never emptied.
absl::StatusOr<std::unique_ptr<tekmatch::Database>> Open(
    const std::string& folder) {
  auto database = tekmatch::Database::Open(folder, tekmatch::OpenMode::kCreate);
  if (!absl::IsDataLoss(database.status())) return database;
  if (auto aside = tekmatch::Database::SetAside(folder); !aside.ok()) {
    return aside.status();
  }
  return tekmatch::Database::Open(folder, tekmatch::OpenMode::kCreate);
}

// From the callback of a scan, as often as one likes.
absl::Status AddScan(tekmatch::Database& database,
                     const std::vector<tekmatch::Sighting>& scan,
                     absl::Time now) {
  auto store = tekmatch::SightingStore::Create(database);
  if (!store.ok()) return store.status();
  return store->Add(scan, now).status();
}

// The system wants an end.
std::atomic<bool> is_stopped = false;

absl::Status Check(tekmatch::Database& database,
                   const std::vector<std::string>& exports,
                   tekmatch::ExposureCheckOptions rules) {
  tekmatch::StoredCheckOptions options;
  options.check = std::move(rules);
  // Both are called by one thread at a time, any one.
  options.check.cancelled = [] { return is_stopped.load(); };
  uint64_t num_keys_read = 0;  // for a progress bar
  options.check.progress = [&](size_t /*num_files*/, uint64_t num_keys) {
    num_keys_read = num_keys;
  };
  options.max_time = absl::Seconds(20);  // the next check goes on
  auto checked = tekmatch::CheckStored(database, exports, options);
  if (!checked.ok()) return checked.status();
  for (const tekmatch::GivenExport& given : checked->given) {
    std::cout << given.path << ": " << tekmatch::GivenStateName(given.state)
              << "\n";  // not_reached: give it again
  }
  if (!checked->checked.complete) return absl::OkStatus();
  // Whether "no contact" would rest on anything.
  if (auto s = tekmatch::CheckCompared(checked->checked); !s.ok()) return s;
  for (const tekmatch::DailySummary& day :
       checked->checked.findings.at(0).days) {
    std::cout << day.date << "\n";
  }
  return absl::OkStatus();
}

absl::Status Forget(tekmatch::Database& database) {
  auto lock = tekmatch::CheckLock::Take(database.folder());
  if (!lock.ok()) return lock.status();  // UNAVAILABLE: a check runs
  auto erased = tekmatch::ForgetEverything(database);
  if (!erased.ok()) return erased.status();
  if (!*erased) std::cout << "another process reads the store: call it again\n";
  return absl::OkStatus();
}

int Fail(const absl::Status& status) {
  std::cerr << status.message() << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc < 7) return 2;
  std::signal(SIGTERM, [](int) { is_stopped = true; });
  const auto database = Open(argv[1]);
  if (!database.ok()) return Fail(database.status());
  if (argc == 2) {
    const absl::Status s = Forget(**database);
    return s.ok() ? 0 : Fail(s);
  }
  std::ifstream file(argv[4]);
  const std::string pem{std::istreambuf_iterator<char>(file), {}};
  const auto key = tekmatch::VerificationKey::Parse(pem);
  if (!key.ok()) return Fail(key.status());
  tekmatch::ExposureCheckOptions rules;
  absl::Status status = rules.files.trusted.AddSet(
      {tekmatch::TrustedKey{argv[2], argv[3], *key}});
  if (!status.ok()) return Fail(status);
  absl::CivilDay today;
  absl::TimeZone tokyo;
  if (!absl::ParseCivilTime(argv[5], &today) ||
      !absl::LoadTimeZone("Asia/Tokyo", &tokyo)) {
    return 2;
  }
  rules.zone = rules.window_zone = tokyo;
  rules.window_policy = *tekmatch::NamedTransmissionWindowPolicy("cocoa-3");
  rules.config = *tekmatch::NamedExposureConfig("cocoa");
  rules.now = absl::FromCivil(today + 1, tokyo) - absl::Seconds(1);

  int num_bad = 0;
  status = AddScan(**database, ReadSightings(std::cin, num_bad), rules.now);
  if (!status.ok()) return Fail(status);
  status = Check(**database, {argv + 6, argv + argc}, rules);
  return status.ok() ? 0 : Fail(status);
}
