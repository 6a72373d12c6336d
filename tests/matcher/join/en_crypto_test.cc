#include "matcher/join/en_crypto.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "tests/matcher/join/test_util.h"
#include "tests/shared_data.h"
#include "tests/shared_json.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

// Some of the published test vectors v1.2; the whole set is read from the
// shared folder below.
constexpr char kTek[] = "75c734c6dd1a782de7a965da5eb93125";
constexpr char kRpik[] = "185ad91db69ec7dd048960f1f3ba6175";
constexpr char kAemk[] = "d57c46af7a1d83965b9bed8bd152936a";
constexpr char kMetadata[] = "40080000";
struct Advertised {
  EnIntervalNumber interval;
  const char* rpi;
  const char* aem;
};
constexpr Advertised kAdvertised[] = {
    {2642976, "8be6cd371c5c891604bfbe49df845096", "72033874"},
    {2642977, "3c9a1de5dd6b02afa7fded7b570b3e56", "c29211b1"},
    {2643047, "416ffc7a32fcfda9a316d01790e31945", "c122ad68"},
    {2643119, "f431b62ecf443102ce4ed0407de54bd4", "1215e57e"},
};

void ExpectAdvertised(const Rpik& rpik, const Aemk& aemk,
                      const BluetoothMetadata& metadata,
                      EnIntervalNumber interval, const Rpi& expected_rpi,
                      const Aem& expected_aem) {
  SCOPED_TRACE(interval);
  const auto rpi = GenerateRpi(rpik, interval);
  ASSERT_THAT(rpi, IsOk());
  EXPECT_EQ(rpi->bytes, expected_rpi.bytes);
  const auto aem = EncryptAem(aemk, expected_rpi, metadata);
  ASSERT_THAT(aem, IsOk());
  EXPECT_EQ(aem->bytes, expected_aem.bytes);
  const auto decrypted = DecryptAem(aemk, expected_rpi, expected_aem);
  ASSERT_THAT(decrypted, IsOk());
  EXPECT_EQ(decrypted->bytes, metadata.bytes);
}

TEST(EnCryptoTest, DerivesThePublishedKeys) {
  const auto rpik = DeriveRpik(FromHex<Tek>(kTek));
  ASSERT_THAT(rpik, IsOkAndHolds(FromHex<Rpik>(kRpik)));
  const auto aemk = DeriveAemk(FromHex<Tek>(kTek));
  ASSERT_THAT(aemk, IsOkAndHolds(FromHex<Aemk>(kAemk)));
}

TEST(EnCryptoTest, GeneratesSomeOfThePublishedBroadcasts) {
  for (const Advertised& row : kAdvertised) {
    ExpectAdvertised(FromHex<Rpik>(kRpik), FromHex<Aemk>(kAemk),
                     FromHex<BluetoothMetadata>(kMetadata), row.interval,
                     FromHex<Rpi>(row.rpi), FromHex<Aem>(row.aem));
  }
}

TEST(EnCryptoTest, GeneratesAllPublishedBroadcasts) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const nlohmann::json vectors = ReadSharedJson("vectors/en_crypto_v1_2.json");
  const auto hex = [&vectors](const char* name) {
    return vectors.at(name).get<std::string>();
  };
  const auto rpik = DeriveRpik(FromHex<Tek>(hex("tek")));
  ASSERT_THAT(rpik, IsOkAndHolds(FromHex<Rpik>(hex("rpik"))));
  const auto aemk = DeriveAemk(FromHex<Tek>(hex("tek")));
  ASSERT_THAT(aemk, IsOkAndHolds(FromHex<Aemk>(hex("aemk"))));

  const nlohmann::json& advertised = vectors.at("advertised");
  EXPECT_EQ(advertised.size(), 144);
  for (const nlohmann::json& row : advertised) {
    ExpectAdvertised(*rpik, *aemk,
                     FromHex<BluetoothMetadata>(hex("ble_metadata")),
                     row.at("interval_number").get<EnIntervalNumber>(),
                     FromHex<Rpi>(row.at("rpi").get<std::string>()),
                     FromHex<Aem>(row.at("aem").get<std::string>()));
  }
}

TEST(EnCryptoTest, KeysOfOneTekDiffer) {
  EXPECT_NE(DeriveRpik(Tek{})->bytes, DeriveAemk(Tek{})->bytes);
}

TEST(EnCryptoTest, EveryByteOfTheIntervalCounts) {
  const Rpik rpik = FromHex<Rpik>(kRpik);
  const Rpi zero = *GenerateRpi(rpik, 0);
  for (int bit = 0; bit < 32; ++bit) {
    EXPECT_NE(*GenerateRpi(rpik, uint32_t{1} << bit), zero) << bit;
  }
}

TEST(EnCryptoTest, EncryptingUndoesDecrypting) {
  std::mt19937_64 rng(20);
  for (int i = 0; i < 100; ++i) {
    const auto aemk = RandomBytes<Aemk>(rng);
    const auto rpi = RandomBytes<Rpi>(rng);
    const auto aem = RandomBytes<Aem>(rng);
    const auto metadata = DecryptAem(aemk, rpi, aem);
    ASSERT_THAT(metadata, IsOk());
    const auto encrypted = EncryptAem(aemk, rpi, *metadata);
    ASSERT_THAT(encrypted, IsOk());
    EXPECT_EQ(*encrypted, aem);
  }
}

TEST(BluetoothMetadataTest, ReadsTheFieldsOfThePublishedMetadata) {
  const auto metadata = FromHex<BluetoothMetadata>(kMetadata);
  EXPECT_EQ(metadata.major_version(), 1);
  EXPECT_EQ(metadata.minor_version(), 0);
  EXPECT_EQ(metadata.calibration_confidence(), 0);
  EXPECT_EQ(metadata.tx_power(), 8);
}

TEST(BluetoothMetadataTest, KeepsTheFieldsOfByteZeroApart) {
  const BluetoothMetadata major{{0xC0, 0, 0, 0}};
  EXPECT_EQ(major.major_version(), 3);
  EXPECT_EQ(major.minor_version(), 0);
  EXPECT_EQ(major.calibration_confidence(), 0);
  const BluetoothMetadata minor{{0x30, 0, 0, 0}};
  EXPECT_EQ(minor.major_version(), 0);
  EXPECT_EQ(minor.minor_version(), 3);
  EXPECT_EQ(minor.calibration_confidence(), 0);
  const BluetoothMetadata confidence{{0x0C, 0, 0, 0}};
  EXPECT_EQ(confidence.major_version(), 0);
  EXPECT_EQ(confidence.minor_version(), 0);
  EXPECT_EQ(confidence.calibration_confidence(), 3);
  const BluetoothMetadata reserved{{0x03, 0, 0xFF, 0xFF}};
  EXPECT_EQ(reserved.major_version(), 0);
  EXPECT_EQ(reserved.minor_version(), 0);
  EXPECT_EQ(reserved.calibration_confidence(), 0);
  EXPECT_EQ(reserved.tx_power(), 0);
}

TEST(BluetoothMetadataTest, TransmitPowerIsSigned) {
  EXPECT_EQ((BluetoothMetadata{{0, 0x7F, 0, 0}}.tx_power()), 127);
  EXPECT_EQ((BluetoothMetadata{{0, 0x80, 0, 0}}.tx_power()), -128);
  EXPECT_EQ((BluetoothMetadata{{0, 0xFF, 0, 0}}.tx_power()), -1);
}

}  // namespace
}  // namespace tekmatch
