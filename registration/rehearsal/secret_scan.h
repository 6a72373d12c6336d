// Searches files for what must not be in them: processing numbers, names and
// contacts, keys, idempotency keys.
//
//   secret            may be in
//   processing number nowhere
//   name, contact     the management system's database
//   accepted key      the server's database, exports, phones
//   other key         phones
//   idempotency key   phones, which repeat a request with it
//
// A file is searched as bytes, whatever it is: databases, -wal, logs. Keys are
// looked for as bytes, as base64 and as hexadecimal digits. A processing number
// counts where it stands alone: between characters that are no digits, and not
// as the first part of a UUID, of which one in forty begins with eight digits.
//
// Source: REGISTRATION row 6, sections 6.8 and 7; UPSTREAM section 6.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_SECRET_SCAN_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_SECRET_SCAN_H_

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "keyformat/diagnosis_key.h"

namespace tekmatch {

enum class SecretKind : uint8_t {
  kNumber,
  kPerson,
  kAcceptedKey,
  kOtherKey,
  kIdempotencyKey,
};
const char* SecretKindName(SecretKind kind);

// Whose files they are.
enum class FileZone : uint8_t { kHersys, kServer, kPublished, kPhone, kLog };

bool MayHold(FileZone zone, SecretKind kind);

struct SecretHit {
  std::string file;
  SecretKind kind = SecretKind::kNumber;
  int64_t offset = 0;
};

class SecretScan {
 public:
  SecretScan();

  // At least 8 bytes; shorter ones are not looked for.
  void Add(SecretKind kind, absl::string_view secret);
  // In its three forms.
  void AddKey(SecretKind kind, const Tek& tek);
  int64_t num_secrets() const { return num_secrets_; }

  // The first hits of the bytes of one file, 10 at most.
  std::vector<SecretHit> Find(absl::string_view bytes, FileZone zone,
                              const std::string& file) const;

  struct Result {
    std::vector<SecretHit> hits;
    int64_t num_files = 0;
    int64_t num_bytes = 0;
  };
  // Adds one file to the result. One that is gone is passed over. Errors are
  // the system's: of a file that was not read nothing is known.
  absl::Status FindInFile(const std::string& path, FileZone zone,
                          Result* result) const;
  // All files below a folder; ".log" and ".stderr" are logs, whatever `zone`
  // is. As FindInFile.
  absl::StatusOr<Result> FindInFolder(const std::string& folder,
                                      FileZone zone) const;

 private:
  struct Secret {
    std::string bytes;
    SecretKind kind;
  };
  static constexpr size_t kFilterBits = 1 << 20;

  std::vector<Secret> secrets_;
  // By their first 8 bytes.
  absl::flat_hash_map<uint64_t, std::vector<uint32_t>> by_prefix_;
  std::unique_ptr<std::bitset<kFilterBits>> filter_;
  int64_t num_secrets_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_SECRET_SCAN_H_
