// A whole LevelDB in a folder, as Google Play Services leaves one, out of the
// bytes, with the right checksums everywhere: anybody can compute those. The
// first byte says which of two it is.
//
// 'm': changes of a few keys, spread over tables and a log. What is read is
// what a map says of the changes, and nothing is lost. Then one byte of one
// file is another, or a file is shorter or gone: whatever is read still is what
// was once put under its key.
//
// All else: the bytes are parts, each with its length, of blocks, logs and the
// MANIFEST. The reader of sightings has to end with an answer, and to leave
// damaged parts out changes nothing where there are none.
//
// Plan: a folder of files; a model of a store and what it wrote; one damage to
// it; parts of any kind.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "matcher/join/sighting_index.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/tools/sightings/test_leveldb.h"
#include "tools/files/scratch_folder.h"
#include "tools/sightings/leveldb_store.h"
#include "tools/sightings/sightings_leveldb.h"

namespace tekmatch {
namespace {

using Files = std::map<std::string, std::string>;

constexpr char kManifest[] = "MANIFEST-000002";
constexpr uint64_t kLog = 900;
constexpr char kLogName[] = "000900.log";

// One for all runs: to make it takes longer than to read what is in it.
const std::string& Folder() {
  static const std::unique_ptr<ScratchFolder> folder = [] {
    auto made = ScratchFolder::Make();
    Require(made.ok());
    return *std::move(made);
  }();
  return folder->path();
}

// The folder with these files and no others.
void Write(const Files& files) {
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    std::filesystem::remove(entry.path());
  }
  for (const auto& [name, content] : files) {
    std::ofstream out(Folder() + "/" + name, std::ios::binary);
    out << content;
    Require(out.flush().good());
  }
}

// A block whose keys share their beginnings, with a restart every few entries.
std::string SharingBlock(
    const std::vector<std::pair<std::string, std::string>>& entries,
    size_t restart_every) {
  std::string content;
  std::string restarts;
  uint32_t num_restarts = 0;
  std::string last;
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& [key, value] = entries[i];
    size_t shared = 0;
    if (i % restart_every == 0) {
      restarts += Fixed32(static_cast<uint32_t>(content.size()));
      ++num_restarts;
    } else {
      while (shared < std::min(last.size(), key.size()) &&
             last[shared] == key[shared]) {
        ++shared;
      }
    }
    content += Varint(shared);
    content += Varint(key.size() - shared);
    content += Varint(value.size());
    content += key.substr(shared);
    content += value;
    last = key;
  }
  return content + restarts + Fixed32(num_restarts);
}

// ------------------------------------------------------------- the model

struct Change {
  std::string key;
  uint64_t sequence = 0;
  bool deletes = false;
  std::string value;
};

Change NextChange(FuzzBytes& bytes, uint64_t sequence) {
  Change change;
  const uint8_t what = bytes.Next();
  change.sequence = sequence;
  change.key = std::string(1 + what % 4, static_cast<char>('a' + what / 4 % 3));
  change.key += static_cast<char>(what / 12 % 5);
  change.deletes = what >= 220;
  if (!change.deletes) change.value = bytes.Take(bytes.Below(40));
  return change;
}

// A log's batch takes changes that follow one another.
std::string BatchOf(const std::vector<Change>& changes) {
  std::string batch = Fixed64(changes.front().sequence) +
                      Fixed32(static_cast<uint32_t>(changes.size()));
  for (const Change& change : changes) {
    batch += change.deletes ? '\0' + Sized(change.key)
                            : '\1' + Sized(change.key) + Sized(change.value);
  }
  return batch;
}

std::string TableFrom(std::vector<Change> changes, size_t per_block,
                      size_t restart_every) {
  // By key, then the newest first.
  std::sort(changes.begin(), changes.end(),
            [](const Change& a, const Change& b) {
              return a.key != b.key ? a.key < b.key : a.sequence > b.sequence;
            });
  std::vector<std::string> blocks;
  for (size_t i = 0; i < changes.size(); i += per_block) {
    std::vector<std::pair<std::string, std::string>> entries;
    const size_t end = std::min(i + per_block, changes.size());
    entries.reserve(end - i);
    for (size_t j = i; j < end; ++j) {
      const Change& change = changes[j];
      entries.emplace_back(
          InternalKey(change.key, change.sequence, change.deletes),
          change.value);
    }
    blocks.push_back(SharingBlock(entries, restart_every));
  }
  return TableOf(blocks);
}

struct Model {
  Files files;
  std::map<std::string, std::string> records;
  std::set<std::pair<std::string, std::string>> ever_put;
  // What the store held before each batch of the log: a log that ends there is
  // whole, as of an app that was killed.
  std::vector<std::map<std::string, std::string>> before_batches;
};

