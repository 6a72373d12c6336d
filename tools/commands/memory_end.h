// The process ends where operator new finds no memory: with a sentence, exit
// code 1, and without half-written files.
//
// It does not unwind the stack. Protocol Buffers and Abseil's own hash tables,
// which programs use, do not survive an allocation that throws: a table that
// was about to grow frees what it never had, and the process ends by a signal
// instead (about 1 in 200 runs did, with eight threads and too little memory,
// when the library had such tables, too). The library's tables
// (keyformat/hash_tables.h) do survive it, so that an app that embeds it gets
// RESOURCE_EXHAUSTED (docs/embedding.md).
#ifndef TEKMATCH_TOOLS_COMMANDS_MEMORY_END_H_
#define TEKMATCH_TOOLS_COMMANDS_MEMORY_END_H_

namespace tekmatch {

// For the whole process, from the first line of main. The sentence is
// "PROGRAM: not enough memory"; `program` is a literal.
void EndWhereMemoryEnds(const char* program);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_MEMORY_END_H_
