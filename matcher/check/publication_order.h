// The order in which exports were published, by what they say of themselves:
// never by names, folders or the order of arguments.
//
//   (a) by end timestamp; those without a plausible one (0, or past the year
//       9999) after all others: what does not say when it was published does
//       not go before what does
//   (b) by batch number
//   (c) by the SHA-256 of export.bin
// Files that were not read to their end have none of these. They contribute
// nothing, and come last, by path.
#ifndef TEKMATCH_MATCHER_CHECK_PUBLICATION_ORDER_H_
#define TEKMATCH_MATCHER_CHECK_PUBLICATION_ORDER_H_

#include <vector>

#include "keyformat/key_decoder.h"
#include "matcher/check/export_files.h"
#include "matcher/exposure/transmission_window.h"

namespace tekmatch {

// An export's timestamps, where they are plausible.
ExportTimes TimesOf(const ExportMetadata& metadata);

// Whether `a` comes before `b`. Of files with the same export.bin, accepted
// ones come first, of those verified ones; then it is by verdict and by path.
bool InPublicationOrder(const ExportFileResult& a, const ExportFileResult& b);

// Of accepted files with the same export.bin only the first counts: sets
// `copy_of` of the others. `files` are in the order of publication.
void MarkCopies(std::vector<ExportFileResult>& files);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_PUBLICATION_ORDER_H_
