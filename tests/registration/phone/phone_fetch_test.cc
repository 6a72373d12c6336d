// Fetching exports, and what is forgotten with them or without.
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/phone/phone.h"
#include "registration/phone/phone_import.h"
#include "registration/phone/phone_store.h"
#include "registration/service/http_client.h"
#include "tests/registration/phone/phone_testing.h"
#include "tests/registration/phone/phone_world.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::SizeIs;

// Nobody fetches, and the phone is looked at at most.
TEST_F(PhoneTest, WhatIsOverGoesWithoutAFetch) {
  const auto open = [this] {
    return *PhoneStore::Open(folder_, OpenMode::kExisting);
  };
  const std::vector<DateCount> days = {
      {.date = absl::CivilDay(2020, 12, 9), .num_keys = 1, .num_sightings = 1}};
  for (const bool is_looked_at : {false, true}) {
    SCOPED_TRACE(is_looked_at);
    ASSERT_THAT(AddToPhone(folder_, KeysOfAFortnight(), {}, kTestNow), IsOk());
    ASSERT_THAT(
        open()->SetFindings(CheckState::kComplete, absl::CivilDay(2020, 12, 10),
                            days, "440", {.created_ms = 1, .etag = ""}),
        IsOk());
    ASSERT_THAT(phone_->SetNotification(false), IsOk());
    clock_.Advance(absl::Hours(24 * 16));
    if (is_looked_at) {
      View();
    } else {
      ASSERT_THAT(phone_->Fetch(), IsOk());
    }
    EXPECT_THAT(open()->OwnKeys(), IsOkAndHolds(SizeIs(0)));
    EXPECT_THAT(open()->Findings()->days, SizeIs(0));
    clock_.Advance(-absl::Hours(24 * 16));
  }
  // Nor is it looked at.
  ASSERT_THAT(AddToPhone(folder_, KeysOfAFortnight(), {}, kTestNow), IsOk());
  clock_.Advance(absl::Hours(24 * 16));
  ASSERT_THAT(phone_->ForgetOld(true), IsOk());
  EXPECT_THAT(open()->OwnKeys(), IsOkAndHolds(SizeIs(0)));
  std::filesystem::remove_all(folder_);
  ASSERT_THAT(phone_->ForgetOld(true), IsOk());
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/phone.sqlite"));
}

TEST_F(PhoneTest, ASecondFetchIsToldSo) {
  client_.holds = true;
  absl::StatusOr<FetchResult> first = absl::InternalError("not yet");
  std::thread fetch([&] { first = phone_->Fetch(); });
  {
    std::unique_lock<std::mutex> lock(client_.mutex);
    client_.changed.wait(lock, [this] { return !client_.calls.empty(); });
  }
  EXPECT_THAT(phone_->Fetch(), IsOkAndHolds(FetchResult::kBusy));
  {
    const std::lock_guard<std::mutex> lock(client_.mutex);
    client_.holds = false;
    client_.changed.notify_all();
  }
  fetch.join();
  EXPECT_THAT(first, IsOkAndHolds(FetchResult::kDone));
  EXPECT_THAT(client_.calls, SizeIs(1));
}

// A phone that once believed a list of the future goes on all the same.
TEST_F(PhoneTest, AnExportOfTheFutureHidesNoLaterOnes) {
  const auto store = PhoneStore::Open(folder_, OpenMode::kExisting);
  ASSERT_THAT(store, IsOk());
  const int64_t ahead = absl::ToUnixMillis(kTestNow + absl::Hours(24)) + 1;
  ASSERT_THAT(
      (*store)->SetFindings(CheckState::kComplete, absl::CivilDay(2020, 12, 10),
                            {}, "440", {.created_ms = ahead, .etag = "\"1\""}),
      IsOk());
  client_.Answer(200,
                 R"([{"region":"440","url":"1.zip","created":1607590000000}])");
  client_.Answer(200, "no export");
  ASSERT_THAT(phone_->Fetch(), IsOk());
  ASSERT_THAT(client_.calls, SizeIs(2));
  EXPECT_EQ(FindHeader(client_.calls[0].headers, "If-None-Match"), "");
  EXPECT_EQ(phone_->Findings()->state, CheckState::kIncomplete);
}

}  // namespace
}  // namespace tekmatch
