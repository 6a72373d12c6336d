// Plan: worlds that are made once; calls of one life, some of them killed; what
// the store says against one check over all, by every kernel.
//
// The bytes are an app's life: sightings and exports in portions, to checks
// that are cancelled, run out of keys, or are killed at one of their writes
// (kill_points.h), with any kernel of this machine. After each check that has
// an answer it is the answer of one CheckExposure over the exports and
// sightings that are in the store; and at the end, when all was given, of one
// over all there is, by each kernel.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "keyformat/random_source.h"
#include "matcher/check/export_files.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/stored_check.h"
#include "matcher/kernels/dispatch.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/kill_points.h"
#include "tests/matcher/check/check_lines.h"
#include "tests/matcher/check/stored_check_world.h"
#include "tests/memory_folder.h"
#include "tests/test_exports.h"

namespace tekmatch {
namespace {

// A world with what is asked of it again and again.
struct KnownWorld {
  StoredCheckWorld world;
  std::map<Sha256Digest, std::string> by_digest;
  std::vector<std::string> names;  // good ones, copies, bad ones
};

// Made when they are first asked for: signing takes the most time.
const KnownWorld& WorldOf(size_t number) {
  constexpr size_t kNumWorlds = 16;
  static auto* const worlds =
      new std::array<std::unique_ptr<KnownWorld>, kNumWorlds>;
  std::unique_ptr<KnownWorld>& known = worlds->at(number % kNumWorlds);
  if (known == nullptr) {
    known = std::make_unique<KnownWorld>();
    RandomSource random = RandomSource::Seeded(1 + number % kNumWorlds);
    StoredCheckWorld& world = known->world;
    world = RandomStoredCheckWorld(random);
    for (const std::string& name : world.exports) {
      const auto print = FingerprintOf(name, {.sources = world.sources},
                                       [] { return absl::OkStatus(); });
      Require(print.ok());
      known->by_digest[print->digests.sha256] = name;
      known->names.push_back(name);
    }
    for (const auto& [copy, original] : world.copies) {
      known->names.push_back(copy);
    }
    known->names.insert(known->names.end(), world.bad.begin(), world.bad.end());
  }
  return *known;
}

std::vector<const Kernels*> AvailableKernels() {
  std::vector<const Kernels*> kernels;
  for (const KernelChoice& choice : AllKernels()) {
    if (choice.available) kernels.push_back(choice.kernels);
  }
  return kernels;
}

class Life {
 public:
  Life(const KnownWorld& known, std::string folder)
      : known_(known), folder_(std::move(folder) + "/store") {
    Open();
  }

  void Run(FuzzBytes& bytes) {
    constexpr int kMostCalls = 6;
    has_own_keys_ = bytes.Below(2) == 0;
    for (int i = 0; i < kMostCalls && !bytes.empty(); ++i) {
      const uint8_t what = bytes.Next();
      const bool is_killed = what >= 128;
      const std::string copy = absl::StrCat(folder_, "-", i);
      if (is_killed) {
        const auto cut = static_cast<Cut>(bytes.Below(3));
        const uint64_t call = 1 + bytes.Below(256);
        KillAt(call, cut, folder_, copy);
      }
      Call(what % 4, bytes, /*looks=*/!is_killed);
      if (is_killed && WasKilled()) GoOnFrom(copy);
    }
    GiveAll(bytes);
  }

 private:
  void Open() {
    database_.reset();
    auto opened = Database::Open(folder_, OpenMode::kCreate);
    Require(opened.ok());
    database_ = *std::move(opened);
  }

  void GoOnFrom(const std::string& copy) {
    database_.reset();
    std::filesystem::remove_all(folder_);
    folder_ = copy;
    Open();
    Require(database_->CheckIntegrity().ok());
    Require(CheckLedger(*database_).ok());
  }

  void Call(int what, FuzzBytes& bytes, bool looks) {
    switch (what) {
      case 0:
        AddSightings(bytes);
        break;
      case 1:
        Open();
        break;
      default:
        Check(Some(known_.names, bytes), Options(bytes), /*keep=*/what == 2,
              bytes, looks);
    }
  }

  // Those whose bit is set in the next two bytes.
  template <typename T>
  static std::vector<T> Some(const std::vector<T>& all, FuzzBytes& bytes) {
    const auto mask = static_cast<unsigned>(bytes.Next() | bytes.Next() << 8);
    std::vector<T> some;
    for (size_t i = 0; i < all.size(); ++i) {
      if ((mask >> i % 16 & 1) != 0) some.push_back(all[i]);
    }
    return some;
  }

  void AddSightings(FuzzBytes& bytes) {
    auto store = SightingStore::Create(*database_);
    Require(store.ok());
    Require(store->Add(Some(known_.world.sightings, bytes), now_).ok());
  }

