#include "matcher/store/schema.h"

namespace tekmatch {
namespace {

constexpr SchemaObject kSchema[] = {
    // Numbers that there is one of, each by its name.
    {"meta",
     "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) "
     "STRICT, WITHOUT ROWID"},

    // The tables of sighting_store.h.

    // The ledger's tables (matcher/check).
};

}  // namespace

absl::Span<const SchemaObject> CurrentSchema() { return kSchema; }

// There is no older version yet.
absl::Span<const Migration> Migrations() { return {}; }

}  // namespace tekmatch
