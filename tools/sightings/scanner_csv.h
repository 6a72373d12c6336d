// The two CSV forms that the scanner exposure-notification-ble-python writes,
// with a header at each of its starts:
//
//   Time;RPI;AEM;RSSI;BDADDR                    all that it heard
//   StartTime;EndTime;RPI;AEM;MaxRSSI;BDADDR    each RPI once, as a span
//
// Times are Unix seconds. A span becomes two sightings, at its start and its
// end, or one where both are the same second, each with the strongest RSSI of
// the span: contacts look nearer than they were. The address is not kept.
//
// Source: mh-/exposure-notification-ble-python, en_rx_data_store.py.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SCANNER_CSV_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SCANNER_CSV_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

class ScannerCsv {
 public:
  static bool IsHeader(absl::string_view line);

  // `header` is such a line.
  explicit ScannerCsv(absl::string_view header);

  // Adds the sightings of a row, and counts; none for the same header again.
  // The last field is an address of fixed length, so that a row that was cut is
  // seen. INVALID_ARGUMENT with field and reason: the row is none.
  absl::Status ReadRow(absl::string_view row, SightingsFile* file) const;

 private:
  bool of_spans_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SCANNER_CSV_H_
