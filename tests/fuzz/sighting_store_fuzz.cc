// Plan: the model; one call after another on the store and on the model; what
// is left where a call was killed.
//
// The bytes are a sequence of calls of a SightingStore: adding, reading,
// retaining under a clock that jumps, status, forgetting, opening anew; some of
// them killed at one of their writes (kill_points.h). After each the store says
// what a list of sightings says, and after a kill what it said before the call
// or after it, nothing between.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/kill_points.h"
#include "tests/memory_folder.h"

namespace tekmatch {
namespace {

constexpr int64_t kDay = 86400;
constexpr int64_t kStart = 1607126400;
constexpr int64_t kRetention = 14 * kDay;
// More than two days is a jump.
constexpr int64_t kStep = 2 * kDay;

int64_t g_since_boot = 0;
absl::Duration SinceBootOfTest() { return absl::Seconds(g_since_boot); }

// ------------------------------------------------------------- the model

// The rules of sighting_store.h, with no thought for speed.
struct Model {
  std::vector<Sighting> sightings;  // sorted
  std::optional<int64_t> clock;     // the last that was believed
  // A jump ahead that was reported: its time, and since boot.
  std::optional<std::pair<int64_t, int64_t>> jump;

  bool operator==(const Model&) const = default;

  AddedSightings Add(std::vector<Sighting> given, int64_t now) {
    AddedSightings added;
    const int64_t believed =
        clock.has_value() ? std::min(now, *clock + kStep) : now;
    std::sort(given.begin(), given.end());
    std::vector<Sighting> there = sightings;
    for (const Sighting& sighting : given) {
      if (sighting.unix_seconds > now + kDay) ++added.num_in_future;
      if (sighting.unix_seconds < believed - kRetention) {
        ++added.num_too_old;
        continue;
      }
      // Each that is there stands for one that is given.
      const auto known = std::find(there.begin(), there.end(), sighting);
      if (known != there.end()) {
        ++added.num_known;
        there.erase(known);
        continue;
      }
      ++added.num_added;
      sightings.push_back(sighting);
    }
    std::sort(sightings.begin(), sightings.end());
    if (!clock.has_value() || (now > *clock && now <= *clock + kStep)) {
      clock = now;
    }
    return added;
  }

  RetentionResult Retain(int64_t now) {
    RetentionResult result;
    result.clock = LookAtClock(now);
    const auto is_old = [now](const Sighting& sighting) {
      return sighting.unix_seconds < now - kRetention;
    };
    if (result.clock == ClockJump::kNone) {
      result.num_removed = std::erase_if(sightings, is_old);
    }
    for (const Sighting& sighting : sightings) {
      if (sighting.unix_seconds > now + kDay) ++result.num_in_future;
    }
    return result;
  }

 private:
  ClockJump LookAtClock(int64_t now) {
    if (clock.has_value() && now > *clock + kStep) {
      const bool went_on =
          jump.has_value() && now >= jump->first &&
          now <= jump->first + (g_since_boot - jump->second) + kStep;
      if (!went_on) {
        jump = {now, g_since_boot};
        return ClockJump::kForward;
      }
      if (g_since_boot - jump->second < 3600) return ClockJump::kForward;
    }
    const bool is_back = clock.has_value() && now < *clock - kStep;
    clock = now;
    jump.reset();
    return is_back ? ClockJump::kBack : ClockJump::kNone;
  }
};

// ------------------------------------------------------------- the calls

class Life {
 public:
  explicit Life(const std::string& folder) : folder_(folder + "/store") {
    Open();
  }

  void Run(FuzzBytes& bytes) {
    constexpr int kMostCalls = 24;
    for (int i = 0; i < kMostCalls && !bytes.empty(); ++i) {
      const uint8_t what = bytes.Next();
      g_since_boot += int64_t{600} * bytes.Below(16);
      const Model before = model_;
      const bool is_killed = what >= 128;
      const std::string copy = absl::StrCat(folder_, "-", i);
      if (is_killed) {
        const auto cut = static_cast<Cut>(bytes.Below(3));
        KillAt(1 + bytes.Below(40), cut, folder_, copy);
      }
      Call(what % 8, bytes);
      if (is_killed && WasKilled()) GoOnFrom(copy, before);
      Look();
    }
  }

 private:
  void Open() {
    store_.reset();
    database_.reset();
    auto opened = Database::Open(folder_, OpenMode::kCreate);
    Require(opened.ok());
    database_ = *std::move(opened);
    auto made = SightingStore::Create(*database_, absl::Seconds(kRetention),
                                      SinceBootOfTest);
    Require(made.ok());
    store_ = std::make_unique<SightingStore>(*std::move(made));
  }

  // Days, and some seconds around their ends.
  static int64_t Time(FuzzBytes& bytes) {
    const int64_t day = bytes.Below(40);
    return kStart + day * kDay + bytes.NextSigned();
  }

