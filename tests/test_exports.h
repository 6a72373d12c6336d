// Exports and sightings for tests: written by the real writer, and taken apart
// and put together again to make files that no honest server writes.
//
// The functions report a failure of the libraries under them through
// GoogleTest.
#ifndef TEKMATCH_TESTS_TEST_EXPORTS_H_
#define TEKMATCH_TESTS_TEST_EXPORTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "keyformat/diagnosis_key.h"
#include "keyformat/export_writer.h"
#include "keyformat/p256_key.h"
#include "keyformat/signature.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

// 2020-12-01T00:00:00Z, as a second and as an interval.
inline constexpr int64_t kTestDaySeconds = 1606780800;
inline constexpr EnIntervalNumber kTestDay = 2677968;

// Keys of that day with random bytes; the same for the same seed.
std::vector<DiagnosisKey> TestKeys(size_t n, uint64_t seed);

// The sighting of a device that hears the owner of `key` at a time of the
// key's validity, sent with -20 dBm.
Sighting HearKey(const DiagnosisKey& key, int64_t unix_seconds, int rssi = -60);

// "440 v1", with a key that this process made up.
const ExportSigner& TestSigner();
// Another key, under the given name.
ExportSigner OtherSigner(const std::string& id, const std::string& version);
TrustedKey Trust(const ExportSigner& signer);
// One set of one signer: TestSigner().
TrustedKeys TrustTestSigner();

// Signed by `signers`, without padding.
ExportWriterOptions TestExportOptions(std::vector<ExportSigner> signers = {
                                          TestSigner()});
// The zips of a batch.
std::vector<std::string> WriteTestBatch(std::vector<DiagnosisKey> keys,
                                        const ExportWriterOptions& options);
// The zip of keys that fit one file.
std::string WriteTestExport(
    std::vector<DiagnosisKey> keys,
    const ExportWriterOptions& options = TestExportOptions());

// The content of an entry of a zip, however much it is compressed.
std::string ZipEntry(const std::string& zip, const std::string& name);
// A zip of (name, content), not compressed.
std::string StoredZip(
    const std::vector<std::pair<std::string, std::string>>& entries);

// The zip of an export with its entries not compressed: one key over and over
// would be compressed more than a reader allows.
std::string StoredExport(const std::string& zip);

// An export.sig with one signature "440 v1" of this algorithm and content,
// together less than 90 bytes.
std::string SignatureList(const std::string& algorithm,
                          const std::string& signature);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_TEST_EXPORTS_H_
