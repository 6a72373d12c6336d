// The keys of the numbers' hashes, in their file.
#include "registration/hersys/number_keys.h"

#include <sys/stat.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/rules/processing_number.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1607590800);

TEST(NumberKeysTest, RotateAndStayAfterARestart) {
  const std::string path = TempPath("number-keys");
  const ProcessingNumber number = *ProcessingNumber::Parse("12345678").number;
  NumberHash first;
  {
    const auto keys = *NumberKeys::Open(path);
    first = *keys->Hash(number, kNow);
    EXPECT_EQ(*keys->Hash(number, kNow), first);
    EXPECT_THAT(*keys->LookUp(number, kNow), SizeIs(1));
  }
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600);

  const auto keys = *NumberKeys::Open(path);
  const NumberHash next = *keys->Hash(number, kNow + absl::Hours(24));
  EXPECT_FALSE(next == first);
  // A number of the day before is found.
  EXPECT_THAT(*keys->LookUp(number, kNow + absl::Hours(24)),
              ::testing::ElementsAre(next, first));
  // Two days on, the first key is in no file any more.
  EXPECT_THAT(*keys->LookUp(number, kNow + absl::Hours(48)), SizeIs(2));
  EXPECT_THAT(
      *(*NumberKeys::Open(path))->LookUp(number, kNow + absl::Hours(48)),
      ::testing::Not(::testing::Contains(first)));
}

TEST(NumberKeysTest, AFileThatIsNoneStays) {
  const std::string path = WriteTemp("number-keys", "2020-12-10 00\n");
  EXPECT_THAT(NumberKeys::Open(path).status(),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(ReadFile(path), "2020-12-10 00\n");
}

}  // namespace
}  // namespace tekmatch
