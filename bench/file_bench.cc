// Plan: a world and its signed files, made once; the steps from a zip to its
// keys, each by itself; then all of them and the join, by number of threads.
// Each benchmark checks what it got, and the check is no part of its time.
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "bench/measure.h"
#include "bench/rates.h"
#include "bench/signed_export.h"
#include "bench/world.h"
#include "benchmark/benchmark.h"
#include "keyformat/archive.h"
#include "keyformat/byte_source.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/key_decoder.h"
#include "keyformat/status_macros.h"
#include "matcher/check/exposure_check.h"
#include "tools/files/output_file.h"
#include "tools/files/scratch_folder.h"

namespace tekmatch {
namespace {

// Keys of a file. bench_test asks for fewer: it is after answers, not times.
uint64_t NumKeys() {
  const char* keys = std::getenv("TEKMATCH_BENCH_FILE_KEYS");
  uint64_t num_keys = 250'000;
  if (keys != nullptr) num_keys = std::strtoull(keys, nullptr, 10);
  return num_keys;
}

// Sets of keys, a file each, which EndToEnd takes in turn.
constexpr int kKeySets = 4;

struct Fixture {
  BenchWorld world;
  ExportSigner signer;
  std::vector<std::string> zips;   // one a set of keys
  std::string bin;                 // export.bin of the first
  std::vector<DiagnosisKey> keys;  // of the first, sorted
};

// Reads an entry into *content, and returns its size. There is room for it and
// a byte more: only a read with room left can say that the entry has ended.
absl::StatusOr<size_t> ReadEntry(const ByteSource& source,
                                 const ArchiveEntry& entry,
                                 std::string* content) {
  TEKMATCH_ASSIGN_OR_RETURN(const auto stream, OpenEntry(source, entry));
  size_t size = 0;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(
        const auto n, stream->Read(absl::MakeSpan(
                          reinterpret_cast<uint8_t*>(content->data()) + size,
                          content->size() - size)));
    if (n == 0) return size;
    size += n;
  }
}

absl::StatusOr<std::string> ReadFirstEntry(const ByteSource& source) {
  TEKMATCH_ASSIGN_OR_RETURN(const auto entries,
                            ReadArchiveDirectory(source, {}));
  std::string content(entries[0].bytes + 1, '\0');
  TEKMATCH_ASSIGN_OR_RETURN(const size_t size,
                            ReadEntry(source, entries[0], &content));
  content.resize(size);
  return content;
}

absl::StatusOr<Fixture> MakeFixture() {
  TEKMATCH_ASSIGN_OR_RETURN(ExportSigner signer, MakeSigner());
  TEKMATCH_ASSIGN_OR_RETURN(BenchWorld world,
                            MakeBenchWorld({.num_key_sets = kKeySets,
                                            .num_keys = NumKeys(),
                                            .num_met = 25,
                                            .num_sightings = 20'000}));
  Fixture fixture = {.world = std::move(world),
                     .signer = std::move(signer),
                     .zips = {},
                     .bin = "",
                     .keys = {}};
  for (const KeyBlock& keys : fixture.world.key_sets) {
    TEKMATCH_ASSIGN_OR_RETURN(std::string zip,
                              SignedExport(keys, fixture.signer));
    fixture.zips.push_back(std::move(zip));
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      fixture.bin, ReadFirstEntry(*MemorySource("zip", fixture.zips[0])));
  const KeyBlock& first = fixture.world.key_sets[0];
  for (size_t k = 0; k < first.size(); ++k) {
    fixture.keys.push_back(first.key(k));
  }
  std::sort(fixture.keys.begin(), fixture.keys.end());
  return fixture;
}

// Made once, by the first benchmark that asks.
const absl::StatusOr<Fixture>& TheFixture() {
  static const auto* const fixture = new absl::StatusOr<Fixture>(MakeFixture());
  return *fixture;
}

Work WorkOf(const Fixture& fixture) {
  return {.keys = static_cast<double>(fixture.keys.size()),
          .bytes = static_cast<double>(fixture.bin.size())};
}

void Inflate(benchmark::State& state) {
  const auto& fixture = TheFixture();
  if (!fixture.ok()) return state.SkipWithError("no fixture");
  const auto source = MemorySource("zip", fixture->zips[0]);
  const auto entries = ReadArchiveDirectory(*source, {});
  if (!entries.ok()) return state.SkipWithError("no directory");
  std::string content(fixture->bin.size() + 1, '\0');
  MeasureWork(state, WorkOf(*fixture), [&]() -> absl::StatusOr<double> {
    absl::StatusOr<size_t> size = absl::InternalError("not read");
    const double seconds =
        SecondsOf([&] { size = ReadEntry(*source, (*entries)[0], &content); });
    if (!size.ok()) return size.status();
    if (content.compare(0, *size, fixture->bin) != 0) {
      return absl::InternalError("wrong answer");
    }
    // Else a run that writes nothing would pass with the last one's bytes.
    std::fill(content.begin(), content.end(), '\0');
    return seconds;
  });
}

void HashFile(benchmark::State& state) {
  const auto& fixture = TheFixture();
  if (!fixture.ok()) return state.SkipWithError("no fixture");
  const auto* data = reinterpret_cast<const uint8_t*>(fixture->bin.data());
  std::array<uint8_t, SHA256_DIGEST_LENGTH> expected;
  SHA256(data, fixture->bin.size(), expected.data());
  MeasureWork(state, WorkOf(*fixture), [&]() -> absl::StatusOr<double> {
    // As the reader does, by pieces.
    constexpr size_t kPiece = 65536;
    std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
    const double seconds = SecondsOf([&] {
      SHA256_CTX context;
      SHA256_Init(&context);
      for (size_t at = 0; at < fixture->bin.size(); at += kPiece) {
        SHA256_Update(&context, data + at,
                      std::min(kPiece, fixture->bin.size() - at));
      }
      SHA256_Final(digest.data(), &context);
    });
    if (digest != expected) return absl::InternalError("wrong answer");
    return seconds;
  });
}

void Decode(benchmark::State& state) {
  const auto& fixture = TheFixture();
  if (!fixture.ok()) return state.SkipWithError("no fixture");
  const auto source = MemorySource("bin", fixture->bin);
  MeasureWork(state, WorkOf(*fixture), [&]() -> absl::StatusOr<double> {
    const auto stream = StreamWholeSource(*source);
    std::vector<DiagnosisKey> keys;
    keys.reserve(fixture->keys.size());
    KeyBlock block;
    double seconds = 0;
    // Blocks as a run has them over few sightings.
    KeyDecoder decoder("bin", *stream, {.block_capacity = size_t{1} << 14});
    while (true) {
      absl::StatusOr<bool> more = false;
      seconds += SecondsOf([&] { more = decoder.Next(&block); });
      if (!more.ok()) return more.status();
      if (!*more) break;
      // A run matches a block where it stands; only the check needs copies.
      for (size_t k = 0; k < block.size(); ++k) keys.push_back(block.key(k));
    }
    // The file has its primary keys first, then its revised ones.
    std::sort(keys.begin(), keys.end());
    if (keys != fixture->keys) return absl::InternalError("wrong answer");
    return seconds;
  });
}

void VerifySignature(benchmark::State& state) {
  const auto& fixture = TheFixture();
  if (!fixture.ok()) return state.SkipWithError("no fixture");
  const auto pem = fixture->signer.key.PublicPem();
  if (!pem.ok()) return state.SkipWithError("no public key");
  const auto key = VerificationKey::Parse(*pem);
  if (!key.ok()) return state.SkipWithError("no public key");
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  const auto signature = fixture->signer.key.Sign(digest);
  if (!signature.ok()) return state.SkipWithError("no signature");
  MeasureWork(state, {}, [&]() -> absl::StatusOr<double> {
    bool valid = false;
    const double seconds =
        SecondsOf([&] { valid = key->Verify(digest, *signature); });
    // A check that accepts anything would be fast, too.
    std::array<uint8_t, SHA256_DIGEST_LENGTH> other = digest;
    other[0] = 1;
    if (!valid || key->Verify(other, *signature)) {
      return absl::InternalError("wrong answer");
    }
    return seconds;
  });
}

void EndToEnd(benchmark::State& state) {
  const auto& fixture = TheFixture();
  if (!fixture.ok()) return state.SkipWithError("no fixture");
  const auto folder = ScratchFolder::Make();
  if (!folder.ok()) return state.SkipWithError("no folder");
  // Files, since that is what a run is given; they were just written, so that
  // they come from memory, not from the disk.
  std::vector<std::string> paths;
  for (size_t set = 0; set < kKeySets; ++set) {
    paths.push_back(absl::StrCat((*folder)->path(), "/", set, ".zip"));
    if (!WriteWholeFile(paths.back(), fixture->zips[set],
                        OutputFile::Readers::kOwner)
             .ok()) {
      return state.SkipWithError("no file");
    }
  }
  absl::StatusOr<SightingIndex> created =
      SightingIndex::Create(fixture->world.sightings);
  if (!created.ok()) return state.SkipWithError("no index");
  const auto index = std::make_shared<const SightingIndex>(*std::move(created));
  ExposureCheckOptions options;
  options.num_threads = static_cast<int>(state.range(0));
  if (!Trust(fixture->signer, options.files.trusted).ok()) {
    return state.SkipWithError("no trusted key");
  }
  // One file at a time, in turn, so that none is what was matched just before.
  size_t set = 0;
  MeasureWork(
      state,
      {.keys = static_cast<double>(fixture->keys.size()),
       .rpis = static_cast<double>(fixture->keys.size()) * kMaxRollingPeriod,
       .bytes = static_cast<double>(fixture->bin.size())},
      [&]() -> absl::StatusOr<double> {
        set = (set + 1) % kKeySets;
        absl::StatusOr<ExposureCheckResult> run = ExposureCheckResult();
        const double seconds = SecondsOf(
            [&] { run = CheckExposure({paths[set]}, index, options); });
        if (!run.ok()) return run.status();
        if (!run->complete ||
            ContactsOf(run->result.matches) != fixture->world.contacts[set]) {
          return absl::InternalError("wrong answer");
        }
        return seconds;
      });
}

// Powers of two, and all that the machine has.
void ByThreads(benchmark::internal::Benchmark* bench) {
  const int most =
      std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  for (int threads = 1; threads < most; threads *= 2) bench->Arg(threads);
  bench->Arg(most);
}

// Manual time: what MeasureWork was told, which leaves out the checks.
BENCHMARK(Inflate)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(HashFile)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(Decode)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(VerifySignature)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(EndToEnd)
    ->UseManualTime()
    ->ArgName("threads")
    ->Apply(ByThreads)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tekmatch
