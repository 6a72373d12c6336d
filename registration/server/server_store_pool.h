// Connections to the server's database, for threads that come and go.
#ifndef TEKMATCH_REGISTRATION_SERVER_SERVER_STORE_POOL_H_
#define TEKMATCH_REGISTRATION_SERVER_SERVER_STORE_POOL_H_

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "registration/server/server_store.h"

namespace tekmatch {

// One of them writes at a time without waiting in SQLite, whose waits are not
// in order.
class ServerStorePool {
 public:
  explicit ServerStorePool(std::string folder) : folder_(std::move(folder)) {}

  class Lease {
   public:
    Lease(ServerStorePool& pool, std::unique_ptr<ServerStore> store)
        : pool_(&pool), store_(std::move(store)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    ServerStore* operator->() const { return store_.get(); }
    ServerStore& operator*() const { return *store_; }
    // Held while writing.
    std::unique_lock<std::mutex> WriteLock() const {
      return std::unique_lock<std::mutex>(pool_->write_mutex_);
    }

   private:
    ServerStorePool* pool_;
    std::unique_ptr<ServerStore> store_;
  };

  // Errors are ServerStore::Open's.
  absl::StatusOr<Lease> Take();

 private:
  const std::string folder_;
  std::mutex write_mutex_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<ServerStore>> idle_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVER_SERVER_STORE_POOL_H_
