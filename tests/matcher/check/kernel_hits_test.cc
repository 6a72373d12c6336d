// Plan: clear the hits of every unit; run one kernel through a public call;
// read which functions of which units ran.
//
// That the kernel somebody chose is the one that does the work: the functions
// themselves say that they ran (KernelHits, kernels.h), not the table that was
// chosen. After BoringSSL's crypto/impl_dispatch_test.cc.
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/key_block.h"
#include "matcher/check/exposure_check.h"
#include "matcher/join/match_engine.h"
#include "matcher/kernels/dispatch.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"

namespace tekmatch {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

using Hits = std::set<std::string>;  // "unit function"

void ClearHits() {
  for (const KernelChoice& choice : AllKernels()) *choice.kernels->hits = {};
}

Hits ReadHits() {
  Hits hits;
  for (const KernelChoice& choice : AllKernels()) {
    const std::string unit = choice.kernels->name;
    const KernelHits& of_unit = *choice.kernels->hits;
    if (of_unit.derive_rpiks != 0) hits.insert(unit + " derive_rpiks");
    if (of_unit.generate_rpis != 0) hits.insert(unit + " generate_rpis");
    if (of_unit.find_candidates != 0) hits.insert(unit + " find_candidates");
  }
  return hits;
}

// The unit that derives RPIKs where a kernel was chosen: SHA's instructions
// have no form of 256 bits, so x86_vaes256 has that done by x86_aesni.
std::string DerivingUnit(const std::string& kernel) {
  return kernel == "x86_vaes256" ? "x86_aesni" : kernel;
}

// Of what a check needs: it derives, and looks for candidates.
Hits HitsOfACheck(const std::string& kernel) {
  return {DerivingUnit(kernel) + " derive_rpiks", kernel + " find_candidates"};
}

// Each kernel that this machine can run.
class KernelHitsTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto found = FindKernels(GetParam());
    ASSERT_THAT(found, IsOk());
    kernels_ = *found;
    ClearHits();
    ASSERT_THAT(ReadHits(), IsEmpty());
  }

  const Kernels* kernels_ = nullptr;
};

TEST_P(KernelHitsTest, EachFunctionIsHitByItself) {
  const std::string name = GetParam();
  std::vector<uint8_t> keys(16);
  std::vector<uint8_t> out(16);
  ASSERT_TRUE(kernels_->derive_rpiks(keys.data(), 1, out.data()));
  EXPECT_EQ(ReadHits(), Hits{DerivingUnit(name) + " derive_rpiks"});
  ClearHits();
  ASSERT_TRUE(kernels_->generate_rpis(keys.data(), 0, 1, out.data()));
  EXPECT_EQ(ReadHits(), Hits{name + " generate_rpis"});
  ClearHits();
  const uint32_t words[2] = {};
  const RpiFilter filter = {words, 31};
  RpiCandidate candidate;
  size_t num_candidates = 0;
  ASSERT_TRUE(kernels_->find_candidates(keys.data(), 1, 0, 1, &filter,
                                        &candidate, &num_candidates));
  EXPECT_EQ(num_candidates, 1);
  EXPECT_EQ(ReadHits(), Hits{name + " find_candidates"});
}

TEST_P(KernelHitsTest, TheEngineRunsTheKernelThatItWasGiven) {
  const std::vector<DiagnosisKey> keys = TestKeys(40, 1);
  const auto index = IndexSightings({HearKey(keys[7], kTestDaySeconds + 3600)});
  ASSERT_THAT(index, IsOk());
  const auto engine = MatchEngine::Create(*index, {}, {}, *kernels_);
  ASSERT_THAT(engine, IsOk());
  EXPECT_THAT(ReadHits(), IsEmpty());
  KeyBlock block;
  for (const DiagnosisKey& key : keys) block.Append(key);
  MatchBatch batch;
  ASSERT_THAT(engine->MatchBlock(block, 0, &batch), IsOk());
  EXPECT_THAT(batch.candidates, SizeIs(1));
  EXPECT_EQ(ReadHits(), HitsOfACheck(GetParam()));
}

ExposureCheckOptions OptionsFor(const Kernels* kernels,
                                const std::vector<DiagnosisKey>& keys) {
  ExposureCheckOptions options;
  options.files.trusted = TrustTestSigner();
  options.files.sources["a.zip"] = MemorySource("a.zip", WriteTestExport(keys));
  options.kernels = kernels;
  return options;
}

TEST_P(KernelHitsTest, ACheckRunsTheKernelThatWasChosenForIt) {
  const std::vector<DiagnosisKey> keys = TestKeys(40, 1);
  const auto index = IndexSightings({HearKey(keys[7], kTestDaySeconds + 3600)});
  ASSERT_THAT(index, IsOk());
  const auto checked =
      CheckExposure({"a.zip"}, *index, OptionsFor(kernels_, keys));
  ASSERT_THAT(checked, IsOk());
  EXPECT_THAT(checked->result.matches, SizeIs(1));
  EXPECT_EQ(ReadHits(), HitsOfACheck(GetParam()));
}

std::vector<std::string> RunnableKernels() {
  std::vector<std::string> names;
  for (const KernelChoice& choice : AllKernels()) {
    if (choice.available) names.emplace_back(choice.kernels->name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Runnable, KernelHitsTest,
                         testing::ValuesIn(RunnableKernels()),
                         [](const testing::TestParamInfo<std::string>& info) {
                           return info.param;
                         });

// Nobody chose one: the first that the machine can run.
TEST(DefaultKernelHitsTest, ACheckRunsTheFastestKernel) {
  ClearHits();
  const std::vector<DiagnosisKey> keys = TestKeys(40, 1);
  const auto index = IndexSightings({HearKey(keys[7], kTestDaySeconds + 3600)});
  ASSERT_THAT(index, IsOk());
  const auto checked =
      CheckExposure({"a.zip"}, *index, OptionsFor(/*kernels=*/nullptr, keys));
  ASSERT_THAT(checked, IsOk());
  EXPECT_THAT(checked->result.matches, SizeIs(1));
  EXPECT_EQ(ReadHits(), HitsOfACheck(RunnableKernels().front()));
}

// Where no key can match, none is derived.
TEST(DefaultKernelHitsTest, ACheckWithoutSightingsRunsNone) {
  ClearHits();
  const auto index = IndexSightings({});
  ASSERT_THAT(index, IsOk());
  const auto checked =
      CheckExposure({"a.zip"}, *index, OptionsFor(nullptr, TestKeys(40, 1)));
  ASSERT_THAT(checked, IsOk());
  EXPECT_EQ(checked->num_keys, 40);
  EXPECT_THAT(ReadHits(), IsEmpty());
}

// Every unit has a note of its own: none is counted for another.
TEST(DefaultKernelHitsTest, NoTwoUnitsShareTheirHits) {
  std::set<const KernelHits*> seen;
  for (const KernelChoice& choice : AllKernels()) {
    ASSERT_NE(choice.kernels->hits, nullptr) << choice.kernels->name;
    EXPECT_TRUE(seen.insert(choice.kernels->hits).second)
        << choice.kernels->name;
  }
}

}  // namespace
}  // namespace tekmatch
