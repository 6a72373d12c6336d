#include "tests/keyformat/hostile_exports.h"

#include <cstdint>
#include <random>

#include "keyformat/key_decoder.h"
#include "tests/keyformat/raw_zip.h"

namespace tekmatch {
namespace {

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) {
    bytes += static_cast<char>((value & 0x7f) | 0x80);
  }
  return bytes + static_cast<char>(value);
}

std::string Field(char tag, const std::string& content) {
  return tag + Varint(content.size()) + content;
}

std::string RandomBytes(std::mt19937_64& random, size_t n) {
  std::string bytes(n, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string Repeated(const std::string& unit, size_t num_bytes) {
  std::string fields;
  fields.reserve(num_bytes + unit.size());
  while (fields.size() < num_bytes) fields += unit;
  return fields;
}

// `next` makes the next field.
template <typename Next>
std::string Filled(size_t num_bytes, Next next) {
  std::mt19937_64 random(1);
  std::string fields;
  fields.reserve(num_bytes + 100);
  while (fields.size() < num_bytes) fields += next(random);
  return fields;
}

template <typename Choices>
const std::string& AnyOf(std::mt19937_64& random, const Choices& choices) {
  return choices[random() % choices.size()];
}

std::string Groups(size_t depth) {
  return std::string(depth, '\x4b') + std::string(depth, '\x4c');
}

}  // namespace

const std::vector<HostileKind>& HostileKinds() {
  // Fields 7 and 8 are keys, 3 is the region, 4 the batch's number, 9 and 15
  // are unknown.
  static const auto* const kinds = new std::vector<HostileKind>{
      {"empty_keys",
       [](size_t n) { return Repeated(std::string("\x3a\0", 2), n); }},
      {"empty_revised_keys",
       [](size_t n) { return Repeated(std::string("\x42\0", 2), n); }},
      {"keys_of_one_field",
       [](size_t n) { return Repeated("\x3a\x02\x10\x01", n); }},
      {"unknown_varints", [](size_t n) { return Repeated("\x78\x05", n); }},
      {"unknown_bytes",
       [](size_t n) { return Repeated(std::string("\x7a\0", 2), n); }},
      {"unknown_in_keys",
       [](size_t n) {
         return Repeated(Field('\x3a', Repeated("\x78\x05", 126)), n);
       }},
      {"long_varints",
       [](size_t n) {
         return Repeated(
             std::string("\xf8\x80\x80\x80\0\x85\x80\x80\x80\x01", 10), n);
       }},
      {"groups", [](size_t n) { return Repeated(Groups(1), n); }},
      {"nested_groups", [](size_t n) { return Repeated(Groups(100), n); }},
      {"nested_groups_in_keys",
       [](size_t n) { return Repeated(Field('\x3a', Groups(99)), n); }},
      {"regions",
       [](size_t n) { return Repeated(std::string("\x1a\0", 2), n); }},
      {"batch_numbers", [](size_t n) { return Repeated("\x20\x01", n); }},
      // Keys with the fields the other way round, which only the slow reader
      // takes.
      {"slow_keys",
       [](size_t n) {
         return Filled(n, [](std::mt19937_64& random) {
           return Field('\x3a',
                        "\x28\x01\x20\x90\x01\x18\xd0\xdf\xa1\x01\x10\x05\x0a" +
                            (char{16} + RandomBytes(random, 16)));
         });
       }},
      // No branch is foreseen.
      {"any_field",
       [](size_t n) {
         static const auto* const choices =
             new std::vector<std::string>{std::string("\x3a\0", 2),
                                          std::string("\x42\0", 2),
                                          std::string("\x1a\0", 2),
                                          "\x78\x05",
                                          "\x4b\x4c",
                                          "\x20\x01",
                                          "\x78\x85\x01",
                                          "\x7a\x01x"};
         return Filled(n, [](std::mt19937_64& random) {
           return AnyOf(random, *choices);
         });
       }},
      {"varints_of_any_length",
       [](size_t n) {
         return Filled(n, [](std::mt19937_64& random) {
           return "\x78" + Varint(random() >> random() % 64);
         });
       }},
  };
  return *kinds;
}

const std::vector<HostileStream>& HostileStreams() {
  static const auto* const streams = new std::vector<HostileStream>{
      {"empty_stored_blocks", [](DeflateWriter& w) { w.Stored(""); }, true},
      {"empty_fixed_blocks", [](DeflateWriter& w) { w.Fixed(""); }, true},
      // 22 bits for seven bytes.
      {"fixed_blocks", [](DeflateWriter& w) { w.Fixed("", 7); }, true},
      // 12 bytes for one.
      {"small_tables", [](DeflateWriter& w) { w.SmallTable(1); }, true},
      {"large_tables",
       [](DeflateWriter& w) { w.LargeTable(std::string(40, 'x')); }, true},
      // As many as are allowed.
      {"allowed_stored_blocks",
       [](DeflateWriter& w) { w.Stored(std::string(508, 'x')); }, false},
      {"allowed_fixed_blocks",
       [](DeflateWriter& w) { w.Fixed(std::string(512, 'x')); }, false},
      {"allowed_small_tables",
       [](DeflateWriter& w) {
         w.SmallTable(1);
         w.Stored(std::string(8700, 'x'));
       },
       false},
      {"allowed_large_tables",
       [](DeflateWriter& w) {
         w.LargeTable("x");
         w.Stored(std::string(8600, 'x'));
       },
       false},
  };
  return *streams;
}

std::string HonestFields(size_t num_bytes) {
  return Filled(num_bytes, [](std::mt19937_64& random) {
    return Field('\x3a', std::string("\x0a\x10") + RandomBytes(random, 16) +
                             "\x10\x05\x18" +
                             Varint(2650000 + 144 * (random() % 14)) +
                             "\x20\x90\x01\x28\x01\x30\x04");
  });
}

std::string ExportOf(const std::string& fields) {
  return RawZip{
      .entries = {Entry("export.bin", std::string(kExportHeader) + fields)}}
      .Build();
}

std::string StreamExport(const HostileStream& stream, size_t zip_bytes) {
  DeflateWriter sample;
  sample.Stored("x");
  while (sample.num_bytes() < zip_bytes) stream.add_block(sample);
  // The same blocks behind the head of a field that nobody knows, which holds
  // what they inflate to. A match in the first one finds a byte before it.
  DeflateWriter writer;
  writer.Stored(std::string(kExportHeader) + '\x7a' +
                Varint(sample.content().size() - 1));
  while (writer.num_blocks() < sample.num_blocks()) stream.add_block(writer);
  RawZipEntry entry{.name = "export.bin", .content = writer.content()};
  entry.data = writer.Finish();
  return RawZip{.entries = {entry}}.Build();
}

std::string HostileExport(const HostileKind& kind, size_t zip_bytes) {
  const std::string sample = kind.fields(size_t{1} << 20);
  const double compressed = static_cast<double>(RawDeflate(sample).size()) /
                            static_cast<double>(sample.size());
  const auto size = static_cast<double>(zip_bytes);
  // Not 2.75, because the sample is no exact measure of the whole.
  constexpr double kRatio = 2.7;
  if (compressed >= 1 / kRatio) {
    return ExportOf(kind.fields(static_cast<size_t>(size / compressed)));
  }
  // f fields and r random bytes: compressed * f + r are the zip, and f + r
  // kRatio times that.
  const double fields = (kRatio - 1) * size / (1 - compressed);
  const auto num_random = static_cast<size_t>(size - compressed * fields);
  std::mt19937_64 random(2);
  return ExportOf(kind.fields(static_cast<size_t>(fields)) +
                  Field('\x7a', RandomBytes(random, num_random)));
}

}  // namespace tekmatch
