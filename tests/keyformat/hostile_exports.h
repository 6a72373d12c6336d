// Exports that cost as much as they can: bodies of export.bin that hold few
// bytes for much work, zips of them at any compression that a reader allows,
// and streams of deflate that give little for much work.
//
// The same size gives the same bytes. None is signed: a signature costs the
// same, whatever it signs.
#ifndef TEKMATCH_TESTS_KEYFORMAT_HOSTILE_EXPORTS_H_
#define TEKMATCH_TESTS_KEYFORMAT_HOSTILE_EXPORTS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tests/keyformat/deflate_writer.h"

namespace tekmatch {

struct HostileKind {
  std::string name;  // "empty_keys" and so on; of lower-case letters and _
  // Fields of the outermost message, of at least so many bytes.
  std::string (*fields)(size_t num_bytes);
};

const std::vector<HostileKind>& HostileKinds();

// Keys of 16 random bytes with every field that servers write.
std::string HonestFields(size_t num_bytes);

// The zip of an export.bin with these fields, as it compresses.
std::string ExportOf(const std::string& fields);

// A zip of about zip_bytes that inflates to nearly three times as much, or less
// if its kind compresses less: fields of the kind, and random bytes in a field
// that nobody knows. 16 KiB and more.
std::string HostileExport(const HostileKind& kind, size_t zip_bytes);

struct HostileStream {
  std::string name;  // as HostileKind's
  void (*add_block)(DeflateWriter& writer);
  bool refused;  // for the number of its blocks
};

const std::vector<HostileStream>& HostileStreams();

// A zip of about zip_bytes whose export.bin is valid, and compressed into
// blocks of the kind.
std::string StreamExport(const HostileStream& stream, size_t zip_bytes);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_KEYFORMAT_HOSTILE_EXPORTS_H_
