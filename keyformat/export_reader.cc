// Plan: the entries are found, or the pair of a bare file; export.sig is read
// whole; export.bin is a stream that is hashed as the decoder takes it; Finish
// judges the signatures by the digests.
#include "keyformat/export_reader.h"

#include <openssl/sha.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

constexpr absl::string_view kBinEntry = "export.bin";
constexpr absl::string_view kSigEntry = "export.sig";
// 64 signatures of at most 72 bytes, with their names.
constexpr uint64_t kMaxSignatureListBytes = 64 << 10;

constexpr absl::string_view kBinSuffix = ".bin";
constexpr absl::string_view kSigSuffix = ".sig";

// The names of an export's two entries.
struct PairOfNames {
  absl::string_view bin;
  absl::string_view sig;
};

// What stands before the suffix of a name at the root; empty for other names.
absl::string_view StemBefore(absl::string_view suffix, absl::string_view name) {
  if (absl::StrContains(name, "/") || !absl::ConsumeSuffix(&name, suffix)) {
    return "";
  }
  return name;
}

// Without an export.bin, the only *.bin and the only *.sig if they are of one
// name. None: there is no export. The views are of the entries' names.
std::optional<PairOfNames> FindPair(const std::vector<ArchiveEntry>& entries) {
  std::vector<absl::string_view> bins;
  std::vector<absl::string_view> sigs;
  for (const ArchiveEntry& entry : entries) {
    if (entry.name == kBinEntry) return PairOfNames{kBinEntry, kSigEntry};
    if (!StemBefore(kBinSuffix, entry.name).empty()) bins.push_back(entry.name);
    if (!StemBefore(kSigSuffix, entry.name).empty()) sigs.push_back(entry.name);
  }
  if (bins.size() != 1 || sigs.size() != 1 ||
      StemBefore(kBinSuffix, bins[0]) != StemBefore(kSigSuffix, sigs[0])) {
    return std::nullopt;
  }
  return PairOfNames{bins[0], sigs[0]};
}

absl::Status TooLarge(absl::string_view name, uint64_t bytes,
                      uint64_t max_bytes) {
  return absl::DataLossError(absl::StrCat(name, ": ", bytes, " bytes, at most ",
                                          max_bytes, " allowed"));
}

// Passes a stream on and hashes what passes.
class HashingStream : public ByteStream {
 public:
  HashingStream(std::unique_ptr<ByteStream> inner, bool with_sha512)
      : inner_(std::move(inner)), with_sha512_(with_sha512) {
    SHA256_Init(&sha256_);
    SHA512_Init(&sha512_);
  }

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> out) override {
    absl::StatusOr<size_t> n = inner_->Read(out);
    if (n.ok()) {
      SHA256_Update(&sha256_, out.data(), *n);
      if (with_sha512_) SHA512_Update(&sha512_, out.data(), *n);
    }
    return n;
  }

  // Of all that was read so far; reading ends here.
  ExportDigests Digests() {
    ExportDigests digests;
    SHA256_Final(digests.sha256.data(), &sha256_);
    if (with_sha512_) SHA512_Final(digests.sha512.data(), &sha512_);
    return digests;
  }

 private:
  const std::unique_ptr<ByteStream> inner_;
  const bool with_sha512_;
  SHA256_CTX sha256_;
  SHA512_CTX sha512_;
};

absl::StatusOr<std::string> ReadSmallEntry(const ByteSource& source,
                                           const ArchiveEntry& entry,
                                           uint64_t max_bytes) {
  if (entry.bytes > max_bytes) {
    return TooLarge(absl::StrCat(source.name(), ": entry ", entry.name),
                    entry.bytes, max_bytes);
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<ByteStream> stream,
                            OpenEntry(source, entry));
  std::string content(entry.bytes, '\0');
  size_t filled = 0;
  // One byte more than fits asks an empty entry, too, for its end.
  std::vector<uint8_t> buffer(entry.bytes + 1);
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const size_t n,
                              stream->Read(absl::MakeSpan(buffer)));
    if (n == 0) return content;
    std::copy_n(buffer.begin(), n, content.begin() + filled);
    filled += n;
  }
}

}  // namespace

class ExportReader::Impl {
 public:
  explicit Impl(const ByteSource& source) : source_(source) {}

