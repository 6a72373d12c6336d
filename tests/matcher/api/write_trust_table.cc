// Writes the table of signature lists, trusted keys and options for
// tests/matcher/api/java/jp/tekmatch/TrustTableTest.java, with what has to come
// of each by the rule of tests/trust_table.h.
//
// Usage: write_trust_table FOLDER
//
// FOLDER/sightings.csv: what was heard of the three keys that each export has.
// FOLDER/NAME.zip, FOLDER/NAME.pem: exports, public keys.
// FOLDER/table: first the time of the check in Unix seconds; then lines of
//   EXPORT.zip ALLOW_UNSIGNED NO_VERIFY IS_VALID IS_ACCEPTED TRUST
// with 0 or 1, and as trust "nobody", or sets with commas between them; a set
// is ID=VERSION=KEY.pem or ID=KEY.pem, for any version, with & between them.
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/matcher/api/c_world.h"
#include "tests/test_exports.h"
#include "tests/trust_table.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

bool Write(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return file.flush().good();
}

std::string PemOf(Owner owner) {
  return absl::StrCat(static_cast<int>(owner), ".pem");
}

std::string TextOf(Trusts trusts) {
  std::vector<std::string> sets;
  for (const auto& set : SetsOf(trusts)) {
    std::vector<std::string> keys;
    keys.reserve(set.size());
    for (const NamedOwner& key : set) {
      keys.push_back(absl::StrCat(
          key.id, key.version.has_value() ? "=" + *key.version : "", "=",
          PemOf(key.owner)));
    }
    sets.push_back(absl::StrJoin(keys, "&"));
  }
  return sets.empty() ? "nobody" : absl::StrJoin(sets, ",");
}

bool WriteTable(const std::string& folder) {
  TrustWorld world;
  bool good = true;
  for (const Owner owner : {Owner::kFirst, Owner::kSecond, Owner::kOther}) {
    good = good &&
           Write(folder + PemOf(owner), world.KeyOf(owner).PublicPem().value());
  }
  const std::vector<DiagnosisKey> keys = TestKeys(3, 1);
  std::string heard = CsvHeader({}) + "\n";
  for (const Sighting& sighting : HearForHalfAnHour(keys)) {
    heard += CsvRow(sighting);
  }
  good = good && Write(folder + "sightings.csv", heard);
  const std::string bin = ZipEntry(WriteTestExport(keys), "export.bin");
  std::vector<SignatureSheet> sheets = AllSheets(1);
  using Kind = SignatureSheet::Kind;
  sheets.push_back({Kind::kList, {Mark::kFirst, Mark::kOther}});
  sheets.push_back({Kind::kList, {Mark::kForged, Mark::kFirst}});
  sheets.push_back({Kind::kList, {Mark::kStranger, Mark::kRaw}});
  std::string table = absl::StrCat(CocoaOptions().now, "\n");
  for (size_t i = 0; i < sheets.size(); ++i) {
    const std::string name = absl::StrCat(i, ".zip");
    good = good && Write(folder + name, world.Zip(bin, sheets[i]));
    for (const Trusts trusts : kAllTrusts) {
      for (const bool allow_unsigned : {false, true}) {
        for (const bool no_verify : {false, true}) {
          const Verdict want =
              RuleFor(sheets[i], trusts, allow_unsigned, no_verify);
          absl::StrAppend(&table, name, " ", allow_unsigned ? 1 : 0, " ",
                          no_verify ? 1 : 0, " ", want.is_valid ? 1 : 0, " ",
                          want.is_accepted ? 1 : 0, " ", TextOf(trusts), "\n");
        }
      }
    }
  }
  return good && Write(folder + "table", table);
}

}  // namespace
}  // namespace tekmatch

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_trust_table FOLDER\n";
    return 2;
  }
  testing::InitGoogleTest(&argc, argv);
  const bool good = tekmatch::WriteTable(absl::StrCat(argv[1], "/"));
  if (!good) std::cerr << "cannot write to " << argv[1] << "\n";
  // What writes exports says so to GoogleTest where it cannot.
  return good && !testing::UnitTest::GetInstance()->Failed() ? 0 : 1;
}
