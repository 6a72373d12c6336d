// A made world as files, for whoever wants to match it and know the answer:
//
//   00001.zip ...           a batch of exports, signed, at most 500,000 keys
//                           each
//   public.pem, signing.pem the key that signed them, as id 440, version v1
//   sightings.csv           or, of several phones, sightings-1.csv ... with a
//                           store each; .tksight instead, if asked for
//   expected_matches.jsonl  byte for byte what `match --matches-out` has to
//                           write when it is given the zips by these paths
//
// The options decide all of it but the signing key and the signatures.
#ifndef TEKMATCH_TOOLS_WORLD_WORLD_FILES_H_
#define TEKMATCH_TOOLS_WORLD_WORLD_FILES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/sightings/sightings_file.h"
#include "tools/world/world_generator.h"

namespace tekmatch {

inline constexpr char kWorldKeyId[] = "440";
inline constexpr char kWorldKeyVersion[] = "v1";

struct WorldFiles {
  std::vector<std::string> exports;  // paths, ascending
  std::string public_key;
  std::string signing_key;
  std::vector<std::string> sightings;  // paths, of each phone
  std::string expected_matches;
  uint64_t num_expected_matches = 0;
};

// The folder is made if it is not there; it has all files or none
// (output_folder.h). Sightings are kCsv or kTksight; the world and the matches
// are the same. Memory: the keys of one file, and the expected matches; and 36
// bytes a sighting for kTksight, which has an order of its own. `progress` may
// be empty; it is called now and then with the number of keys made.
//
// INVALID_ARGUMENT: Validate(options) fails, or the format is another one.
// FAILED_PRECONDITION: the folder
// holds something: `match FOLDER/*.zip` would read what is not of this world.
// RESOURCE_EXHAUSTED: no memory. INTERNAL: BoringSSL or the zip library. Others
// are the system's.
absl::StatusOr<WorldFiles> WriteWorldFiles(
    const GeneratorOptions& options, const std::string& folder,
    const std::function<void(uint64_t)>& progress,
    SightingsFormat format = SightingsFormat::kCsv);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_WORLD_WORLD_FILES_H_
