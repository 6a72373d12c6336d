// Every function of tekmatch.h with what it must refuse: an error and a
// message, nothing written, no crash.
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/api/tekmatch.h"
#include "tests/matcher/api/c_world.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

class BadInputTest : public testing::Test {
 protected:
  // Checks by the fields of `options_`, and refers to `source_`.
  tekmatch_status Check(size_t num_sources = 1) {
    result_ = nullptr;
    const tekmatch_status status = tekmatch_check(
        &result_, index_.get(), trust_.get(), &source_, num_sources, &options_,
        message_.data(), message_.size());
    if (status != TEKMATCH_OK) {
      EXPECT_EQ(result_, nullptr);
      EXPECT_NE(message_.str(), "");
    }
    tekmatch_result_destroy(result_);
    result_ = nullptr;
    return status;
  }

  const std::string export_ = WriteTestExport(TestKeys(3, 1));
  const TrustHandle trust_ = TrustTestSignerInC();
  const IndexHandle index_ = IndexInC(HearForHalfAnHour(TestKeys(3, 1)));
  tekmatch_check_options options_ = CocoaOptions();
  tekmatch_source source_ = MemorySourceInC("a.zip", export_);
  tekmatch_result* result_ = nullptr;
  Message message_;
};

TEST_F(BadInputTest, DestroyTakesNull) {
  tekmatch_trust_destroy(nullptr);
  tekmatch_index_destroy(nullptr);
  tekmatch_result_destroy(nullptr);
  EXPECT_EQ(tekmatch_index_num_sightings(nullptr), 0);
}

