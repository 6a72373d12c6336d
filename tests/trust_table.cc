// Plan: what a mark says and who made it; the rule; lists and zips of them.
#include "tests/trust_table.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "keyformat/export.pb.h"
#include "tests/test_exports.h"

namespace tekmatch {
namespace {

struct MarkFacts {
  const char* name;
  const char* id;
  const char* version;
  Owner made_by;
  bool is_of_this_file;
  bool has_form;  // DER, under an algorithm that is known
};

const MarkFacts& FactsOf(Mark mark) {
  static constexpr MarkFacts kFacts[kNumMarks] = {
      {"first", "440", "v1", Owner::kFirst, true, true},
      {"second", "440", "v2", Owner::kSecond, true, true},
      {"other", "999", "v1", Owner::kOther, true, true},
      {"stranger", "777", "v1", Owner::kStranger, true, true},
      {"unknown version", "440", "v9", Owner::kFirst, true, true},
      {"forged", "440", "v1", Owner::kStranger, true, true},
      {"swapped", "440", "v1", Owner::kSecond, true, true},
      {"other bytes", "440", "v1", Owner::kFirst, false, true},
      {"raw", "440", "v1", Owner::kFirst, true, false},
      {"junk", "440", "v1", Owner::kFirst, true, false},
      {"algorithm", "440", "v1", Owner::kFirst, true, false},
  };
  return kFacts[static_cast<size_t>(mark)];
}

bool Names(const MarkFacts& mark, const NamedOwner& key) {
  return mark.id == key.id &&
         (!key.version.has_value() || *key.version == mark.version);
}

// Whether this key signed the file, under its name.
bool IsSignedBy(const SignatureSheet& sheet, const NamedOwner& key) {
  return std::any_of(sheet.marks.begin(), sheet.marks.end(), [&key](Mark mark) {
    const MarkFacts& facts = FactsOf(mark);
    return facts.has_form && facts.is_of_this_file && Names(facts, key) &&
           facts.made_by == key.owner;
  });
}

// Whether a key that is trusted should have made one of the signatures.
bool IsCheckable(const SignatureSheet& sheet, Trusts trusts) {
  for (const auto& set : SetsOf(trusts)) {
    for (const NamedOwner& key : set) {
      for (const Mark mark : sheet.marks) {
        if (FactsOf(mark).has_form && Names(FactsOf(mark), key)) return true;
      }
    }
  }
  return false;
}

}  // namespace

std::string SignatureSheet::Text() const {
  if (kind == Kind::kMissing) return "no list";
  if (kind == Kind::kDamaged) return "a damaged list";
  std::string text = "[";
  for (const Mark mark : marks) absl::StrAppend(&text, FactsOf(mark).name, ";");
  return text + "]";
}

std::vector<SignatureSheet> AllSheets(size_t most) {
  std::vector<SignatureSheet> sheets = {
      {SignatureSheet::Kind::kMissing, {}},
      {SignatureSheet::Kind::kDamaged, {}},
      {SignatureSheet::Kind::kList, {}},
  };
  size_t begin = 2;  // of the lists that are a mark shorter
  for (size_t length = 1; length <= most; ++length) {
    const size_t end = sheets.size();
    for (size_t i = begin; i < end; ++i) {
      for (int mark = 0; mark < kNumMarks; ++mark) {
        SignatureSheet longer = sheets[i];
        longer.marks.push_back(static_cast<Mark>(mark));
        sheets.push_back(std::move(longer));
      }
    }
    begin = end;
  }
  return sheets;
}

std::vector<std::vector<NamedOwner>> SetsOf(Trusts trusts) {
  const NamedOwner first = {Owner::kFirst, "440", "v1"};
  const NamedOwner second = {Owner::kSecond, "440", "v2"};
  const NamedOwner other = {Owner::kOther, "999", "v1"};
  switch (trusts) {
    case Trusts::kNobody:
      return {};
    case Trusts::kFirst:
      return {{first}};
    case Trusts::kSecond:
      return {{second}};
    case Trusts::kFirstOrSecond:
      return {{first}, {second}};
    case Trusts::kAnyVersion:
      return {{{Owner::kFirst, "440", std::nullopt}}};
    case Trusts::kFirstAndOther:
      return {{first, other}};
    case Trusts::kEach:
      return {{first}, {second}, {other}};
  }
  return {};
}

Verdict RuleFor(const SignatureSheet& sheet, Trusts trusts, bool allow_unsigned,
                bool no_verify) {
  Verdict verdict;
  for (const auto& set : SetsOf(trusts)) {
    bool all = true;
    for (const NamedOwner& key : set) {
      if (IsSignedBy(sheet, key)) {
        verdict.authorities.insert(key.id);
      } else {
        all = false;
      }
    }
    verdict.is_valid = verdict.is_valid || all;
  }
  const bool is_list = sheet.kind == SignatureSheet::Kind::kList;
  const bool is_unsigned = sheet.kind == SignatureSheet::Kind::kMissing ||
                           (is_list && sheet.marks.empty());
  const bool is_uncheckable =
      is_list && !sheet.marks.empty() && !IsCheckable(sheet, trusts);
  verdict.is_accepted = verdict.is_valid || (allow_unsigned && is_unsigned) ||
                        (no_verify && is_uncheckable);
  return verdict;
}

TrustWorld::TrustWorld() {
  for (const Owner owner :
       {Owner::kFirst, Owner::kSecond, Owner::kOther, Owner::kStranger}) {
    keys_.emplace(owner, *SigningKey::Generate());
  }
}

TrustedKeys TrustWorld::Trusted(Trusts trusts) const {
  TrustedKeys trusted;
  for (const auto& set : SetsOf(trusts)) {
    std::vector<TrustedKey> keys;
    keys.reserve(set.size());
    for (const NamedOwner& key : set) {
      keys.push_back(
          {.id = key.id,
           .version = key.version,
           .key = *VerificationKey::Parse(*KeyOf(key.owner).PublicPem())});
    }
    EXPECT_TRUE(trusted.AddSet(std::move(keys)).ok());
  }
  return trusted;
}

const std::string& TrustWorld::Signed(const std::string& bin, Mark mark) {
  std::string& made = signed_[bin][mark];
  if (!made.empty()) return made;
  if (mark == Mark::kRaw) return made = std::string(64, '\x11');
  if (mark == Mark::kJunk) return made = "neither";
  const MarkFacts& facts = FactsOf(mark);
  const std::string of = facts.is_of_this_file ? bin : bin + "x";
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const uint8_t*>(of.data()), of.size(), digest.data());
  return made = *KeyOf(facts.made_by).Sign(digest);
}

