// Pieces of a file on which several threads work beside each other, and which
// are handed on in the file's order: what comes out is what one thread would
// have made.
//
//   class Rows : public PiecesInOrder<Block> { ... };
//   const absl::Status status = rows.Run(num_threads, tasks);
//
// Each thread takes the next piece, one thread at a time; works on it, beside
// the others; and hands it on when all before it have been. So a thread holds
// one piece, and its memory is used again.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_PIECES_IN_ORDER_H_
#define TEKMATCH_TOOLS_SIGHTINGS_PIECES_IN_ORDER_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "matcher/join/tasks.h"

namespace tekmatch {

template <typename Piece>
class PiecesInOrder {
 public:
  virtual ~PiecesInOrder() = default;

  // Once. The first error in the file's order. Throws what one of the functions
  // below threw. With one thread `tasks` may be null.
  absl::Status Run(size_t num_threads, const TaskRunner* tasks) {
    if (num_threads == 1) {
      Work();
    } else {
      tasks->Run(num_threads, [this](size_t) { Work(); });
    }
    return status_;
  }

 protected:
  // Reads the next piece, in place of what `piece` held: one thread at a time.
  // False: there is none. An error ends all when its turn has come.
  virtual absl::StatusOr<bool> Take(Piece& piece) = 0;
  // On any number of threads.
  virtual void WorkOn(Piece& piece) = 0;
  // In the file's order, one at a time. False: what comes after it is left out.
  virtual absl::StatusOr<bool> HandOn(Piece& piece) = 0;

  // For Take: waits until all that was taken is handed on. False: all is over,
  // and Take returns false.
  bool AwaitOthers() { return AwaitTurn(num_taken_); }

 private:
  // Lets the others end where this thread throws: its turn would never pass.
  class EndOfAll {
   public:
    explicit EndOfAll(PiecesInOrder& pieces) : pieces_(pieces) {}
    EndOfAll(const EndOfAll&) = delete;
    EndOfAll& operator=(const EndOfAll&) = delete;
    ~EndOfAll() { pieces_.End(absl::OkStatus()); }

   private:
    PiecesInOrder& pieces_;
  };

  // Until there are no pieces, or an error.
  void Work() {
    const EndOfAll end_of_all(*this);
    Piece piece;
    while (true) {
      uint64_t ticket = 0;
      {
        const std::lock_guard<std::mutex> lock(source_mutex_);
        if (at_end_) return;
        absl::StatusOr<bool> taken = Take(piece);
        if (!taken.ok() || !*taken) {
          at_end_ = true;
          // Who is before this hands on first.
          if (AwaitOthers()) End(taken.status());
          return;
        }
        ticket = num_taken_++;
      }
      WorkOn(piece);
      if (!AwaitTurn(ticket)) return;
      const absl::StatusOr<bool> more = HandOn(piece);
      if (!more.ok() || !*more) {
        End(more.status());
        return;
      }
      EndTurn();
    }
  }

  // False: all is over.
  bool AwaitTurn(uint64_t ticket) {
    std::unique_lock<std::mutex> lock(order_mutex_);
    order_changed_.wait(lock, [&] { return is_over_ || turn_ == ticket; });
    return !is_over_;
  }

  void EndTurn() {
    const std::lock_guard<std::mutex> lock(order_mutex_);
    ++turn_;
    order_changed_.notify_all();
  }

  void End(absl::Status status) {
    const std::lock_guard<std::mutex> lock(order_mutex_);
    if (status_.ok() && !is_over_) status_ = std::move(status);
    is_over_ = true;
    order_changed_.notify_all();
  }

  std::mutex source_mutex_;
  uint64_t num_taken_ = 0;
  bool at_end_ = false;

  std::mutex order_mutex_;
  std::condition_variable order_changed_;
  // The piece that is handed on next.
  uint64_t turn_ = 0;
  bool is_over_ = false;
  absl::Status status_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_PIECES_IN_ORDER_H_
