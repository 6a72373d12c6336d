#include "keyformat/signature.h"

#include <openssl/err.h>
#include <openssl/sha.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/export.pb.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

constexpr absl::string_view kMessage = "EK Export v1    the message";

ExportDigests DigestsOf(absl::string_view message) {
  ExportDigests digests;
  const auto* data = reinterpret_cast<const uint8_t*>(message.data());
  SHA256(data, message.size(), digests.sha256.data());
  SHA512(data, message.size(), digests.sha512.data());
  return digests;
}

SigningKey NewKey() { return *SigningKey::Generate(); }

TrustedKey Trust(const SigningKey& key, std::string id,
                 std::optional<std::string> version = std::nullopt) {
  return {.id = std::move(id),
          .version = std::move(version),
          .key = *VerificationKey::Parse(*key.PublicPem())};
}

ExportSignature Sign(const SigningKey& key, std::string id, std::string version,
                     absl::string_view algorithm = kOidEcdsaSha256) {
  const ExportDigests digests = DigestsOf(kMessage);
  ExportSignature signature;
  signature.info.key_id = std::move(id);
  signature.info.key_version = std::move(version);
  signature.info.algorithm = std::string(algorithm);
  signature.signature = algorithm == kOidEcdsaSha512
                            ? *key.Sign(digests.sha512)
                            : *key.Sign(digests.sha256);
  return signature;
}

TrustedKeys OneSet(std::vector<TrustedKey> set) {
  TrustedKeys trusted;
  EXPECT_THAT(trusted.AddSet(std::move(set)), IsOk());
  return trusted;
}

SignatureVerdict Verdict(const std::vector<ExportSignature>& signatures,
                         const TrustedKeys& trusted) {
  return CheckSignatures(signatures, DigestsOf(kMessage), trusted).verdict;
}

TEST(SignatureTest, ValidWithEitherDigestAndTheTextOf2020) {
  const SigningKey key = NewKey();
  const TrustedKeys trusted = OneSet({Trust(key, "440", "v1")});
  for (const absl::string_view algorithm :
       {kOidEcdsaSha256, kOidEcdsaSha512,
        absl::string_view("ECDSA p-256 SHA-256")}) {
    const SignatureReport report = CheckSignatures(
        {Sign(key, "440", "v1", algorithm)}, DigestsOf(kMessage), trusted);
    EXPECT_EQ(report.verdict, SignatureVerdict::kValid) << algorithm;
    EXPECT_EQ(report.signed_by, std::vector<std::string>{"440:v1"});
  }
}

TEST(SignatureTest, AChangedMessageOrSignatureIsWrong) {
  const SigningKey key = NewKey();
  const TrustedKeys trusted = OneSet({Trust(key, "440", "v1")});
  const ExportSignature good = Sign(key, "440", "v1");
  EXPECT_EQ(
      CheckSignatures({good}, DigestsOf("EK Export v1    another"), trusted)
          .verdict,
      SignatureVerdict::kWrongSignature);
  ExportSignature changed = good;
  changed.signature.back() = static_cast<char>(changed.signature.back() ^ 1);
  EXPECT_EQ(Verdict({changed}, trusted), SignatureVerdict::kWrongSignature);
  // Another key under the trusted name.
  EXPECT_EQ(Verdict({Sign(NewKey(), "440", "v1")}, trusted),
            SignatureVerdict::kWrongSignature);
  // The right digest under the wrong OID.
  ExportSignature relabelled = good;
  relabelled.info.algorithm = std::string(kOidEcdsaSha512);
  EXPECT_EQ(Verdict({relabelled}, trusted), SignatureVerdict::kWrongSignature);
}

