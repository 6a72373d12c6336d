// Fetches what a notification server published and this phone has not seen.
//
//   GET EXPORTS/c19r/440/list.json   with the ETag of the last one
//   GET EXPORTS/c19r/440/7.zip       each that is newer than the newest that
//                                    was processed, oldest first
//
// Of an entry's url the last part is taken, a file beside the list: so a list
// sends no phone to another host. The list says one region; entries of others
// are passed over.
//
// Nobody signs a list, so nothing in it costs the phone more than this: a list
// of 1 MiB and 5,000 entries, 32 MiB a file, 128 MiB a call, after which the
// next call goes on; 256 MiB of one `created`, and a time for all calls. Nor
// does it keep a phone from later exports: `created` lies between 1970 and a
// day after now.
//
// Source: REGISTRATION section 5; UPSTREAM 1.4 (COCOA's list.json).
#ifndef TEKMATCH_REGISTRATION_PHONE_EXPORT_FETCH_H_
#define TEKMATCH_REGISTRATION_PHONE_EXPORT_FETCH_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "keyformat/byte_source.h"
#include "registration/service/http_client.h"

namespace tekmatch {

struct ExportEntry {
  std::string file;  // "7.zip"
  int64_t created_ms = 0;
};

// How far a server's clock may be ahead.
inline constexpr absl::Duration kMostAhead = absl::Hours(24);

// Ascending by `created`, those of `region`. DATA_LOSS, with nothing of it in
// the message: no such list, or one of the future.
absl::StatusOr<std::vector<ExportEntry>> ParseExportList(
    absl::string_view json, absl::string_view region, absl::Time now);

struct FetchedExports {
  std::vector<std::string> names;  // in the order of `created`
  std::map<std::string, std::shared_ptr<const ByteSource>> sources;
  int64_t newest_created_ms = 0;  // of these, or `after_ms` without any
  std::string etag;               // of the list
  bool has_more = false;          // not all that is newer is here
};

struct FetchLimits {
  size_t file_bytes = size_t{32} << 20;
  size_t fetch_bytes = size_t{128} << 20;
  size_t most_bytes = size_t{256} << 20;
  std::chrono::steady_clock::time_point until =
      std::chrono::steady_clock::time_point::max();
};

// Entries of one time come together, though they pass `fetch_bytes`: the time
// is all that is remembered of them.
//
// UNAVAILABLE: the list, or a file of it, did not come in time. DATA_LOSS: the
// list is none, or what it offers is larger than the limits.
absl::StatusOr<FetchedExports> FetchExports(
    HttpClient& client, const std::string& exports, const std::string& region,
    int64_t after_ms, const std::string& etag, absl::Time now,
    const FetchLimits& limits = {});

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_PHONE_EXPORT_FETCH_H_