TEST_F(BadInputTest, NullIsRefused) {
  EXPECT_EQ(Check(), TEKMATCH_OK);
  char* const m = message_.data();
  const size_t n = message_.size();
  const auto expect_named = [&](tekmatch_status status,
                                const std::string& name) {
    EXPECT_EQ(status, TEKMATCH_INVALID_ARGUMENT) << name;
    EXPECT_THAT(message_.str(), HasSubstr(name + " is NULL"));
  };
  expect_named(tekmatch_trust_create(nullptr, m, n), "trust");
  tekmatch_trusted_key key = {"440", "v1", "x", 1};
  expect_named(tekmatch_trust_add_set(nullptr, &key, 1, m, n), "trust");
  expect_named(tekmatch_trust_add_set(trust_.get(), nullptr, 1, m, n), "keys");
  key.id = nullptr;
  expect_named(tekmatch_trust_add_set(trust_.get(), &key, 1, m, n),
               "the id of a key");
  key = {"440", "v1", nullptr, 1};
  expect_named(tekmatch_trust_add_set(trust_.get(), &key, 1, m, n),
               "public_key");

  const tekmatch_sighting sighting = SightingInC(Sighting());
  tekmatch_index* index = nullptr;
  expect_named(tekmatch_index_create(nullptr, &sighting, 1, m, n), "index");
  expect_named(tekmatch_index_create(&index, nullptr, 1, m, n), "sightings");
  EXPECT_EQ(index, nullptr);

  expect_named(tekmatch_check(nullptr, index_.get(), trust_.get(), &source_, 1,
                              &options_, m, n),
               "result");
  expect_named(tekmatch_check(&result_, nullptr, trust_.get(), &source_, 1,
                              &options_, m, n),
               "index");
  expect_named(tekmatch_check(&result_, index_.get(), nullptr, &source_, 1,
                              &options_, m, n),
               "trust");
  expect_named(tekmatch_check(&result_, index_.get(), trust_.get(), nullptr, 1,
                              &options_, m, n),
               "sources");
  expect_named(tekmatch_check(&result_, index_.get(), trust_.get(), &source_, 1,
                              nullptr, m, n),
               "options");
  EXPECT_EQ(result_, nullptr);

  const ResultHandle result =
      CheckInC(index_.get(), trust_.get(), {source_}, options_);
  ASSERT_EQ(tekmatch_result_compared(result.get(), 0, nullptr, 0), TEKMATCH_OK);
  tekmatch_file file{};
  file.struct_size = sizeof(file);
  expect_named(tekmatch_result_file(nullptr, result.get(), 0, m, n), "file");
  expect_named(tekmatch_result_file(&file, nullptr, 0, m, n), "result");
  tekmatch_counts counts{};
  counts.struct_size = sizeof(counts);
  expect_named(tekmatch_result_counts(nullptr, result.get(), m, n), "counts");
  expect_named(tekmatch_result_counts(&counts, nullptr, m, n), "result");
  expect_named(tekmatch_result_compared(nullptr, 0, m, n), "result");
  size_t rows = 0;
  expect_named(tekmatch_result_dates(nullptr, &rows, nullptr, m, n), "result");
  expect_named(tekmatch_result_dates(nullptr, nullptr, result.get(), m, n),
               "num_rows");
  expect_named(tekmatch_result_days(nullptr, nullptr, result.get(), m, n),
               "num_rows");
  expect_named(tekmatch_result_days(nullptr, &rows, nullptr, m, n), "result");
  expect_named(tekmatch_result_windows(nullptr, nullptr, result.get(), m, n),
               "num_rows");
  expect_named(tekmatch_result_windows(nullptr, &rows, nullptr, m, n),
               "result");
  expect_named(tekmatch_result_scans(nullptr, nullptr, result.get(), m, n),
               "num_rows");
  expect_named(tekmatch_result_scans(nullptr, &rows, nullptr, m, n), "result");
  tekmatch_notice notice{};
  notice.struct_size = sizeof(notice);
  expect_named(tekmatch_result_notice(nullptr, result.get(), m, n), "notice");
  expect_named(tekmatch_result_notice(&notice, nullptr, m, n), "result");

  const tekmatch_own_key own_key = {kTestDay, 144};
  tekmatch_decision decision{};
  tekmatch_registration registration{};
  registration.struct_size = sizeof(registration);
  registration.onset_or_test = {2020, 11, 28};
  const auto select = [&](tekmatch_decision* d, const tekmatch_own_key* k,
                          const tekmatch_registration* r, const char* policy,
                          const char* zone) {
    return tekmatch_select_keys(d, k, 1, r, policy, zone, m, n);
  };
  expect_named(select(nullptr, &own_key, &registration, "none", "UTC"),
               "decisions");
  expect_named(select(&decision, nullptr, &registration, "none", "UTC"),
               "keys");
  expect_named(select(&decision, &own_key, nullptr, "none", "UTC"),
               "registration");
  expect_named(select(&decision, &own_key, &registration, nullptr, "UTC"),
               "policy");
  expect_named(select(&decision, &own_key, &registration, "none", nullptr),
               "zone");
  tekmatch_contact contact{};
  contact.struct_size = sizeof(contact);
  expect_named(tekmatch_judge_contact(nullptr, &contact, "none", "UTC", m, n),
               "decision");
  expect_named(tekmatch_judge_contact(&decision, nullptr, "none", "UTC", m, n),
               "contact");
  expect_named(
      tekmatch_judge_contact(&decision, &contact, nullptr, "UTC", m, n),
      "policy");
  expect_named(
      tekmatch_judge_contact(&decision, &contact, "none", nullptr, m, n),
      "zone");
}

TEST_F(BadInputTest, EmptyArraysMayBeNull) {
  tekmatch_index* index = nullptr;
  EXPECT_EQ(tekmatch_index_create(&index, nullptr, 0, nullptr, 0), TEKMATCH_OK);
  const IndexHandle owner(index);
  tekmatch_result* result = nullptr;
  EXPECT_EQ(tekmatch_check(&result, index, trust_.get(), nullptr, 0, &options_,
                           nullptr, 0),
            TEKMATCH_OK);
  tekmatch_result_destroy(result);
  // But a set of no keys would be satisfied by any file.
  tekmatch_trust* trust = nullptr;
  ASSERT_EQ(tekmatch_trust_create(&trust, nullptr, 0), TEKMATCH_OK);
  const TrustHandle trust_owner(trust);
  EXPECT_EQ(tekmatch_trust_add_set(trust, nullptr, 0, nullptr, 0),
            TEKMATCH_INVALID_ARGUMENT);
}

