// What MatchBlock does when a kernel or BoringSSL fails, at any call of it: an
// error, and the output as it was.
#include <openssl/aes.h>
#include <openssl/cipher.h>
#include <openssl/hkdf.h>

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/hash_tables.h"
#include "matcher/join/match_engine.h"
#include "matcher/kernels/dispatch.h"
#include "tests/matcher/join/test_util.h"
#include "tests/matcher/kernels/failing_kernels.h"
#include "tests/status_matchers.h"

// The linker makes every call of these functions one of the test's own
// (--wrap), which counts down and then fails, once.
namespace {

int calls_to_failure = 0;

bool CallFails() { return calls_to_failure > 0 && --calls_to_failure == 0; }

}  // namespace

extern "C" {

int RealHkdf(uint8_t* out, size_t out_len, const EVP_MD* digest,
             const uint8_t* secret, size_t secret_len, const uint8_t* salt,
             size_t salt_len, const uint8_t* info,
             size_t info_len) __asm__("__real_HKDF");
int TestHkdf(uint8_t* out, size_t out_len, const EVP_MD* digest,
             const uint8_t* secret, size_t secret_len, const uint8_t* salt,
             size_t salt_len, const uint8_t* info,
             size_t info_len) __asm__("__wrap_HKDF");
int TestHkdf(uint8_t* out, size_t out_len, const EVP_MD* digest,
             const uint8_t* secret, size_t secret_len, const uint8_t* salt,
             size_t salt_len, const uint8_t* info, size_t info_len) {
  if (CallFails()) return 0;
  return RealHkdf(out, out_len, digest, secret, secret_len, salt, salt_len,
                  info, info_len);
}

int RealSetEncryptKey(const uint8_t* key, unsigned bits,
                      AES_KEY* schedule) __asm__("__real_AES_set_encrypt_key");
int TestSetEncryptKey(const uint8_t* key, unsigned bits,
                      AES_KEY* schedule) __asm__("__wrap_AES_set_encrypt_key");
int TestSetEncryptKey(const uint8_t* key, unsigned bits, AES_KEY* schedule) {
  if (CallFails()) return -1;
  return RealSetEncryptKey(key, bits, schedule);
}

int RealEncryptUpdate(EVP_CIPHER_CTX* context, uint8_t* out, int* out_len,
                      const uint8_t* in,
                      int in_len) __asm__("__real_EVP_EncryptUpdate");
int TestEncryptUpdate(EVP_CIPHER_CTX* context, uint8_t* out, int* out_len,
                      const uint8_t* in,
                      int in_len) __asm__("__wrap_EVP_EncryptUpdate");
int TestEncryptUpdate(EVP_CIPHER_CTX* context, uint8_t* out, int* out_len,
                      const uint8_t* in, int in_len) {
  if (CallFails()) return 0;
  return RealEncryptUpdate(context, out, out_len, in, in_len);
}

}  // extern "C"

