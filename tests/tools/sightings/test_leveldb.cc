#include "tests/tools/sightings/test_leveldb.h"

#include <algorithm>

namespace tekmatch {
namespace {

constexpr size_t kBlockBytes = 32768;
constexpr size_t kHeaderBytes = 7;

std::string LittleEndian(uint64_t value, int num_bytes) {
  std::string bytes;
  for (int i = 0; i < num_bytes; ++i) {
    bytes += static_cast<char>(value >> (8 * i));
  }
  return bytes;
}

}  // namespace

std::string Fixed32(uint32_t value) { return LittleEndian(value, 4); }
std::string Fixed64(uint64_t value) { return LittleEndian(value, 8); }

std::string Varint(uint64_t value) {
  std::string bytes;
  while (value >= 0x80) {
    bytes += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  return bytes + static_cast<char>(value);
}

std::string Sized(const std::string& bytes) {
  return Varint(bytes.size()) + bytes;
}

uint32_t MaskedCrc(const std::string& bytes) {
  constexpr uint32_t kCastagnoli = 0x82f63b78;  // its bits reversed
  uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = crc >> 1 ^ ((crc & 1) != 0 ? kCastagnoli : 0);
    }
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8;
}

std::string LogFragment(int type, const std::string& data) {
  const std::string typed = static_cast<char>(type) + data;
  return Fixed32(MaskedCrc(typed)) + LittleEndian(data.size(), 2) + typed;
}

std::string LogOf(const std::vector<std::string>& records) {
  std::string log;
  for (const std::string& record : records) {
    size_t done = 0;
    bool begun = false;
    do {
      size_t left = kBlockBytes - log.size() % kBlockBytes;
      if (left < kHeaderBytes) {
        log.append(left, '\0');
        left = kBlockBytes;
      }
      const size_t n = std::min(left - kHeaderBytes, record.size() - done);
      const bool ends = done + n == record.size();
      const int type = begun ? (ends ? 4 : 3) : (ends ? 1 : 2);
      log += LogFragment(type, record.substr(done, n));
      done += n;
      begun = true;
    } while (done < record.size());
  }
  return log;
}

std::string Batch(
    uint64_t sequence,
    const std::vector<std::pair<std::string, std::string>>& puts) {
  std::string batch =
      Fixed64(sequence) + Fixed32(static_cast<uint32_t>(puts.size()));
  for (const auto& [key, value] : puts) {
    batch += '\1' + Sized(key) + Sized(value);
  }
  return batch;
}

std::string FirstEdit(uint64_t log, uint64_t last_sequence) {
  return '\1' + Sized("leveldb.BytewiseComparator") + '\2' + Varint(log) +
         '\3' + Varint(1000) + '\4' + Varint(last_sequence);
}

std::string AddTable(uint64_t number, uint64_t size) {
  const std::string key = InternalKey("key", 1);
  return '\7' + Varint(0) + Varint(number) + Varint(size) + Sized(key) +
         Sized(key);
}

std::string InternalKey(const std::string& key, uint64_t sequence,
                        bool deletes) {
  return key + Fixed64(sequence << 8 | (deletes ? 0 : 1));
}

std::string BlockOf(
    const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string content;
  std::string restarts;
  for (const auto& [key, value] : entries) {
    restarts += Fixed32(static_cast<uint32_t>(content.size()));
    content += Varint(0);
    content += Varint(key.size());
    content += Varint(value.size());
    content += key;
    content += value;
  }
  return content + restarts + Fixed32(static_cast<uint32_t>(entries.size()));
}

std::string SealedBlock(const std::string& content, char compression) {
  const std::string typed = content + compression;
  return typed + Fixed32(MaskedCrc(typed));
}

std::string TableOf(const std::vector<std::string>& contents,
                    const std::string& index) {
  std::string table;
  std::vector<std::pair<std::string, std::string>> handles;
  for (const std::string& content : contents) {
    handles.emplace_back(InternalKey("zz", 0),
                         Varint(table.size()) + Varint(content.size()));
    table += SealedBlock(content);
  }
  const std::string own = index.empty() ? BlockOf(handles) : index;
  const uint64_t offset = table.size();
  return table + SealedBlock(own) + Footer(offset, own.size());
}

std::string Footer(uint64_t index_offset, uint64_t index_size) {
  std::string footer =
      Varint(0) + Varint(0) + Varint(index_offset) + Varint(index_size);
  footer.resize(40);
  return footer + Fixed64(0xdb4775248b80fb57);
}

}  // namespace tekmatch
