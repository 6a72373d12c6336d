#include "matcher/check/authorities.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ExportFileResult SignedBy(std::vector<std::string> ids) {
  ExportFileResult file;
  file.report.signature.signer_ids = std::move(ids);
  return file;
}

TEST(AuthoritiesTest, AreTheIdsOfSigners) {
  EXPECT_THAT(AuthoritiesOf({}), IsEmpty());
  EXPECT_THAT(AuthoritiesOf({SignedBy({"440"}), SignedBy({}), SignedBy({"262"}),
                             SignedBy({"440"}), SignedBy({})}),
              ElementsAre(1, 0, 2, 1, 0));
}

TEST(AuthoritiesTest, ThoseWhoSignTogetherAreOne) {
  EXPECT_THAT(AuthoritiesOf({SignedBy({"a"}), SignedBy({"b"}), SignedBy({"c"}),
                             SignedBy({"d"}), SignedBy({"b", "c"}),
                             SignedBy({"a", "c"})}),
              ElementsAre(1, 1, 1, 2, 1, 1));
  EXPECT_THAT(AuthoritiesOf({SignedBy({"a", "b"}), SignedBy({"b", "a"}),
                             SignedBy({"a", "a"}), SignedBy({"x"})}),
              ElementsAre(1, 1, 1, 2));
}

// Of an accepted file with this content.
ExportFileResult CopySignedBy(const std::string& id, uint8_t content) {
  ExportFileResult file = SignedBy({id});
  file.accepted = true;
  file.report.digests.sha256[0] = content;
  return file;
}

TEST(AuthoritiesTest, ThoseWhoSignTheSameContentAreOne) {
  EXPECT_THAT(AuthoritiesOf({CopySignedBy("a", 1), CopySignedBy("b", 2),
                             CopySignedBy("c", 3), CopySignedBy("c", 1)}),
              ElementsAre(1, 2, 1, 1));
  // But for a file that does not count.
  ExportFileResult refused = CopySignedBy("c", 1);
  refused.accepted = false;
  EXPECT_THAT(AuthoritiesOf({CopySignedBy("a", 1), CopySignedBy("b", 2),
                             CopySignedBy("c", 3), refused}),
              ElementsAre(1, 2, 3, 3));
}

}  // namespace
}  // namespace tekmatch
