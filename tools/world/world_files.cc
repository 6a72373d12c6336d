// Plan: the generator gives key after key; Writer writes each one's sightings
// to the phones' stores at once, or keeps them, where they have to be sorted;
// the keys to exports when one is full; and the expected matches, sorted, at
// the end. Then all files go to their places.
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
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "tools/files/match_line.h"
#include "tools/files/output_file.h"
#include "tools/files/output_folder.h"
#include "tools/sightings/sightings_text.h"
#include "tools/sightings/sightings_writer.h"
#include "tools/sightings/tksight_layout.h"

namespace tekmatch {
namespace {

// Before any work: a world of millions of keys takes minutes. OutputFolder
// makes a folder that is not there.
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
         OutputFolder& folder, const std::function<void(uint64_t)>& progress,
         SightingsFormat format)
      : generator_(generator),
        options_(options),
        folder_(folder),
        progress_(progress),
        is_csv_(format == SightingsFormat::kCsv),
        // Of its own: the order of keys in files does not move the world.
        random_(RandomSource::Seeded(options.seed)) {}

  absl::StatusOr<WorldFiles> Write() {
    TEKMATCH_RETURN_IF_ERROR(WriteKeyPair());
    TEKMATCH_RETURN_IF_ERROR(OpenStores());
    while (!generator_.done()) {
      TEKMATCH_RETURN_IF_ERROR(WriteExport());
    }
    for (Store& store : stores_) {
      TEKMATCH_RETURN_IF_ERROR(Close(store));
    }
    TEKMATCH_RETURN_IF_ERROR(WriteExpected());
    TEKMATCH_RETURN_IF_ERROR(folder_.Commit());
    return std::move(files_);
  }

 private:
  // What a phone heard.
  struct Store {
    std::unique_ptr<OutputFile> file;
    std::vector<Sighting> sightings;  // that are not in the file yet
  };

  absl::Status WriteKeyPair() {
    // Not by the seed: whoever knows a seed could sign with its key.
    TEKMATCH_ASSIGN_OR_RETURN(SigningKey key, SigningKey::Generate());
    TEKMATCH_ASSIGN_OR_RETURN(const std::string private_pem, key.PrivatePem());
    TEKMATCH_ASSIGN_OR_RETURN(const std::string public_pem, key.PublicPem());
    files_.signing_key = folder_.PathOf("signing.pem");
    files_.public_key = folder_.PathOf("public.pem");
    TEKMATCH_RETURN_IF_ERROR(WriteWholeFile(folder_.SidePathOf("signing.pem"),
                                            private_pem,
                                            OutputFile::Readers::kOwner));
    export_options_.region = kWorldKeyId;
    // Published on the day after the last, when all keys have ended.
    export_options_.start_timestamp = static_cast<uint64_t>(
        kWorldStartSeconds + options_.num_days * kDaySeconds);
    export_options_.end_timestamp =
        export_options_.start_timestamp + uint64_t{kDaySeconds};
    export_options_.max_keys = options_.keys_per_file;
    // Padding would add keys that nobody asked for.
    export_options_.min_keys = 0;
    export_options_.padding_range = 0;
    export_options_.signers.push_back({.key = std::move(key),
                                       .id = kWorldKeyId,
                                       .version = kWorldKeyVersion});
    return WriteWholeFile(folder_.SidePathOf("public.pem"), public_pem,
                          OutputFile::Readers::kAnyone);
  }

