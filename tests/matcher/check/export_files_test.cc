#include "matcher/check/export_files.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Read {
  ExportFileResult result;
  std::vector<DiagnosisKey> keys;
};

Read ReadPath(const std::string& path, const ExportFileOptions& options) {
  Read read;
  auto result = ReadExportFile(path, options,
                               [&read](const std::unique_ptr<KeyBlock>& block) {
                                 for (size_t i = 0; i < block->size(); ++i) {
                                   read.keys.push_back(block->key(i));
                                 }
                                 return absl::OkStatus();
                               });
  EXPECT_THAT(result, IsOk());
  if (result.ok()) read.result = *std::move(result);
  EXPECT_EQ(read.result.path, path);
  // Either accepted, or there is a reason.
  EXPECT_EQ(read.result.message.empty(), read.result.accepted);
  if (!read.result.accepted) {
    EXPECT_THAT(read.result.message, StartsWith(path + ": "));
    EXPECT_GT(read.result.message.size(), path.size() + 10);
  }
  return read;
}

Read ReadBytes(const std::string& bytes, const ExportFileOptions& options) {
  const std::string path = TempPath("file.zip");
  WriteFile(path, bytes);
  return ReadPath(path, options);
}

ExportFileOptions Options(bool allow_unsigned = false) {
  return {.trusted = TrustTestSigner(), .allow_unsigned = allow_unsigned};
}

struct Case {
  std::string verdict;
  std::string bytes;
  std::string reason;  // part of the message
  bool is_unsigned = false;
  bool keeps_keys = true;
};

std::vector<Case> Cases() {
  const std::vector<DiagnosisKey> keys = TestKeys(20, 1);
  const std::string bin = ZipEntry(WriteTestExport(keys), "export.bin");
  const std::string oid(kOidEcdsaSha256);
  const auto Signed = [&bin](const std::string& list) {
    return StoredZip({{"export.bin", bin}, {"export.sig", list}});
  };
  std::string many_signatures;
  for (int i = 0; i < 65; ++i) many_signatures += SignatureList(oid, "x");
  std::string damaged = StoredZip({{"export.bin", bin}});
  damaged[100] = static_cast<char>(damaged[100] ^ 1);  // fails its CRC
  return {
      {"no_signature_entry", bin, "not signed", true},
      {"no_signature_entry", StoredZip({{"export.bin", bin}}), "not signed",
       true},
      {"empty_signature_list", WriteTestExport(keys, TestExportOptions({})),
       "not signed", true},
      {"malformed_signature_list", Signed("\xff\xff"), "export.sig is damaged"},
      // A limit of ours.
      {"malformed_signature_list", Signed(many_signatures),
       "export.sig lists 65 signatures, at most 64 are read"},
      {"wrong_signature",
       WriteTestExport(keys, TestExportOptions({OtherSigner("440", "v1")})),
       "\"440\" version \"v1\""},
      // Signed once, changed afterwards.
      {"wrong_signature",
       StoredZip(
           {{"export.bin",
             ZipEntry(WriteTestExport(TestKeys(20, 2)), "export.bin")},
            {"export.sig", ZipEntry(WriteTestExport(keys), "export.sig")}}),
       "does not fit"},
      {"no_trusted_key",
       WriteTestExport(keys, TestExportOptions({OtherSigner("441", "v7")})),
       "\"441\" version \"v7\""},
      {"unknown_algorithm", Signed(SignatureList("1.2.3", "x")), "algorithm"},
      {"raw_signature", Signed(SignatureList(oid, std::string(64, 'x'))),
       "raw"},
      {"malformed_signature", Signed(SignatureList(oid, "x")), "not DER"},
      {"malformed", "no export", "file.zip", false, false},
      {"malformed", "", "file.zip", false, false},
      {"malformed", damaged, "export.bin", false, false},
      {"malformed", bin.substr(0, bin.size() - 3), "file.zip", false, false},
      {"malformed", StoredZip({{"export.sig", ""}}), "export.bin", false,
       false},
  };
}

