// Plan: The file is read, a line a day's key; a day that has none gets one,
// and those that nobody asks for go, in the same write; hashes are made and
// looked up under the keys that are kept.
#include "registration/hersys/number_keys.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "absl/cleanup/cleanup.h"
#include "absl/memory/memory.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "matcher/store/wipe.h"
#include "registration/service/durable_file.h"

namespace tekmatch {
namespace {

constexpr size_t kMostBytes = 4096;

absl::CivilDay DayOf(absl::Time now) {
  return absl::ToCivilDay(now, absl::UTCTimeZone());
}

std::optional<NumberHashKeyOfDay> ParseLine(absl::string_view line) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, ' ');
  absl::CivilDay day;
  if (parts.size() != 2 || !absl::ParseCivilTime(parts[0], &day) ||
      parts[1].size() != 2 * NumberHashKey::kBytes ||
      parts[1].find_first_not_of("0123456789abcdef") !=
          absl::string_view::npos) {
    return std::nullopt;
  }
  const std::string bytes = absl::HexStringToBytes(parts[1]);
  std::array<uint8_t, NumberHashKey::kBytes> key;
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return NumberHashKeyOfDay{.day = day, .key = NumberHashKey(key)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<NumberKeys>> NumberKeys::Open(
    const std::string& path) {
  auto keys = absl::WrapUnique(new NumberKeys(path));
  TEKMATCH_ASSIGN_OR_RETURN(std::optional<std::string> there,
                            ReadIfThere(path, kMostBytes));
  if (!there.has_value()) return keys;
  std::string& text = *there;
  const absl::Cleanup wipe = [&text] { Wipe(text.data(), text.size()); };
  for (const absl::string_view line :
       absl::StrSplit(absl::string_view(text), '\n', absl::SkipEmpty())) {
    const std::optional<NumberHashKeyOfDay> key = ParseLine(line);
    if (!key.has_value()) {
      return absl::DataLossError(absl::StrCat(path, ": a line is no key"));
    }
    keys->keys_.push_back(*key);
  }
  return keys;
}

absl::Status NumberKeys::Write() {
  std::string text;
  text.reserve(kMostBytes);
  for (const NumberHashKeyOfDay& key : keys_) {
    const absl::Span<const uint8_t> bytes = key.key.bytes();
    absl::StrAppend(
        &text, absl::FormatCivilTime(key.day), " ",
        absl::BytesToHexString(
            {reinterpret_cast<const char*>(bytes.data()), bytes.size()}),
        "\n");
  }
  // The keys are the owner's alone from the first byte on: WriteDurably keeps
  // the mode of a file that it finds under this name.
  const std::string unfinished = path_ + ".new";
  const int fd =
      open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError(errno, unfinished);
  close(fd);
  absl::Status status = WriteDurably(path_, text);
  Wipe(text.data(), text.size());
  return status;
}

absl::Status NumberKeys::Rotate(absl::CivilDay today) {
  const size_t before = keys_.size();
  std::erase_if(keys_, [today](const NumberHashKeyOfDay& key) {
    return !IsKeptNumberHashKey(key.day, today);
  });
  const bool has_today =
      std::any_of(keys_.begin(), keys_.end(),
                  [today](const auto& key) { return key.day == today; });
  if (has_today && keys_.size() == before) return absl::OkStatus();
  if (!has_today) {
    std::array<uint8_t, NumberHashKey::kBytes> bytes;
    RandomSource::FromSystem().Fill(absl::MakeSpan(bytes));
    keys_.push_back({.day = today, .key = NumberHashKey(bytes)});
    Wipe(bytes.data(), bytes.size());
  }
  absl::Status status = Write();
  // A key that is not in the file is none.
  if (!status.ok() && !has_today) keys_.pop_back();
  return status;
}

absl::StatusOr<NumberHash> NumberKeys::Hash(const ProcessingNumber& number,
                                            absl::Time now) {
  const absl::CivilDay today = DayOf(now);
  const std::lock_guard<std::mutex> lock(mutex_);
  TEKMATCH_RETURN_IF_ERROR(Rotate(today));
  for (const NumberHashKeyOfDay& key : keys_) {
    if (key.day == today) return HashNumber(number, key.key);
  }
  return absl::InternalError("the day has no key");
}

absl::StatusOr<std::vector<NumberHash>> NumberKeys::LookUp(
    const ProcessingNumber& number, absl::Time now) {
  const absl::CivilDay today = DayOf(now);
  const std::lock_guard<std::mutex> lock(mutex_);
  TEKMATCH_RETURN_IF_ERROR(Rotate(today));
  return HashesToLookUp(number, keys_, today);
}

}  // namespace tekmatch