// Tables first, as many as the bytes say; what is left is in the log.
Model MakeModel(FuzzBytes& bytes) {
  constexpr size_t kMostChanges = 200;
  Model model;
  uint64_t sequence = 1;
  const auto take = [&](size_t num) {
    std::vector<Change> changes;
    for (size_t i = 0; i < num && !bytes.empty() && sequence <= kMostChanges;
         ++i) {
      changes.push_back(NextChange(bytes, sequence++));
      const Change& change = changes.back();
      if (change.deletes) {
        model.records.erase(change.key);
      } else {
        model.records[change.key] = change.value;
        model.ever_put.emplace(change.key, change.value);
      }
    }
    return changes;
  };
  std::string tables;
  const size_t num_tables = bytes.Below(4);
  for (uint64_t number = 5; number < 5 + num_tables; ++number) {
    const size_t per_block = 1 + bytes.Below(20);
    const size_t restart_every = 1 + bytes.Below(16);
    const std::vector<Change> changes = take(1 + bytes.Below(60));
    if (changes.empty()) break;
    const std::string table = TableFrom(changes, per_block, restart_every);
    model.files[absl::StrCat("00000", number, ".ldb")] = table;
    tables += AddTable(number, table.size());
  }
  const uint64_t in_tables = sequence - 1;
  std::vector<std::string> batches;
  while (!bytes.empty() && sequence <= kMostChanges) {
    model.before_batches.push_back(model.records);
    const std::vector<Change> changes = take(1 + bytes.Below(6));
    if (!changes.empty()) batches.push_back(BatchOf(changes));
  }
  model.files[kLogName] = LogOf(batches);
  model.files["CURRENT"] = absl::StrCat(kManifest, "\n");
  model.files[kManifest] = LogOf({FirstEdit(kLog, in_tables) + tables});
  return model;
}

// One byte of one file becomes another, or its end or all of it goes. Returns
// the file's name.
std::string Damage(FuzzBytes& bytes, Files* files) {
  auto file = files->begin();
  std::advance(file, static_cast<std::ptrdiff_t>(bytes.Below(files->size())));
  const size_t at = size_t{bytes.Next()} << 8 | bytes.Next();
  const uint8_t flip = bytes.Next();
  std::string name = file->first;
  std::string& content = file->second;
  if (flip == 1) {
    files->erase(file);
  } else if (!content.empty() && flip == 2) {
    content.resize(at % content.size());
  } else if (!content.empty()) {
    content[at % content.size()] ^= static_cast<char>(flip);
  }
  return name;
}

void CheckModel(FuzzBytes& bytes) {
  uint8_t damage[4];
  for (uint8_t& byte : damage) byte = bytes.Next();
  Model model = MakeModel(bytes);
  Write(model.files);
  const auto content = ReadLevelDb(Folder());
  Require(content.ok() && content->losses.empty());
  Require(content->records == model.records);

  FuzzBytes how(damage, sizeof(damage));
  const bool damages_log = Damage(how, &model.files) == kLogName;
  Write(model.files);
  const auto damaged = ReadLevelDb(Folder());
  if (!damaged.ok()) return;
  for (const auto& record : damaged->records) {
    Require(model.ever_put.contains(record));
  }
  // A loss that is not said would be an all-clear that nothing bears out. None
  // is known where the log's end went: so many batches were perhaps never
  // written.
  if (damaged->losses.empty() && damaged->records != model.records) {
    Require(damages_log &&
            std::find(model.before_batches.begin(), model.before_batches.end(),
                      damaged->records) != model.before_batches.end());
  }
}

// --------------------------------------------------------- parts of any kind

void ReadParts(FuzzBytes& bytes) {
  constexpr size_t kMostParts = 24;
  std::vector<std::string> blocks;
  std::vector<std::string> batches;
  std::vector<std::string> edits;
  std::string index;
  std::string log;
  for (size_t i = 0; i < kMostParts && !bytes.empty(); ++i) {
    const size_t kind = bytes.Below(8);
    std::string part = bytes.Take(bytes.Next());
    switch (kind) {
      case 0:
        blocks.push_back(std::move(part));
        break;
      case 1:
        index = std::move(part);
        break;
      case 2:
        batches.push_back(std::move(part));
        break;
      case 3:
        edits.push_back(std::move(part));
        break;
      case 4: {
        // A fragment of a log of any type.
        const int type = part.empty() ? 0 : static_cast<uint8_t>(part[0]);
        log += LogFragment(type, part);
        break;
      }
      case 5: {
        // A contact's record, under the key of a day and an identifier.
        std::string key(18, static_cast<char>(i));
        key[0] = '\x48';
        blocks.push_back(BlockOf({{InternalKey(key, i + 1), part}}));
        break;
      }
      case 6:
        log.append(part);
        break;
      default:
        batches.push_back(Batch(i + 1, {{"k", part}}));
    }
  }
  const std::string table = TableOf(blocks, index);
  std::vector<std::string> manifest = {FirstEdit(kLog, 0) +
                                       AddTable(5, table.size())};
  manifest.insert(manifest.end(), edits.begin(), edits.end());
  Write({{"CURRENT", absl::StrCat(kManifest, "\n")},
         {kManifest, LogOf(manifest)},
         {"000005.ldb", table},
         {kLogName, LogOf(batches) + log}});
  const auto strict =
      ReadLevelDbSightings(Folder(), {.skip_bad = false, .progress = {}});
  const auto lenient =
      ReadLevelDbSightings(Folder(), {.skip_bad = true, .progress = {}});
  if (!lenient.ok()) {
    Require(!strict.ok());
    return;
  }
  Require(CheckHeard(lenient->sightings).ok());
  Require(strict.ok() == (lenient->num_bad == 0 && lenient->losses.empty()));
  if (strict.ok()) Require(strict->sightings == lenient->sightings);
}

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tekmatch::FuzzBytes bytes(data, size);
  if (bytes.Next() == 'm') {
    tekmatch::CheckModel(bytes);
  } else {
    tekmatch::ReadParts(bytes);
  }
  return 0;
}
