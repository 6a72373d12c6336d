#include "registration/rehearsal/secret_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

constexpr char kNumber[] = "01234567";

Tek MakeTek() {
  Tek tek;
  for (size_t i = 0; i < tek.bytes.size(); ++i) {
    tek.bytes[i] = static_cast<uint8_t>(0xA0 + i);
  }
  return tek;
}

size_t NumHits(const SecretScan& scan, const std::string& bytes,
               FileZone zone) {
  return scan.Find(bytes, zone, "f").size();
}

TEST(SecretScanTest, NumberIsFoundWhereItStandsAlone) {
  SecretScan scan;
  scan.Add(SecretKind::kNumber, kNumber);
  for (const char* text : {"01234567", "pn=01234567&", "x01234567y",
                           "\"01234567\"", "a\n01234567"}) {
    EXPECT_EQ(NumHits(scan, text, FileZone::kLog), 1) << text;
    EXPECT_EQ(NumHits(scan, text, FileZone::kHersys), 1) << text;
  }
  for (const char* text :
       {"1234567", "012345678", "901234567", "01234568", "0123-4567",
        "01234567-89ab-4cde-8f01-23456789abcd", ""}) {
    EXPECT_EQ(NumHits(scan, text, FileZone::kLog), 0) << text;
  }
  // In the middle of bytes that are no text.
  EXPECT_EQ(
      NumHits(scan, std::string("\0\1", 2) + kNumber + '\0', FileZone::kServer),
      1);
}

TEST(SecretScanTest, EachKindIsAllowedWhereItBelongs) {
  const struct {
    SecretKind kind;
    std::vector<FileZone> may;
  } kRows[] = {{SecretKind::kNumber, {}},
               {SecretKind::kPerson, {FileZone::kHersys}},
               {SecretKind::kAcceptedKey,
                {FileZone::kServer, FileZone::kPublished, FileZone::kPhone}},
               {SecretKind::kOtherKey, {FileZone::kPhone}},
               {SecretKind::kIdempotencyKey, {FileZone::kPhone}}};
  for (const auto& row : kRows) {
    SecretScan scan;
    scan.Add(row.kind, "a secret of some length");
    for (const FileZone zone :
         {FileZone::kHersys, FileZone::kServer, FileZone::kPublished,
          FileZone::kPhone, FileZone::kLog}) {
      const bool may =
          std::find(row.may.begin(), row.may.end(), zone) != row.may.end();
      EXPECT_EQ(MayHold(zone, row.kind), may);
      EXPECT_EQ(NumHits(scan, "here is a secret of some length.", zone),
                may ? 0 : 1);
    }
  }
}

TEST(SecretScanTest, KeyIsFoundInThreeForms) {
  SecretScan scan;
  scan.AddKey(SecretKind::kOtherKey, MakeTek());
  EXPECT_EQ(scan.num_secrets(), 1);
  const std::string bytes(reinterpret_cast<const char*>(MakeTek().bytes.data()),
                          16);
  for (const std::string& form :
       {bytes, absl::Base64Escape(bytes), absl::BytesToHexString(bytes)}) {
    EXPECT_EQ(NumHits(scan, absl::StrCat("xx", form, "yy"), FileZone::kServer),
              1);
    // Not a part of it.
    EXPECT_EQ(NumHits(scan, form.substr(0, form.size() - 1), FileZone::kServer),
              0);
  }
}

TEST(SecretScanTest, SecretsWithOneBeginAreToldApart) {
  SecretScan scan;
  scan.Add(SecretKind::kPerson, "person000001@mail.example.jp");
  scan.Add(SecretKind::kPerson, "person000002@mail.example.jp");
  EXPECT_EQ(NumHits(scan, "person000003@mail.example.jp", FileZone::kLog), 0);
  EXPECT_EQ(
      NumHits(scan, "person000001@mail.example.jp person000002@mail.example.jp",
              FileZone::kLog),
      2);
}

TEST(SecretScanTest, SearchesAllFilesOfAFolder) {
  SecretScan scan;
  scan.Add(SecretKind::kPerson, "09011111111");
  const std::string database =
      WriteTemp("hersys/hersys.sqlite", "...09011111111...");
  WriteTemp("hersys/deep/hersys.log", "09011111111");
  WriteTemp("hersys/deep/other", "nothing");
  const std::string folder =
      std::filesystem::path(database).parent_path().string();
  // A log is one, wherever it lies.
  auto result = scan.FindInFolder(folder, FileZone::kHersys);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->num_files, 3);
  ASSERT_EQ(result->hits.size(), 1);
  EXPECT_THAT(result->hits[0].file, ::testing::EndsWith("deep/hersys.log"));
  result = scan.FindInFolder(folder, FileZone::kServer);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->hits.size(), 2);
  EXPECT_THAT(scan.FindInFolder(folder + "/none", FileZone::kServer),
              StatusIs(absl::StatusCode::kNotFound));
}

// Else a secret in it would count as none.
TEST(SecretScanTest, AFileThatCannotBeReadIsAnError) {
  SecretScan scan;
  scan.Add(SecretKind::kPerson, "09011111111");
  const std::string path = WriteTemp("blind/hersys.sqlite", "09011111111");
  const std::string folder = std::filesystem::path(path).parent_path().string();
  ASSERT_THAT(scan.FindInFolder(folder, FileZone::kServer), IsOk());
  // One descriptor is left, which the folder takes.
  const int next = dup(STDERR_FILENO);
  ASSERT_GE(next, 0);
  close(next);
  struct rlimit limit {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const struct rlimit before = limit;
  limit.rlim_cur = static_cast<rlim_t>(next) + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  const absl::Status in_folder =
      scan.FindInFolder(folder, FileZone::kServer).status();
  limit.rlim_cur = static_cast<rlim_t>(next);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  const absl::Status of_folder =
      scan.FindInFolder(folder, FileZone::kServer).status();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(in_folder,
              StatusIs(absl::StatusCode::kResourceExhausted,
                       ::testing::StartsWith(path + ": cannot be opened")));
  EXPECT_THAT(of_folder, StatusIs(absl::StatusCode::kResourceExhausted,
                                  ::testing::StartsWith(folder + ": ")));
  // One that is gone is passed over.
  SecretScan::Result result;
  EXPECT_THAT(scan.FindInFile(folder + "/gone", FileZone::kLog, &result),
              IsOk());
  EXPECT_EQ(result.num_files, 0);
}

}  // namespace
}  // namespace tekmatch