TEST(SignatureTest, KeysAreChosenByIdAndVersion) {
  const SigningKey key = NewKey();
  const std::vector<ExportSignature> signatures = {Sign(key, "440", "v1")};
  const struct {
    const char* id;
    std::optional<std::string> version;
    SignatureVerdict want;
  } kCases[] = {
      {"440", "v1", SignatureVerdict::kValid},
      {"440", std::nullopt, SignatureVerdict::kValid},
      {"440", "v2", SignatureVerdict::kNoTrustedKey},
      {"440", "", SignatureVerdict::kNoTrustedKey},
      {"441", "v1", SignatureVerdict::kNoTrustedKey},
      {"", std::nullopt, SignatureVerdict::kNoTrustedKey},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Verdict(signatures, OneSet({Trust(key, c.id, c.version)})),
              c.want)
        << c.id << " " << c.version.value_or("(any)");
  }
  // The empty id trusts signatures without id, of any version.
  EXPECT_EQ(Verdict({Sign(key, "", "v1")}, OneSet({Trust(key, "")})),
            SignatureVerdict::kValid);
  EXPECT_EQ(Verdict(signatures, TrustedKeys()),
            SignatureVerdict::kNoTrustedKey);
}

TEST(SignatureTest, ASignerIsNamedAsItsUserDoes) {
  const SigningKey key = NewKey();
  const struct {
    const char* id;
    std::optional<std::string> version;
    const char* name;
  } kCases[] = {{"440", "v1", "440:v1"},
                {"440", std::nullopt, "440"},
                {"440", "", "440:"},
                {"", "v1", ":v1"},
                {"", std::nullopt, "(no key id)"}};
  for (const auto& c : kCases) {
    // What the file says of itself is not covered by its signature.
    for (const std::string& claimed :
         {std::string("v1"), std::string("\na.zip: valid, signed by 440 v1"),
          std::string()}) {
      if (c.version.has_value() && *c.version != claimed) continue;
      TrustedKey trusted = Trust(key, c.id);
      trusted.version = c.version;
      EXPECT_EQ(CheckSignatures({Sign(key, c.id, claimed)}, DigestsOf(kMessage),
                                OneSet({trusted}))
                    .signed_by,
                std::vector<std::string>{c.name});
    }
  }
  // A key that made two signatures, or is in two sets, is named once.
  TrustedKeys twice = OneSet({Trust(key, "440")});
  ASSERT_THAT(twice.AddSet({Trust(key, "440")}), IsOk());
  const ExportSignature by_key = Sign(key, "440", "v1");
  EXPECT_EQ(
      CheckSignatures({by_key, by_key}, DigestsOf(kMessage), twice).signed_by,
      std::vector<std::string>{"440"});
}

TEST(SignatureTest, AnyCompleteSetSuffices) {
  const SigningKey a = NewKey();
  const SigningKey b = NewKey();
  const SigningKey c = NewKey();
  TrustedKeys trusted;
  ASSERT_THAT(trusted.AddSet({Trust(a, "a"), Trust(b, "b")}), IsOk());
  ASSERT_THAT(trusted.AddSet({Trust(c, "c")}), IsOk());
  const ExportSignature by_a = Sign(a, "a", "v1");
  const ExportSignature by_b = Sign(b, "b", "v1");
  const ExportSignature by_c = Sign(c, "c", "v1");
  EXPECT_EQ(Verdict({by_a, by_b}, trusted), SignatureVerdict::kValid);
  EXPECT_EQ(Verdict({by_b, by_a}, trusted), SignatureVerdict::kValid);
  EXPECT_EQ(Verdict({by_c}, trusted), SignatureVerdict::kValid);
  EXPECT_EQ(Verdict({by_a}, trusted), SignatureVerdict::kIncompleteSet);
  EXPECT_EQ(Verdict({by_b}, trusted), SignatureVerdict::kIncompleteSet);
  // The same signer twice is one signer.
  EXPECT_EQ(Verdict({by_a, by_a}, trusted), SignatureVerdict::kIncompleteSet);
  // A foreign signature beside a complete set does no harm.
  const SignatureReport report = CheckSignatures(
      {Sign(NewKey(), "x", "v1"), by_c}, DigestsOf(kMessage), trusted);
  EXPECT_EQ(report.verdict, SignatureVerdict::kValid);
  EXPECT_EQ(report.signed_by, std::vector<std::string>{"c"});
  EXPECT_EQ(report.outcomes,
            (std::vector<SignatureOutcome>{SignatureOutcome::kNoTrustedKey,
                                           SignatureOutcome::kVerified}));
}