  absl::Status OpenStores() {
    // A column that is 0 in each row would be noise.
    columns_.device = options_.num_devices > 1;
    for (int phone = 1; phone <= options_.num_phones; ++phone) {
      const std::string name = absl::StrCat(
          "sightings", options_.num_phones == 1 ? "" : absl::StrCat("-", phone),
          is_csv_ ? ".csv" : ".tksight");
      files_.sightings.push_back(folder_.PathOf(name));
      Store& store = stores_.emplace_back();
      TEKMATCH_ASSIGN_OR_RETURN(store.file,
                                OutputFile::Open(folder_.SidePathOf(name)));
      if (is_csv_) {
        TEKMATCH_RETURN_IF_ERROR(
            store.file->Append(CsvHeader(columns_) + "\n"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Close(Store& store) {
    if (!is_csv_) {
      // Here, where they need not be copied for it.
      std::sort(store.sightings.begin(), store.sightings.end(), TksightOrder);
      TEKMATCH_RETURN_IF_ERROR(WriteSightings(
          store.sightings, SightingsFormat::kTksight, *store.file));
      store.sightings = {};
    }
    return store.file->Commit();
  }

  absl::Status WriteExport() {
    // Rounded up: the last file may have fewer keys.
    const uint64_t num_files =
        (options_.num_keys - 1) / options_.keys_per_file + 1;
    const auto source = static_cast<uint32_t>(files_.exports.size());
    std::vector<DiagnosisKey> keys;
    keys.reserve(std::min(options_.keys_per_file, options_.num_keys));
    while (keys.size() < options_.keys_per_file && !generator_.done()) {
      TEKMATCH_ASSIGN_OR_RETURN(GeneratedKey generated, generator_.Next());
      keys.push_back(generated.key);
      for (const Sighting& sighting : generated.sightings) {
        device_named_ = device_named_ || sighting.device != 0;
        Store& store = stores_[sighting.store];
        if (!is_csv_) {
          store.sightings.push_back(sighting);
          continue;
        }
        TEKMATCH_RETURN_IF_ERROR(
            store.file->Append(CsvRow(sighting, columns_)));
      }
      // The generator does not know in which file a key goes.
      for (Match& match : generated.expected) {
        match.source = source;
        expected_.push_back(match);
      }
      if (progress_ && generator_.num_generated() % 65536 == 0) {
        progress_(generator_.num_generated());
      }
    }
    TEKMATCH_ASSIGN_OR_RETURN(
        ExportFile file,
        WriteExportFile(keys, static_cast<int>(source + 1),
                        static_cast<int>(num_files), export_options_, random_));
    const std::string name = absl::StrFormat("%05d.zip", source + 1);
    files_.exports.push_back(folder_.PathOf(name));
    return WriteWholeFile(folder_.SidePathOf(name), file.zip,
                          OutputFile::Readers::kAnyone);
  }

  absl::Status WriteExpected() {
    std::sort(expected_.begin(), expected_.end(), InOrderOfMatches);
    constexpr char kName[] = "expected_matches.jsonl";
    files_.expected_matches = folder_.PathOf(kName);
    files_.num_expected_matches = expected_.size();
    TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> out,
                              OutputFile::Open(folder_.SidePathOf(kName)));
    for (const Match& match : expected_) {
      TEKMATCH_RETURN_IF_ERROR(out->Append(
          // Devices as `match` has them: only where a sighting names one.
          MatchLine(match, files_.exports[match.source], device_named_)));
    }
    return out->Commit();
  }

  WorldGenerator generator_;
  const GeneratorOptions& options_;
  OutputFolder& folder_;
  const std::function<void(uint64_t)>& progress_;
  const bool is_csv_;  // else .tksight
  RandomSource random_;
  ExportWriterOptions export_options_;
  CsvColumns columns_;
  std::vector<Store> stores_;
  bool device_named_ = false;
  std::vector<Match> expected_;
  WorldFiles files_;
};

}  // namespace

absl::StatusOr<WorldFiles> WriteWorldFiles(
    const GeneratorOptions& options, const std::string& folder,
    const std::function<void(uint64_t)>& progress, SightingsFormat format) {
  if (format != SightingsFormat::kCsv && format != SightingsFormat::kTksight) {
    return absl::InvalidArgumentError(
        "a world's sightings are CSV or .tksight");
  }
  TEKMATCH_ASSIGN_OR_RETURN(const WorldGenerator generator,
                            WorldGenerator::Create(options));
  TEKMATCH_RETURN_IF_ERROR(CheckEmpty(folder));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFolder> out,
                            OutputFolder::Open(folder));
  return Writer(generator, options, *out, progress, format).Write();
}

}  // namespace tekmatch
