// Plan of Retain: the clock's rules say whether `now` is believed; then what is
// too old is counted, the table is written anew without it, and the -wal is
// cut.
//
// Deletion that leaves nothing. With secure_delete SQLite zeroes the cells and
// pages that it frees. But a page that gave cells to its neighbour, when the
// tree was balanced, may keep old copies of them in its gap, and those copies
// are not zeroed when the cells are deleted in their new place. So Retain takes
// what stays into memory, empties the table (which frees, and zeroes, every
// page), and adds it again in ascending order, which only ever fills new pages
// at the end. That is one transaction. Then the checkpoint carries the zeroes
// into the database and cuts the -wal, whose frames still had everything.
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/status_macros.h"
#include "matcher/store/meta.h"
#include "matcher/store/sighting_blocks.h"
#include "matcher/store/sighting_store.h"
#include "matcher/store/wipe.h"

namespace tekmatch {
namespace {

// In the table meta: the time of a jump ahead that is not believed yet, and the
// time since the device was started when that was reported.
constexpr char kPendingClock[] = "pending_clock";
constexpr char kPendingSinceBoot[] = "pending_since_boot";

// A jump ahead that was reported, and what has passed since.
struct ReportedJump {
  int64_t now = 0;      // by the clock that jumped
  int64_t seconds = 0;  // since then, at least
  // Where the device was started since, it counts from 0 again: what it counted
  // until now has passed, but nobody knows how much more.
  bool was_restarted = false;
};

std::optional<ReportedJump> JumpOf(std::optional<int64_t> pending,
                                   std::optional<int64_t> reported,
                                   int64_t since_boot) {
  if (!pending.has_value() || !reported.has_value()) return std::nullopt;
  const bool was_restarted = since_boot < *reported;
  return ReportedJump{
      .now = *pending,
      .seconds = was_restarted ? since_boot : since_boot - *reported,
      .was_restarted = was_restarted};
}

// Whether a clock that says `now` went on from there as clocks do.
bool WentOn(const ReportedJump& jump, int64_t now) {
  return now >= jump.now &&
         (jump.was_restarted || now <= jump.now + jump.seconds + kMaxClockStep);
}

// The rules of ClockJump, and what they have to remember. A store of before
// kPendingSinceBoot has a pending clock alone; that one is reported anew.
absl::StatusOr<ClockJump> LookAtClock(Database& database, int64_t now,
                                      int64_t since_boot) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> last,
                            GetNumber(database, kBelievedClock));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> pending,
                            GetNumber(database, kPendingClock));
  if (last.has_value() && now > *last + kMaxClockStep) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> reported,
                              GetNumber(database, kPendingSinceBoot));
    const std::optional<ReportedJump> jump =
        JumpOf(pending, reported, since_boot);
    if (!jump.has_value() || !WentOn(*jump, now)) {
      TEKMATCH_RETURN_IF_ERROR(SetNumber(database, kPendingClock, now));
      TEKMATCH_RETURN_IF_ERROR(
          SetNumber(database, kPendingSinceBoot, since_boot));
      return ClockJump::kForward;
    }
    // Two calls in quick succession see the same wrong clock.
    const bool is_confirmed =
        jump->seconds >= absl::ToInt64Seconds(SightingStore::kConfirmAfter);
    if (!is_confirmed) return ClockJump::kForward;
  }
  TEKMATCH_RETURN_IF_ERROR(SetNumber(database, kBelievedClock, now));
  TEKMATCH_RETURN_IF_ERROR(ForgetNumber(database, kPendingClock));
  TEKMATCH_RETURN_IF_ERROR(ForgetNumber(database, kPendingSinceBoot));
  const bool is_back = last.has_value() && now < *last - kMaxClockStep;
  return is_back ? ClockJump::kBack : ClockJump::kNone;
}

// How many sightings of the interval are before `seconds`.
absl::StatusOr<uint64_t> CountBefore(Database& database, int64_t interval,
                                     int64_t seconds) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database.Prepare("SELECT id, num, checksum, records FROM sightings "
                       "WHERE id BETWEEN ?1 AND ?2"));
  BindInterval(select, interval);
  uint64_t num_before = 0;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return num_before;
    TEKMATCH_ASSIGN_OR_RETURN(const SightingBlock block,
                              CheckedBlock(database, select));
    for (size_t i = 0; i < block.size(); ++i) {
      const Sighting sighting = ToSighting(interval, block.record(i));
      if (sighting.unix_seconds < seconds) ++num_before;
    }
  }
}

// The sum of `num` over ids below `id`, or from it on.
absl::StatusOr<int64_t> CountBlocks(Database& database, const char* side,
                                    int64_t id) {
  return QueryNumber(database,
                     absl::StrCat("SELECT coalesce(sum(num), 0) FROM sightings "
                                  "WHERE id ",
                                  side, " ", id));
}