TEST(SignatureTest, ARotatedKeyVerifiesUnderEitherOfTwoKeysOfOneName) {
  const SigningKey old_key = NewKey();
  const SigningKey new_key = NewKey();
  TrustedKeys trusted;
  ASSERT_THAT(trusted.AddSet({Trust(old_key, "440")}), IsOk());
  ASSERT_THAT(trusted.AddSet({Trust(new_key, "440")}), IsOk());
  for (const SigningKey& key : {old_key, new_key}) {
    const SignatureReport report =
        CheckSignatures({Sign(key, "440", "v1")}, DigestsOf(kMessage), trusted);
    EXPECT_EQ(report.verdict, SignatureVerdict::kValid);
    EXPECT_EQ(report.outcomes[0], SignatureOutcome::kVerified);
  }
}

TEST(SignatureTest, DefectsOfFormHaveTheirOwnVerdicts) {
  const SigningKey key = NewKey();
  const TrustedKeys trusted = OneSet({Trust(key, "440")});
  EXPECT_EQ(Verdict({}, trusted), SignatureVerdict::kEmptySignatureList);
  ExportSignature signature = Sign(key, "440", "v1");
  signature.signature = std::string(64, '\x11');
  EXPECT_EQ(Verdict({signature}, trusted), SignatureVerdict::kRawSignature);
  signature.signature = std::string(63, '\x11');
  EXPECT_EQ(Verdict({signature}, trusted),
            SignatureVerdict::kMalformedSignature);
  signature.signature = "";
  EXPECT_EQ(Verdict({signature}, trusted),
            SignatureVerdict::kMalformedSignature);
  signature = Sign(key, "440", "v1");
  signature.signature += "x";
  EXPECT_EQ(Verdict({signature}, trusted),
            SignatureVerdict::kMalformedSignature);
  EXPECT_EQ(ERR_peek_error(), 0);  // nobody asks BoringSSL's queue
  for (const char* algorithm : {"", "1.2.840.10045.4.3.3", "SHA256"}) {
    signature = Sign(key, "440", "v1");
    signature.info.algorithm = algorithm;
    EXPECT_EQ(Verdict({signature}, trusted),
              SignatureVerdict::kUnknownAlgorithm);
  }
}

// The further a signature got, the more its verdict says.
TEST(SignatureTest, TheMostPromisingSignatureGivesTheVerdict) {
  const SigningKey key = NewKey();
  const TrustedKeys trusted =
      OneSet({Trust(key, "440"), Trust(NewKey(), "of another signer")});
  ExportSignature unknown = Sign(key, "440", "v1");
  unknown.info.algorithm = "?";
  ExportSignature malformed = Sign(key, "440", "v1");
  malformed.signature = "x";
  ExportSignature raw = Sign(key, "440", "v1");
  raw.signature = std::string(64, '\x11');
  // The least promising first.
  const std::vector<std::pair<ExportSignature, SignatureVerdict>> ranks = {
      {unknown, SignatureVerdict::kUnknownAlgorithm},
      {malformed, SignatureVerdict::kMalformedSignature},
      {raw, SignatureVerdict::kRawSignature},
      {Sign(key, "441", "v1"), SignatureVerdict::kNoTrustedKey},
      {Sign(NewKey(), "440", "v1"), SignatureVerdict::kWrongSignature},
      {Sign(key, "440", "v1"), SignatureVerdict::kIncompleteSet},
  };
  std::vector<ExportSignature> so_far;
  for (size_t i = 0; i < ranks.size(); ++i) {
    const auto& [signature, verdict] = ranks[i];
    for (size_t j = 0; j <= i; ++j) {
      EXPECT_EQ(Verdict({signature, ranks[j].first}, trusted), verdict);
      EXPECT_EQ(Verdict({ranks[j].first, signature}, trusted), verdict);
    }
    so_far.push_back(signature);
    EXPECT_EQ(Verdict(so_far, trusted), verdict);
  }
}

