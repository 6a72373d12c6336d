// Plan: the generator gives key after key; Writer writes each one's sightings
// to the phones' stores at once, the keys to exports when one is full, and the
// expected matches, sorted, at the end. Then all files go to their places.
#include "tools/world/world_files.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "keyformat/export_writer.h"
#include "keyformat/p256_key.h"
#include "keyformat/random_source.h"
#include "keyformat/system_error.h"
#include "tools/files/match_line.h"
#include "tools/files/output_file.h"
#include "tools/files/output_folder.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

absl::Status CheckEmpty(const std::string& folder) {
  std::error_code error;
  const bool empty = std::filesystem::is_empty(folder, error);
  if (error == std::errc::no_such_file_or_directory) return absl::OkStatus();
  if (error) {
    return SystemError(error.value(), absl::StrCat(folder, ": cannot be read"));
  }
  if (!empty) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder, ": not an empty folder"));
  }
  return absl::OkStatus();
}

// The order of `match --matches-out` (docs/formats.md), and of sightings that
// it does not tell apart.
bool InOrderOfMatches(const Match& a, const Match& b) {
  const auto rank = [](const Match& m) {
    return std::tie(m.sighting.unix_seconds, m.sighting.rpi, m.tek, m.interval,
                    m.sighting.device, m.sighting.aem, m.sighting.rssi);
  };
  return rank(a) < rank(b);
}

class Writer {
 public:
  Writer(const WorldGenerator& generator, const GeneratorOptions& options,
         OutputFolder& folder, const std::function<void(uint64_t)>& progress)
      : generator_(generator),
        options_(options),
        folder_(folder),
        progress_(progress),
        // Of its own: the order of keys in files does not move the world.
        random_(RandomSource::Seeded(options.seed)) {}

  absl::StatusOr<WorldFiles> Write() {
    if (absl::Status s = WriteKeyPair(); !s.ok()) return s;
    if (absl::Status s = OpenStores(); !s.ok()) return s;
    while (!generator_.done()) {
      if (absl::Status s = WriteExport(); !s.ok()) return s;
    }
    for (const auto& store : stores_) {
      if (absl::Status s = store->Commit(); !s.ok()) return s;
    }
    if (absl::Status s = WriteExpected(); !s.ok()) return s;
    if (absl::Status s = folder_.Commit(); !s.ok()) return s;
    return std::move(files_);
  }

 private:
  absl::Status WriteKeyPair() {
    absl::StatusOr<SigningKey> key = SigningKey::Generate();
    if (!key.ok()) return key.status();
    const absl::StatusOr<std::string> private_pem = key->PrivatePem();
    if (!private_pem.ok()) return private_pem.status();
    const absl::StatusOr<std::string> public_pem = key->PublicPem();
    if (!public_pem.ok()) return public_pem.status();
    files_.signing_key = folder_.PathOf("signing.pem");
    files_.public_key = folder_.PathOf("public.pem");
    if (absl::Status s =
            WriteWholeFile(folder_.SidePathOf("signing.pem"), *private_pem,
                           OutputFile::Readers::kOwner);
        !s.ok()) {
      return s;
    }
    export_options_.region = kWorldKeyId;
    export_options_.start_timestamp = static_cast<uint64_t>(
        kWorldStartSeconds + options_.num_days * kDaySeconds);
    export_options_.end_timestamp =
        export_options_.start_timestamp + uint64_t{kDaySeconds};
    export_options_.max_keys = options_.keys_per_file;
    // Padding would add keys that nobody asked for.
    export_options_.min_keys = 0;
    export_options_.padding_range = 0;
    export_options_.signers.push_back({.key = *std::move(key),
                                       .id = kWorldKeyId,
                                       .version = kWorldKeyVersion});
    return WriteWholeFile(folder_.SidePathOf("public.pem"), *public_pem,
                          OutputFile::Readers::kAnyone);
  }

