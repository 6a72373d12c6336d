#include "matcher/store/schema.h"

namespace tekmatch {
namespace {

// Version 1.
constexpr SchemaObject kSchema[] = {
    // Numbers that there is one of, each by its name.
    {"meta",
     "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) "
     "STRICT, WITHOUT ROWID"},

    // sighting_store.h says what is in it.
    {"sightings",
     "CREATE TABLE sightings(id INTEGER PRIMARY KEY, num INTEGER NOT NULL, "
     "checksum INTEGER NOT NULL, records BLOB NOT NULL) STRICT"},

    // The tables of matcher/check/ledger.h. An export without a sha256 is one
    // that is being read, or was when a run was killed.
    {"exports",
     "CREATE TABLE exports(id INTEGER PRIMARY KEY, sha256 BLOB, generation "
     "INTEGER, kept INTEGER, description BLOB, heard BLOB) STRICT"},
    {"exports_by_sha256",
     "CREATE UNIQUE INDEX exports_by_sha256 ON exports(sha256)"},
    {"kept_keys",
     "CREATE TABLE kept_keys(export INTEGER NOT NULL, day INTEGER NOT NULL, "
     "num_keys INTEGER NOT NULL, keys BLOB NOT NULL) STRICT"},
    {"kept_keys_by_export",
     "CREATE INDEX kept_keys_by_export ON kept_keys(export, day)"},
    {"pending_keys",
     "CREATE TABLE pending_keys(tek BLOB PRIMARY KEY) STRICT, WITHOUT ROWID"},
};

}  // namespace

const Schema& CurrentSchema() {
  // There is no older version yet.
  static constexpr Schema kCurrent = {
      .version = 1, .objects = kSchema, .migrations = {}};
  return kCurrent;
}

}  // namespace tekmatch
