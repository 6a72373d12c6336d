// The plan: list the folder, and open by name what belongs to the database.
// Changes go into one map, in which the one with the highest sequence number
// wins, whichever file and level it comes from.
#include "tools/sightings/leveldb_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "tools/sightings/leveldb_coding.h"
#include "tools/sightings/leveldb_log.h"
#include "tools/sightings/leveldb_manifest.h"
#include "tools/sightings/leveldb_table.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kManifestPrefix = "MANIFEST-";

std::string NumberedName(uint64_t number, absl::string_view extension) {
  return absl::StrFormat("%06d%s", number, extension);
}

// What a batch of changes holds: the first sequence number, the number of
// changes, and the changes. False if it is none; some may have been given.
bool ForEachChange(absl::string_view batch, uint64_t* first, uint32_t* count,
                   LevelDbChangeSink sink) {
  constexpr uint64_t kMaxSequence = (uint64_t{1} << 56) - 1;
  LevelDbInput in(batch);
  if (!in.Fixed64(first) || !in.Fixed32(count) || *first > kMaxSequence ||
      *count > kMaxSequence - *first) {
    return false;
  }
  for (uint32_t i = 0; i < *count; ++i) {
    LevelDbChange change;
    uint8_t kind = 0;
    if (!in.Byte(&kind) || kind > 1 || !in.String(&change.key) ||
        change.key.size() > kMaxLevelDbKeyBytes ||
        (kind == 1 && !in.String(&change.value))) {
      return false;
    }
    change.sequence = *first + i;
    change.deletes = kind == 0;
    sink(change);
  }
  return in.empty();
}

class Reader {
 public:
  explicit Reader(std::string folder) : folder_(std::move(folder)) {}

  absl::StatusOr<LevelDbContent> Read();

 private:
  struct Newest {
    uint64_t sequence = 0;
    bool deleted = false;
    std::string value;
  };

  std::string PathOf(absl::string_view name) const {
    return (fs::path(folder_) / std::string(name)).string();
  }
  void Lose(absl::string_view name, absl::string_view reason,
            absl::StatusCode code = absl::StatusCode::kDataLoss) {
    content_.losses.push_back({PathOf(name), std::string(reason), code});
  }
  // A message of `status` without the file's path before it.
  std::string ReasonOf(absl::string_view name,
                       const absl::Status& status) const {
    absl::string_view reason = status.message();
    absl::ConsumePrefix(&reason, absl::StrCat(PathOf(name), ": "));
    return std::string(reason);
  }
  absl::Status List();
  // The system's word on the file, or what it is, if it cannot be opened as a
  // regular file of the folder.
  absl::StatusOr<std::unique_ptr<ByteSource>> Open(absl::string_view name);
  absl::StatusOr<LevelDbManifest> ReadManifest();
  std::set<uint64_t> Logs(const LevelDbManifest& manifest) const;
  void ReadTable(uint64_t number, uint64_t size);
  void ReadLog(uint64_t number, const LevelDbManifest& manifest);
  void Apply(const LevelDbChange& change);

  const std::string folder_;
  std::set<std::string> names_;  // of all files in the folder
  std::map<std::string, Newest> newest_;
  // Of the change that has to come next, once a log gave one.
  std::optional<uint64_t> first_sequence_;
  uint64_t next_sequence_ = 0;
  bool logs_are_whole_ = true;  // those read so far
  LevelDbContent content_;
};

absl::Status Reader::List() {
  std::error_code error;
  fs::directory_iterator files(folder_, error);
  for (; !error && files != fs::directory_iterator(); files.increment(error)) {
    names_.insert(files->path().filename().string());
  }
  if (!error) return absl::OkStatus();
  return SystemError(error.value(), absl::StrCat(folder_, ": cannot be read"));
}

