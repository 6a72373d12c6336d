// Exports that cost as much as they can: bodies of export.bin that hold few
// bytes for much work, and zips of them at any compression that a reader
// allows.
//
// The same size gives the same bytes. None is signed: a signature costs the
// same, whatever it signs.
#ifndef TEKMATCH_TESTS_KEYFORMAT_HOSTILE_EXPORTS_H_
#define TEKMATCH_TESTS_KEYFORMAT_HOSTILE_EXPORTS_H_

#include <cstddef>
#include <string>
#include <vector>

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

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_KEYFORMAT_HOSTILE_EXPORTS_H_