TEST(ExportFilesTest, AValidFileCounts) {
  const std::vector<DiagnosisKey> keys = TestKeys(10'000, 1);
  const Read read = ReadBytes(WriteTestExport(keys), Options());
  EXPECT_EQ(read.result.verdict, "valid");
  EXPECT_TRUE(read.result.accepted);
  EXPECT_EQ(read.keys.size(), keys.size());  // in several blocks
  EXPECT_EQ(read.result.report.counts.keys, keys.size());
  EXPECT_EQ(read.result.report.metadata.region, "440");
}

TEST(ExportFilesTest, Verdicts) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.verdict);
    const Read read = ReadBytes(c.bytes, Options());
    EXPECT_EQ(read.result.verdict, c.verdict);
    EXPECT_FALSE(read.result.accepted);
    EXPECT_THAT(read.result.message, HasSubstr(c.reason));
    if (c.keeps_keys) {
      EXPECT_EQ(read.keys.size(), 20);
    }
  }
}

TEST(ExportFilesTest, AllowUnsignedAllowsNothingElse) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.verdict);
    const Read read = ReadBytes(c.bytes, Options(true));
    EXPECT_EQ(read.result.verdict, c.verdict);
    EXPECT_EQ(read.result.accepted, c.is_unsigned);
  }
  // Somebody signed, and nobody at all is trusted.
  const Read read = ReadBytes(WriteTestExport(TestKeys(1, 1)),
                              {.trusted = {}, .allow_unsigned = true});
  EXPECT_EQ(read.result.verdict, "no_trusted_key");
  EXPECT_FALSE(read.result.accepted);
}

TEST(ExportFilesTest, ASetNeedsAllItsSigners) {
  const ExportSigner second = OtherSigner("441", "v1");
  ExportFileOptions options;
  ASSERT_THAT(options.trusted.AddSet({Trust(TestSigner()), Trust(second)}),
              IsOk());
  options.allow_unsigned = true;
  const std::vector<DiagnosisKey> keys = TestKeys(3, 1);
  const Read one = ReadBytes(WriteTestExport(keys), options);
  EXPECT_EQ(one.result.verdict, "incomplete_set");
  EXPECT_FALSE(one.result.accepted);
  EXPECT_THAT(one.result.message, HasSubstr("\"440\" version \"v1\""));
  const Read both = ReadBytes(
      WriteTestExport(keys, TestExportOptions({TestSigner(), second})),
      options);
  EXPECT_EQ(both.result.verdict, "valid");
  EXPECT_TRUE(both.result.accepted);
}

TEST(ExportFilesTest, Unreadable) {
  const std::string missing = TempPath("missing.zip");
  EXPECT_EQ(ReadPath(missing, Options(true)).result.verdict, "unreadable");
  const std::string folder = TempPath("folder.zip");
  std::filesystem::create_directories(folder);
  EXPECT_EQ(ReadPath(folder, Options(true)).result.verdict, "unreadable");
  EXPECT_EQ(ReadPath("/dev/null", Options(true)).result.verdict, "unreadable");
}

TEST(ExportFilesTest, WhatTheSinkLeavesIsFilledNext) {
  const std::string path = TempPath("file.zip");
  WriteFile(path, WriteTestExport(TestKeys(7, 1)));
  ExportFileOptions options = Options();
  options.reader.decode.block_capacity = 2;
  // Told by their memory, of which the first one has more than the others, so
  // that no other one can have it.
  std::vector<const Tek*> memory;
  std::vector<size_t> sizes;
  std::unique_ptr<KeyBlock> taken;
  const auto result =
      ReadExportFile(path, options, [&](std::unique_ptr<KeyBlock>& block) {
        sizes.push_back(block->size());
        if (sizes.size() == 1) {
          for (const DiagnosisKey& key : TestKeys(1000, 2)) block->Append(key);
        }
        memory.push_back(block->teks().data());
        if (sizes.size() == 2) taken = std::move(block);
        if (sizes.size() == 3) block = std::move(taken);
        return absl::OkStatus();
      });
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(sizes, (std::vector<size_t>{2, 2, 2, 1}));
  ASSERT_EQ(memory.size(), 4U);
  EXPECT_EQ(memory[1], memory[0]);
  EXPECT_NE(memory[2], memory[0]);
  EXPECT_EQ(memory[3], memory[0]);
}