absl::StatusOr<std::unique_ptr<ByteSource>> Reader::Open(
    absl::string_view name) {
  const std::string path = PathOf(name);
  // Not followed: a link leads out of the folder that the user gave.
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return absl::DataLossError("is missing");
    return SystemError(errno, "cannot be read");
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::DataLossError("is not a regular file of the folder");
  }
  auto source = OpenFileSource(path);
  if (source.ok()) return source;
  return absl::Status(source.status().code(), ReasonOf(name, source.status()));
}

absl::StatusOr<LevelDbManifest> Reader::ReadManifest() {
  // The name of a MANIFEST, and a line end.
  constexpr uint64_t kMaxCurrentBytes = 64;
  const auto fail = [this](absl::string_view name, const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(PathOf(name), ": ",
                                                    ReasonOf(name, status)));
  };
  const auto current = Open("CURRENT");
  if (!current.ok()) return fail("CURRENT", current.status());
  std::string name(std::min((*current)->size(), kMaxCurrentBytes), '\0');
  TEKMATCH_RETURN_IF_ERROR((*current)->ReadAt(
      0, absl::MakeSpan(reinterpret_cast<uint8_t*>(name.data()), name.size())));
  absl::string_view number = name;
  if (!absl::ConsumeSuffix(&number, "\n") ||
      !absl::ConsumePrefix(&number, kManifestPrefix) || number.empty() ||
      !std::all_of(number.begin(), number.end(), absl::ascii_isdigit)) {
    return fail("CURRENT", absl::DataLossError("names no MANIFEST"));
  }
  name.pop_back();
  const auto source = Open(name);
  if (!source.ok()) return fail(name, source.status());
  absl::StatusOr<LevelDbManifest> manifest = ReadLevelDbManifest(**source);
  if (!manifest.ok()) return fail(name, manifest.status());
  if (!manifest->damage.empty()) {
    Lose(name, absl::StrCat(manifest->damage,
                            ": which files belong to the database after that "
                            "is not known"));
  } else if (manifest->log_number == 0 &&
             (manifest->last_sequence > 0 || !manifest->tables.empty())) {
    Lose(name,
         "names no log: the database was repaired, and what was lost then is "
         "not known");
  }
  return manifest;
}

// The logs that belong to the database, be they there or not.
std::set<uint64_t> Reader::Logs(const LevelDbManifest& manifest) const {
  std::set<uint64_t> logs;
  for (const std::string& name : names_) {
    absl::string_view digits = name;
    uint64_t number = 0;
    if (absl::ConsumeSuffix(&digits, ".log") &&
        absl::SimpleAtoi(digits, &number) &&
        NumberedName(number, ".log") == name && number > manifest.log_number) {
      logs.insert(number);
    }
  }
  for (const uint64_t number :
       {manifest.previous_log_number, manifest.log_number}) {
    if (number > 0) logs.insert(number);
  }
  return logs;
}

void Reader::ReadTable(uint64_t number, uint64_t size) {
  std::string name = NumberedName(number, ".ldb");
  if (!names_.contains(name) && names_.contains(NumberedName(number, ".sst"))) {
    name = NumberedName(number, ".sst");
  }
  const auto source = Open(name);
  if (!source.ok()) {
    return Lose(
        name,
        absl::StrCat(source.status().message(), ": its sightings are not read"),
        source.status().code());
  }
  if ((*source)->size() != size) {
    return Lose(name, absl::StrCat("has ", (*source)->size(), " bytes, not ",
                                   size, ": its sightings are not read"));
  }
  const absl::StatusOr<LevelDbTableBlocks> blocks = ReadLevelDbTable(
      **source, [this](const LevelDbChange& change) { Apply(change); });
  if (!blocks.ok()) {
    return Lose(name, ReasonOf(name, blocks.status()), blocks.status().code());
  }
  if (blocks->num_damaged == 0) return;
  Lose(name, absl::StrCat("has ", blocks->num_damaged, " damaged blocks of ",
                          blocks->num_blocks));
}

