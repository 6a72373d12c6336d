// baseline_wait EXPORT.zip SIGHTINGS.csv
//
// The whole process that the row wait_20k measures the tool's against: a
// matcher as an app would write it (baseline.h), from files on disk to what was
// met. The zip is read by minizip and zlib, hashed by BoringSSL and parsed by
// protobuf; the sightings are read by plain_reader.h. Prints a line for each
// contact: the TEK and the time. Exit status 1 where a file cannot be read.
#include <minizip/unzip.h>
#include <openssl/sha.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "bench/baseline.h"
#include "bench/plain_reader.h"
#include "keyformat/export.pb.h"

namespace {

constexpr size_t kHeaderBytes = 16;

// The bytes of export.bin; empty where there are none.
std::string ReadExport(const char* path) {
  std::string bytes;
  const unzFile zip = unzOpen64(path);
  if (zip == nullptr) return bytes;
  unz_file_info64 info;
  if (unzLocateFile(zip, "export.bin", 1) == UNZ_OK &&
      unzGetCurrentFileInfo64(zip, &info, nullptr, 0, nullptr, 0, nullptr, 0) ==
          UNZ_OK &&
      unzOpenCurrentFile(zip) == UNZ_OK) {
    bytes.resize(info.uncompressed_size);
    const int num_read = unzReadCurrentFile(
        zip, bytes.data(), static_cast<unsigned>(bytes.size()));
    if (num_read < 0 || static_cast<size_t>(num_read) != bytes.size() ||
        unzCloseCurrentFile(zip) != UNZ_OK) {
      bytes.clear();
    }
  }
  unzClose(zip);
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string bytes = ReadExport(argv[1]);
  if (bytes.size() < kHeaderBytes) return 1;
  // Of what is signed; that the signature is checked with it takes no time that
  // counts.
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
         digest.data());
  tekmatch::wire::TemporaryExposureKeyExport message;
  if (!message.ParseFromArray(bytes.data() + kHeaderBytes,
                              static_cast<int>(bytes.size() - kHeaderBytes))) {
    return 1;
  }
  tekmatch::KeyBlock keys;
  for (const auto& key : message.keys()) {
    tekmatch::DiagnosisKey one;
    if (key.key_data().size() != one.tek.bytes.size()) continue;
    std::memcpy(one.tek.bytes.data(), key.key_data().data(),
                one.tek.bytes.size());
    one.rolling_start = static_cast<tekmatch::EnIntervalNumber>(
        key.rolling_start_interval_number());
    one.rolling_period = static_cast<uint8_t>(key.rolling_period());
    keys.Append(one);
  }
  const auto sightings = tekmatch::ReadPlainSightings(argv[2]);
  if (!sightings.ok()) return 1;
  const tekmatch::Baseline baseline(*sightings);
  for (const auto& [key, position] : baseline.Match(keys, 0, keys.size())) {
    const auto& tek = keys.teks()[key].bytes;
    const std::string hex = absl::BytesToHexString(
        {reinterpret_cast<const char*>(tek.data()), tek.size()});
    std::printf("%s %lld\n", hex.c_str(),
                static_cast<long long>((*sightings)[position].unix_seconds));
  }
  // So that the hash is computed.
  std::fprintf(stderr, "sha256 begins with %02x\n", digest[0]);
  return 0;
}
