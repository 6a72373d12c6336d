#include "matcher/store/schema.h"

namespace tekmatch {
namespace {

constexpr SchemaObject kSchema[] = {
    // Numbers that there is one of, each by its name.
    {"meta",
     "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) "
     "STRICT, WITHOUT ROWID"},

    // sighting_store.h says what is in it.
    {"sightings",
     "CREATE TABLE sightings(id INTEGER PRIMARY KEY, num INTEGER NOT NULL, "
     "checksum INTEGER NOT NULL, records BLOB NOT NULL) STRICT"},

    // The ledger's tables (matcher/check).
};

}  // namespace

absl::Span<const SchemaObject> CurrentSchema() { return kSchema; }

// There is no older version yet.
absl::Span<const Migration> Migrations() { return {}; }

}  // namespace tekmatch