  absl::Status OpenStores() {
    columns_.device = options_.num_devices > 1;
    for (int phone = 1; phone <= options_.num_phones; ++phone) {
      const std::string name = options_.num_phones == 1
                                   ? "sightings.csv"
                                   : absl::StrCat("sightings-", phone, ".csv");
      files_.sightings.push_back(folder_.PathOf(name));
      absl::StatusOr<std::unique_ptr<OutputFile>> store =
          OutputFile::Open(folder_.SidePathOf(name));
      if (!store.ok()) return store.status();
      if (absl::Status s = (*store)->Append(CsvHeader(columns_) + "\n");
          !s.ok()) {
        return s;
      }
      stores_.push_back(*std::move(store));
    }
    return absl::OkStatus();
  }

  absl::Status WriteExport() {
    const uint64_t num_files =
        (options_.num_keys - 1) / options_.keys_per_file + 1;
    const auto source = static_cast<uint32_t>(files_.exports.size());
    std::vector<DiagnosisKey> keys;
    keys.reserve(std::min(options_.keys_per_file, options_.num_keys));
    while (keys.size() < options_.keys_per_file && !generator_.done()) {
      absl::StatusOr<GeneratedKey> generated = generator_.Next();
      if (!generated.ok()) return generated.status();
      keys.push_back(generated->key);
      for (const Sighting& sighting : generated->sightings) {
        device_named_ = device_named_ || sighting.device != 0;
        OutputFile& store = *stores_[sighting.store];
        if (absl::Status s = store.Append(CsvRow(sighting, columns_));
            !s.ok()) {
          return s;
        }
      }
      for (Match& match : generated->expected) {
        match.source = source;
        expected_.push_back(match);
      }
      if (progress_ && generator_.num_generated() % 65536 == 0) {
        progress_(generator_.num_generated());
      }
    }
    absl::StatusOr<ExportFile> file =
        WriteExportFile(keys, static_cast<int>(source + 1),
                        static_cast<int>(num_files), export_options_, random_);
    if (!file.ok()) return file.status();
    const std::string name = absl::StrFormat("%05d.zip", source + 1);
    files_.exports.push_back(folder_.PathOf(name));
    return WriteWholeFile(folder_.SidePathOf(name), file->zip,
                          OutputFile::Readers::kAnyone);
  }

  absl::Status WriteExpected() {
    std::sort(expected_.begin(), expected_.end(), InOrderOfMatches);
    constexpr char kName[] = "expected_matches.jsonl";
    files_.expected_matches = folder_.PathOf(kName);
    files_.num_expected_matches = expected_.size();
    const absl::StatusOr<std::unique_ptr<OutputFile>> out =
        OutputFile::Open(folder_.SidePathOf(kName));
    if (!out.ok()) return out.status();
    for (const Match& match : expected_) {
      if (absl::Status s = (*out)->Append(
              MatchLine(match, files_.exports[match.source], device_named_));
          !s.ok()) {
        return s;
      }
    }
    return (*out)->Commit();
  }

  WorldGenerator generator_;
  const GeneratorOptions& options_;
  OutputFolder& folder_;
  const std::function<void(uint64_t)>& progress_;
  RandomSource random_;
  ExportWriterOptions export_options_;
  CsvColumns columns_;
  std::vector<std::unique_ptr<OutputFile>> stores_;
  bool device_named_ = false;
  std::vector<Match> expected_;
  WorldFiles files_;
};

}  // namespace

absl::StatusOr<WorldFiles> WriteWorldFiles(
    const GeneratorOptions& options, const std::string& folder,
    const std::function<void(uint64_t)>& progress) {
  const absl::StatusOr<WorldGenerator> generator =
      WorldGenerator::Create(options);
  if (!generator.ok()) return generator.status();
  if (absl::Status s = CheckEmpty(folder); !s.ok()) return s;
  const absl::StatusOr<std::unique_ptr<OutputFolder>> out =
      OutputFolder::Open(folder);
  if (!out.ok()) return out.status();
  return Writer(*generator, options, **out, progress).Write();
}

}  // namespace tekmatch