  ExposureCheckOptions Options(FuzzBytes& bytes) {
    const uint8_t how = bytes.Next();
    const uint8_t more = bytes.Next();
    ExposureCheckOptions options;
    options.files.trusted = TrustWorldSigners(
        (how & 3) == 0 ? 1 + (how >> 2 & 1) : WorldSigners().size());
    options.files.sources = known_.world.sources;
    options.skip_bad_files = (how & 8) == 0;
    options.policy.tolerance_intervals =
        std::array<int, 4>{12, 0, 6, 144}.at(how >> 4 & 3);
    options.window_policy = *NamedTransmissionWindowPolicy(
        std::array<const char*, 4>{"none", "civil", "cocoa-1.2.1", "cocoa-3"}
            .at(how >> 6));
    options.window_zone = absl::UTCTimeZone();
    options.zone = absl::FixedTimeZone((more & 1) * 9 * 3600);
    if ((more & 2) != 0) {
      options.config =
          *NamedExposureConfig((more & 4) != 0 ? "cocoa" : "platform-default");
    }
    options.now = now_;
    options.report_type_when_missing =
        (more & 8) == 0 ? ReportType::kConfirmedTest : ReportType::kSelfReport;
    // Of an export without its keys it is known which ones were own then.
    if (has_own_keys_) options.own_keys.of_all = known_.world.own_keys;
    options.block_keys = std::array<size_t, 2>{64, 7}.at(more >> 4 & 1);
    options.keep_dropped = (more & 32) != 0;
    const std::vector<const Kernels*> kernels = AvailableKernels();
    options.kernels = kernels.at((more >> 6) % kernels.size());
    return options;
  }

  std::optional<StoredCheckResult> Check(const std::vector<std::string>& names,
                                         const ExposureCheckOptions& options,
                                         bool keep, FuzzBytes& bytes,
                                         bool looks) {
    StoredCheckOptions stored;
    stored.check = options;
    stored.keep_keys = keep;
    const uint64_t cancel_at = bytes.Next();  // 0: never
    uint64_t num_asked = 0;
    stored.check.cancelled = [&num_asked, cancel_at] {
      return ++num_asked == cancel_at;
    };
    auto checked = CheckStored(*database_, names, stored);
    if (cancel_at > 0 && num_asked >= cancel_at) {
      Require(absl::IsCancelled(checked.status()));
      return std::nullopt;
    }
    Require(checked.ok());
    Require(checked->given.size() == names.size());
    if (looks) LookAt(*checked, options);
    return *std::move(checked);
  }

  std::vector<std::string> InStore(const StoredCheckResult& checked) const {
    std::vector<std::string> names;
    for (const ExportFileResult& file : checked.checked.files) {
      if (!IsOfStore(file)) continue;
      names.push_back(known_.by_digest.at(file.report.digests.sha256));
    }
    return names;
  }

  void LookAt(const StoredCheckResult& checked,
              const ExposureCheckOptions& options) {
    const ExposureCheckResult& result = checked.checked;
    if (!result.complete) {
      Require(result.result.matches.empty() && result.num_keys == 0);
    }
    const bool lacks_something =
        checked.stopped ||
        std::any_of(checked.given.begin(), checked.given.end(),
                    [](const GivenExport& given) {
                      return given.state == GivenState::kRefused;
                    });
    if (lacks_something && !result.complete) return;
    if (!checked.needed_again.empty()) return;  // the rest is a part
    auto store = SightingStore::Create(*database_);
    Require(store.ok());
    auto sightings = store->Read();
    Require(sightings.ok());
    RequireSame(result, InStore(checked), std::move(sightings->sightings),
                options);
  }

  void RequireSame(const ExposureCheckResult& result,
                   const std::vector<std::string>& names,
                   std::vector<Sighting> sightings,
                   const ExposureCheckOptions& options) const {
    const auto index = IndexSightings(std::move(sightings));
    Require(index.ok());
    const auto at_once = CheckExposure(names, *index, options);
    Require(at_once.ok());
    const bool with_duplicates = !known_.world.repeats_keys;
    Require(CheckLines(result, options, with_duplicates) ==
            CheckLines(*at_once, options, with_duplicates));
  }

  // Whatever came before: everything is given, and each kernel says so at once.
  void GiveAll(FuzzBytes& bytes) {
    auto store = SightingStore::Create(*database_);
    Require(store.ok());
    std::vector<Sighting> all = known_.world.sightings;
    // Those that are there already are not added once more.
    Require(store->Add(all, now_).ok());
    ExposureCheckOptions options = Options(bytes);
    options.files.trusted = TrustWorldSigners(WorldSigners().size());
    options.skip_bad_files = known_.world.lacks_a_file;
    FuzzBytes none(nullptr, 0);  // not cancelled
    const auto last = Check(known_.world.exports, options, /*keep=*/true, none,
                            /*looks=*/false);
    Require(last.has_value() && last->checked.complete);
    Require(last->needed_again.empty());
    Require(InStore(*last).size() == known_.world.exports.size());
    for (const Kernels* const kernels : AvailableKernels()) {
      options.kernels = kernels;
      RequireSame(last->checked, known_.world.exports, all, options);
    }
  }

  const KnownWorld& known_;
  std::string folder_;
  bool has_own_keys_ = false;
  std::unique_ptr<Database> database_;
  const absl::Time now_ = absl::FromUnixSeconds(
      kTestDaySeconds + int64_t{86400} * kLastWorldDay - 3600);
};

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tekmatch;  // NOLINT(google-build-using-namespace)
  const MemoryFolder folder;
  FuzzBytes bytes(data, size);
  Life(WorldOf(bytes.Next()), folder.path()).Run(bytes);
  return 0;
}
