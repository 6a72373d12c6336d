// All the ways in which an export can be signed, and whom a reader can trust,
// with the rule of what has to come of each: written from the format's
// description and the headers' promises, and not from the code that reads.
//
// A world has four signing keys. An authority, "440", has replaced its key "v1"
// by "v2"; another authority is "999 v1"; a stranger is "777 v1". Neither the
// format nor the library knows a key that expires by itself: a key ends when a
// reader no longer trusts it (Trusts::kSecond).
//
// Source: "Exposure Key export file format and verification"; signature.h,
// export_files.h (ExportFileOptions).
#ifndef TEKMATCH_TESTS_TRUST_TABLE_H_
#define TEKMATCH_TESTS_TRUST_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "keyformat/p256_key.h"
#include "keyformat/signature.h"

namespace tekmatch {

enum class Owner : uint8_t { kFirst, kSecond, kOther, kStranger };

// One signature of a list.
enum class Mark : uint8_t {
  kFirst,           // "440 v1", by its key
  kSecond,          // "440 v2", by its key
  kOther,           // "999 v1", by its key
  kStranger,        // "777 v1", by its key
  kUnknownVersion,  // "440 v9", by the key of "440 v1"
  kForged,          // "440 v1", by the stranger's key
  kSwapped,         // "440 v1", by the key of "440 v2"
  kOtherBytes,      // "440 v1", by its key, of another file
  kRaw,             // "440 v1", 64 bytes that are no DER
  kJunk,            // "440 v1", neither DER nor 64 bytes
  kAlgorithm,       // "440 v1", by its key, under an algorithm that is unknown
};
inline constexpr int kNumMarks = 11;

// The signature list of an export.
struct SignatureSheet {
  enum class Kind : uint8_t { kMissing, kDamaged, kList };
  Kind kind = Kind::kList;
  std::vector<Mark> marks;  // of a list, in its order; none: it is empty

  std::string Text() const;
};

// Missing, damaged, empty, and every list of one to `most` marks in every
// order.
std::vector<SignatureSheet> AllSheets(size_t most);

// Whom a reader trusts.
enum class Trusts : uint8_t {
  kNobody,
  kFirst,          // 440:v1
  kSecond,         // 440:v2, after the first was withdrawn
  kFirstOrSecond,  // while it is replaced: either
  kAnyVersion,     // the key of v1 under "440" without a version
  kFirstAndOther,  // both have to sign
  kEach,           // the first, the second or the other
};
inline constexpr Trusts kAllTrusts[] = {
    Trusts::kNobody,        Trusts::kFirst,      Trusts::kSecond,
    Trusts::kFirstOrSecond, Trusts::kAnyVersion, Trusts::kFirstAndOther,
    Trusts::kEach};

struct NamedOwner {
  Owner owner;
  std::string id;
  std::optional<std::string> version;
};
// Sets of keys: all of one set have to sign.
std::vector<std::vector<NamedOwner>> SetsOf(Trusts trusts);

// What has to come of it.
struct Verdict {
  bool is_valid = false;              // a set that is trusted signed it
  bool is_accepted = false;           // by what was asked for
  std::set<std::string> authorities;  // ids of trusted keys that signed it
};
Verdict RuleFor(const SignatureSheet& sheet, Trusts trusts, bool allow_unsigned,
                bool no_verify);

// The keys, and files signed by them.
class TrustWorld {
 public:
  TrustWorld();

  const SigningKey& KeyOf(Owner owner) const { return keys_.at(owner); }
  TrustedKeys Trusted(Trusts trusts) const;

  // An export.sig of these marks over an export.bin; empty where it is missing.
  std::string List(const std::string& bin, const SignatureSheet& sheet);
  // The zip of both, not compressed.
  std::string Zip(const std::string& bin, const SignatureSheet& sheet);

 private:
  const std::string& Signed(const std::string& bin, Mark mark);

  std::map<Owner, SigningKey> keys_;
  std::map<std::string, std::map<Mark, std::string>> signed_;  // by bin
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_TRUST_TABLE_H_
