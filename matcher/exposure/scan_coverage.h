// Counts the time of a contact once where one person carried several phones.
//
// Each phone's store has scans of its own, and each scan stands for the time
// since that phone's scan before (exposure_window.h). Two phones in one pocket
// hear the same contact, so that their scans stand for the same time. Of it
// only what is not counted yet is left to a scan, in whole minutes:
//
//   cover   A scan covers the seconds_since_last_scan seconds, whole minutes,
//           that end with the begin of the minute in which it first heard the
//           key. The covers of a phone's scans in a row touch each other and
//           never overlap: seconds since last scan are differences of minutes.
//   once    A minute that scans of several stores cover is left to the one of
//           them that weighs most: whose attenuation has the greatest weight in
//           the configuration, of equal ones the nearer, and then the one that
//           heard the key first (those of one second in the order of
//           exposure_window.h). So a second phone hides nothing that the first
//           one alone would show, also where a configuration weighs a middle
//           distance most, as COCOA's does. Scans of one store take nothing
//           from each other, as the platform counts them, but for the second
//           part of a scan that the end of a window cuts in two: it keeps
//           nothing of what the first covers.
//   limit   A window, which lasts less than 30 minutes, is left no more than
//           1,800 s, or what one of its stores alone has in it, if that is
//           more; the scans that weigh most first. Else the time before a
//           window, to which its first scans reach back, would come on top
//           where two phones listen in turns.
//
// So a second phone adds what the first one did not hear, and nothing else. Of
// one key, the seconds of any windows together are never more than the length
// of the union of their scans' covers, unless scans of one store overlap (where
// a store does not say when the scans before were, each stands for 120 s).
//
// A scan that is left 0 s stays: it says what was heard, and weighs nothing.
#ifndef TEKMATCH_MATCHER_EXPOSURE_SCAN_COVERAGE_H_
#define TEKMATCH_MATCHER_EXPOSURE_SCAN_COVERAGE_H_

#include "absl/types/span.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/exposure_window.h"
#include "matcher/join/match.h"

namespace tekmatch {

// Reduces seconds_since_last_scan of the scans of `windows`, which are all
// windows of one key, by time, made of `matches` of one device. Changes nothing
// where all scans are of one store.
void CountScansOnce(absl::Span<const Match> matches,
                    const DailySummariesConfig& config,
                    absl::Span<ExposureWindow> windows);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_SCAN_COVERAGE_H_
