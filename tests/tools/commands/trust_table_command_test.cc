// Plan: signature lists under every trust, through the commands that read
// exports: verify, match with each of its flags, check, inspect.
//
// As tests/matcher/check/trust_table_test.cc, over the real binary; what has to
// come of each is said by the rule of tests/trust_table.h.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tests/trust_table.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;
using ::testing::HasSubstr;

constexpr Trusts kSomeTrusts[] = {Trusts::kFirst, Trusts::kFirstOrSecond,
                                  Trusts::kFirstAndOther};

class TrustTableCommandTest : public ::testing::Test {
 protected:
  TrustTableCommandTest() {
    const std::vector<DiagnosisKey> keys = TestKeys(2, 1);
    bin_ = ZipEntry(WriteTestExport(keys), "export.bin");
    for (const Owner owner : {Owner::kFirst, Owner::kSecond, Owner::kOther}) {
      WriteFile(PemOf(owner), *world_.KeyOf(owner).PublicPem());
    }
    std::string text = CsvHeader({}) + "\n";
    for (const DiagnosisKey& key : keys) {
      text += CsvRow(HearKey(key, kTestDaySeconds + 3600));
    }
    WriteFile(TempPath("s.csv"), text);
    sheets_ = AllSheets(1);
    using Kind = SignatureSheet::Kind;
    sheets_.push_back({Kind::kList, {Mark::kFirst, Mark::kOther}});
    sheets_.push_back({Kind::kList, {Mark::kOther, Mark::kForged}});
  }

  static std::string PemOf(Owner owner) {
    return TempPath(absl::StrCat(static_cast<int>(owner), ".pem"));
  }

  // Calls `judge` with each file, and the arguments of each trust.
  template <typename Judge>
  void ForEach(Judge judge) {
    const std::string path = TempPath("a.zip");
    for (const SignatureSheet& sheet : sheets_) {
      WriteFile(path, world_.Zip(bin_, sheet));
      for (const Trusts trusts : kSomeTrusts) {
        SCOPED_TRACE(testing::Message()
                     << sheet.Text() << ", trust " << static_cast<int>(trusts));
        std::vector<std::string> arguments = {path};
        for (const auto& set : SetsOf(trusts)) {
          std::vector<std::string> names;
          names.reserve(set.size());
          for (const NamedOwner& key : set) {
            names.push_back(
                absl::StrCat(key.id, ":", *key.version, "=", PemOf(key.owner)));
          }
          arguments.insert(arguments.end(),
                           {"--trusted-key", absl::StrJoin(names, "&")});
        }
        judge(sheet, trusts, arguments);
        if (HasFatalFailure()) return;
      }
    }
  }

  static TekmatchRun Run(std::vector<std::string> arguments,
                         const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunTekmatch(arguments);
  }

  TrustWorld world_;
  std::string bin_;
  std::vector<SignatureSheet> sheets_;
};

TEST_F(TrustTableCommandTest, VerifyCallsValidWhatATrustedSetSigned) {
  int num_valid = 0;
  ForEach([&](const SignatureSheet& sheet, Trusts trusts,
              const std::vector<std::string>& arguments) {
    const TekmatchRun run = Run({"verify"}, arguments);
    const bool valid = RuleFor(sheet, trusts, false, false).is_valid;
    num_valid += valid ? 1 : 0;
    ASSERT_EQ(run.exit_code, valid ? 0 : 1) << run.out << run.err;
    ASSERT_EQ(run.out.find(": valid") != std::string::npos, valid) << run.out;
  });
  EXPECT_GE(num_valid, 5);
}

TEST_F(TrustTableCommandTest, MatchFollowsTheRuleWithEachFlag) {
  ForEach([&](const SignatureSheet& sheet, Trusts trusts,
              const std::vector<std::string>& arguments) {
    for (const bool allow_unsigned : {false, true}) {
      for (const bool no_verify : {false, true}) {
        std::vector<std::string> command = {
            "match", "--sightings", TempPath("s.csv"), "--format", "json"};
        if (allow_unsigned) command.emplace_back("--allow-unsigned");
        if (no_verify) command.emplace_back("--no-verify");
        const TekmatchRun run = Run(command, arguments);
        const Verdict want = RuleFor(sheet, trusts, allow_unsigned, no_verify);
        ASSERT_EQ(run.exit_code, want.is_accepted ? 0 : 1)
            << allow_unsigned << no_verify << run.err;
        if (!want.is_accepted) {
          ASSERT_EQ(run.out, "");
          continue;
        }
        const json report = json::parse(run.out);
        ASSERT_EQ(report["keys_matched"], 2);
        // What nobody verified is never called so.
        ASSERT_EQ(report["all_files_signed"], want.is_valid);
      }
    }
  });
}

TEST_F(TrustTableCommandTest, CheckTakesWhatATrustedSetSigned) {
  int num_stores = 0;
  ForEach([&](const SignatureSheet& sheet, Trusts trusts,
              const std::vector<std::string>& arguments) {
    const TekmatchRun run =
        Run({"check", "--store", TempPath(absl::StrCat("s", num_stores++)),
             "--sightings", TempPath("s.csv"), "--now", "2020-12-05T00:00:00Z",
             "--format", "json"},
            arguments);
    const bool valid = RuleFor(sheet, trusts, false, false).is_valid;
    ASSERT_EQ(run.exit_code, valid ? 0 : 1) << run.err;
    if (!valid) {
      ASSERT_EQ(run.out, "");
      return;
    }
    ASSERT_EQ(json::parse(run.out)["sightings_matched"], 2);
  });
}

// It knows of no trust, shows any file, and says of none that it is signed.
TEST_F(TrustTableCommandTest, InspectCallsNothingValid) {
  for (const SignatureSheet& sheet : sheets_) {
    const std::string path = TempPath("a.zip");
    WriteFile(path, world_.Zip(bin_, sheet));
    const TekmatchRun run = RunTekmatch({"inspect", path, "--format", "json"});
    ASSERT_EQ(run.exit_code, 0) << sheet.Text() << run.err;
    ASSERT_EQ(run.out.find("\"valid\""), std::string::npos) << run.out;
    ASSERT_THAT(run.out, HasSubstr("a.zip"));
  }
}

}  // namespace
}  // namespace tekmatch
