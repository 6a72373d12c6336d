// Writes an honest export and hostile ones of about the same size, for
// tests/tools/dev/hostile_costs.py: FOLDER/honest.zip and FOLDER/NAME.zip.
//
// Usage: write_hostile_exports FOLDER BYTES
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/keyformat/hostile_exports.h"

namespace {

bool Write(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return file.flush().good();
}

}  // namespace

int main(int argc, char** argv) {
  const size_t size = argc == 3 ? std::strtoul(argv[2], nullptr, 10) : 0;
  if (size < (16 << 10)) {
    std::cerr << "usage: write_hostile_exports FOLDER BYTES (at least 16384)\n";
    return 2;
  }
  const std::string folder = std::string(argv[1]) + "/";
  // Honest keys deflate to some 0.6 of their size.
  bool good = Write(folder + "honest.zip",
                    tekmatch::ExportOf(tekmatch::HonestFields(size * 5 / 3)));
  for (const tekmatch::HostileKind& kind : tekmatch::HostileKinds()) {
    good = good && Write(folder + kind.name + ".zip",
                         tekmatch::HostileExport(kind, size));
  }
  for (const tekmatch::HostileStream& stream : tekmatch::HostileStreams()) {
    good = good && Write(folder + stream.name + ".zip",
                         tekmatch::StreamExport(stream, size));
  }
  if (!good) std::cerr << "cannot write to " << folder << "\n";
  return good ? 0 : 1;
}
