#include "tools/sightings_leveldb.h"

#include <google/protobuf/io/coded_stream.h>
#include <leveldb/db.h>
#include <leveldb/iterator.h>
#include <leveldb/options.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tools/contact_record.pb.h"
#include "tools/scratch_folder.h"
#include "tools/sighting_fields.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDayBytes = 2;

absl::Status FileSystemError(const fs::path& path,
                             const std::error_code& error) {
  return absl::ErrnoToStatus(error.value(),
                             absl::StrCat(path.string(), ": cannot be read"));
}

// Whether the blocks that a table's footer names lie within the table. No
// checksum covers the footer, and LevelDB allocates a block of the size it says
// before it reads, so that a damaged one can end the process. All else that is
// wrong with a table LevelDB finds.
//
// Source: LevelDB, doc/table_format.md.
bool FooterNamesItsOwnBlocks(const fs::path& table) {
  constexpr int kFooterBytes = 48;
  constexpr int kHandlesBytes = 40;
  std::ifstream in(table, std::ios::binary);
  in.seekg(-kFooterBytes, std::ios::end);
  std::array<char, kFooterBytes> footer{};
  if (!in.read(footer.data(), footer.size())) return true;  // is too short
  const auto size = static_cast<uint64_t>(in.tellg());
  google::protobuf::io::CodedInputStream handles(
      reinterpret_cast<const uint8_t*>(footer.data()), kHandlesBytes);
  for (int i = 0; i < 2; ++i) {  // the meta index, and the index
    uint64_t offset = 0;
    uint64_t length = 0;
    if (!handles.ReadVarint64(&offset) || !handles.ReadVarint64(&length)) {
      return true;
    }
    if (offset > size || length > size - offset) return false;
  }
  return true;
}

// Fills `scratch` with links to tables and copies of the rest.
absl::Status Mirror(const fs::path& folder, const fs::path& scratch) {
  std::error_code error;
  const fs::path absolute = fs::absolute(folder, error);
  if (error) return FileSystemError(folder, error);
  fs::directory_iterator files(absolute, error);
  if (error) return FileSystemError(folder, error);
  for (; files != fs::directory_iterator(); files.increment(error)) {
    const fs::path file = files->path();
    const std::string name = file.filename().string();
    const fs::path target = scratch / file.filename();
    if (absl::EndsWith(name, ".ldb") || absl::EndsWith(name, ".sst")) {
      if (!FooterNamesItsOwnBlocks(file)) {
        return absl::DataLossError(absl::StrCat(
            folder.string(), ": LevelDB: ", name, " has a damaged footer"));
      }
      fs::create_symlink(file, target, error);
    } else if (name == "CURRENT" || absl::StartsWith(name, "MANIFEST-") ||
               absl::EndsWith(name, ".log")) {
      fs::copy_file(file, target, error);
      // A copy of a read-only file is read-only, and LevelDB appends.
      if (!error) fs::permissions(target, fs::perms::owner_all, error);
    }
    if (error) return FileSystemError(file, error);
  }
  return error ? FileSystemError(folder, error) : absl::OkStatus();
}

// Checks every reading that the mean is made of.
absl::Status SetMeanRssi(const wire::SightingRecord& record,
                         Sighting* sighting) {
  int64_t sum = 0;
  int num_readings = 0;
  for (const int32_t reading : record.rssi_values()) {
    if (reading == kRssiNotAvailable) continue;
    if (absl::Status s = SetRssi(reading, sighting); !s.ok()) return s;
    sum += reading;
    ++num_readings;
  }
  if (num_readings == 0) return SetRssi(kRssiNotAvailable, sighting);
  return SetRssi(std::lround(static_cast<double>(sum) / num_readings),
                 sighting);
}

absl::Status SetRssiOf(const wire::SightingRecord& record, Sighting* sighting) {
  const bool has_values = !record.rssi_values().empty();
  if (!record.has_rssi() && !has_values) {
    return absl::InvalidArgumentError("rssi: missing");
  }
  if (has_values &&
      (!record.has_rssi() || record.rssi() == kRssiNotAvailable)) {
    return SetMeanRssi(record, sighting);
  }
  return SetRssi(record.rssi(), sighting);
}

