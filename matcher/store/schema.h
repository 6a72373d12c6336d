// The tables of the database (docs/store.md has them in words), and the way to
// them from older versions.
#ifndef TEKMATCH_MATCHER_STORE_SCHEMA_H_
#define TEKMATCH_MATCHER_STORE_SCHEMA_H_

#include <cstdint>

#include "absl/strings/match.h"
#include "absl/types/span.h"

namespace tekmatch {

// "TEKm", the header's application_id.
inline constexpr uint32_t kApplicationId = 0x54454B6D;
inline constexpr char kDatabaseFile[] = "tekmatch.sqlite";

// A table or an index. `sql` is written as SQLite keeps it: "CREATE TABLE
// name(", with one space between words, and no semicolon; Open compares it with
// what is in the file.
struct SchemaObject {
  const char* name;
  const char* sql;

  bool is_table() const { return absl::StartsWith(sql, "CREATE TABLE "); }
};

// What leads from version `from` to the next.
struct Migration {
  int from;
  absl::Span<const char* const> statements;
};

// The next version is one more Migration, the new texts in `objects`, and
// `version`. A database of another kind than the store's has a file name and an
// application_id of its own.
struct Schema {
  int version;  // the header's user_version, from 1
  absl::Span<const SchemaObject> objects;
  absl::Span<const Migration> migrations;
  const char* file_name = kDatabaseFile;
  uint32_t application_id = kApplicationId;
};

const Schema& CurrentSchema();

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_STORE_SCHEMA_H_
