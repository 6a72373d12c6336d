// Plan: what may be where; the search, by the first 8 bytes of each secret;
// files.
#include "registration/rehearsal/secret_scan.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"

namespace tekmatch {
namespace {

constexpr size_t kPrefix = 8;
constexpr size_t kMostHits = 10;

uint64_t PrefixOf(const char* bytes) {
  uint64_t prefix = 0;
  std::memcpy(&prefix, bytes, sizeof(prefix));
  return prefix;
}

// The upper 20 bits of a product: all bits of the prefix have a say.
size_t FilterBit(uint64_t prefix) {
  return static_cast<size_t>((prefix * 0x9E3779B97F4A7C15U) >> 44);
}

bool IsDigitAt(absl::string_view bytes, size_t at) {
  return at < bytes.size() &&
         absl::ascii_isdigit(static_cast<unsigned char>(bytes[at]));
}

// "-xxxx-" follows, as in a UUID.
bool BeginsAUuid(absl::string_view after) {
  if (after.size() < 6 || after[0] != '-' || after[5] != '-') return false;
  for (size_t i = 1; i < 5; ++i) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(after[i]))) {
      return false;
    }
  }
  return true;
}

bool StandsAlone(absl::string_view bytes, size_t begin, size_t end) {
  return !(begin > 0 && IsDigitAt(bytes, begin - 1)) &&
         !IsDigitAt(bytes, end) && !BeginsAUuid(bytes.substr(end));
}

}  // namespace

const char* SecretKindName(SecretKind kind) {
  switch (kind) {
    case SecretKind::kNumber:
      return "a processing number";
    case SecretKind::kPerson:
      return "a name or a contact";
    case SecretKind::kAcceptedKey:
      return "an accepted key";
    case SecretKind::kOtherKey:
      return "a key that was not accepted";
    case SecretKind::kIdempotencyKey:
      break;
  }
  return "an idempotency key";
}

bool MayHold(FileZone zone, SecretKind kind) {
  switch (kind) {
    case SecretKind::kNumber:
      return false;
    case SecretKind::kPerson:
      return zone == FileZone::kHersys;
    case SecretKind::kAcceptedKey:
      return zone == FileZone::kServer || zone == FileZone::kPublished ||
             zone == FileZone::kPhone;
    case SecretKind::kOtherKey:
    case SecretKind::kIdempotencyKey:
      break;
  }
  return zone == FileZone::kPhone;
}

SecretScan::SecretScan()
    : filter_(std::make_unique<std::bitset<kFilterBits>>()) {}

void SecretScan::Add(SecretKind kind, absl::string_view secret) {
  if (secret.size() < kPrefix) return;
  const uint64_t prefix = PrefixOf(secret.data());
  filter_->set(FilterBit(prefix));
  by_prefix_[prefix].push_back(static_cast<uint32_t>(secrets_.size()));
  secrets_.push_back({.bytes = std::string(secret), .kind = kind});
  ++num_secrets_;
}

void SecretScan::AddKey(SecretKind kind, const Tek& tek) {
  const absl::string_view bytes(reinterpret_cast<const char*>(tek.bytes.data()),
                                tek.bytes.size());
  Add(kind, bytes);
  Add(kind, absl::Base64Escape(bytes));
  Add(kind, absl::BytesToHexString(bytes));
  num_secrets_ -= 2;
}

std::vector<SecretHit> SecretScan::Find(absl::string_view bytes, FileZone zone,
                                        const std::string& file) const {
  std::vector<SecretHit> hits;
  for (size_t at = 0; at + kPrefix <= bytes.size(); ++at) {
    const uint64_t prefix = PrefixOf(bytes.data() + at);
    if (!filter_->test(FilterBit(prefix))) continue;
    const auto found = by_prefix_.find(prefix);
    if (found == by_prefix_.end()) continue;
    for (const uint32_t n : found->second) {
      const Secret& secret = secrets_[n];
      if (MayHold(zone, secret.kind) ||
          bytes.substr(at, secret.bytes.size()) != secret.bytes) {
        continue;
      }
      if (secret.kind == SecretKind::kNumber &&
          !StandsAlone(bytes, at, at + kPrefix)) {
        continue;
      }
      hits.push_back({.file = file,
                      .kind = secret.kind,
                      .offset = static_cast<int64_t>(at)});
      if (hits.size() == kMostHits) return hits;
    }
  }
  return hits;
}

absl::Status SecretScan::FindInFile(const std::string& path, FileZone zone,
                                    Result* result) const {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    if (errno == ENOENT) return absl::OkStatus();
    return SystemError(errno, absl::StrCat(path, ": cannot be opened"));
  }
  const std::string bytes((std::istreambuf_iterator<char>(stream)),
                          std::istreambuf_iterator<char>());
  const std::vector<SecretHit> hits = Find(bytes, zone, path);
  result->hits.insert(result->hits.end(), hits.begin(), hits.end());
  ++result->num_files;
  result->num_bytes += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::StatusOr<SecretScan::Result> SecretScan::FindInFolder(
    const std::string& folder, FileZone zone) const {
  Result result;
  std::error_code error;
  std::filesystem::recursive_directory_iterator files(folder, error);
  for (const auto end = std::filesystem::end(files); !error && files != end;
       files.increment(error)) {
    std::error_code of_file;
    if (!files->is_regular_file(of_file)) continue;
    const std::string path = files->path().string();
    const bool is_log =
        absl::EndsWith(path, ".log") || absl::EndsWith(path, ".stderr");
    TEKMATCH_RETURN_IF_ERROR(
        FindInFile(path, is_log ? FileZone::kLog : zone, &result));
  }
  if (error) return SystemError(error.value(), folder);
  return result;
}

}  // namespace tekmatch
