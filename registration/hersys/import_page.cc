// Plan: the page; the file, read; what it has, taken.
#include "registration/hersys/import_page.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "keyformat/status_macros.h"
#include "registration/service/web_form.h"

namespace tekmatch {
namespace {

constexpr char kByImport[] = "import";  // HersysStore's `origin`
// More of them help nobody.
constexpr size_t kMostFaultsShown = 200;

}  // namespace

HttpResponse ImportPage(const PageVisit& visit, absl::string_view rows,
                        const std::vector<PatientFileFault>& faults,
                        int64_t num_taken) {
  WebPage page = BeginPage(visit, "CSV取込", "/import");
  if (num_taken > 0) {
    page.Notice(absl::StrCat(num_taken, "人を取り込みました。"));
  }
  if (!faults.empty()) {
    page.Alert(absl::StrCat("誤りが", faults.size(),
                            "件あります。1人も取り込んでいません。"));
    std::vector<std::string> items;
    items.reserve(std::min(faults.size(), kMostFaultsShown) + 1);
    for (const PatientFileFault& fault : faults) {
      if (items.size() == kMostFaultsShown) {
        items.push_back(
            absl::StrCat("ほか", faults.size() - kMostFaultsShown, "件"));
        break;
      }
      items.push_back(fault.ToString());
    }
    page.List(items);
  }
  page.Paragraph(
      "1行目は見出しです。使える見出し：氏名、フリガナ、連絡先、外来機関、"
      "検査陽性、確定例、診断年月日、報告、アプリ利用、登録希望、同意。"
      "空欄は後から入力できます。誤りが1件でもあれば、1人も取り込みません。");
  WebForm form("/import", visit.session.token);
  form.File({.name = "file",
             .label = "CSVファイル",
             .hint = "UTF-8又はShift_JIS、5,000人まで",
             .fault = ""},
            ".csv,.txt,text/csv");
  TextField area;
  area.text = {.name = "rows",
               .label = "又は表の貼り付け",
               .hint = "ファイルを選ばないときは、こちらを取り込みます。",
               .fault = ""};
  // A browser sends CR and LF; alone, an LF is the same to it and to us.
  area.value = absl::StrReplaceAll(rows, {{"\r\n", "\n"}});
  area.autocomplete = "off";
  form.Area(area, 8);
  form.Button("取込");
  page.Append(std::move(form).Finish());
  return EndPage(std::move(page), visit, faults.empty() ? 200 : 422);
}

PatientFile ReadImport(const PageVisit& visit, const FormData& form) {
  // A browser sends an empty file where none was chosen.
  const absl::string_view bytes =
      form.Get("file").empty() ? form.Get("rows") : form.Get("file");
  return ReadPatientFile(bytes, JapanDay(visit.now));
}

absl::Status TakePatients(HersysStore& store, const PageVisit& visit,
                          PatientFile& file) {
  if (!file.faults.empty()) return absl::OkStatus();
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<size_t> known,
                            store.FindKnown(visit.who.centre, file.records));
  for (const size_t i : known) {
    file.faults.push_back(
        {.line = file.lines[i],
         .column = "",
         .text = file.records[i].contact.empty()
                     ? "同じ氏名、フリガナ、診断年月日の患者がすでにいます。"
                       "別の人であれば、連絡先を入力してください。"
                     : "同じ氏名と連絡先の患者がすでにいます。"});
  }
  if (!file.faults.empty()) return absl::OkStatus();
  return store
      .AddPatients(visit.who.centre, file.records, kByImport, visit.now,
                   visit.who.id)
      .status();
}

}  // namespace tekmatch
