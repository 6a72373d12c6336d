// Plan: The specification's functions by BoringSSL: HKDF for RPIKs, AES for
// RPIs, and a filter asked RPI by RPI. Every other kernel is compared with
// it.
#include "matcher/kernels/portable.h"

#include <openssl/cipher.h>
#include <openssl/digest.h>
#include <openssl/hkdf.h>

#include <cstring>

#include "matcher/kernels/filter_bits.h"
#include "matcher/kernels/kernel_hits.h"

namespace tekmatch {
namespace {

constexpr size_t kBlockBytes = 16;
constexpr size_t kMaxRpis = 144;  // kMaxRollingPeriod
constexpr uint8_t kRpikInfo[] = {'E', 'N', '-', 'R', 'P', 'I', 'K'};
// PaddedData of the specification before the interval number.
constexpr uint8_t kPaddedPrefix[12] = {'E', 'N', '-', 'R', 'P', 'I'};

bool DeriveRpiks(const uint8_t* teks, size_t num_keys, uint8_t* rpiks) {
  MarkHit(&unit_hits.derive_rpiks);
  const EVP_MD* sha256 = EVP_sha256();
  for (size_t k = 0; k < num_keys; ++k) {
    if (HKDF(rpiks + k * kBlockBytes, kBlockBytes, sha256,
             teks + k * kBlockBytes, kBlockBytes, /*salt=*/nullptr,
             /*salt_len=*/0, kRpikInfo, sizeof(kRpikInfo)) != 1) {
      return false;
    }
  }
  return true;
}

void StorePaddedData(uint32_t interval, uint8_t* block) {
  std::memcpy(block, kPaddedPrefix, sizeof(kPaddedPrefix));
  for (int i = 0; i < 4; ++i) {
    block[12 + i] = static_cast<uint8_t>(interval >> (8 * i));
  }
}

// One call of ECB over all blocks: BoringSSL then keeps several of them in
// flight, which AES_encrypt, one block at a time, cannot.
bool Generate(const uint8_t* rpik, uint32_t first_interval, size_t num_rpis,
              uint8_t* rpis) {
  if (num_rpis == 0) return true;
  for (size_t j = 0; j < num_rpis; ++j) {
    StorePaddedData(first_interval + static_cast<uint32_t>(j),
                    rpis + j * kBlockBytes);
  }
  bssl::ScopedEVP_CIPHER_CTX context;
  int num_bytes = 0;
  return EVP_EncryptInit_ex(context.get(), EVP_aes_128_ecb(),
                            /*engine=*/nullptr, rpik, /*iv=*/nullptr) == 1 &&
         EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
         EVP_EncryptUpdate(context.get(), rpis, &num_bytes, rpis,
                           static_cast<int>(num_rpis * kBlockBytes)) == 1;
}

bool GenerateRpis(const uint8_t* rpik, uint32_t first_interval, size_t num_rpis,
                  uint8_t* rpis) {
  MarkHit(&unit_hits.generate_rpis);
  return Generate(rpik, first_interval, num_rpis, rpis);
}

bool Passes(const uint8_t* rpi, const RpiFilter& filter) {
  const uint32_t hash = FilterHash(rpi);
  return (filter.words[hash >> filter.shift] & FilterBits(hash)) == 0;
}

bool FindCandidates(const uint8_t* rpiks, size_t num_keys,
                    uint32_t first_interval, size_t num_intervals,
                    const RpiFilter* filter, RpiCandidate* candidates,
                    size_t* num_candidates) {
  MarkHit(&unit_hits.find_candidates);
  uint8_t rpis[kMaxRpis * kBlockBytes];
  size_t num_found = 0;
  for (size_t k = 0; k < num_keys; ++k) {
    if (!Generate(rpiks + k * kBlockBytes, first_interval, num_intervals,
                  rpis)) {
      return false;
    }
    for (size_t j = 0; j < num_intervals; ++j) {
      const uint8_t* rpi = rpis + j * kBlockBytes;
      if (!Passes(rpi, *filter)) continue;
      RpiCandidate& candidate = candidates[num_found++];
      candidate.key = static_cast<uint32_t>(k);
      candidate.interval = first_interval + static_cast<uint32_t>(j);
      std::memcpy(candidate.rpi, rpi, kBlockBytes);
    }
  }
  *num_candidates = num_found;
  return true;
}

}  // namespace

const Kernels kPortableKernels = {"portable", &DeriveRpiks, &GenerateRpis,
                                  &FindCandidates, &unit_hits};

}  // namespace tekmatch
