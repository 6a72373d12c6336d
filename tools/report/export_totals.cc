// Plan: keys are counted into the file's own counts, which its end adds to its
// authority's; then the numbers as rows, which text, JSON and CSV write each in
// its way.
#include "tools/report/export_totals.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "keyformat/printable.h"
#include "keyformat/report_type_name.h"

namespace tekmatch {
namespace {

using ::nlohmann::ordered_json;

// A hostile file may name a time that is none.
constexpr uint64_t kYear9999 = 253402300799;

absl::CivilDay UtcDay(int64_t unix_seconds) {
  return absl::ToCivilDay(absl::FromUnixSeconds(unix_seconds),
                          absl::UTCTimeZone());
}

template <typename Map>
void AddCounts(const Map& from, Map& to) {
  for (const auto& [value, count] : from) to[value] += count;
}

// Sums over the second of the two values that a map counts by.
template <typename Value>
std::map<absl::CivilDay, uint64_t> ByDay(
    const std::map<std::pair<absl::CivilDay, Value>, uint64_t>& counts) {
  std::map<absl::CivilDay, uint64_t> by_day;
  for (const auto& [key, count] : counts) by_day[key.first] += count;
  return by_day;
}

template <typename Value>
std::map<Value, uint64_t> ByValue(
    const std::map<std::pair<absl::CivilDay, Value>, uint64_t>& counts) {
  std::map<Value, uint64_t> by_value;
  for (const auto& [key, count] : counts) by_value[key.second] += count;
  return by_value;
}

// The table of what is no distribution.
constexpr char kTotal[] = "total";

struct Row {
  std::string value;
  uint64_t count;
};
struct Table {
  std::string name;
  std::vector<Row> rows;
};

// All numbers of one authority, or of all.
std::vector<Table> Tables(const PublishedCounts& counts) {
  std::vector<Table> tables = {{kTotal,
                                {{"files", counts.files},
                                 {"new_keys", counts.new_keys},
                                 {"repeated_keys", counts.repeated_keys},
                                 {"revised_keys", counts.revised_keys},
                                 {"rejected_keys", counts.rejected_keys}}}};
  Table days{.name = "by_start_day"};
  for (const auto& [day, count] : ByDay(counts.by_day_and_type)) {
    days.rows.push_back({absl::FormatCivilTime(day), count});
  }
  Table ages{.name = "by_days_to_publication"};
  for (const auto& [age, count] : counts.by_age) {
    ages.rows.push_back({absl::StrCat(age), count});
  }
  Table onsets{.name = "by_days_since_onset"};
  for (const auto& [onset, count] : counts.by_days_since_onset) {
    onsets.rows.push_back({ValueText(onset), count});
  }
  Table types{.name = "by_report_type"};
  for (const auto& [type, count] : ByValue(counts.by_day_and_type)) {
    types.rows.push_back({ValueText(type), count});
  }
  Table risks{.name = "by_transmission_risk"};
  for (const auto& [risk, count] : ByValue(counts.by_day_and_risk)) {
    risks.rows.push_back({ValueText(risk), count});
  }
  tables.insert(tables.end(),
                {std::move(days), std::move(ages), std::move(onsets),
                 std::move(types), std::move(risks)});
  return tables;
}

// {"files": 1, ..., "by_start_day": {...}, ...}
ordered_json CountsJson(const PublishedCounts& counts) {
  ordered_json json;
  for (const Table& table : Tables(counts)) {
    ordered_json rows = ordered_json::object();
    for (const Row& row : table.rows) rows[row.value] = row.count;
    if (table.name == kTotal) {
      json = std::move(rows);
    } else {
      json[table.name] = std::move(rows);
    }
  }
  return json;
}

std::string OrAbsent(absl::string_view text) {
  return text.empty() ? "absent" : Printable(text);
}

// A field that others wrote. Spreadsheets run what begins like a formula, so
// that such a text gets an apostrophe in front, as they themselves write it.
std::string CsvText(absl::string_view text) {
  const std::string printable = Printable(text);
  const bool is_formula =
      !printable.empty() && absl::string_view("=+-@").find(printable.front()) !=
                                absl::string_view::npos;
  return absl::StrCat("\"", is_formula ? "'" : "",
                      absl::StrReplaceAll(printable, {{"\"", "\"\""}}), "\"");
}

void AppendCsv(absl::string_view region, absl::string_view key_ids,
               const PublishedCounts& counts, std::string* csv) {
  for (const Table& table : Tables(counts)) {
    for (const Row& row : table.rows) {
      absl::StrAppend(csv, table.name, ",", CsvText(region), ",",
                      CsvText(key_ids), ",", row.value, ",", row.count, "\n");
    }
  }
}

}  // namespace

std::string ValueText(const std::optional<int>& value) {
  return value.has_value() ? absl::StrCat(*value) : "absent";
}

std::string ValueText(const std::optional<ReportType>& value) {
  return value.has_value() ? std::string(ReportTypeName(*value)) : "absent";
}

void PublishedCounts::Add(const PublishedCounts& other) {
  files += other.files;
  new_keys += other.new_keys;
  repeated_keys += other.repeated_keys;
  revised_keys += other.revised_keys;
  rejected_keys += other.rejected_keys;
  AddCounts(other.by_day_and_type, by_day_and_type);
  AddCounts(other.by_day_and_risk, by_day_and_risk);
  AddCounts(other.by_age, by_age);
  AddCounts(other.by_days_since_onset, by_days_since_onset);
}

void ExportTotals::Add(const KeyBlock& block) {
  for (size_t i = 0; i < block.size(); ++i) {
    const KeyMetadata& metadata = block.metadata()[i];
    if (metadata.revised) {
      ++file_.revised_keys;
      continue;
    }
    uint64_t tek = 0;
    std::memcpy(&tek, block.teks()[i].bytes.data(), sizeof(tek));
    if (!teks_.insert(tek).second) {
      ++file_.repeated_keys;
      continue;
    }
    file_teks_.push_back(tek);
    ++file_.new_keys;
    const absl::CivilDay day =
        UtcDay(int64_t{block.rolling_starts()[i]} * kIntervalSeconds);
    ++file_.by_day_and_type[{day, metadata.report_type}];
    ++file_.by_day_and_risk[{day, metadata.transmission_risk}];
    ++file_.by_days_since_onset[metadata.days_since_onset];
  }
}

void ExportTotals::EndFile(const ExportFileResult& file) {
  if (!file.is_whole()) {
    for (const uint64_t tek : file_teks_) teks_.erase(tek);
  } else {
    const ExportMetadata& metadata = file.report.metadata;
    file_.files = 1;
    file_.rejected_keys = file.report.counts.num_rejected();
    const uint64_t end = metadata.end_timestamp;
    if (end != 0 && end <= kYear9999) {
      const absl::CivilDay published = UtcDay(static_cast<int64_t>(end));
      for (const auto& [day, count] : ByDay(file_.by_day_and_type)) {
        file_.by_age[published - day] += count;
      }
    }
    std::set<std::string> key_ids;
    for (const SignatureInfo& info : metadata.signature_infos) {
      key_ids.insert(info.key_id);
    }
    for (const ExportSignature& signature : file.report.signatures) {
      key_ids.insert(signature.info.key_id);
    }
    by_authority_[{metadata.region, {key_ids.begin(), key_ids.end()}}].Add(
        file_);
  }
  file_ = {};
  file_teks_.clear();
}

PublishedCounts ExportTotals::All() const {
  PublishedCounts all;
  for (const auto& [authority, counts] : by_authority_) all.Add(counts);
  return all;
}

std::string ExportTotals::Text() const {
  std::string text = absl::StrFormat("%8s %10s %10s %10s %10s  %s\n", "files",
                                     "new", "repeated", "revised", "rejected",
                                     "region; key ids (as the files say)");
  const auto line = [&](const PublishedCounts& counts, absl::string_view name) {
    absl::StrAppendFormat(&text, "%8u %10u %10u %10u %10u  %s\n", counts.files,
                          counts.new_keys, counts.repeated_keys,
                          counts.revised_keys, counts.rejected_keys, name);
  };
  for (const auto& [authority, counts] : by_authority_) {
    line(counts,
         absl::StrCat(OrAbsent(authority.region), "; ",
                      OrAbsent(absl::StrJoin(authority.key_ids, ", "))));
  }
  const PublishedCounts all = All();
  line(all, "all");
  for (const Table& table : Tables(all)) {
    // The first is the table above.
    if (table.name == kTotal) continue;
    absl::StrAppend(&text, "\nnew keys ", table.name, "\n");
    if (table.rows.empty()) text += "  none\n";
    for (const Row& row : table.rows) {
      absl::StrAppendFormat(&text, "  %-28s %10u\n", row.value, row.count);
    }
  }
  return text;
}

ordered_json ExportTotals::Json() const {
  ordered_json authorities = ordered_json::array();
  for (const auto& [authority, counts] : by_authority_) {
    ordered_json json = {{"region", authority.region},
                         {"key_ids", authority.key_ids}};
    json.update(CountsJson(counts));
    authorities.push_back(std::move(json));
  }
  return {{"total", CountsJson(All())}, {"authorities", authorities}};
}

std::string ExportTotals::Csv() const {
  std::string csv = "table,region,key_ids,value,count\n";
  for (const auto& [authority, counts] : by_authority_) {
    AppendCsv(authority.region, absl::StrJoin(authority.key_ids, " "), counts,
              &csv);
  }
  return csv;
}

}  // namespace tekmatch
