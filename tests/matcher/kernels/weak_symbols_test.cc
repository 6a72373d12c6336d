// What the units that are compiled for one instruction set show to the linker:
// their table of kernels and nothing else. Of a function that several units
// hold, such as an instance of a template, the linker keeps one, which could be
// the one that an older machine cannot run.
//
// Usage: weak_symbols_test FIXTURE FILE...
// FILE are the archives of the units, FIXTURE is that of
// weak_symbols_fixture.cc, which has what must not be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string& Fixture() {
  static std::string& fixture = *new std::string;
  return fixture;
}

std::vector<std::string>& Archives() {
  static std::vector<std::string>& archives = *new std::vector<std::string>;
  return archives;
}

struct Symbols {
  std::vector<std::string> tables;
  // Weak ones, and everything else that other units can refer to; each with its
  // type, as nm(1) has it.
  std::vector<std::string> others;
};

// Returns what `nm` writes, and fails the test where it does.
std::string RunNm(const std::string& archive) {
  const std::string command =
      "nm --format=posix --extern-only '" + archive + "'";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return "";
  }
  std::string output;
  char buffer[4096];
  while (const size_t size = fread(buffer, 1, sizeof(buffer), pipe)) {
    output.append(buffer, size);
  }
  const int status = pclose(pipe);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
      << command << ": status " << status;
  return output;
}

Symbols ReadSymbols(const std::string& archive) {
  Symbols symbols;
  std::istringstream lines(RunNm(archive));
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string name;
    std::string type;
    // The name of a member has no type behind it.
    if (!(fields >> name >> type) || type == "U") continue;
    // AddressSanitizer's record of a global.
    if (absl::StartsWith(name, "__odr_asan")) continue;
    const bool is_data = type == "D" || type == "R";
    // tekmatch::k...Kernels
    if (is_data && absl::StartsWith(name, "_ZN8tekmatch") &&
        absl::EndsWith(name, "KernelsE")) {
      symbols.tables.push_back(name);
    } else {
      symbols.others.push_back(absl::StrCat(type, " ", name));
    }
  }
  return symbols;
}

TEST(WeakSymbolsTest, UnitsForOneInstructionSetHaveTheirTableOnly) {
  ASSERT_FALSE(Archives().empty()) << "no unit to check";
  for (const std::string& archive : Archives()) {
    SCOPED_TRACE(archive);
    std::cout << "checking " << archive << std::endl;
    const Symbols symbols = ReadSymbols(archive);
    EXPECT_EQ(symbols.tables.size(), 1U);
    EXPECT_THAT(symbols.others, IsEmpty());
  }
}

// That the test above can fail.
TEST(WeakSymbolsTest, ReportsWhatTheFixtureHas) {
  const Symbols symbols = ReadSymbols(Fixture());
  EXPECT_THAT(symbols.tables, ElementsAre("_ZN8tekmatch15kFixtureKernelsE"));
  // GCC makes the inline variable a unique one, Clang a weak one.
  EXPECT_THAT(
      symbols.others,
      UnorderedElementsAre("T _ZN8tekmatch14GlobalFunctionEi",
                           "W _ZN8tekmatch14InlineFunctionEi",
                           "W _ZN8tekmatch16FunctionTemplateIiEET_S1_",
                           testing::AnyOf("u _ZN8tekmatch15inline_variableE",
                                          "V _ZN8tekmatch15inline_variableE")));
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1) Fixture() = argv[1];
  for (int i = 2; i < argc; ++i) Archives().emplace_back(argv[i]);
  return RUN_ALL_TESTS();
}