  absl::Status Open(const ExportReaderOptions& options,
                    const ByteSource* signature_list) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool is_archive, LooksLikeArchive(source_));
    std::unique_ptr<ByteStream> bin;
    if (is_archive) {
      TEKMATCH_ASSIGN_OR_RETURN(bin, OpenArchive(options.archive));
    } else {
      if (source_.size() > options.archive.max_entry_bytes) {
        return TooLarge(source_.name(), source_.size(),
                        options.archive.max_entry_bytes);
      }
      if (signature_list != nullptr) {
        TEKMATCH_RETURN_IF_ERROR(ReadSignaturesBeside(*signature_list));
      }
      bin = StreamWholeSource(source_);
    }
    const bool with_sha512 = std::any_of(
        signatures_.begin(), signatures_.end(), [](const ExportSignature& s) {
          return ParseSignatureAlgorithm(s.info.algorithm) ==
                 SignatureAlgorithm::kEcdsaP256Sha512;
        });
    stream_ = std::make_unique<HashingStream>(std::move(bin), with_sha512);
    decoder_ =
        std::make_unique<KeyDecoder>(source_.name(), *stream_, options.decode);
    return absl::OkStatus();
  }

  // In place of Next and Finish.
  absl::StatusOr<ExportFingerprint> Fingerprint(
      absl::FunctionRef<absl::Status()> goes_on) {
    std::vector<uint8_t> buffer(size_t{64} << 10);
    while (true) {
      TEKMATCH_RETURN_IF_ERROR(goes_on());
      TEKMATCH_ASSIGN_OR_RETURN(const size_t n,
                                stream_->Read(absl::MakeSpan(buffer)));
      if (n == 0) return ExportFingerprint{stream_->Digests(), signatures_};
    }
  }

  absl::StatusOr<bool> Next(KeyBlock* block) {
    absl::StatusOr<bool> more = decoder_->Next(block);
    if (more.ok() && !*more && !digests_.has_value()) {
      digests_ = stream_->Digests();
    }
    return more;
  }

  absl::StatusOr<ExportReport> Finish(const TrustedKeys& trusted) const {
    if (!digests_.has_value()) {
      return absl::FailedPreconditionError(absl::StrCat(
          source_.name(), ": the verdict was asked for before the end"));
    }
    ExportReport report;
    report.signatures = signatures_;
    report.metadata = decoder_->metadata();
    report.counts = decoder_->counts();
    report.digests = *digests_;
    report.extra_entry = extra_entry_;
    report.signature_list = signature_list_;
    if (!has_signature_entry_) {
      report.signature.verdict = SignatureVerdict::kNoSignatureEntry;
    } else if (!signature_list_defect_.empty()) {
      report.signature.verdict = SignatureVerdict::kMalformedSignatureList;
      report.signature_list_defect = signature_list_defect_;
    } else {
      report.signature = CheckSignatures(signatures_, *digests_, trusted);
    }
    return report;
  }

 private:
  // Finds the entries, reads export.sig, and returns export.bin's stream.
  absl::StatusOr<std::unique_ptr<ByteStream>> OpenArchive(
      const ArchiveLimits& limits) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::vector<ArchiveEntry> entries,
                              ReadArchiveDirectory(source_, limits));
    const std::optional<PairOfNames> names = FindPair(entries);
    if (!names.has_value()) {
      return absl::DataLossError(
          absl::StrCat(source_.name(), ": zip: no entry export.bin"));
    }
    signature_list_ = std::string(names->sig);
    const ArchiveEntry* bin = nullptr;
    for (const ArchiveEntry& entry : entries) {
      if (entry.name == names->bin) {
        bin = &entry;
      } else if (entry.name == names->sig) {
        TEKMATCH_RETURN_IF_ERROR(ReadSignatures(entry));
      } else if (extra_entry_.empty()) {
        extra_entry_ = entry.name;
      } else {
        return absl::DataLossError(
            absl::StrCat(source_.name(), ": entry ", entry.name,
                         ": more than one beside export.bin and export.sig"));
      }
    }
    return OpenEntry(source_, *bin);
  }

  absl::Status ReadSignatures(const ArchiveEntry& entry) {
    TEKMATCH_ASSIGN_OR_RETURN(
        const std::string bytes,
        ReadSmallEntry(source_, entry, kMaxSignatureListBytes));
    TakeSignatures(bytes);
    return absl::OkStatus();
  }

  absl::Status ReadSignaturesBeside(const ByteSource& list) {
    if (list.size() > kMaxSignatureListBytes) {
      return TooLarge(list.name(), list.size(), kMaxSignatureListBytes);
    }
    std::vector<uint8_t> bytes(list.size());
    TEKMATCH_RETURN_IF_ERROR(list.ReadAt(0, absl::MakeSpan(bytes)));
    signature_list_ = list.name();
    TakeSignatures(absl::string_view(
        reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    return absl::OkStatus();
  }

  void TakeSignatures(absl::string_view bytes) {
    has_signature_entry_ = true;
    absl::StatusOr<std::vector<ExportSignature>> list =
        ParseSignatureList(bytes);
    if (list.ok()) {
      signatures_ = *std::move(list);
    } else {
      signature_list_defect_ = std::string(list.status().message());
    }
  }

  const ByteSource& source_;
  bool has_signature_entry_ = false;
  std::string signature_list_defect_;
  std::vector<ExportSignature> signatures_;
  std::string extra_entry_;
  std::string signature_list_;
  std::unique_ptr<HashingStream> stream_;
  std::unique_ptr<KeyDecoder> decoder_;
  std::optional<ExportDigests> digests_;
};

ExportReader::ExportReader(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
ExportReader::~ExportReader() = default;

absl::StatusOr<std::unique_ptr<ExportReader>> ExportReader::Open(
    const ByteSource& source, const ExportReaderOptions& options,
    const ByteSource* signature_list) {
  auto impl = std::make_unique<Impl>(source);
  TEKMATCH_RETURN_IF_ERROR(impl->Open(options, signature_list));
  return std::unique_ptr<ExportReader>(new ExportReader(std::move(impl)));
}

absl::StatusOr<bool> ExportReader::Next(KeyBlock* block) {
  return impl_->Next(block);
}

absl::StatusOr<ExportReport> ExportReader::Finish(
    const TrustedKeys& trusted) const {
  return impl_->Finish(trusted);
}

absl::StatusOr<ExportFingerprint> ExportReader::Fingerprint(
    const ByteSource& source, const ArchiveLimits& limits,
    const ByteSource* signature_list,
    absl::FunctionRef<absl::Status()> goes_on) {
  Impl impl(source);
  TEKMATCH_RETURN_IF_ERROR(
      impl.Open({.archive = limits, .decode = {}}, signature_list));
  return impl.Fingerprint(goes_on);
}

}  // namespace tekmatch
