// Plan: bytes to UTF-8; UTF-8 to lines of cells; the headings; each line to a
// patient, by the checks of the pages.
#include "registration/hersys/patient_file.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "registration/hersys/patient_forms.h"
#include "registration/rules/code_points.h"

namespace tekmatch {
namespace {

constexpr size_t kMostCells = 32;

struct Column {
  const char* heading;
  const char* field;  // of PatientInput
};

constexpr std::array<Column, 11> kColumns = {{{"氏名", "name"},
                                              {"フリガナ", "kana"},
                                              {"連絡先", "contact"},
                                              {"外来機関", "facility"},
                                              {"検査陽性", "positive"},
                                              {"確定例", "confirmed"},
                                              {"診断年月日", "diagnosed_on"},
                                              {"報告", "report"},
                                              {"アプリ利用", "app"},
                                              {"登録希望", "wants"},
                                              {"同意", "consent"}}};

// nullopt: it is neither UTF-8 nor CP932, or there is no iconv for that.
std::optional<std::string> ToUtf8(absl::string_view bytes) {
  // UTF-8 is asked first: text of CP932 is hardly ever valid UTF-8, but nearly
  // all UTF-8 is something in CP932.
  if (IsUtf8(bytes)) {
    absl::ConsumePrefix(&bytes, "\xef\xbb\xbf");
    return std::string(bytes);
  }
  const iconv_t converter = iconv_open("UTF-8", "CP932");
  if (reinterpret_cast<intptr_t>(converter) == -1) return std::nullopt;
  const absl::Cleanup close = [converter] { iconv_close(converter); };
  std::string in(bytes);
  // A character of one byte, half-width katakana, becomes three.
  std::string out(in.size() * 3, '\0');
  char* from = in.data();
  char* to = out.data();
  size_t num_in = in.size();
  size_t num_out = out.size();
  if (iconv(converter, &from, &num_in, &to, &num_out) ==
          static_cast<size_t>(-1) ||
      num_in > 0) {
    return std::nullopt;
  }
  out.resize(out.size() - num_out);
  return out;
}

struct Line {
  size_t number;
  std::vector<std::string> cells;
};

// RFC 4180, with any end of a line. A fault ends it: where a quote is not
// closed, nobody knows what the rest is.
class LineReader {
 public:
  LineReader(absl::string_view text, char separator)
      : text_(text), separator_(separator) {}

  // false: the end, or `fault`.
  bool Next(Line& line) {
    line.number = number_;
    line.cells.clear();
    if (text_.empty() || fault.has_value()) return false;
    while (true) {
      std::string cell;
      const bool is_good =
          absl::StartsWith(text_, "\"") ? ReadQuoted(cell) : ReadPlain(cell);
      if (!is_good) return false;
      line.cells.push_back(std::move(cell));
      if (line.cells.size() > kMostCells) {
        return Fail(line.number, "列が多すぎます。");
      }
      if (!text_.empty() && text_[0] == separator_) {
        text_.remove_prefix(1);
        continue;
      }
      if (!TakeLineEnd() && !text_.empty()) {
        return Fail(line.number, "引用符の後に文字があります。");
      }
      return true;
    }
  }

  std::optional<PatientFileFault> fault;

 private:
  bool Fail(size_t line, const char* text) {
    fault = PatientFileFault{.line = line, .column = "", .text = text};
    return false;
  }

  bool TakeLineEnd() {
    if (!absl::ConsumePrefix(&text_, "\r\n") &&
        !absl::ConsumePrefix(&text_, "\n") &&
        !absl::ConsumePrefix(&text_, "\r")) {
      return false;
    }
    ++number_;
    return true;
  }

  bool ReadPlain(std::string& cell) {
    const size_t end = std::min(
        text_.size(), text_.find_first_of(std::string{separator_, '\r', '\n'}));
    cell = std::string(text_.substr(0, end));
    text_.remove_prefix(end);
    if (absl::StrContains(cell, '"')) {
      return Fail(number_, "引用符が途中にあります。");
    }
    return true;
  }

  bool ReadQuoted(std::string& cell) {
    const size_t begin = number_;
    text_.remove_prefix(1);
    while (!text_.empty()) {
      if (absl::ConsumePrefix(&text_, "\"\"")) {
        cell.push_back('"');
        continue;
      }
      if (absl::ConsumePrefix(&text_, "\"")) return true;
      if (TakeLineEnd()) {
        cell.push_back('\n');
        continue;
      }
      cell.push_back(text_[0]);
      text_.remove_prefix(1);
    }
    return Fail(begin, "引用符が閉じていません。");
  }

