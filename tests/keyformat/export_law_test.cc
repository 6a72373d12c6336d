// Whatever keys there are: written as an export and read again they are the
// same, whatever fields they have. Over keys that RapidCheck makes.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/export_reader.h"
#include "keyformat/key_block.h"
#include "rapidcheck/gtest.h"
#include "tests/test_exports.h"

namespace tekmatch {
namespace {

DiagnosisKey MakeKey() {
  DiagnosisKey key;
  for (uint8_t& byte : key.tek.bytes) byte = *rc::gen::arbitrary<uint8_t>();
  key.rolling_start = *rc::gen::oneOf(
      rc::gen::inRange<EnIntervalNumber>(1, 3'000'000),
      rc::gen::just<EnIntervalNumber>(std::numeric_limits<int32_t>::max() -
                                      kMaxRollingPeriod));
  key.rolling_period =
      static_cast<uint8_t>(*rc::gen::inRange(1, int{kMaxRollingPeriod} + 1));
  KeyMetadata& metadata = key.metadata;
  if (*rc::gen::arbitrary<bool>()) {
    metadata.transmission_risk = static_cast<uint8_t>(
        *rc::gen::inRange(0, int{kMaxTransmissionRisk} + 1));
  }
  // What a writer takes: revised keys are confirmed or revoked, others are not
  // revoked.
  if (*rc::gen::arbitrary<bool>()) {
    metadata.revised = true;
    metadata.report_type =
        *rc::gen::element(ReportType::kConfirmedTest, ReportType::kRevoked);
  } else if (*rc::gen::arbitrary<bool>()) {
    metadata.report_type =
        static_cast<ReportType>(*rc::gen::inRange(0, int{kNumReportTypes} - 1));
  }
  if (*rc::gen::arbitrary<bool>()) {
    metadata.days_since_onset = static_cast<int8_t>(*rc::gen::inRange(-14, 15));
  }
  return key;
}

RC_GTEST_PROP(ExportLawTest, WrittenAndReadAgainIsTheSame, ()) {
  const auto num = *rc::gen::inRange<size_t>(1, 20);
  std::vector<DiagnosisKey> keys = *rc::gen::resize(
      rc::kNominalSize, rc::gen::container<std::vector<DiagnosisKey>>(
                            num, rc::gen::exec(MakeKey)));
  const std::unique_ptr<ByteSource> source =
      MemorySource("law", WriteTestExport(keys));
  ExportReaderOptions options;
  options.decode.block_capacity = 4;
  auto reader = ExportReader::Open(*source, options);
  RC_ASSERT(reader.ok());
  std::vector<DiagnosisKey> read;
  KeyBlock block;
  while (true) {
    const auto more = (*reader)->Next(&block);
    RC_ASSERT(more.ok());
    if (!*more) break;
    for (size_t i = 0; i < block.size(); ++i) read.push_back(block.key(i));
  }
  const auto report = (*reader)->Finish(TrustTestSigner());
  RC_ASSERT(report.ok());
  RC_ASSERT(report->signature.verdict == SignatureVerdict::kValid);
  // An export's order is that of the keys' bytes, so that it tells nothing.
  const auto by_bytes = [](const DiagnosisKey& a, const DiagnosisKey& b) {
    return a.tek < b.tek;
  };
  std::stable_sort(keys.begin(), keys.end(), by_bytes);
  RC_ASSERT(read.size() == keys.size());
  std::stable_sort(read.begin(), read.end(), by_bytes);
  for (size_t i = 0; i < keys.size(); ++i) {
    RC_ASSERT(read[i].tek == keys[i].tek);
    RC_ASSERT(read[i].rolling_start == keys[i].rolling_start);
    RC_ASSERT(read[i].rolling_period == keys[i].rolling_period);
    RC_ASSERT(read[i].metadata == keys[i].metadata);
  }
}

}  // namespace

// For RapidCheck. They are made up.
void showValue(const DiagnosisKey& key, std::ostream& out) {
  out << "from " << key.rolling_start << " for "
      << static_cast<int>(key.rolling_period);
}

}  // namespace tekmatch