std::string TrustWorld::List(const std::string& bin,
                             const SignatureSheet& sheet) {
  if (sheet.kind == SignatureSheet::Kind::kMissing) return "";
  if (sheet.kind == SignatureSheet::Kind::kDamaged) return "\x0a\x7f";
  wire::TEKSignatureList list;
  for (const Mark mark : sheet.marks) {
    const MarkFacts& facts = FactsOf(mark);
    wire::TEKSignature* const entry = list.add_signatures();
    wire::SignatureInfo* const info = entry->mutable_signature_info();
    info->set_verification_key_id(facts.id);
    info->set_verification_key_version(facts.version);
    info->set_signature_algorithm(mark == Mark::kAlgorithm
                                      ? "1.2.840.10045.4.3.3"
                                      : "1.2.840.10045.4.3.2");
    entry->set_batch_num(1);
    entry->set_batch_size(1);
    entry->set_signature(Signed(bin, mark));
  }
  return list.SerializeAsString();
}

std::string TrustWorld::Zip(const std::string& bin,
                            const SignatureSheet& sheet) {
  if (sheet.kind == SignatureSheet::Kind::kMissing) {
    return StoredZip({{"export.bin", bin}});
  }
  return StoredZip({{"export.bin", bin}, {"export.sig", List(bin, sheet)}});
}

}  // namespace tekmatch