  std::vector<Sighting> Sightings(FuzzBytes& bytes) {
    std::vector<Sighting> sightings(bytes.Below(12));
    for (Sighting& sighting : sightings) {
      sighting.unix_seconds = Time(bytes);
      const uint8_t what = bytes.Next();
      sighting.rpi.bytes.fill(what % 4);
      sighting.rssi = static_cast<int16_t>(-60 - what / 4 % 2);
      if (what >= 128) sighting.seconds_since_previous_scan = 300;
    }
    return sightings;
  }

  void Call(int what, FuzzBytes& bytes) {
    switch (what) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const std::vector<Sighting> given = Sightings(bytes);
        const int64_t now = Time(bytes);
        const auto added = store_->Add(given, absl::FromUnixSeconds(now));
        const AddedSightings want = model_.Add(given, now);
        Require(added.ok() && added->num_added == want.num_added &&
                added->num_known == want.num_known &&
                added->num_too_old == want.num_too_old &&
                added->num_in_future == want.num_in_future);
        break;
      }
      case 4:
      case 5: {
        const int64_t now = Time(bytes);
        const auto retained = store_->Retain(absl::FromUnixSeconds(now));
        const RetentionResult want = model_.Retain(now);
        Require(retained.ok() && retained->clock == want.clock &&
                retained->num_removed == want.num_removed &&
                retained->num_in_future == want.num_in_future &&
                retained->erased);
        break;
      }
      case 6: {
        const auto erased = ForgetEverything(*database_);
        Require(erased.ok() && *erased);
        model_ = Model();
        break;
      }
      default:
        Open();
    }
  }

  // The process was killed in the call: the copy of its folder is what there
  // is, and it is as before the call, or as after it.
  void GoOnFrom(const std::string& copy, const Model& before) {
    store_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
    folder_ = copy;
    generation_ = 0;
    Open();
    Require(database_->CheckIntegrity().ok());
    // Its clock is in the status; a jump that was reported is not, and does not
    // matter to what comes next unless it is one.
    const auto is = [this](const Model& model) {
      const auto read = store_->Read();
      Require(read.ok());
      std::vector<Sighting> there = read->sightings;
      std::sort(there.begin(), there.end());
      return there == model.sightings && Clock() == model.clock;
    };
    if (is(model_)) {
      jump_is_known_ = model_.jump == before.jump && jump_is_known_;
    } else {
      Require(is(before));
      model_ = before;
    }
    if (!jump_is_known_) SettleTheClock();
  }

  // A time that is no jump ends what is pending, in the store and in the model.
  void SettleTheClock() {
    const int64_t now = model_.clock.value_or(kStart);
    const auto retained = store_->Retain(absl::FromUnixSeconds(now));
    const RetentionResult want = model_.Retain(now);
    Require(retained.ok() && retained->clock == want.clock &&
            retained->num_removed == want.num_removed);
    jump_is_known_ = true;
  }

  std::optional<int64_t> Clock() {
    const auto status = store_->Status();
    Require(status.ok());
    if (!status->clock.has_value()) return std::nullopt;
    return absl::ToUnixSeconds(*status->clock);
  }

  // The store says what the model says.
  void Look() {
    const auto read = store_->Read();
    Require(read.ok());
    Require(std::is_sorted(read->sightings.begin(), read->sightings.end(),
                           [](const Sighting& a, const Sighting& b) {
                             return a.unix_seconds / 600 < b.unix_seconds / 600;
                           }));
    std::vector<Sighting> there = read->sightings;
    std::sort(there.begin(), there.end());
    Require(there == model_.sightings);
    Require(Clock() == model_.clock);
    const auto status = store_->Status();
    Require(status.ok() && status->num_sightings == there.size());
    Require(status->oldest_day.has_value() == !there.empty());
    if (!there.empty()) {
      Require(*status->oldest_day == DayOf(there.front()));
      Require(*status->newest_day == DayOf(there.back()));
    }
    // What came since the last look, and nothing that was there then.
    Require(read->generation >= generation_);
    const auto late = store_->Read(generation_);
    Require(late.ok() && late->generation == read->generation);
    if (generation_ == read->generation && generation_ > 0) {
      Require(late->sightings.empty());
    }
    generation_ = read->generation;
  }

  static absl::CivilDay DayOf(const Sighting& sighting) {
    return absl::ToCivilDay(absl::FromUnixSeconds(sighting.unix_seconds),
                            absl::UTCTimeZone());
  }

  std::string folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<SightingStore> store_;
  Model model_;
  bool jump_is_known_ = true;
  int64_t generation_ = 0;
};

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tekmatch;  // NOLINT(google-build-using-namespace)
  const MemoryFolder folder;
  FuzzBytes bytes(data, size);
  g_since_boot = 1000;
  Life(folder.path()).Run(bytes);
  return 0;
}
