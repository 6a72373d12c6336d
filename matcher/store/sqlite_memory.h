// SQLite's memory: pages, statements and values hold identifiers, and SQLite
// gives memory back as it is.
#ifndef TEKMATCH_MATCHER_STORE_SQLITE_MEMORY_H_
#define TEKMATCH_MATCHER_STORE_SQLITE_MEMORY_H_

namespace tekmatch {

// Makes SQLite overwrite memory before it gives it back, for the whole process
// and for good. It can be told only before its first use. So this is tried
// once, when the first Database is opened, and false says that it was too late:
// the app uses the same copy of SQLite, and had used it by then. An app that
// wants both calls this at its start. From any thread, where no other is using
// SQLite meanwhile.
bool MakeSqliteWipeMemory();

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_STORE_SQLITE_MEMORY_H_
