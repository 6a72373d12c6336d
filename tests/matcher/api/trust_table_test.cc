// Plan: signature lists under every trust and all flags, through tekmatch.h.
//
// As tests/matcher/check/trust_table_test.cc, for programs that link the C
// library alone: what a file has to be, by the rule of tests/trust_table.h.
#include "tests/trust_table.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "matcher/api/tekmatch.h"
#include "tests/matcher/api/c_world.h"
#include "tests/test_exports.h"

namespace tekmatch {
namespace {

TrustHandle TrustInC(const TrustWorld& world, Trusts trusts) {
  Message message;
  tekmatch_trust* trust = nullptr;
  EXPECT_EQ(tekmatch_trust_create(&trust, message.data(), message.size()),
            TEKMATCH_OK);
  TrustHandle handle(trust);
  for (const auto& set : SetsOf(trusts)) {
    std::vector<std::string> pems;
    pems.reserve(set.size());
    for (const NamedOwner& key : set) {
      pems.push_back(*world.KeyOf(key.owner).PublicPem());
    }
    std::vector<tekmatch_trusted_key> keys;
    keys.reserve(set.size());
    for (size_t i = 0; i < set.size(); ++i) {
      keys.push_back(
          {set[i].id.c_str(),
           set[i].version.has_value() ? set[i].version->c_str() : nullptr,
           pems[i].data(), pems[i].size()});
    }
    EXPECT_EQ(tekmatch_trust_add_set(trust, keys.data(), keys.size(),
                                     message.data(), message.size()),
              TEKMATCH_OK)
        << message.str();
  }
  return handle;
}

TEST(TrustTableInCTest, TheCheckFollowsTheRule) {
  TrustWorld world;
  const std::vector<DiagnosisKey> keys = TestKeys(3, 1);
  const std::string bin = ZipEntry(WriteTestExport(keys), "export.bin");
  const IndexHandle index = IndexInC(HearForHalfAnHour(keys));
  std::vector<SignatureSheet> sheets = AllSheets(1);
  using Kind = SignatureSheet::Kind;
  sheets.push_back({Kind::kList, {Mark::kFirst, Mark::kOther}});
  sheets.push_back({Kind::kList, {Mark::kForged, Mark::kFirst}});
  sheets.push_back({Kind::kList, {Mark::kStranger, Mark::kRaw}});
  int num_accepted = 0;
  uint64_t num_matches = 0;  // of a file that counts
  for (const Trusts trusts : kAllTrusts) {
    const TrustHandle trust = TrustInC(world, trusts);
    for (const SignatureSheet& sheet : sheets) {
      const std::string zip = world.Zip(bin, sheet);
      for (uint32_t flags = 0; flags < 8; ++flags) {
        SCOPED_TRACE(testing::Message()
                     << sheet.Text() << ", trust " << static_cast<int>(trusts)
                     << ", flags " << flags);
        const Verdict want =
            RuleFor(sheet, trusts, (flags & TEKMATCH_ALLOW_UNSIGNED) != 0,
                    (flags & TEKMATCH_NO_VERIFY) != 0);
        num_accepted += want.is_accepted ? 1 : 0;
        tekmatch_check_options options = CocoaOptions();
        options.flags = flags;
        const ResultHandle result = CheckInC(
            index.get(), trust.get(), {MemorySourceInC("a.zip", zip)}, options);
        ASSERT_NE(result, nullptr);
        tekmatch_counts counts{};
        counts.struct_size = sizeof(counts);
        ASSERT_EQ(tekmatch_result_counts(&counts, result.get(), nullptr, 0),
                  TEKMATCH_OK);
        ASSERT_EQ(counts.num_accepted_files, want.is_accepted ? 1 : 0);
        ASSERT_EQ(counts.num_keys, want.is_accepted ? 3 : 0);
        if (num_matches == 0) num_matches = counts.num_matches;
        ASSERT_EQ(counts.num_matches, want.is_accepted ? num_matches : 0);
        ASSERT_EQ(counts.complete != 0,
                  want.is_accepted || (flags & TEKMATCH_SKIP_BAD_FILES) != 0);
        tekmatch_file file{};
        file.struct_size = sizeof(file);
        ASSERT_EQ(tekmatch_result_file(&file, result.get(), 0, nullptr, 0),
                  TEKMATCH_OK);
        ASSERT_EQ(file.accepted != 0, want.is_accepted);
        ASSERT_EQ(file.verified != 0, want.is_valid);
      }
    }
  }
  EXPECT_GT(num_accepted, 100);
  EXPECT_GE(num_matches, 3);
}

}  // namespace
}  // namespace tekmatch