// How many sightings are before `seconds`.
absl::StatusOr<uint64_t> CountAllBefore(Database& database, int64_t seconds) {
  if (seconds <= 0) return uint64_t{0};
  const int64_t interval = seconds / kIntervalSeconds;
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t whole,
                            CountBlocks(database, "<", BlockId(interval, 0)));
  TEKMATCH_ASSIGN_OR_RETURN(const uint64_t border,
                            CountBefore(database, interval, seconds));
  return static_cast<uint64_t>(whole) + border;
}

// Writes the table anew without what is before `cutoff` (see the plan above).
absl::Status RewriteFrom(Database& database, int64_t cutoff, int64_t num_kept,
                         const std::function<absl::Status()>& goes_on) {
  // Of blocks, which are of 4096 sightings at most.
  constexpr size_t kBlocksBetweenQuestions = 16;
  size_t num_blocks = 0;
  const auto ask = [&]() -> absl::Status {
    const bool is_time = ++num_blocks % kBlocksBetweenQuestions == 0;
    return is_time && goes_on ? goes_on() : absl::OkStatus();
  };
  TEKMATCH_RETURN_IF_ERROR(CheckRoomFor(database, num_kept));
  struct Kept {
    int64_t id;
    size_t num_bytes;
  };
  std::vector<Kept> blocks;
  std::vector<uint8_t> records;
  records.reserve(static_cast<size_t>(num_kept) * kRecordBytes);
  const WipeAtEnd<uint8_t> wipe(records);
  {
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement select,
        database.Prepare("SELECT id, num, checksum, records FROM sightings "
                         "WHERE id >= ?1 ORDER BY id"));
    const int64_t border = cutoff / kIntervalSeconds;
    select.BindInt64(1, BlockId(border, 0));
    while (true) {
      TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      TEKMATCH_RETURN_IF_ERROR(ask());
      TEKMATCH_ASSIGN_OR_RETURN(const SightingBlock block,
                                CheckedBlock(database, select));
      const size_t before = records.size();
      const int64_t interval = IntervalOf(block.id);
      for (size_t i = 0; i < block.size(); ++i) {
        const uint8_t* const record = block.record(i);
        if (interval == border &&
            ToSighting(interval, record).unix_seconds < cutoff) {
          continue;
        }
        records.insert(records.end(), record, record + kRecordBytes);
      }
      if (records.size() > before) {
        blocks.push_back({block.id, records.size() - before});
      }
    }
  }
  if (records.size() != static_cast<size_t>(num_kept) * kRecordBytes) {
    return database.Damaged("sightings are missing");
  }
  TEKMATCH_RETURN_IF_ERROR(database.Run("DELETE FROM sightings"));
  TEKMATCH_ASSIGN_OR_RETURN(Statement insert, database.Prepare(kInsertBlock));
  absl::Span<const uint8_t> rest = records;
  for (const Kept& block : blocks) {
    TEKMATCH_RETURN_IF_ERROR(ask());
    TEKMATCH_RETURN_IF_ERROR(
        InsertBlock(insert, block.id, rest.subspan(0, block.num_bytes)));
    rest.remove_prefix(block.num_bytes);
  }
  return SetNumber(database, kSightingCount, num_kept);
}

}  // namespace

absl::StatusOr<RetentionResult> SightingStore::Retain(
    absl::Time now, absl::Duration max_wait,
    const std::function<absl::Status()>& goes_on) {
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t now_seconds, ClockSeconds(now));
  return WithoutThrowing(*database_, [&]() -> absl::StatusOr<RetentionResult> {
    RetentionResult result;
    {
      TEKMATCH_ASSIGN_OR_RETURN(
          Transaction transaction,
          Transaction::Begin(*database_, Durability::kFull));
      TEKMATCH_ASSIGN_OR_RETURN(
          result.clock, LookAtClock(*database_, now_seconds,
                                    absl::ToInt64Seconds(since_boot_())));
      TEKMATCH_ASSIGN_OR_RETURN(int64_t count,
                                NumberOrZero(*database_, kSightingCount));
      const int64_t cutoff = now_seconds - retention_seconds_;
      if (result.clock == ClockJump::kNone) {
        TEKMATCH_ASSIGN_OR_RETURN(result.num_removed,
                                  CountAllBefore(*database_, cutoff));
      }
      if (result.num_removed > 0) {
        count -= static_cast<int64_t>(result.num_removed);
        TEKMATCH_RETURN_IF_ERROR(
            RewriteFrom(*database_, cutoff, count, goes_on));
      }
      TEKMATCH_ASSIGN_OR_RETURN(
          const uint64_t num_until_tomorrow,
          CountAllBefore(*database_, now_seconds + kDaySeconds + 1));
      if (num_until_tomorrow > static_cast<uint64_t>(count)) {
        return database_->Damaged("sightings are too many");
      }
      result.num_in_future = static_cast<uint64_t>(count) - num_until_tomorrow;
      TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
    }
    TEKMATCH_ASSIGN_OR_RETURN(result.erased, database_->Checkpoint(max_wait));
    return result;
  });
}

}  // namespace tekmatch
