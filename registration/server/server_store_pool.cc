#include "registration/server/server_store_pool.h"

#include "keyformat/status_macros.h"

namespace tekmatch {

// A connection that was moved away is another Lease's.
ServerStorePool::Lease::~Lease() {
  if (store_ == nullptr) return;
  const std::lock_guard<std::mutex> lock(pool_->mutex_);
  pool_->idle_.push_back(std::move(store_));
}

absl::StatusOr<ServerStorePool::Lease> ServerStorePool::Take() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<ServerStore> store = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(store));
    }
  }
  // Outside the lock: opening takes the disk's time, and others may find an
  // idle one meanwhile.
  TEKMATCH_ASSIGN_OR_RETURN(std::unique_ptr<ServerStore> store,
                            ServerStore::Open(folder_));
  return Lease(*this, std::move(store));
}

}  // namespace tekmatch