namespace tekmatch {
namespace {

constexpr EnIntervalNumber kStart = 2642976;  // 00:00 UTC

const Kernels& Portable() { return *AllKernels().back().kernels; }

// A block of several batches of keys and two days, with sightings of some, and
// own keys among them.
struct World {
  KeyBlock block;
  KeyBlock other;  // of the first key alone
  std::vector<Sighting> sightings;
  HashSet<Tek> own_keys;
};

World MakeWorld(size_t num_keys) {
  World world;
  std::mt19937_64 rng(3);
  for (size_t k = 0; k < num_keys; ++k) {
    DiagnosisKey key = {RandomBytes<Tek>(rng),
                        static_cast<EnIntervalNumber>(kStart + k / 2 % 2 * 144),
                        144,
                        {}};
    world.block.Append(key);
    if (k == 0) world.other.Append(key);
    if (k % 50 == 7) world.own_keys.insert(key.tek);
    if (k % 10 != 0) continue;
    const auto interval = static_cast<EnIntervalNumber>(key.rolling_start + 9);
    world.sightings.push_back(Hear(key.tek, interval, StartOf(interval)));
  }
  return world;
}

MatchEngine EngineOver(const World& world, const Kernels& kernels) {
  auto engine = MatchEngine::Create(MakeIndex(world.sightings), {},
                                    world.own_keys, kernels);
  EXPECT_THAT(engine, IsOk());
  return *std::move(engine);
}

void ExpectSame(const MatchBatch& got, const MatchBatch& want) {
  EXPECT_EQ(got.candidates, want.candidates);
  EXPECT_EQ(got.publications, want.publications);
  EXPECT_EQ(got.num_own_keys, want.num_own_keys);
  EXPECT_EQ(got.num_compared, want.num_compared);
}

// What the first block gives, and the second one beside it.
std::pair<MatchBatch, MatchBatch> BeforeAndAfter(const World& world) {
  const MatchEngine engine = EngineOver(world, Portable());
  MatchBatch before;
  EXPECT_THAT(engine.MatchBlock(world.other, 3, &before), IsOk());
  EXPECT_EQ(before.candidates.size(), 1U);
  MatchBatch after = before;
  EXPECT_THAT(engine.MatchBlock(world.block, 4, &after), IsOk());
  EXPECT_EQ(after.candidates.size(), 1 + world.sightings.size());
  EXPECT_EQ(after.publications.size(), 1 + world.sightings.size());
  EXPECT_EQ(after.num_own_keys, world.own_keys.size());
  return {before, after};
}

// One thread's scratch goes through failures and successes alike.
TEST(EngineFailureTest, EveryCallOfAKernelCanFail) {
  const World world = MakeWorld(1200);
  const auto [before, after] = BeforeAndAfter(world);
  const MatchEngine engine = EngineOver(world, kFailingKernels);
  MatchScratch scratch;
  for (const KernelFunction function :
       {KernelFunction::kDeriveRpiks, KernelFunction::kFindCandidates}) {
    FailKernelCall(function, 0);
    MatchBatch counted = before;
    ASSERT_THAT(engine.MatchBlock(world.block, 4, &scratch, &counted), IsOk());
    ExpectSame(counted, after);
    const uint64_t num_calls = NumKernelCalls(function);
    EXPECT_GE(num_calls, 4U);
    for (uint64_t nth = 1; nth <= num_calls; ++nth) {
      SCOPED_TRACE(nth);
      FailKernelCall(function, nth);
      MatchBatch batch = before;
      EXPECT_EQ(engine.MatchBlock(world.block, 4, &scratch, &batch),
                absl::InternalError("kernel failing: BoringSSL failed"));
      ExpectSame(batch, before);
      // Nothing is worked on after a failure.
      EXPECT_EQ(NumKernelCalls(function), nth);
      // The block can be tried again.
      EXPECT_THAT(engine.MatchBlock(world.block, 4, &scratch, &batch), IsOk());
      ExpectSame(batch, after);
    }
  }
}

// Of the portable kernel, and of what decrypts the metadata of candidates.
TEST(EngineFailureTest, EveryCallOfBoringSslCanFail) {
  const World world = MakeWorld(21);
  const auto [before, after] = BeforeAndAfter(world);
  const MatchEngine engine = EngineOver(world, Portable());
  std::vector<absl::Status> statuses;
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE(nth);
    calls_to_failure = nth;
    MatchBatch batch = before;
    const absl::Status status = engine.MatchBlock(world.block, 4, &batch);
    if (status.ok()) {
      EXPECT_GT(calls_to_failure, 0) << "a failure was passed over";
      ExpectSame(batch, after);
      break;
    }
    EXPECT_EQ(calls_to_failure, 0);
    ExpectSame(batch, before);
    if (statuses.empty() || statuses.back() != status) {
      statuses.push_back(status);
    }
  }
  calls_to_failure = 0;
  // In this order: kernels, then AEMKs and AEMs of the candidates.
  ASSERT_EQ(statuses.size(), 2U);
  EXPECT_EQ(statuses[0],
            absl::InternalError("kernel portable: BoringSSL failed"));
  EXPECT_EQ(statuses[1], absl::ResourceExhaustedError("not enough memory"));
}

}  // namespace
}  // namespace tekmatch
