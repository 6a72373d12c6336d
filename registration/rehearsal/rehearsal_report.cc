// Plan: the machine; numbers as text and JSON; the JSON; the page.
#include "registration/rehearsal/rehearsal_report.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tools/page/page.h"
#include "tools/page/plots.h"

namespace tekmatch {
namespace {

using Json = nlohmann::ordered_json;

double Rounded(double value) { return std::round(value * 1000) / 1000; }

double Seconds(absl::Duration time) {
  return Rounded(absl::ToDoubleSeconds(time));
}

Json SpreadJson(const Spread& spread, absl::Duration unit) {
  const auto in_units = [unit](absl::Duration time) {
    return Rounded(absl::FDivDuration(time, unit));
  };
  return Json{{"count", spread.count},
              {"p50", in_units(spread.p50)},
              {"p95", in_units(spread.p95)},
              {"p99", in_units(spread.p99)},
              {"max", in_units(spread.most)}};
}

std::vector<std::string> SpreadRow(const std::string& name,
                                   const Spread& spread, absl::Duration unit,
                                   const std::string& unit_name) {
  const auto in_units = [unit](absl::Duration time) {
    return absl::StrFormat("%.1f", absl::FDivDuration(time, unit));
  };
  return {absl::StrCat(name, " (", unit_name, ")"),
          absl::StrCat(spread.count),
          in_units(spread.p50),
          in_units(spread.p95),
          in_units(spread.p99),
          in_units(spread.most)};
}

struct Target {
  std::string name;
  double aim = 0;
  double reached = 0;
  bool met = false;
};

std::vector<Target> TargetsOf(const RehearsalOutcome& outcome) {
  std::vector<Target> targets;
  const Figures& figures = outcome.figures;
  if (outcome.config.target_put_p99_ms > 0) {
    const double p99 = absl::ToDoubleMilliseconds(figures.put_right.p99);
    const double aim = outcome.config.target_put_p99_ms;
    targets.push_back({.name = "put_p99_ms",
                       .aim = aim,
                       .reached = Rounded(p99),
                       .met = p99 < aim});
  }
  if (outcome.config.target_registrations_per_real_hour > 0) {
    const double rate = std::max(figures.best_ten_minutes_per_real_hour,
                                 figures.registering_real < absl::Minutes(10)
                                     ? figures.registrations_per_real_hour
                                     : 0);
    const double aim = outcome.config.target_registrations_per_real_hour;
    targets.push_back({.name = "registrations_per_real_hour",
                       .aim = aim,
                       .reached = Rounded(rate),
                       .met = rate >= aim});
  }
  return targets;
}

std::string Verdict(const RehearsalOutcome& outcome) {
  if (outcome.holds()) return "All invariants that were checked hold.";
  std::vector<std::string> broken;
  for (const InvariantResult& invariant : outcome.invariants) {
    if (!invariant.holds()) broken.push_back(invariant.name);
  }
  return absl::StrCat("Broken: ", absl::StrJoin(broken, ", "));
}

std::string StateOf(const InvariantResult& invariant) {
  if (!invariant.holds()) return "broken";
  return invariant.not_checked.empty() ? "holds" : "not checked";
}

std::string MachineText(const RehearsalOutcome& outcome) {
  const MachineFacts& machine = outcome.machine;
  return absl::StrCat(
      machine.processor, ", ", machine.num_processors, " processors; load ",
      absl::StrFormat("%.1f", machine.load_before), " before and ",
      absl::StrFormat("%.1f", machine.load_after),
      " after, of the rehearsal and all others on the machine.");
}

}  // namespace

MachineFacts LookAtMachine() {
  MachineFacts facts;
  facts.processor = "unknown processor";
  facts.num_processors = static_cast<int>(std::thread::hardware_concurrency());
  std::ifstream processors("/proc/cpuinfo");
  for (std::string line; std::getline(processors, line);) {
    absl::string_view rest = line;
    if (!absl::ConsumePrefix(&rest, "model name")) continue;
    facts.processor = std::string(
        absl::StripAsciiWhitespace(rest.substr(rest.find(':') + 1)));
    break;
  }
  std::ifstream load("/proc/loadavg");
  load >> facts.load_after;
  facts.load_before = facts.load_after;
  return facts;
}

bool RehearsalOutcome::holds() const {
  return std::all_of(
      invariants.begin(), invariants.end(),
      [](const InvariantResult& invariant) { return invariant.holds(); });
}

Json ReportJson(const RehearsalOutcome& outcome) {
  const Figures& f = outcome.figures;
  const absl::Duration ms = absl::Milliseconds(1);
  const absl::Duration minute = absl::Minutes(1);
  Json json;
  json["name"] = outcome.config.name;
  json["holds"] = outcome.holds();
  json["machine"] = {{"processor", outcome.machine.processor},
                     {"processors", outcome.machine.num_processors},
                     {"load_before", outcome.machine.load_before},
                     {"load_after", outcome.machine.load_after}};
  json["speed"] = outcome.config.speed;
  json["real_seconds"] = Seconds(outcome.took_real);
  json["longest_lag_ms"] =
      Rounded(absl::ToDoubleMilliseconds(outcome.longest_lag));
  json["remarks"] = outcome.remarks;
  Json invariants = Json::array();
  for (const InvariantResult& invariant : outcome.invariants) {
    invariants.push_back({{"name", invariant.name},
                          {"state", StateOf(invariant)},
                          {"checked", invariant.num_checked},
                          {"broken", invariant.num_broken},
                          {"examples", invariant.examples},
                          {"not_checked", invariant.not_checked}});
  }
  json["invariants"] = std::move(invariants);
  Json targets = Json::array();
  for (const Target& target : TargetsOf(outcome)) {
    targets.push_back({{"name", target.name},
                       {"aim", target.aim},
                       {"reached", target.reached},
                       {"met", target.met}});
  }
  json["targets"] = std::move(targets);
  json["persons"] = {
      {"all", f.num_persons},
      {"ends", f.ends},
      {"locked_out", f.locked_out},
      {"minutes_to_register", SpreadJson(f.registered_after, minute)}};
  json["messages"] = {{"issued", f.issued},
                      {"reissued", f.reissued},
                      {"sent", f.sent},
                      {"arrived", f.arrived},
                      {"redeemed", f.redeemed},
                      {"expired", f.expired},
                      {"sms_queue_minutes", SpreadJson(f.sms_queue, minute)},
                      {"mail_queue_minutes", SpreadJson(f.mail_queue, minute)}};
  json["requests"] = {{"right_ms", SpreadJson(f.put_right, ms)},
                      {"wrong_ms", SpreadJson(f.put_wrong, ms)},
                      {"attacker_ms", SpreadJson(f.put_attacker, ms)},
                      {"unanswered", f.puts_unanswered},
                      {"busy", f.puts_busy},
                      {"sent_again", f.put_retries},
                      {"refusals", f.refusals}};
  json["throughput"] = {
      {"registering_real_seconds", Seconds(f.registering_real)},
      {"registrations_per_real_hour", Rounded(f.registrations_per_real_hour)},
      {"best_ten_minutes_per_real_hour",
       Rounded(f.best_ten_minutes_per_real_hour)},
      {"keys_accepted", f.keys_accepted},
      {"keys_per_real_hour", Rounded(f.keys_per_real_hour)}};
  json["publication"] = {
      {"minutes_to_published", SpreadJson(f.registered_to_published, minute)},
      {"minutes_to_notice", SpreadJson(f.registered_to_notice, minute)},
      {"oldest_unpublished_minutes",
       Rounded(absl::ToDoubleMinutes(f.oldest_unpublished))}};
  json["guessing"] = {{"guesses", f.guesses},
                      {"hits", f.guess_hits},
                      {"mistyped", f.mistyped},
                      {"passed_on", f.passed_on},
                      {"most_wrong_an_hour", f.most_wrong_an_hour},
                      {"wrong_share", Rounded(f.wrong_rate)},
                      {"most_live", f.most_live},
                      {"hit_probability", f.hit_probability}};
  Json recovery = Json::object();
  for (const auto& [role, spread] : f.recovery) {
    recovery[role] = SpreadJson(spread, ms);
  }
  json["kills"] = {{"recovery_ms", std::move(recovery)},
                   {"issues_sent_again", f.issue_retries}};
  json["alarms"] = {{"hersys", outcome.num_alarms_hersys},
                    {"server", outcome.num_alarms_server}};
  return json;
}

namespace {

PageTable InvariantsTable(const RehearsalOutcome& outcome) {
  PageTable table;
  table.caption = "Invariants";
  table.header = {"what has to hold", "state", "broken", "checked"};
  table.num_text_columns = 2;
  table.rows.reserve(outcome.invariants.size());
  for (const InvariantResult& invariant : outcome.invariants) {
    table.rows.push_back({invariant.name, StateOf(invariant),
                          absl::StrCat(invariant.num_broken),
                          absl::StrCat(invariant.num_checked)});
  }
  return table;
}

PageTable PersonsTable(const Figures& f) {
  PageTable table;
  table.caption = "How each person's story ended";
  table.header = {"end", "persons"};
  table.rows.reserve(f.ends.size() + 1);
  for (const auto& [end, count] : f.ends) {
    table.rows.push_back({end, absl::StrCat(count)});
  }
  table.rows.push_back({"locked out of all", absl::StrCat(f.locked_out)});
  return table;
}

PageTable CountsTable(const RehearsalOutcome& outcome) {
  const Figures& f = outcome.figures;
  PageTable table;
  table.caption = "Counts";
  table.header = {"what", "count"};
  const std::vector<std::pair<std::string, int64_t>> counts = {
      {"numbers issued first", f.issued},
      {"numbers issued again", f.reissued},
      {"messages that reached a gateway", f.sent},
      {"messages that arrived", f.arrived},
      {"numbers redeemed", f.redeemed},
      {"numbers typed rightly and refused", f.expired},
      {"numbers mistyped", f.mistyped},
      {"numbers passed on and tried again", f.passed_on},
      {"guesses of an attacker", f.guesses},
      {"guesses that hit", f.guess_hits},
      {"most wrong numbers in an hour", f.most_wrong_an_hour},
      {"most live numbers", f.most_live},
      {"keys accepted", f.keys_accepted},
      {"requests without an answer", f.puts_unanswered},
      {"requests answered with 429 or 503", f.puts_busy},
      {"requests sent again", f.put_retries},
      {"presses of the button sent again", f.issue_retries},
      {"alarms in the management system's log", outcome.num_alarms_hersys},
      {"alarms in the server's log", outcome.num_alarms_server}};
  table.rows.reserve(counts.size());
  for (const auto& [name, count] : counts) {
    table.rows.push_back({name, absl::StrCat(count)});
  }
  return table;
}

PageTable TimesTable(const Figures& f) {
  const absl::Duration ms = absl::Milliseconds(1);
  const absl::Duration minute = absl::Minutes(1);
  PageTable table;
  table.caption =
      "Times: minutes of the day's clock, milliseconds of the machine's";
  table.header = {"what", "count", "p50", "p95", "p99", "max"};
  table.rows = {
      SpreadRow("button to SMS gateway", f.sms_queue, minute, "min"),
      SpreadRow("button to mail server", f.mail_queue, minute, "min"),
      SpreadRow("button to registered", f.registered_after, minute, "min"),
      SpreadRow("registered to published", f.registered_to_published, minute,
                "min"),
      SpreadRow("registered to notice", f.registered_to_notice, minute, "min"),
      SpreadRow("PUT with a right number", f.put_right, ms, "ms"),
      SpreadRow("PUT with a wrong number", f.put_wrong, ms, "ms"),
      SpreadRow("PUT of others", f.put_attacker, ms, "ms")};
  for (const auto& [role, spread] : f.recovery) {
    table.rows.push_back(
        SpreadRow(absl::StrCat(role, " killed to ready"), spread, ms, "ms"));
  }
  return table;
}

std::vector<std::string> StepNames(const Figures& f) {
  std::vector<std::string> names;
  names.reserve(f.steps.size());
  for (size_t i = 0; i < f.steps.size(); ++i) {
    const int64_t minutes =
        absl::ToInt64Minutes(f.step) * static_cast<int64_t>(i);
    names.push_back(absl::StrFormat("%d:%02d", minutes / 60, minutes % 60));
  }
  return names;
}

void AddPlots(const Figures& f, Page& page) {
  BarPlot registered;
  registered.text = {.id = "registered",
                     .title = "Registrations",
                     .description =
                         "How many people registered in each step "
                         "of the day.",
                     .source = "answers 200, by the day's clock",
                     .unit = "registrations",
                     .table = "Numbers",
                     .nothing = "Nobody registered."};
  registered.category = "since the begin";
  registered.categories = StepNames(f);
  BarPlot queue;
  queue.text = {.id = "queue",
                .title = "Age of messages",
                .description =
                    "How long the oldest message that was sent in "
                    "each step had waited since the button.",
                .source = "the gateways, by the day's clock",
                .unit = "minutes",
                .table = "Numbers",
                .nothing = "No message waited for a minute."};
  queue.category = "since the begin";
  queue.categories = registered.categories;
  // A number that had been made at the button would be over by then.
  queue.mark = BarPlot::Mark{.value = 60, .name = "an hour"};
  Series counts = {.name = "registrations", .values = {}};
  Series ages = {.name = "minutes", .values = {}};
  counts.values.reserve(f.steps.size());
  ages.values.reserve(f.steps.size());
  for (const DayStep& step : f.steps) {
    counts.values.push_back(static_cast<uint64_t>(step.registered));
    ages.values.push_back(static_cast<uint64_t>(
        std::max<int64_t>(0, absl::ToInt64Minutes(step.oldest_in_queue))));
  }
  registered.series = {std::move(counts)};
  queue.series = {std::move(ages)};
  page.Append(BarFigure(registered));
  page.Append(BarFigure(queue));
}

}  // namespace

std::string ReportPage(const RehearsalOutcome& outcome) {
  const Figures& f = outcome.figures;
  Page page("en", absl::StrCat("Rehearsal ", outcome.config.name));
  page.Notice(Verdict(outcome));
  page.Paragraph(MachineText(outcome));
  page.Paragraph(absl::StrCat(
      "The day's clock ran ", outcome.config.speed,
      " times as fast as the machine's; the rehearsal took ",
      absl::StrFormat("%.0f", absl::ToDoubleSeconds(outcome.took_real)),
      " seconds. Tasks of the plan began at most ",
      absl::StrFormat("%.0f", absl::ToDoubleMilliseconds(outcome.longest_lag)),
      " ms late."));
  for (const std::string& remark : outcome.remarks) page.Paragraph(remark);
  page.Heading("What had to hold");
  page.Append(TableHtml(InvariantsTable(outcome)));
  for (const InvariantResult& invariant : outcome.invariants) {
    for (const std::string& example : invariant.examples) {
      page.Paragraph(absl::StrCat(invariant.name, ": ", example));
    }
  }
  const std::vector<Target> targets = TargetsOf(outcome);
  if (!targets.empty()) {
    PageTable table;
    table.caption = "What was aimed at";
    table.header = {"what", "met", "aim", "reached"};
    table.num_text_columns = 2;
    table.rows.reserve(targets.size());
    for (const Target& target : targets) {
      table.rows.push_back({target.name, target.met ? "yes" : "no",
                            absl::StrFormat("%.0f", target.aim),
                            absl::StrFormat("%.1f", target.reached)});
    }
    page.Subheading("Aims");
    page.Append(TableHtml(table));
  }
  page.Heading("The day");
  AddPlots(f, page);
  page.Subheading("People");
  page.Append(TableHtml(PersonsTable(f)));
  page.Subheading("Times");
  page.Append(TableHtml(TimesTable(f)));
  page.Subheading("Counts");
  page.Append(TableHtml(CountsTable(outcome)));
  page.Paragraph(absl::StrFormat(
      "Registrations an hour of the machine's clock: %.0f over all, %.0f in "
      "the best ten minutes (0: it was shorter); keys an hour: %.0f. With the "
      "most live numbers and the most wrong ones in an hour, a guess hit with "
      "a probability of %.2g in that hour.",
      f.registrations_per_real_hour, f.best_ten_minutes_per_real_hour,
      f.keys_per_real_hour, f.hit_probability));
  return std::move(page).Finish();
}

std::string ReportText(const RehearsalOutcome& outcome) {
  const Figures& f = outcome.figures;
  std::string text = absl::StrFormat(
      "%s: %d persons, %d registered, %d locked out, %d keys, %.0f s\n"
      "PUT with a right number: p50 %.0f ms, p95 %.0f ms, p99 %.0f ms; %.0f "
      "registrations an hour\n"
      "SMS queue: p50 %.0f min, p95 %.0f min, max %.0f min\n",
      outcome.config.name, f.num_persons, f.redeemed, f.locked_out,
      f.keys_accepted, absl::ToDoubleSeconds(outcome.took_real),
      absl::ToDoubleMilliseconds(f.put_right.p50),
      absl::ToDoubleMilliseconds(f.put_right.p95),
      absl::ToDoubleMilliseconds(f.put_right.p99),
      f.registrations_per_real_hour, absl::ToDoubleMinutes(f.sms_queue.p50),
      absl::ToDoubleMinutes(f.sms_queue.p95),
      absl::ToDoubleMinutes(f.sms_queue.most));
  for (const InvariantResult& invariant : outcome.invariants) {
    absl::StrAppend(&text, StateOf(invariant), ": ", invariant.name, " (",
                    invariant.num_checked, ")\n");
    for (const std::string& example : invariant.examples) {
      absl::StrAppend(&text, "  ", example, "\n");
    }
  }
  return absl::StrCat(text, Verdict(outcome));
}

}  // namespace tekmatch
