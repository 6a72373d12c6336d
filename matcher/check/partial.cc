// Plan: each group of fields has one function, Visit..., for the writer and the
// reader; what it may not be is asked only of what was read.
#include "matcher/check/partial.h"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/hash_tables.h"
#include "keyformat/key_decoder.h"
#include "keyformat/status_macros.h"
#include "matcher/exposure/key_publications.h"
#include "matcher/join/key_publication.h"
#include "matcher/join/match.h"
#include "matcher/join/match_resolver.h"
#include "matcher/join/sighting.h"

namespace tekmatch {
namespace {

constexpr std::array<uint8_t, 8> kMagic = {'T', 'E', 'K', 'P',
                                           'A', 'R', 'T', '\n'};
// The least bytes of an entry, for bounds of their numbers.
constexpr size_t kPublicationBytes = 16 + 4 + 1 + 5 + 1 + 8;
constexpr size_t kCandidateBytes =
    16 + 4 + 1 + 5 + 4 + 8 + 16 + 4 + 2 + 2 + 4 + 4 + 4 + 4;
// More keys than any file has: sums of a million files do not overflow.
constexpr uint64_t kMaxKeysOfFile = uint64_t{1} << 40;

// Whether the field stands in what is read and is wrong.
template <typename Io>
void Expect(Io& io, bool holds, const char* field) {
  if constexpr (std::is_same_v<Io, FieldReader>) {
    if (!holds) io.Fail(field);
  }
}

// ------------------------------------------------------- what a file says

template <typename Io, typename Info>
void VisitInfo(Io& io, Info& info) {
  io.Text(info.key_id, "a key id");
  io.Text(info.key_version, "a key version");
  io.Text(info.algorithm, "an algorithm");
  io.Text(info.app_bundle_id, "an app");
  io.Text(info.android_package, "an app");
}

template <typename Io, typename Report>
void VisitSignature(Io& io, Report& report) {
  io.Enum(report.verdict, kNumSignatureVerdicts, "a verdict");
  io.List(report.outcomes, "the outcomes");
  for (auto& outcome : report.outcomes) {
    io.Enum(outcome, static_cast<int>(SignatureOutcome::kNotTried) + 1,
            "an outcome");
  }
  io.Number(report.num_tried, "the number of signatures tried");
  Expect(io, report.num_tried < kMaxKeysOfFile,
         "the number of signatures tried");
  io.List(report.signed_by, "the signers");
  for (auto& name : report.signed_by) io.Text(name, "a signer");
  io.List(report.signer_ids, "the signers");
  for (auto& name : report.signer_ids) io.Text(name, "a signer");
}

template <typename Io, typename Counts>
void VisitCounts(Io& io, Counts& counts) {
  constexpr char kField[] = "a number of keys";
  io.Number(counts.keys, kField);
  io.Number(counts.revised_keys, kField);
  const auto number = [&io, &kField](auto& n) {
    io.Number(n, kField);
    Expect(io, n < kMaxKeysOfFile, kField);
  };
  for (auto& n : counts.rejected) number(n);
  for (auto& n : counts.dropped) number(n);
  for (auto* n : {&counts.with_transmission_risk, &counts.with_rolling_period,
                  &counts.with_report_type, &counts.with_days_since_onset,
                  &counts.with_variant_of_concern}) {
    number(*n);
  }
  Expect(io,
         counts.keys < kMaxKeysOfFile && counts.revised_keys < kMaxKeysOfFile,
         kField);
}

template <typename Io, typename File>
void VisitFile(Io& io, File& file) {
  io.Text(file.path, "a path");
  io.Text(file.verdict, "a verdict");
  io.Bool(file.accepted, "whether a file is accepted");
  io.Text(file.message, "a message");
  auto& report = file.report;
  VisitSignature(io, report.signature);
  io.List(report.signatures, "the signatures");
  for (auto& signature : report.signatures) {
    VisitInfo(io, signature.info);
    io.Text(signature.signature, "a signature");
  }
  io.Text(report.signature_list_defect, "a defect");
  auto& metadata = report.metadata;
  io.Number(metadata.start_timestamp, "a start time");
  io.Number(metadata.end_timestamp, "an end time");
  io.Text(metadata.region, "a region");
  io.Number(metadata.batch_num, "a batch number");
  io.Number(metadata.batch_size, "a batch size");
  Expect(io,
         metadata.batch_size >= 1 && metadata.batch_size <= kMaxBatchSize &&
             metadata.batch_num >= 1 &&
             metadata.batch_num <= metadata.batch_size,
         "a batch number");
  io.List(metadata.signature_infos, "the signature infos");
  for (auto& info : metadata.signature_infos) VisitInfo(io, info);
  VisitCounts(io, report.counts);
  io.Bytes(report.digests.sha256, "a digest");
  io.Bytes(report.digests.sha512, "a digest");
  io.Text(report.extra_entry, "an entry's name");
  io.Text(report.signature_list, "a signature list's name");
}

// ------------------------------------------------------- what it gives

// `has` of an optional value is in a byte of flags.
template <typename Io, typename T>
void VisitOptional(Io& io, T& value, bool has, const char* field) {
  using Value = typename std::remove_const_t<T>::value_type;
  Value held = value.value_or(Value());
  if constexpr (std::is_enum_v<Value>) {
    io.Enum(held, kNumReportTypes, field);
  } else {
    io.Number(held, field);
  }
  if constexpr (!std::is_const_v<T>) {
    if (has) value = held;
  }
}

template <typename Io, typename Metadata>
void VisitMetadata(Io& io, Metadata& m) {
  constexpr char kField[] = "a key's metadata";
  auto flags = static_cast<uint8_t>((m.transmission_risk.has_value() ? 1 : 0) |
                                    (m.report_type.has_value() ? 2 : 0) |
                                    (m.days_since_onset.has_value() ? 4 : 0) |
                                    (m.variant_of_concern.has_value() ? 8 : 0) |
                                    (m.revised ? 16 : 0));
  io.Number(flags, kField);
  Expect(io, flags < 32, kField);
  VisitOptional(io, m.transmission_risk, (flags & 1) != 0, kField);
  VisitOptional(io, m.report_type, (flags & 2) != 0, kField);
  VisitOptional(io, m.days_since_onset, (flags & 4) != 0, kField);
  VisitOptional(io, m.variant_of_concern, (flags & 8) != 0, kField);
  if constexpr (std::is_same_v<Io, FieldReader>) {
    m.revised = (flags & 16) != 0;
    const int days = m.days_since_onset.value_or(0);
    Expect(io,
           m.transmission_risk.value_or(0) <= kMaxTransmissionRisk &&
               days >= -kMaxDaysSinceOnset && days <= kMaxDaysSinceOnset,
           kField);
  }
}

// A DiagnosisKey, or what of it a Match has.
template <typename Io, typename Key>
void VisitKey(Io& io, Key& key) {
  io.Bytes(key.tek.bytes, "a key");
  io.Number(key.rolling_start, "a rolling start");
  io.Number(key.rolling_period, "a rolling period");
  Expect(io,
         key.rolling_period >= 1 && key.rolling_period <= kMaxRollingPeriod &&
             key.rolling_start <= std::numeric_limits<EnIntervalNumber>::max() -
                                      key.rolling_period,
         "a rolling period");
  VisitMetadata(io, key.metadata);
}

template <typename Io, typename Publication>
void VisitPublication(Io& io, Publication& publication) {
  VisitKey(io, publication.key);
  uint8_t flags = 0;
  for (size_t i = 0; i < publication.disagrees.size(); ++i) {
    flags = static_cast<uint8_t>(
        flags | static_cast<uint8_t>(publication.disagrees[i] ? 1 << i : 0));
  }
  io.Number(flags, "a key's disagreements");
  Expect(io, flags < (1 << kNumPublishedFields), "a key's disagreements");
  if constexpr (std::is_same_v<Io, FieldReader>) {
    for (size_t i = 0; i < publication.disagrees.size(); ++i) {
      publication.disagrees[i] = (flags >> i & 1) != 0;
    }
  }
}

// What follows from these fields, the transmit power and the attenuation, is
// not among them.
template <typename Io, typename AMatch>
void VisitCandidate(Io& io, AMatch& match) {
  VisitKey(io, match);
  io.Number(match.interval, "an interval");
  Expect(io,
         match.interval >= match.rolling_start &&
             match.interval - match.rolling_start < match.rolling_period,
         "an interval");
  auto& sighting = match.sighting;
  int64_t seconds = sighting.unix_seconds;
  io.Number(seconds, "a time");
  Expect(io, seconds >= 0 && seconds <= kMaxHeardSeconds, "a time");
  if constexpr (!std::is_const_v<AMatch>) sighting.unix_seconds = seconds;
  io.Bytes(sighting.rpi.bytes, "an identifier");
  io.Bytes(sighting.aem.bytes, "a sighting's metadata");
  io.Number(sighting.rssi, "a signal strength");
  Expect(io, sighting.rssi >= kMinRssi && sighting.rssi <= kMaxRssi,
         "a signal strength");
  io.Number(sighting.store, "a store");
  io.Number(sighting.seconds_since_previous_scan, "a time");
  io.Number(sighting.device, "a device");
  io.Number(match.sighting_position, "a position");
  io.Bytes(match.bluetooth_metadata.bytes, "a sighting's metadata");
}

void WriteMatched(FieldWriter& io, MatchedFile& matched) {
  matched.num_duplicates += DropDuplicates(matched.candidates);
  io.Number(matched.num_own_keys, "");
  io.Number(matched.num_compared, "");
  io.Number(matched.num_duplicates, "");
  io.Number(uint64_t{matched.publications.size()}, "");
  matched.publications.VisitAll(
      [&io](const KeyPublication& publication, uint64_t num) {
        VisitPublication(io, publication);
        io.Number(num, "");
      });
  std::vector<uint32_t> positions(matched.outside_tolerance.begin(),
                                  matched.outside_tolerance.end());
  std::sort(positions.begin(), positions.end());
  io.Number(uint64_t{positions.size()}, "");
  for (const uint32_t position : positions) io.Number(position, "");
  io.Number(uint64_t{matched.candidates.size()}, "");
  for (const Match& match : matched.candidates) VisitCandidate(io, match);
  std::vector<uint32_t> prefixes;
  for (const std::vector<uint32_t>& some : matched.teks.all()) {
    prefixes.insert(prefixes.end(), some.begin(), some.end());
  }
  std::sort(prefixes.begin(), prefixes.end());
  io.Number(uint64_t{prefixes.size()}, "");
  for (const uint32_t prefix : prefixes) io.Number(prefix, "");
}

// Positions and candidates are below `num_sightings`, the header's. Errors are
// those of `sinks`; what is wrong with the fields is in io.status().
absl::Status ReadMatched(FieldReader& io, uint64_t num_sightings,
                         const PartialSinks& sinks, PartialFile& file) {
  MatchedFile& matched = file.matched;
  io.Number(matched.num_own_keys, "a number of own keys");
  io.Number(matched.num_compared, "a number of compared keys");
  io.Number(matched.num_duplicates, "a number of duplicates");
  Expect(io,
         matched.num_own_keys < kMaxKeysOfFile &&
             matched.num_compared < kMaxKeysOfFile &&
             matched.num_duplicates < kMaxKeysOfFile,
         "a number of keys");
  uint64_t count = 0;
  io.Count(count, kPublicationBytes, "the number of publications");
  HashSet<Tek> published;
  for (uint64_t i = 0; i < count && io.ok(); ++i) {
    KeyPublication publication;
    VisitPublication(io, publication);
    uint64_t num = 0;
    io.Number(num, "how often a key is published");
    Expect(io, num >= 1 && num < kMaxKeysOfFile,
           "how often a key is published");
    published.insert(publication.key.tek);
    matched.publications.Unite(publication, num);
  }
  io.Count(count, sizeof(uint32_t), "the number of positions");
  for (uint64_t i = 0; i < count && io.ok(); ++i) {
    uint32_t position = 0;
    io.Number(position, "a position");
    Expect(io, position < num_sightings, "a position");
    if (io.ok()) TEKMATCH_RETURN_IF_ERROR(sinks.outside_tolerance(position));
  }
  io.Count(count, kCandidateBytes, "the number of candidates");
  for (uint64_t i = 0; i < count && io.ok(); ++i) {
    Match match;
    VisitCandidate(io, match);
    Expect(io, match.sighting_position < num_sightings, "a position");
    // What a candidate means is looked up among its key's publications.
    Expect(io, published.contains(match.tek), "a candidate's key");
    match.source = file.number;
    match.tx_power = match.bluetooth_metadata.tx_power();
    match.attenuation = std::max(0, match.tx_power - match.sighting.rssi);
    if (io.ok()) TEKMATCH_RETURN_IF_ERROR(sinks.candidate(match));
  }
  io.Count(count, sizeof(uint32_t), "the number of keys");
  std::vector<uint32_t> prefixes;
  while (count > 0 && io.ok()) {
    constexpr uint64_t kAtOnce = uint64_t{1} << 14;
    prefixes.resize(static_cast<size_t>(std::min(count, kAtOnce)));
    io.Numbers(absl::MakeSpan(prefixes), "a key");
    if (io.ok()) TEKMATCH_RETURN_IF_ERROR(sinks.prefixes(prefixes));
    count -= prefixes.size();
  }
  return absl::OkStatus();
}

template <typename Io, typename Header>
void VisitHeader(Io& io, Header& header) {
  io.Bytes(header.plan, "the plan");
  io.Number(header.shard, "the shard");
  io.Number(header.num_files, "the number of files");
  io.Number(header.num_sightings, "the number of sightings");
}

}  // namespace

absl::StatusOr<std::string> FileDescription(const ExportFileResult& file) {
  std::string bytes;
  FieldWriter io([&bytes](absl::string_view some) {
    absl::StrAppend(&bytes, some);
    return absl::OkStatus();
  });
  VisitFile(io, file);
  TEKMATCH_RETURN_IF_ERROR(io.Finish());
  return bytes;
}

absl::Status WritePartial(const PartialHeader& header,
                          std::vector<PartialFile>& files, ByteSink sink) {
  FieldWriter io(std::move(sink));
  io.Bytes(kMagic, "");
  io.Number(kPartialVersion, "");
  VisitHeader(io, header);
  for (PartialFile& file : files) {
    io.Number(file.number, "");
    VisitFile(io, std::as_const(file.matched.file));
    if (file.matched.file.accepted) WriteMatched(io, file.matched);
    TEKMATCH_RETURN_IF_ERROR(io.status());
  }
  return io.Finish();
}

absl::StatusOr<PartialReader> PartialReader::Open(const ByteSource& source) {
  std::array<uint8_t, kMagic.size()> magic{};
  // First: a file of another kind has no checksum either.
  if (source.size() >= magic.size()) {
    TEKMATCH_RETURN_IF_ERROR(source.ReadAt(0, absl::MakeSpan(magic)));
  }
  if (magic != kMagic) {
    return absl::DataLossError(absl::StrCat(
        source.name(), ": not a partial of tekmatch match --partial"));
  }
  TEKMATCH_ASSIGN_OR_RETURN(const Sha256Digest digest, CheckSeal(source));
  const uint64_t end = source.size() - digest.size();
  PartialReader reader(source, FieldReader(source, end), digest);
  FieldReader& io = reader.fields_;
  io.Bytes(magic, "its beginning");
  uint32_t version = 0;
  io.Number(version, "its version");
  if (io.ok() && version != kPartialVersion) {
    return absl::DataLossError(
        absl::StrCat(source.name(), ": a partial of version ", version,
                     ", which this tekmatch does not read"));
  }
  VisitHeader(io, reader.header_);
  TEKMATCH_RETURN_IF_ERROR(io.status());
  return reader;
}

absl::StatusOr<bool> PartialReader::Next(PartialFile* file,
                                         const PartialSinks& sinks) {
  *file = {};
  const uint64_t end = source_->size() - Sha256Digest().size();
  if (num_read_ == header_.num_files) {
    if (fields_.position() == end) {
      TEKMATCH_RETURN_IF_ERROR(fields_.CheckDigest(digest_));
      return false;
    }
    return absl::DataLossError(
        absl::StrCat(source_->name(), ": goes on after its last file, at byte ",
                     fields_.position()));
  }
  ++num_read_;
  fields_.Number(file->number, "a file's number");
  VisitFile(fields_, file->matched.file);
  if (file->matched.file.accepted && !file->matched.file.is_whole()) {
    fields_.Fail("a digest");
  }
  if (fields_.ok() && file->matched.file.accepted) {
    TEKMATCH_RETURN_IF_ERROR(
        ReadMatched(fields_, header_.num_sightings, sinks, *file));
  }
  TEKMATCH_RETURN_IF_ERROR(fields_.status());
  return true;
}

absl::StatusOr<bool> PartialReader::Next(PartialFile* file) {
  MatchedFile& matched = file->matched;
  std::vector<uint32_t> all;
  const PartialSinks sinks = {.candidate =
                                  [&matched](const Match& match) {
                                    matched.candidates.push_back(match);
                                    return absl::OkStatus();
                                  },
                              .outside_tolerance =
                                  [&matched](uint32_t position) {
                                    matched.outside_tolerance.insert(position);
                                    return absl::OkStatus();
                                  },
                              .prefixes =
                                  [&all](absl::Span<const uint32_t> prefixes) {
                                    all.insert(all.end(), prefixes.begin(),
                                               prefixes.end());
                                    return absl::OkStatus();
                                  }};
  TEKMATCH_ASSIGN_OR_RETURN(const bool more, Next(file, sinks));
  if (!all.empty()) matched.teks.Add(std::move(all));
  return more;
}

}  // namespace tekmatch