  absl::string_view text_;
  const char separator_;
  size_t number_ = 1;
};

bool IsEmpty(const Line& line) {
  for (const std::string& cell : line.cells) {
    if (!cell.empty()) return false;
  }
  return true;
}

std::optional<bool> BoxOf(absl::string_view text) {
  for (const absl::string_view yes : {"有", "はい", "○", "〇", "1", "yes"}) {
    if (text == yes) return true;
  }
  for (const absl::string_view no : {"", "無", "いいえ", "×", "0", "no"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

// 2020/12/9, which Excel makes of it, as 2020-12-09; all else as it is.
std::string DayText(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  int year = 0;
  int month = 0;
  int day = 0;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &year) ||
      !absl::SimpleAtoi(parts[1], &month) ||
      !absl::SimpleAtoi(parts[2], &day) || year < 0 || month < 0 || day < 0) {
    return text;
  }
  return absl::StrFormat("%04d-%02d-%02d", year, month, day);
}

// By column of the file: the index in kColumns.
std::vector<size_t> ReadHeadings(const Line& line, PatientFile& file) {
  std::vector<size_t> columns;
  columns.reserve(line.cells.size());
  std::set<size_t> seen;
  for (size_t i = 0; i < line.cells.size(); ++i) {
    size_t found = 0;
    while (found < kColumns.size() &&
           line.cells[i] != kColumns[found].heading) {
      ++found;
    }
    const std::string column = absl::StrCat(i + 1, "列目");
    if (found == kColumns.size()) {
      file.faults.push_back(
          {.line = line.number,
           .column = column,
           .text = "使用できない見出しです。使える見出し：氏名、フリガナ、"
                   "連絡先、外来機関、検査陽性、確定例、診断年月日、報告、"
                   "アプリ利用、登録希望、同意"});
    } else if (!seen.insert(found).second) {
      file.faults.push_back({.line = line.number,
                             .column = column,
                             .text = "同じ見出しが2つあります。"});
    }
    columns.push_back(found);
  }
  return columns;
}

void ReadPatient(const Line& line, const std::vector<size_t>& columns,
                 absl::CivilDay today, PatientFile& file) {
  if (line.cells.size() != columns.size()) {
    file.faults.push_back(
        {.line = line.number,
         .column = "",
         .text = absl::StrCat("列の数が見出しと違います（", line.cells.size(),
                              "列、見出しは", columns.size(), "列）。")});
    return;
  }
  PatientInput input;
  bool report = false;
  const auto box = [&input](const Column& column, const std::string& cell,
                            bool& value) {
    const std::optional<bool> read = BoxOf(cell);
    value = read.value_or(false);
    if (!read.has_value()) {
      input.faults[column.field] = "有又は無を入力してください。";
    }
  };
  for (size_t i = 0; i < columns.size(); ++i) {
    const Column& column = kColumns[columns[i]];
    const std::string& cell = line.cells[i];
    switch (columns[i]) {
      case 0:
        input.name = cell;
        break;
      case 1:
        input.kana = cell;
        break;
      case 2:
        input.contact = cell;
        break;
      case 3:
        input.facility = cell;
        break;
      case 4:
        box(column, cell, input.positive);
        break;
      case 5:
        box(column, cell, input.confirmed);
        break;
      case 6:
        input.diagnosed_on = DayText(cell);
        break;
      case 7:
        box(column, cell, report);
        break;
      case 8:
        input.app = cell;
        break;
      case 9:
        input.wants = cell;
        break;
      default:
        box(column, cell, input.consent);
        break;
    }
  }
  PatientRecord record;
  // Both, whatever the first one says: all faults at once.
  const bool is_report_good = TakeReport(input, report, today, record);
  if (TakeContact(input, record) && is_report_good) {
    file.records.push_back(std::move(record));
    file.lines.push_back(line.number);
    return;
  }
  for (const Column& column : kColumns) {
    const auto fault = input.faults.find(column.field);
    if (fault == input.faults.end()) continue;
    file.faults.push_back(
        {.line = line.number, .column = column.heading, .text = fault->second});
  }
}

}  // namespace

std::string PatientFileFault::ToString() const {
  return absl::StrCat(line == 0 ? "" : absl::StrCat(line, "行目 "), column,
                      column.empty() ? "" : "：", text);
}

PatientFile ReadPatientFile(absl::string_view bytes, absl::CivilDay today) {
  PatientFile file;
  const std::optional<std::string> text = ToUtf8(bytes);
  if (!text.has_value()) {
    file.faults.push_back(
        {.line = 0,
         .column = "",
         .text = "文字コードを読み取れません（UTF-8又はShift_JIS）。"});
    return file;
  }
  const absl::string_view first_line =
      absl::string_view(*text).substr(0, text->find_first_of("\r\n"));
  LineReader reader(*text, absl::StrContains(first_line, '\t') ? '\t' : ',');
  Line line;
  std::vector<size_t> columns;
  size_t num_patients = 0;
  while (reader.Next(line)) {
    if (IsEmpty(line)) continue;
    if (columns.empty()) {
      columns = ReadHeadings(line, file);
      // Cells under headings that are none would be faults, each of them.
      if (!file.faults.empty()) return file;
      continue;
    }
    if (++num_patients > kMostPatientsOfAFile) {
      file.faults.push_back(
          {.line = line.number,
           .column = "",
           .text = absl::StrCat("一度に取り込めるのは", kMostPatientsOfAFile,
                                "人までです。")});
      return file;
    }
    ReadPatient(line, columns, today, file);
  }
  if (reader.fault.has_value()) {
    file.faults.push_back(*std::move(reader.fault));
  } else if (num_patients == 0) {
    file.faults.push_back(
        {.line = 0, .column = "", .text = "患者が1人もいません。"});
  }
  return file;
}

}  // namespace tekmatch
