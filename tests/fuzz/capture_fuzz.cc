// Any bytes as a Bluetooth capture; the first says as what, since a magic
// number is not what a fuzzer should look for: a file, or the packets of a pcap
// of HCI, of the link layer or of the nRF sniffer. The reader has to end with
// an answer, and no packet gives more sightings than it has bytes for.
#include <cstddef>
#include <cstdint>
#include <string>

#include "keyformat/byte_source.h"
#include "tools/sightings/sightings_capture.h"

namespace tekmatch {
namespace {

void Read(const std::string& bytes) {
  // A report of 20 bytes of service data takes at least 24.
  constexpr size_t kLeastBytes = 24;
  const auto source = MemorySource("fuzz", bytes);
  const auto file =
      ReadCapture(*source, {.skip_bad = true, .progress = nullptr});
  if (file.ok() && file->sightings.size() > bytes.size() / kLeastBytes) {
    __builtin_trap();
  }
  const auto strict =
      ReadCapture(*source, {.skip_bad = false, .progress = nullptr});
  if (strict.ok() && (!file.ok() || strict->sightings != file->sightings)) {
    __builtin_trap();
  }
}

// A pcap of one packet.
std::string PcapOf(uint8_t link_type_high, uint8_t link_type,
                   const std::string& packet) {
  std::string bytes("\xD4\xC3\xB2\xA1\x02\x00\x04\x00", 8);
  bytes += std::string(8, '\0') + std::string("\xFF\xFF\x00\x00", 4);
  bytes += {static_cast<char>(link_type), static_cast<char>(link_type_high),
            '\0', '\0'};
  bytes += std::string(8, '\x01');
  for (int i = 0; i < 2; ++i) {
    for (int shift = 0; shift < 32; shift += 8) {
      bytes += static_cast<char>(packet.size() >> shift & 0xFF);
    }
  }
  return bytes + packet;
}

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tekmatch;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'h':
      Read(PcapOf(0, 187, bytes));
      break;
    case 'l':
      Read(PcapOf(1, 0, bytes));
      break;
    case 'n':
      Read(PcapOf(1, 16, bytes));
      break;
    default:
      Read(bytes);
  }
  return 0;
}
