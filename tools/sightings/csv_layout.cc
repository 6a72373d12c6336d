#include "tools/sightings/csv_layout.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "keyformat/printable.h"

namespace tekmatch {
namespace {

constexpr absl::string_view kNames[] = {"time", "rpi",           "aem",
                                        "rssi", "previous_scan", "device"};
constexpr size_t kNumNeeded = 4;

// Without what stands around it.
absl::string_view Trim(absl::string_view field) {
  field = absl::StripAsciiWhitespace(field);
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
    field = absl::StripAsciiWhitespace(field.substr(1, field.size() - 2));
  }
  return field;
}

// Of comma, semicolon and tab the one that stands there most often.
char SeparatorOf(absl::string_view header) {
  char best = ',';
  for (const char separator : {',', ';', '\t'}) {
    if (std::count(header.begin(), header.end(), separator) >
        std::count(header.begin(), header.end(), best)) {
      best = separator;
    }
  }
  return best;
}

absl::Status Refuse(absl::string_view column, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat(
      "the column \"", Printable(column), "\" ", reason,
      "; there are time, rpi, aem, rssi, and where wanted previous_scan and "
      "device"));
}

}  // namespace

absl::StatusOr<CsvLayout> CsvLayout::Parse(absl::string_view header) {
  CsvLayout layout;
  layout.separator_ = SeparatorOf(header);
  std::vector<std::string> columns;
  for (const absl::string_view field :
       absl::StrSplit(header, layout.separator_)) {
    columns.push_back(absl::AsciiStrToLower(Trim(field)));
  }
  const auto is_known = [](const std::string& column) {
    return std::find(std::begin(kNames), std::end(kNames), column) !=
           std::end(kNames);
  };
  if (std::none_of(columns.begin(), columns.end(), is_known)) {
    return absl::NotFoundError("no column of sightings");
  }
  for (const std::string& column : columns) {
    if (!is_known(column)) return Refuse(column, "is unknown");
    if (std::count(columns.begin(), columns.end(), column) > 1) {
      return Refuse(column, "stands there twice");
    }
  }
  for (size_t i = 0; i < std::size(kNames); ++i) {
    const auto found = std::find(columns.begin(), columns.end(), kNames[i]);
    if (found != columns.end()) {
      layout.order_.push_back(static_cast<size_t>(found - columns.begin()));
    } else if (i < kNumNeeded) {
      return Refuse(kNames[i], "is missing");
    }
  }
  layout.columns_ = {
      .previous_scan =
          std::count(columns.begin(), columns.end(), "previous_scan") > 0,
      .device = std::count(columns.begin(), columns.end(), "device") > 0};
  layout.is_plain_ = header == CsvHeader(layout.columns_);
  return layout;
}

absl::StatusOr<std::string> CsvLayout::PlainRow(absl::string_view row) const {
  const std::vector<absl::string_view> fields = absl::StrSplit(row, separator_);
  if (fields.size() != order_.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not ", order_.size(), " fields"));
  }
  return absl::StrJoin(order_, ",", [&](std::string* out, size_t i) {
    absl::StrAppend(out, Trim(fields[i]));
  });
}

}  // namespace tekmatch