const std::string& EncryptedMetadata(const wire::ContactRecord& contact,
                                     const wire::SightingRecord& record) {
  if (record.has_encrypted_metadata()) return record.encrypted_metadata();
  if (record.has_associated_encrypted_metadata()) {
    return record.associated_encrypted_metadata();
  }
  return contact.encrypted_metadata();
}

absl::Status ParseSighting(const wire::ContactRecord& contact,
                           const wire::SightingRecord& record,
                           Sighting* sighting, DroppedSightingFields* dropped) {
  if (!record.has_epoch_seconds()) {
    return absl::InvalidArgumentError("time: missing");
  }
  if (absl::Status s = SetTime(record.epoch_seconds(), sighting); !s.ok()) {
    return s;
  }
  const std::string& aem = EncryptedMetadata(contact, record);
  if (aem.size() != kAemBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("aem: ", aem.size(), " bytes, ", kAemBytes, " wanted"));
  }
  std::copy(aem.begin(), aem.end(), sighting->aem.bytes.begin());
  if (absl::Status s = SetRssiOf(record, sighting); !s.ok()) return s;
  if (!SetPreviousScan(record.previous_scan_epoch_seconds(), sighting)) {
    ++dropped->previous_scan;
  }
  return absl::OkStatus();
}

absl::Status ReadRecord(const leveldb::Slice& key, const leveldb::Slice& value,
                        const std::string& place,
                        const SightingsReaderOptions& options,
                        SightingsFile* file) {
  if (key.size() != kDayBytes + kRpiBytes) {
    return BadRow(place,
                  absl::StrCat("its key has ", key.size(), " bytes, ",
                               kDayBytes + kRpiBytes, " wanted"),
                  options, file);
  }
  wire::ContactRecord contact;
  if (!contact.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return BadRow(place, "not a ContactRecord", options, file);
  }
  for (const wire::SightingRecord& record : contact.sighting_records()) {
    Sighting sighting;
    std::copy_n(key.data() + kDayBytes, kRpiBytes, sighting.rpi.bytes.begin());
    if (absl::Status s =
            ParseSighting(contact, record, &sighting, &file->dropped);
        s.ok()) {
      file->sightings.push_back(sighting);
    } else if (absl::Status bad = BadRow(place, s.message(), options, file);
               !bad.ok()) {
      return bad;
    }
  }
  return absl::OkStatus();
}

absl::Status LevelDbError(const std::string& path,
                          const leveldb::Status& status,
                          const std::string& scratch) {
  // LevelDB names the files of the scratch folder, which nobody knows.
  std::string reason = status.ToString();
  for (size_t at = reason.find(scratch); at != std::string::npos;
       at = reason.find(scratch)) {
    reason.replace(at, scratch.size(), path);
  }
  return absl::DataLossError(absl::StrCat(path, ": LevelDB: ", reason));
}

}  // namespace

absl::StatusOr<SightingsFile> ReadLevelDbSightings(
    const std::string& path, const SightingsReaderOptions& options) {
  std::error_code ignored;
  if (!fs::exists(fs::path(path) / "CURRENT", ignored)) {
    return absl::DataLossError(
        absl::StrCat(path, ": a folder without a LevelDB in it"));
  }
  const auto scratch = ScratchFolder::Make();
  if (!scratch.ok()) return scratch.status();
  const std::string& scratch_path = (*scratch)->path();
  if (absl::Status s = Mirror(path, scratch_path); !s.ok()) return s;

  leveldb::Options db_options;
  db_options.create_if_missing = false;
  db_options.paranoid_checks = true;
  leveldb::DB* opened = nullptr;
  leveldb::Status status = leveldb::DB::Open(db_options, scratch_path, &opened);
  if (!status.ok()) return LevelDbError(path, status, scratch_path);
  const std::unique_ptr<leveldb::DB> db(opened);
  leveldb::ReadOptions read_options;
  read_options.verify_checksums = true;
  read_options.fill_cache = false;

  SightingsFile file;
  file.format = SightingsFormat::kLevelDb;
  uint64_t number = 0;
  const std::unique_ptr<leveldb::Iterator> it(db->NewIterator(read_options));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    ++number;
    if (absl::Status s =
            ReadRecord(it->key(), it->value(),
                       absl::StrCat(path, ": record ", number), options, &file);
        !s.ok()) {
      return s;
    }
  }
  if (!it->status().ok()) {
    return LevelDbError(path, it->status(), scratch_path);
  }
  return file;
}

}  // namespace tekmatch
