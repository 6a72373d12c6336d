// Reads the log of exposure checks that a phone exports: which files of keys it
// was given, when, and in which of them it found keys that it had heard. It has
// no sightings and no times of contact.
//
//   iOS 1     {"Build","ExportVersion":1,"ExposureChecks":[{"Hash",
//             "RandomIDCount","MatchCount","Timestamp"}]}
//   iOS 2     {..., "ExposureChecks":[{"Timestamp","Files":[{"Hash","KeyCount",
//             "MatchCount","Timestamp"}]}]}
//   Android   [{"hash","keyCount","matchesCount","appName","timestamp"}]
//
// A hash is the SHA-256 of the file's export.bin, in hexadecimal digits (iOS)
// or base64 (Android). iOS' times have their zone ("2020-12-20 00:45:29
// +0100"). Android's are text in the phone's language without one ("5 de
// octubre de 2020 19:36"), and stay text. MatchCount is missing where iOS uses
// version 2 of the interface.
//
// Source: corona-warn-app/cwa-app-android#1085 and cwa-app-ios#1078 (one file
// in both forms), cocoa-mhlw/cocoa#928, felixlen/ena_log.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_CHECK_LOG_H_
#define TEKMATCH_TOOLS_SIGHTINGS_CHECK_LOG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "keyformat/signature.h"

namespace tekmatch {

enum class CheckLogFormat : uint8_t { kIos1, kIos2, kAndroid };
// "ios-1", "ios-2", "android".
absl::string_view CheckLogFormatName(CheckLogFormat format);

// What a phone says of one file in one check.
struct LoggedFile {
  std::optional<Sha256Digest> hash;  // none: what stands there is no SHA-256
  std::optional<uint64_t> keys;
  std::optional<uint64_t> matches;
  // As it stands there, in any bytes: to be made printable. Empty: none.
  std::string time_text;
  std::optional<absl::Time> time;  // iOS
  size_t check = 0;                // of which check, from 0
};

struct CheckLog {
  CheckLogFormat format = CheckLogFormat::kIos1;
  std::vector<LoggedFile> files;  // in the order of the log
  size_t num_checks = 0;          // also those without files
  // When checks were, sorted; of iOS alone.
  std::vector<absl::Time> check_times;
};

// Whether JSON is such a log, or at least claims to be.
bool LooksLikeCheckLog(absl::string_view text);

// INVALID_ARGUMENT: not JSON, or no such log; the reason has no byte of it.
absl::StatusOr<CheckLog> ParseCheckLog(absl::string_view text);

// From version 1.8 on Android gives one hash for all files of a check, another
// one at each. Whether the log looks so: at least three checks, one hash in
// each, and none twice. Such hashes are not those of files.
bool HasHashesOfChecks(const CheckLog& log);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_CHECK_LOG_H_
