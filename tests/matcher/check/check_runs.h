// Runs of the check that have to succeed.
#ifndef TEKMATCH_TESTS_MATCHER_CHECK_CHECK_RUNS_H_
#define TEKMATCH_TESTS_MATCHER_CHECK_CHECK_RUNS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "matcher/check/exposure_check.h"
#include "tests/status_matchers.h"

namespace tekmatch {

inline std::shared_ptr<const SightingIndex> Index(
    std::vector<Sighting> sightings) {
  auto index = SightingIndex::Create(std::move(sightings));
  EXPECT_THAT(index, IsOk());
  return std::make_shared<const SightingIndex>(*std::move(index));
}

inline ExposureCheckResult RunOver(
    const std::vector<std::string>& paths,
    const std::shared_ptr<const SightingIndex>& index,
    const ExposureCheckOptions& options) {
  auto run = CheckExposure(paths, index, options);
  EXPECT_THAT(run, IsOk());
  return run.ok() ? *std::move(run) : ExposureCheckResult();
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_CHECK_CHECK_RUNS_H_