void Reader::ReadLog(uint64_t number, const LevelDbManifest& manifest) {
  const std::string name = NumberedName(number, ".log");
  const auto source = Open(name);
  if (!source.ok()) {
    logs_are_whole_ = false;
    return Lose(name,
                absl::StrCat(source.status().message(),
                             ": the newest sightings are not read"),
                source.status().code());
  }
  const auto apply = [this](const LevelDbChange& change) { Apply(change); };
  bool has_gap = false;
  bool has_bad_batch = false;
  LevelDbLogReader reader(**source);
  std::string batch;
  absl::StatusOr<bool> more = false;
  while ((more = reader.Next(&batch)).ok() && *more) {
    uint64_t first = 0;
    uint32_t count = 0;
    if (!ForEachChange(batch, &first, &count, apply)) {
      has_bad_batch = true;
      continue;
    }
    const bool follows = first_sequence_.has_value()
                             ? first == next_sequence_
                             : first <= manifest.last_sequence + 1;
    has_gap |= !follows;
    if (!first_sequence_.has_value()) first_sequence_ = first;
    next_sequence_ = first + count;
  }
  const bool before_were_whole = std::exchange(
      logs_are_whole_, logs_are_whole_ && more.ok() && !has_bad_batch &&
                           !has_gap && reader.lost_bytes() == 0);
  if (!more.ok()) {
    return Lose(name, ReasonOf(name, more.status()), more.status().code());
  }
  if (reader.lost_bytes() > reader.lost_at_end()) {
    Lose(name, absl::StrCat(reader.lost_bytes(), " bytes of ", reader.size(),
                            " are damaged: sightings are missing"));
  } else if (reader.lost_bytes() > 0) {
    Lose(name, absl::StrCat(reader.lost_bytes(),
                            " bytes at its end are cut or torn: the newest "
                            "sightings are missing"));
  } else if (has_bad_batch) {
    Lose(name, "holds a record that is none of LevelDB's");
  } else if (has_gap && before_were_whole) {
    // Else it is what is known to be lost before.
    Lose(name, "lacks records: sightings are missing");
  }
}

void Reader::Apply(const LevelDbChange& change) {
  const auto [found, is_new] = newest_.try_emplace(std::string(change.key));
  Newest& newest = found->second;
  if (!is_new && newest.sequence > change.sequence) return;
  newest.sequence = change.sequence;
  newest.deleted = change.deletes;
  newest.value.assign(change.value.data(), change.value.size());
}

absl::StatusOr<LevelDbContent> Reader::Read() {
  TEKMATCH_RETURN_IF_ERROR(List());
  bool has_manifest = false;
  for (const std::string& name : names_) {
    has_manifest |= absl::StartsWith(name, kManifestPrefix);
  }
  if (!names_.contains("CURRENT") && !has_manifest) {
    return absl::DataLossError(
        absl::StrCat(folder_, ": a folder without a LevelDB in it"));
  }
  TEKMATCH_ASSIGN_OR_RETURN(const LevelDbManifest manifest, ReadManifest());
  // Gaps tell nothing if it is not known from where on there are none.
  logs_are_whole_ = manifest.damage.empty();
  for (const auto& [number, size] : manifest.tables) ReadTable(number, size);
  const std::set<uint64_t> logs = Logs(manifest);
  for (const uint64_t number : logs) ReadLog(number, manifest);
  if (logs_are_whole_ && first_sequence_.has_value() &&
      next_sequence_ <= manifest.last_sequence) {
    Lose(NumberedName(*logs.rbegin(), ".log"),
         "ends before what the MANIFEST knows of: the newest sightings are "
         "missing");
  }
  for (auto& [key, newest] : newest_) {
    if (!newest.deleted) {
      content_.records.emplace_hint(content_.records.end(), key,
                                    std::move(newest.value));
    }
  }
  return std::move(content_);
}

}  // namespace

absl::StatusOr<LevelDbContent> ReadLevelDb(const std::string& folder) {
  return Reader(folder).Read();
}

}  // namespace tekmatch
