#include "keyformat/entry_name.h"

#include <string>

#include "gtest/gtest.h"

namespace tekmatch {
namespace {

TEST(EntryNameTest, AcceptsNamesOfFiles) {
  for (const char* name : {"export.bin",
                           "export.sig",
                           "content.sig",
                           "1.bin",
                           " ",
                           "a b",
                           "~",
                           "a/b",
                           "a.b.c",
                           ".a",
                           "a.",
                           "\xc3\xa9",
                           "\xc2\xa0",
                           "\xdf\xbf",
                           "\xe0\xa0\x80",
                           "\xe6\x97\xa5\xe6\x9c\xac.bin",
                           "\xef\xbf\xbd",
                           "\xf0\x90\x80\x80",
                           "\xf4\x8f\xbf\xbf",
                           "\xed\x9f\xbf",
                           "\xee\x80\x80"}) {
    EXPECT_TRUE(IsSafeEntryName(name)) << name;
  }
}

TEST(EntryNameTest, RefusesNamesThatLeadElsewhere) {
  for (const char* name : {"", "/", "/export.bin", "..", "../export.bin",
                           "a/../b", "a..b", "\\", "a\\b"}) {
    EXPECT_FALSE(IsSafeEntryName(name)) << name;
  }
}

// Else they would be other entries here and the same file on a disk.
TEST(EntryNameTest, RefusesOtherSpellingsOfAPath) {
  for (const char* name : {".", "./export.bin", "a/./b", "a//b", "a/", "a/."}) {
    EXPECT_FALSE(IsSafeEntryName(name)) << name;
  }
}

// Of ASCII, wherever they stand, and of Latin-1.
TEST(EntryNameTest, RefusesEveryControlCharacterAndNoOther) {
  for (int byte = 0; byte < 0x80; ++byte) {
    if (byte == '.' || byte == '/' || byte == '\\') continue;
    for (const size_t at : {0, 1, 2}) {
      std::string name = "abc";
      name[at] = static_cast<char>(byte);
      EXPECT_EQ(IsSafeEntryName(name), byte >= 0x20 && byte != 0x7f) << byte;
    }
  }
  for (int byte = 0x80; byte < 0xc0; ++byte) {
    const std::string character = {'\xc2', static_cast<char>(byte)};
    EXPECT_EQ(IsSafeEntryName(character), byte >= 0xa0) << byte;
    EXPECT_EQ(IsSafeEntryName("a" + character + "b"), byte >= 0xa0) << byte;
    // As a byte of a longer character it is none.
    EXPECT_TRUE(IsSafeEntryName("\xe6\x97" + character.substr(1)));
  }
}

// A terminal that is not set to UTF-8 takes 0x9b for the start of a command.
TEST(EntryNameTest, RefusesWhatIsNotUtf8) {
  for (int byte = 0x80; byte < 0x100; ++byte) {
    EXPECT_FALSE(IsSafeEntryName(std::string(1, static_cast<char>(byte))));
    EXPECT_FALSE(
        IsSafeEntryName(std::string(1, static_cast<char>(byte)) + "a"));
  }
  for (const char* name : {"\xc0\xae\xc0\xae",              // "..", too long
                           "\xc1\xbf",                      // U+007F, too long
                           "\xe0\x82\x9b", "\xe0\x9f\xbf",  // too long
                           "\xf0\x8f\xbf\xbf",              // too long
                           "\xed\xa0\x80", "\xed\xbf\xbf",  // surrogates
                           "\xf4\x90\x80\x80",              // beyond U+10FFFF
                           "\x82\xa0", "\xbf\xbf",          // no beginning
                           "\xf5\x80\x80\x80", "\xe6\x97", "\xf0\x90\x80",
                           "\xe6\x97x", "\xc3\xa9\xa9"}) {
    EXPECT_FALSE(IsSafeEntryName(name)) << name;
  }
}

}  // namespace
}  // namespace tekmatch
