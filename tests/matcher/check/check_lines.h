// What a check says, as lines: to hold one answer against another.
#ifndef TEKMATCH_TESTS_MATCHER_CHECK_CHECK_LINES_H_
#define TEKMATCH_TESTS_MATCHER_CHECK_CHECK_LINES_H_

#include <string>
#include <vector>

#include "matcher/check/check_options.h"
#include "matcher/check/check_result.h"
#include "matcher/check/export_files.h"

namespace tekmatch {

// Not one that was given now and is refused, or was not reached.
bool IsOfStore(const ExportFileResult& file);

// All of it but names of files, and files that are not of a store. How many
// duplicates were dropped depends on how often a file repeats a key, which a
// store does not keep: they are a line only if `with_duplicates`.
std::vector<std::string> CheckLines(const ExposureCheckResult& result,
                                    const ExposureCheckOptions& options,
                                    bool with_duplicates);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_CHECK_CHECK_LINES_H_