// Two signatures of one name, of which the trusted key made one: as while a
// key is replaced.
// The work is counted: 64 signatures that all name one key are no 64 tries.
TEST(SignatureTest, OfAKeyTenDifferentSignaturesAreTried) {
  const SigningKey key = NewKey();
  const SigningKey other = NewKey();
  const TrustedKeys trusted = OneSet({Trust(key, "440")});
  for (const size_t place : {0, 9, 10, 63}) {
    std::vector<ExportSignature> signatures;
    for (size_t i = 0; i < 64; ++i) {
      signatures.push_back(Sign(i == place ? key : other, "440", "v1"));
    }
    const SignatureReport report =
        CheckSignatures(signatures, DigestsOf(kMessage), trusted);
    EXPECT_EQ(report.num_tried, 10);
    EXPECT_EQ(report.verdict, place < 10 ? SignatureVerdict::kValid
                                         : SignatureVerdict::kWrongSignature);
    for (size_t i = 0; i < 64; ++i) {
      EXPECT_EQ(report.outcomes[i], i >= 10 ? SignatureOutcome::kNotTried
                                    : i == place
                                        ? SignatureOutcome::kVerified
                                        : SignatureOutcome::kWrongSignature);
    }
  }
}

TEST(SignatureTest, CopiesOfASignatureAreTriedOnceAndShareWhatBecomesOfIt) {
  const SigningKey key = NewKey();
  const TrustedKeys trusted = OneSet({Trust(key, "440"), Trust(key, "441")});
  const ExportSignature wrong = Sign(NewKey(), "440", "v1");
  std::vector<ExportSignature> signatures(30, wrong);
  signatures.push_back(Sign(key, "440", "v1"));
  // Of a list that names many keys, each key's are counted by themselves.
  for (int i = 0; i < 9; ++i) {
    signatures.push_back(Sign(NewKey(), "441", "v1"));
  }
  signatures.push_back(Sign(key, "441", "v1"));
  signatures.push_back(signatures.back());
  const SignatureReport report =
      CheckSignatures(signatures, DigestsOf(kMessage), trusted);
  EXPECT_EQ(report.num_tried, 12);
  EXPECT_EQ(report.verdict, SignatureVerdict::kValid);
  EXPECT_EQ(report.outcomes[29], SignatureOutcome::kWrongSignature);
  EXPECT_EQ(report.outcomes[30], SignatureOutcome::kVerified);
  EXPECT_EQ(report.outcomes[41], SignatureOutcome::kVerified);
}

TEST(SignatureTest, AWrongSignatureBesideAGoodOneDoesNoHarm) {
  const SigningKey key = NewKey();
  const TrustedKeys trusted = OneSet({Trust(key, "440", "v1")});
  const ExportSignature good = Sign(key, "440", "v1");
  ExportSignature changed = good;
  changed.signature.back() = static_cast<char>(changed.signature.back() ^ 1);
  for (const ExportSignature& wrong : {Sign(NewKey(), "440", "v1"), changed}) {
    const SignatureReport first =
        CheckSignatures({good, wrong}, DigestsOf(kMessage), trusted);
    EXPECT_EQ(first.verdict, SignatureVerdict::kValid);
    EXPECT_EQ(first.signed_by, std::vector<std::string>{"440:v1"});
    EXPECT_EQ(first.outcomes, (std::vector<SignatureOutcome>{
                                  SignatureOutcome::kVerified,
                                  SignatureOutcome::kWrongSignature}));
    const SignatureReport last =
        CheckSignatures({wrong, good}, DigestsOf(kMessage), trusted);
    EXPECT_EQ(last.verdict, SignatureVerdict::kValid);
    EXPECT_EQ(last.signed_by, std::vector<std::string>{"440:v1"});
    EXPECT_EQ(last.outcomes,
              (std::vector<SignatureOutcome>{SignatureOutcome::kWrongSignature,
                                             SignatureOutcome::kVerified}));
  }
}

TEST(SignatureTest, EveryVerdictHasItsOwnName) {
  std::set<absl::string_view> names;
  for (int i = 0; i < kNumSignatureVerdicts; ++i) {
    const auto verdict = static_cast<SignatureVerdict>(i);
    names.insert(SignatureVerdictName(verdict));
    EXPECT_EQ(IsUnsigned(verdict),
              verdict == SignatureVerdict::kNoSignatureEntry ||
                  verdict == SignatureVerdict::kEmptySignatureList);
  }
  EXPECT_EQ(names.size(), kNumSignatureVerdicts);
  EXPECT_EQ(names.count(""), 0);
}