TEST(ExportFilesTest, TheSinkCanEndTheCall) {
  const std::string path = TempPath("file.zip");
  WriteFile(path, WriteTestExport(TestKeys(3, 1)));
  const auto result =
      ReadExportFile(path, Options(), [](const std::unique_ptr<KeyBlock>&) {
        return absl::ResourceExhaustedError("disk full");
      });
  EXPECT_EQ(result.status(), absl::ResourceExhaustedError("disk full"));
}

// The results of reading all files of a batch.
std::vector<ExportFileResult> ReadBatch(size_t num_files) {
  ExportWriterOptions options = TestExportOptions();
  options.max_keys = 1;
  std::vector<ExportFileResult> files;
  for (const std::string& zip :
       WriteTestBatch(TestKeys(num_files, 1), options)) {
    const std::string path = TempPath(std::to_string(files.size() + 1));
    WriteFile(path, zip);
    files.push_back(ReadPath(path, Options()).result);
    EXPECT_TRUE(files.back().accepted);
  }
  EXPECT_EQ(files.size(), num_files);
  return files;
}

TEST(IncompleteBatchTest, WithdrawsAcceptanceAndNamesTheMissing) {
  const std::vector<ExportFileResult> all = ReadBatch(5);
  std::vector<ExportFileResult> files = {all[4], all[0], all[2]};
  RefuseIncompleteBatches(files);
  for (const ExportFileResult& file : files) {
    EXPECT_FALSE(file.accepted);
    EXPECT_EQ(file.verdict, "incomplete_batch");
    EXPECT_EQ(
        file.message,
        file.path + ": 2 of the 5 files of its batch are missing: number 2, 4");
  }
  files = {all[0], all[1], all[2], all[3]};
  RefuseIncompleteBatches(files);
  EXPECT_EQ(
      files[3].message,
      files[3].path + ": 1 of the 5 files of its batch is missing: number 5");
}

TEST(IncompleteBatchTest, LeavesWholeBatchesAndOthersAlone) {
  std::vector<ExportFileResult> files = ReadBatch(3);
  files.push_back(files[0]);  // given twice
  files.push_back(ReadBytes(WriteTestExport(TestKeys(2, 9)), Options()).result);
  RefuseIncompleteBatches(files);
  for (const ExportFileResult& file : files) {
    EXPECT_TRUE(file.accepted);
    EXPECT_EQ(file.verdict, "valid");
    EXPECT_EQ(file.message, "");
  }
  files.erase(files.begin() + 1);
  RefuseIncompleteBatches(files);
  EXPECT_FALSE(files[0].accepted);
  EXPECT_FALSE(files[1].accepted);
  EXPECT_FALSE(files[2].accepted);
  EXPECT_TRUE(files[3].accepted);  // on its own
}

TEST(IncompleteBatchTest, ARefusedFileIsAMissingOne) {
  std::vector<ExportFileResult> files = ReadBatch(3);
  files[1].accepted = false;
  files[1].verdict = "wrong_signature";
  files[1].message = "why";
  RefuseIncompleteBatches(files);
  EXPECT_FALSE(files[0].accepted);
  EXPECT_THAT(files[0].message, EndsWith("is missing: number 2"));
  EXPECT_FALSE(files[2].accepted);
  EXPECT_EQ(files[1].verdict, "wrong_signature");
  EXPECT_EQ(files[1].message, "why");
}

