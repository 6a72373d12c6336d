// The layout of a CSV of sightings, as spreadsheets and databases write it: the
// columns of sightings_text.h in any order, with commas, semicolons or tabs
// between them, spaces or quotes around the fields, names in any case.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_CSV_LAYOUT_H_
#define TEKMATCH_TOOLS_SIGHTINGS_CSV_LAYOUT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {

class CsvLayout {
 public:
  // NOT_FOUND: no column has a name of sightings: it is no such CSV.
  // INVALID_ARGUMENT: a column is unknown, missing, or stands twice; a column
  // that is passed over could be a misspelt one.
  static absl::StatusOr<CsvLayout> Parse(absl::string_view header);

  // Rows are as ParseCsvRow takes them.
  bool is_plain() const { return is_plain_; }
  const CsvColumns& columns() const { return columns_; }

  // A row with its fields where ParseCsvRow wants them. INVALID_ARGUMENT: it
  // has another number of fields.
  absl::StatusOr<std::string> PlainRow(absl::string_view row) const;

 private:
  char separator_ = ',';
  std::vector<size_t> order_;  // of the plain row's fields, in this layout
  CsvColumns columns_;
  bool is_plain_ = false;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_CSV_LAYOUT_H_