TEST(SignatureTest, AnEmptySetIsRefused) {
  TrustedKeys trusted;
  EXPECT_THAT(trusted.AddSet({}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(SignatureTest, ParsesListsAndRefusesOtherBytes) {
  wire::TEKSignatureList list;
  wire::TEKSignature* entry = list.add_signatures();
  entry->mutable_signature_info()->set_verification_key_id("440");
  entry->set_signature("bytes");
  const auto parsed = ParseSignatureList(list.SerializeAsString());
  ASSERT_THAT(parsed, IsOk());
  ASSERT_EQ(parsed->size(), 1);
  EXPECT_EQ((*parsed)[0].info.key_id, "440");
  EXPECT_EQ((*parsed)[0].signature, "bytes");
  EXPECT_TRUE(ParseSignatureList("")->empty());
  EXPECT_THAT(ParseSignatureList("\x0a\x7f"),
              StatusIs(absl::StatusCode::kDataLoss));
  while (list.signatures_size() < 64) list.add_signatures();
  const auto largest = ParseSignatureList(list.SerializeAsString());
  ASSERT_THAT(largest, IsOk());
  EXPECT_EQ(largest->size(), 64);
  list.add_signatures();
  EXPECT_THAT(ParseSignatureList(list.SerializeAsString()),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(P256KeyTest, ReadsItsOwnPemAndRefusesOthers) {
  const SigningKey key = NewKey();
  const auto again = SigningKey::FromPem(*key.PrivatePem());
  ASSERT_THAT(again, IsOk());
  EXPECT_THAT(again->PublicPem(), IsOkAndHolds(*key.PublicPem()));
  // SEC 1, and keys on another curve (P-384), as OpenSSL writes them.
  EXPECT_THAT(
      SigningKey::FromPem(
          "-----BEGIN EC PRIVATE KEY-----\n"
          "MHcCAQEEIEzUigRLeTI7trwOVVrdM159dAnd/51f9Y3FN+8LxQKHoAoGCCqGSM49\n"
          "AwEHoUQDQgAEkc6tDJhH76Rla8FANLcr3u8Z5/E5onQm6DJH+JzU5gZBxuboTRs/\n"
          "p+I4lXep4DDbySHslt9Oau3TDvFw2aThAQ==\n"
          "-----END EC PRIVATE KEY-----\n"),
      IsOk());
  EXPECT_THAT(
      SigningKey::FromPem(
          "-----BEGIN EC PRIVATE KEY-----\n"
          "MIGkAgEBBDCUOTcwQWd0iIs9Op/3aiZdQWQ2D5n9yrmBdJqlvEDEBXEKJ43KTCCv\n"
          "ZPgju4uc8gWgBwYFK4EEACKhZANiAARWP9JvSFHmtjUM0jUBZYkKtDF5fAK1JedD\n"
          "4vycF10Gp7EBJqbGwic62kWPzMHFBTGk9rSMVnNxFOeSGiDzpE5DgFI09D8RI8B0\n"
          "CnQu5WUN5QG4YAppv0vLR6okTAKyUjg=\n"
          "-----END EC PRIVATE KEY-----\n"),
      StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(VerificationKey::Parse(""),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(VerificationKey::Parse(*key.PrivatePem()),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SigningKey::FromPem(*key.PublicPem()),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(
      VerificationKey::Parse(
          "-----BEGIN PUBLIC KEY-----\n"
          "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEzUd4ZQEpik50PaBUxXK55tJTTV2cQvtW\n"
          "/13mvoUnPlv7vEFrfqzVgaNeyjRRSrADrKb2UYseivW2B1eM5NddoPw3Kdi0dRJQ\n"
          "UTLT6XzoJkHNcY8bPlrEBQChCaa+msi+\n"
          "-----END PUBLIC KEY-----\n"),
      StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace tekmatch
