// Where the system gives no thread, or only some, fewer work: the result is the
// same. Seen by standing in for the call that starts one.
#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "matcher/check/file_matcher.h"
#include "matcher/join/match_engine.h"
#include "matcher/kernels/dispatch.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace {

int g_num_left = 0;  // threads that the system still gives
int g_num_asked = 0;

}  // namespace

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attr,
                              void* (*start)(void*), void* argument) noexcept {
  ++g_num_asked;
  if (g_num_left == 0) return EAGAIN;
  --g_num_left;
  static const auto real = reinterpret_cast<decltype(&pthread_create)>(
      dlsym(RTLD_NEXT, "pthread_create"));
  return real(thread, attr, start, argument);
}

namespace tekmatch {
namespace {

TEST(FewThreadsTest, TheResultIsTheSame) {
  const std::vector<DiagnosisKey> keys = TestKeys(200, 1);
  std::vector<Sighting> sightings;
  sightings.reserve(keys.size());
  for (const DiagnosisKey& key : keys) {
    sightings.push_back(HearKey(key, kTestDaySeconds));
  }
  auto index = SightingIndex::Create(std::move(sightings));
  ASSERT_THAT(index, IsOk());
  const auto engine = MatchEngine::Create(
      std::make_shared<const SightingIndex>(*std::move(index)), {}, {},
      DefaultKernels());
  ASSERT_THAT(engine, IsOk());
  const std::string path = TempPath("a.zip");
  WriteFile(path, WriteTestExport(keys));
  ExportFileOptions options;
  options.trusted = TrustTestSigner();
  options.reader.decode.block_capacity = 7;
  for (const int num_given : {0, 1, 3}) {
    g_num_left = num_given;
    g_num_asked = 0;
    const auto matched =
        MatchFiles({path}, *engine, options, {.num_threads = 4});
    ASSERT_THAT(matched, IsOk());
    EXPECT_EQ((*matched)[0].candidates.size(), keys.size());
    EXPECT_EQ(g_num_left, 0);
    EXPECT_GE(g_num_asked, num_given);
  }
}

}  // namespace
}  // namespace tekmatch