TEST_F(BadInputTest, StructsOfOtherSizes) {
  const uint32_t right = options_.struct_size;
  for (const uint32_t size : {0U, 1U, 4U, right - 1, right - 8, 4097U,
                              std::numeric_limits<uint32_t>::max()}) {
    options_.struct_size = size;
    EXPECT_EQ(Check(), TEKMATCH_INVALID_ARGUMENT) << size;
    EXPECT_THAT(message_.str(), HasSubstr("struct_size"));
  }
  // A later header's struct: what this library does not know has to be zero.
  struct {
    tekmatch_check_options known;
    uint64_t later[3];
  } larger = {CocoaOptions(), {0, 0, 0}};
  larger.known.struct_size = sizeof(larger);
  const auto check = [&] {
    result_ = nullptr;
    const tekmatch_status status =
        tekmatch_check(&result_, index_.get(), trust_.get(), &source_, 1,
                       &larger.known, message_.data(), message_.size());
    tekmatch_result_destroy(result_);
    return status;
  };
  EXPECT_EQ(check(), TEKMATCH_OK) << message_.str();
  larger.later[2] = 1;
  EXPECT_EQ(check(), TEKMATCH_INVALID_ARGUMENT);

  const ResultHandle result =
      CheckInC(index_.get(), trust_.get(), {source_}, CocoaOptions());
  struct {
    tekmatch_counts known;
    uint64_t later;
  } counts{};
  counts.known.struct_size = sizeof(counts);
  EXPECT_EQ(tekmatch_result_counts(&counts.known, result.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(counts.known.struct_size, sizeof(counts));
  EXPECT_EQ(counts.known.num_files, 1);
  counts.known.struct_size = 8;
  EXPECT_EQ(tekmatch_result_counts(&counts.known, result.get(), nullptr, 0),
            TEKMATCH_INVALID_ARGUMENT);
}

TEST_F(BadInputTest, Options) {
  const auto expect_refused = [&](const std::string& part) {
    EXPECT_EQ(Check(), TEKMATCH_INVALID_ARGUMENT) << part;
    EXPECT_THAT(message_.str(), HasSubstr(part));
    options_ = CocoaOptions();
  };
  options_.flags = 8;
  expect_refused("flags");
  options_.reserved = 1;
  expect_refused("reserved");
  for (const int64_t now :
       {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::max(),
        std::numeric_limits<int64_t>::min()}) {
    options_.now = now;
    expect_refused("options.now");
  }
  options_.as_of = -1;
  expect_refused("options.as_of");
  options_.policy = "cocoa-9";
  expect_refused("cocoa-3");
  options_.policy = "{\"name\": \"mine\"}";
  expect_refused("basis");
  options_.policy_zone = nullptr;
  expect_refused("zone");
  options_.policy_zone = "Asia/Edo";
  expect_refused("options.policy_zone");
  options_.config = "{";
  expect_refused("JSON");
  options_.config = "";
  expect_refused("cocoa");
  options_.zone = nullptr;
  expect_refused("options.zone is NULL");
  options_.zone = "";
  expect_refused("options.zone");
  options_.kernel = "abacus";
  expect_refused("portable");
  options_.num_own_keys = 1;
  expect_refused("options.own_keys is NULL");
  options_.num_threads = 257;
  expect_refused("num_threads");
}

TEST_F(BadInputTest, Sources) {
  const auto expect_refused = [&](const std::string& part) {
    EXPECT_EQ(Check(), TEKMATCH_INVALID_ARGUMENT) << part;
    EXPECT_THAT(message_.str(), HasSubstr(part));
    source_ = MemorySourceInC("a.zip", export_);
  };
  source_.name = nullptr;
  expect_refused("name");
  source_.kind = 4;
  expect_refused("kind");
  source_.kind = -1;
  expect_refused("kind");
  source_.bytes = nullptr;
  expect_refused("bytes is NULL");
  source_.kind = TEKMATCH_SOURCE_CALLBACK;
  expect_refused("read is NULL");

  const tekmatch_source twice[] = {source_, source_};
  EXPECT_EQ(tekmatch_check(&result_, index_.get(), trust_.get(), twice, 2,
                           &options_, nullptr, 0),
            TEKMATCH_INVALID_ARGUMENT);

  source_.kind = TEKMATCH_SOURCE_DESCRIPTOR;
  source_.descriptor = -1;
  EXPECT_NE(Check(), TEKMATCH_OK);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  source_.descriptor = ends[0];
  EXPECT_EQ(Check(), TEKMATCH_FAILED_PRECONDITION);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(BadInputTest, ACallbackThatCannotReadIsADefectOfItsFile) {
  source_.kind = TEKMATCH_SOURCE_CALLBACK;
  source_.read = [](void*, uint64_t, void*, size_t) -> size_t { return 0; };
  const ResultHandle result =
      CheckInC(index_.get(), trust_.get(), {source_}, options_);
  tekmatch_file file{};
  file.struct_size = sizeof(file);
  ASSERT_EQ(tekmatch_result_file(&file, result.get(), 0, nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(file.accepted, 0);
  EXPECT_STREQ(file.verdict, "malformed");
  EXPECT_THAT(file.reason, HasSubstr("could not read"));
  EXPECT_EQ(tekmatch_result_file(&file, result.get(), 1, nullptr, 0),
            TEKMATCH_INVALID_ARGUMENT);
}

TEST_F(BadInputTest, Keys) {
  for (const std::string& text :
       {std::string(), std::string("x"), std::string(100'000, 'A')}) {
    const tekmatch_trusted_key key = {"440", nullptr, text.data(), text.size()};
    EXPECT_EQ(tekmatch_trust_add_set(trust_.get(), &key, 1, message_.data(),
                                     message_.size()),
              TEKMATCH_INVALID_ARGUMENT);
  }
}

TEST_F(BadInputTest, Sightings) {
  const tekmatch_sighting good =
      SightingInC(HearForHalfAnHour(TestKeys(1, 1))[0]);
  // No bits of a time are left out.
  for (const auto& [seconds, reason] : {
           std::pair(int64_t{-1}, "before 1970"),
           std::pair(INT64_MIN, "before 1970"),
           std::pair(INT64_MIN + good.unix_seconds, "before 1970"),
           std::pair(int64_t{4102444801}, "after 2099"),
           std::pair((int64_t{1} << 32) + good.unix_seconds, "after 2099"),
           std::pair(int64_t{1} << 40, "after 2099"),  // milliseconds
           std::pair(INT64_MAX, "after 2099"),
       }) {
    tekmatch_sighting bad = good;
    bad.unix_seconds = seconds;
    tekmatch_index* index = nullptr;
    EXPECT_EQ(tekmatch_index_create(&index, &bad, 1, message_.data(),
                                    message_.size()),
              TEKMATCH_INVALID_ARGUMENT);
    EXPECT_EQ(index, nullptr);
    EXPECT_THAT(message_.data(), HasSubstr(reason));
  }
  std::vector<tekmatch_sighting> bad(4, good);
  bad[0].rssi = 127;
  bad[1].rssi = -129;
  bad[2].reserved = 1;
  bad[3].reserved2 = 1;
  for (const tekmatch_sighting& sighting : bad) {
    tekmatch_index* index = nullptr;
    EXPECT_EQ(tekmatch_index_create(&index, &sighting, 1, message_.data(),
                                    message_.size()),
              TEKMATCH_INVALID_ARGUMENT);
    EXPECT_EQ(index, nullptr);
  }
}

TEST_F(BadInputTest, RegistrationsAndContacts) {
  tekmatch_own_key key = {kTestDay, 144};
  tekmatch_decision decision{};
  tekmatch_registration registration{};
  const auto expect_refused = [&] {
    EXPECT_EQ(tekmatch_select_keys(&decision, &key, 1, &registration, "civil",
                                   "UTC", message_.data(), message_.size()),
              TEKMATCH_INVALID_ARGUMENT);
    EXPECT_NE(message_.str(), "");
    registration = {};
    registration.struct_size = sizeof(registration);
    registration.onset_or_test = {2020, 11, 28};
    registration.registered = kTestDaySeconds;
    key = {kTestDay, 144};
  };
  expect_refused();  // all zero
  registration.onset_or_test = {2020, 2, 30};
  expect_refused();
  registration.onset_or_test = {2020, 13, 1};
  expect_refused();
  registration.onset_or_test = {1969, 12, 31};
  expect_refused();
  registration.by_test_date = 2;
  expect_refused();
  key.rolling_period = 0;
  expect_refused();
  key.rolling_period = 145;
  expect_refused();
  EXPECT_EQ(tekmatch_select_keys(&decision, &key, 1, &registration, "civil",
                                 "UTC", nullptr, 0),
            TEKMATCH_OK);

  tekmatch_contact contact{};
  contact.struct_size = sizeof(contact);
  for (const int32_t type : {-1, 6}) {
    contact.report_type = type;
    EXPECT_EQ(
        tekmatch_judge_contact(&decision, &contact, "civil", "UTC", nullptr, 0),
        TEKMATCH_INVALID_ARGUMENT);
  }
  contact.report_type = 1;
  for (const int32_t days : {-15, 15}) {
    contact.days_since_onset = days;
    EXPECT_EQ(
        tekmatch_judge_contact(&decision, &contact, "civil", "UTC", nullptr, 0),
        TEKMATCH_INVALID_ARGUMENT);
  }
  EXPECT_STREQ(
      tekmatch_window_reason_name(static_cast<tekmatch_window_reason>(9)), "");
}

TEST_F(BadInputTest, RowsNeedRoom) {
  const ResultHandle result =
      CheckInC(index_.get(), trust_.get(), {source_}, options_);
  ASSERT_EQ(tekmatch_result_compared(result.get(), 0, nullptr, 0), TEKMATCH_OK);
  size_t num_rows = 0;
  tekmatch_scan scan = {7, 7, 7};
  EXPECT_EQ(tekmatch_result_scans(&scan, &num_rows, result.get(), nullptr, 0),
            TEKMATCH_OUT_OF_RANGE);
  EXPECT_GT(num_rows, 1);
  EXPECT_EQ(scan.min_attenuation, 7);
  num_rows = 1;
  EXPECT_EQ(tekmatch_result_scans(&scan, &num_rows, result.get(), nullptr, 0),
            TEKMATCH_OUT_OF_RANGE);
  EXPECT_EQ(scan.min_attenuation, 7);
  std::vector<tekmatch_scan> scans(num_rows + 5);
  num_rows = scans.size();
  EXPECT_EQ(
      tekmatch_result_scans(scans.data(), &num_rows, result.get(), nullptr, 0),
      TEKMATCH_OK);
  EXPECT_EQ(num_rows, scans.size() - 5);

  options_.config = nullptr;
  const ResultHandle without =
      CheckInC(index_.get(), trust_.get(), {source_}, options_);
  ASSERT_EQ(tekmatch_result_compared(without.get(), 0, nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(tekmatch_result_days(nullptr, &num_rows, without.get(), nullptr, 0),
            TEKMATCH_FAILED_PRECONDITION);
  EXPECT_EQ(
      tekmatch_result_dates(nullptr, &num_rows, without.get(), nullptr, 0),
      TEKMATCH_OK);
}

TEST_F(BadInputTest, MessagesFitTheirBuffer) {
  options_.zone = "Asia/Edo";
  EXPECT_EQ(Check(), TEKMATCH_INVALID_ARGUMENT);
  const std::string whole = message_.str();
  for (size_t size = 0; size <= whole.size() + 2; ++size) {
    std::vector<char> buffer(whole.size() + 3, '#');
    EXPECT_EQ(tekmatch_check(&result_, index_.get(), trust_.get(), &source_, 1,
                             &options_, buffer.data(), size),
              TEKMATCH_INVALID_ARGUMENT);
    if (size > 0) {
      EXPECT_EQ(std::string(buffer.data()),
                whole.substr(0, std::min(size - 1, whole.size())));
    }
    // Nothing behind it is touched.
    EXPECT_EQ(buffer[size], '#');
  }
  EXPECT_EQ(tekmatch_check(&result_, index_.get(), trust_.get(), &source_, 1,
                           &options_, nullptr, 100),
            TEKMATCH_INVALID_ARGUMENT);
  // A success empties it.
  options_ = CocoaOptions();
  EXPECT_EQ(Check(), TEKMATCH_OK);
  EXPECT_EQ(message_.str(), "");
}

TEST_F(BadInputTest, MessagesAreCutBetweenCharacters) {
  source_.kind = TEKMATCH_SOURCE_DESCRIPTOR;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  source_.descriptor = ends[0];
  source_.name = "\xE9\x8D\xB5\xE9\x8D\xB5";  // two characters of three bytes
  for (const auto& [size, length] :
       {std::pair{7, 6}, {6, 3}, {5, 3}, {4, 3}, {3, 0}, {2, 0}, {1, 0}}) {
    char buffer[8] = "#######";
    EXPECT_EQ(tekmatch_check(&result_, index_.get(), trust_.get(), &source_, 1,
                             &options_, buffer, static_cast<size_t>(size)),
              TEKMATCH_FAILED_PRECONDITION);
    EXPECT_EQ(std::strlen(buffer), static_cast<size_t>(length)) << size;
  }
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace tekmatch