// File `number` of a batch of two, signed by these.
ExportFileResult ReadHalf(int number, std::vector<ExportSigner> signers,
                          const TrustedKeys& trusted) {
  ExportWriterOptions options = TestExportOptions(std::move(signers));
  options.max_keys = 1;
  const std::vector<std::string> zips = WriteTestBatch(TestKeys(2, 1), options);
  ExportFileOptions reading = Options();
  reading.trusted = trusted;
  ExportFileResult file =
      ReadBytes(zips[static_cast<size_t>(number - 1)], reading).result;
  EXPECT_TRUE(file.accepted) << file.message;
  return file;
}

TrustedKeys TrustAny(const std::vector<ExportSigner>& signers) {
  TrustedKeys trusted;
  for (const ExportSigner& signer : signers) {
    EXPECT_THAT(trusted.AddSet({Trust(signer)}), IsOk());
  }
  return trusted;
}

// One region, one window, two authorities.
TEST(IncompleteBatchTest, TheHalvesOfTwoAuthoritiesAreNoBatch) {
  const ExportSigner other = OtherSigner("999", "v1");
  const TrustedKeys both = TrustAny({TestSigner(), other});
  std::vector<ExportFileResult> files = {ReadHalf(1, {TestSigner()}, both),
                                         ReadHalf(2, {other}, both)};
  RefuseIncompleteBatches(files);
  EXPECT_EQ(files[0].verdict, "incomplete_batch");
  EXPECT_THAT(files[0].message, EndsWith("is missing: number 2"));
  EXPECT_EQ(files[1].verdict, "incomplete_batch");
  EXPECT_THAT(files[1].message, EndsWith("is missing: number 1"));
}

// An authority changes its key between two files of a batch, or signs with
// both; whoever trusts the old one, the new one or both has the whole batch.
TEST(IncompleteBatchTest, ANewKeyOfTheSameAuthorityGoesOnWithTheBatch) {
  const ExportSigner& v1 = TestSigner();
  const ExportSigner v2 = OtherSigner("440", "v2");
  struct Case {
    std::vector<ExportSigner> first;
    std::vector<ExportSigner> second;
    std::vector<ExportSigner> trusted;
  };
  for (const Case& c : std::vector<Case>{{{v1, v2}, {v1, v2}, {v1}},
                                         {{v1, v2}, {v2, v1}, {v2}},
                                         {{v1, v2}, {v1, v2}, {v1, v2}},
                                         {{v1}, {v1, v2}, {v1}},
                                         {{v1}, {v1, v2}, {v1, v2}},
                                         {{v1}, {v2}, {v1, v2}}}) {
    const TrustedKeys trusted = TrustAny(c.trusted);
    std::vector<ExportFileResult> files = {ReadHalf(1, c.first, trusted),
                                           ReadHalf(2, c.second, trusted)};
    RefuseIncompleteBatches(files);
    EXPECT_TRUE(files[0].accepted);
    EXPECT_TRUE(files[1].accepted);
  }
}

// Who added a name to export.sig, which is not signed itself, has not signed.
TEST(IncompleteBatchTest, ASignatureThatDoesNotVerifyIsNoSigner) {
  const ExportSigner other = OtherSigner("999", "v1");
  const TrustedKeys both = TrustAny({TestSigner(), other});
  std::vector<ExportFileResult> files = {
      ReadHalf(1, {TestSigner(), OtherSigner("999", "v1")}, both),
      ReadHalf(2, {other}, both)};
  RefuseIncompleteBatches(files);
  EXPECT_FALSE(files[0].accepted);
  EXPECT_FALSE(files[1].accepted);
}

TEST(IncompleteBatchTest, NamesTheFirstHundredMissing) {
  std::vector<ExportFileResult> files = {ReadBatch(150).front()};
  RefuseIncompleteBatches(files);
  std::vector<int> missing;
  for (int number = 2; number <= 101; ++number) missing.push_back(number);
  EXPECT_EQ(files[0].message,
            files[0].path +
                ": 149 of the 150 files of its batch are missing: number " +
                absl::StrJoin(missing, ", ") + ", ...");
}

}  // namespace
}  // namespace tekmatch
