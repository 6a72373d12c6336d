// Plan: a reader of members that have to be there, over JsonFields; the objects
// of the file in their order; what fields say of one another.
#include "registration/rehearsal/rehearsal_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "keyformat/status_macros.h"
#include "matcher/exposure/json_fields.h"

namespace tekmatch {
namespace {

using nlohmann::json;

constexpr int kMostMinutes = 14 * 24 * 60;
constexpr int kMostInAStep = 100'000;
constexpr size_t kMostSteps = 1000;
constexpr size_t kMostFaults = 100;
// A rehearsal keeps all of them in memory.
constexpr int kMostPersons = 200'000;

// Members that have to be there.
class Members {
 public:
  Members(const json& object, const std::string& prefix)
      : fields_(object, prefix) {}

  bool IsThere(const char* name) {
    if (fields_.Find(name) != nullptr) return true;
    fields_.Fail(name, "is missing");
    return false;
  }
  void Integer(const char* name, int low, int high, int& value) {
    if (IsThere(name)) fields_.Integer(name, low, high, value);
  }
  void Number(const char* name, double low, double high, double& value) {
    if (IsThere(name)) fields_.Number(name, low, high, value);
  }
  void Share(const char* name, double& value) { Number(name, 0, 1, value); }
  void Boolean(const char* name, bool& value) {
    if (IsThere(name)) fields_.Boolean(name, value);
  }
  void String(const char* name, std::string& value) {
    if (IsThere(name)) fields_.String(name, value);
  }
  template <typename T>
  void Choice(const char* name,
              const std::vector<std::pair<const char*, T>>& choices, T& value) {
    if (IsThere(name)) fields_.Choice(name, choices, value);
  }
  // An object inside this one.
  template <typename F>
  void Object(const char* name, const F& read) {
    if (!IsThere(name)) return;
    const json& object = *fields_.Find(name);
    if (!object.is_object()) return fields_.Fail(name, "not an object");
    Members members(object, absl::StrCat(name, "."));
    read(members);
    fields_.Merge(members.Finish());
  }
  // An array of objects.
  template <typename F>
  void Objects(const char* name, const F& read) {
    if (!IsThere(name)) return;
    const json& array = *fields_.Find(name);
    if (!array.is_array() || array.size() > kMostFaults) {
      return fields_.Fail(
          name, absl::StrCat("not an array of at most ", kMostFaults));
    }
    for (size_t i = 0; i < array.size(); ++i) {
      if (!array[i].is_object()) return fields_.Fail(name, "not of objects");
      Members members(array[i], absl::StrCat(name, "[", i, "]."));
      read(members);
      fields_.Merge(members.Finish());
    }
  }
  const json* Find(const char* name) { return fields_.Find(name); }
  void Fail(const std::string& name, const std::string& reason) {
    fields_.Fail(name, reason);
  }
  absl::Status Finish() { return fields_.Finish(); }

 private:
  JsonFields fields_;
};

void ReadIssues(Members& m, RehearsalConfig& c) {
  m.Integer("step_minutes", 1, 24 * 60, c.step_minutes);
  if (m.IsThere("per_step")) {
    const json& steps = *m.Find("per_step");
    const auto is_count = [](const json& n) {
      return n.is_number_integer() && n >= 0 && n <= kMostInAStep;
    };
    if (!steps.is_array() || steps.empty() || steps.size() > kMostSteps ||
        !std::all_of(steps.begin(), steps.end(), is_count)) {
      m.Fail("per_step", absl::StrCat("not 1 to ", kMostSteps,
                                      " integers in 0..", kMostInAStep));
    } else {
      c.issues_per_step = steps.get<std::vector<int>>();
    }
  }
  m.Boolean("by_page", c.issue_by_page);
  m.Share("mail_share", c.mail_share);
}

void ReadGateway(Members& m, RehearsalConfig& c) {
  m.Integer("sms_per_hour", 0, 10'000'000, c.sms_per_hour);
  m.Number("delay_median_minutes", 0.01, kMostMinutes,
           c.sms_delay_median_minutes);
  m.Number("delay_sigma", 0, 3, c.sms_delay_sigma);
  m.Integer("life_minutes", 1, 24 * 60, c.life_minutes);
  std::vector<std::pair<const char*, std::string>> names;
  names.reserve(3);
  for (const char* name : {"handover", "issue", "delivery"}) {
    names.emplace_back(name, name);
  }
  m.Choice("life_from", names, c.life_from);
}

void ReadPersons(Members& m, RehearsalConfig& c) {
  m.Integer("wait_least_minutes", 0, kMostMinutes, c.wait_least_minutes);
  m.Integer("wait_median_minutes", 1, kMostMinutes, c.wait_median_minutes);
  m.Integer("wait_most_minutes", 1, kMostMinutes, c.wait_most_minutes);
  m.Share("mistype", c.mistype);
  m.Share("full_width", c.full_width);
  m.Share("double_tap", c.double_tap);
  m.Share("never", c.never);
  m.Share("installed_late", c.installed_late);
  m.Share("pass_on", c.pass_on);
  m.Share("by_page", c.by_page);
}

void ReadSpans(Members& m, const char* name, std::vector<FaultSpan>& spans) {
  m.Objects(name, [&spans](Members& span) {
    FaultSpan& read = spans.emplace_back();
    span.Integer("at_minute", 0, kMostMinutes, read.at_minute);
    span.Integer("minutes", 1, kMostMinutes, read.minutes);
  });
}

void ReadFaults(Members& m, RehearsalConfig& c) {
  m.Integer("kill_every_real_seconds", 0, 3600, c.kill_every_real_seconds);
  ReadSpans(m, "gateway_errors", c.gateway_errors);
  ReadSpans(m, "gateway_hangs", c.gateway_hangs);
  ReadSpans(m, "disk_full", c.disk_full);
  m.Objects("clock_steps", [&c](Members& step) {
    ClockStep& read = c.clock_steps.emplace_back();
    step.Integer("at_minute", 0, kMostMinutes, read.at_minute);
    step.Integer("minutes", -24 * 60, 24 * 60, read.minutes);
  });
  m.Choice<PlantedFault>(
      "planted",
      {{"none", PlantedFault::kNone},
       {"secret_in_log", PlantedFault::kSecretInLog},
       {"key_in_no_export", PlantedFault::kKeyInNoExport},
       {"number_twice", PlantedFault::kNumberTwice},
       {"unexpected_contact", PlantedFault::kUnexpectedContact}},
      c.planted);
}

// Ascending; empty: one of them is no time of the day.
std::vector<absl::Duration> ParseSlots(const std::string& text) {
  std::vector<absl::Duration> slots;
  for (const absl::string_view slot : absl::StrSplit(text, ',')) {
    int hours = 0;
    int minutes = 0;
    if (slot.size() != 5 || slot[2] != ':' ||
        !absl::ascii_isdigit(static_cast<unsigned char>(slot[0])) ||
        !absl::ascii_isdigit(static_cast<unsigned char>(slot[3])) ||
        !absl::SimpleAtoi(slot.substr(0, 2), &hours) ||
        !absl::SimpleAtoi(slot.substr(3), &minutes) || hours > 23 ||
        minutes > 59) {
      return {};
    }
    slots.push_back(absl::Hours(hours) + absl::Minutes(minutes));
  }
  std::sort(slots.begin(), slots.end());
  return slots;
}

absl::Status CheckTogether(const RehearsalConfig& c) {
  if (c.wait_least_minutes > c.wait_median_minutes ||
      c.wait_median_minutes > c.wait_most_minutes) {
    return absl::InvalidArgumentError(
        "persons.wait_median_minutes: not between the least and the most");
  }
  if (c.NumPersons() < 1 || c.NumPersons() > kMostPersons) {
    return absl::InvalidArgumentError(
        absl::StrCat("issues.per_step: not 1 to ", kMostPersons, " in all"));
  }
  // Each of them ends a person's story.
  if (c.never + c.installed_late > 1) {
    return absl::InvalidArgumentError(
        "persons.never: with installed_late more than 1");
  }
  if (ParseSlots(c.slots).empty()) {
    return absl::InvalidArgumentError(
        "publish.slots: no times such as 03:00,15:00");
  }
  if (c.sightings < c.met_keys) {
    return absl::InvalidArgumentError(
        "contacts.sightings: fewer than met_keys");
  }
  return absl::OkStatus();
}

}  // namespace

int RehearsalConfig::NumPersons() const {
  // Not int: the sum of all that is allowed fits, but only just.
  const int64_t sum = std::accumulate(issues_per_step.begin(),
                                      issues_per_step.end(), int64_t{0});
  return static_cast<int>(sum);
}

std::vector<absl::Duration> SlotsOf(const RehearsalConfig& config) {
  return ParseSlots(config.slots);
}

absl::StatusOr<RehearsalConfig> ParseRehearsalConfig(absl::string_view text) {
  TEKMATCH_ASSIGN_OR_RETURN(const json object, ParseJsonObject(text));
  RehearsalConfig c;
  Members m(object, "");
  m.String("name", c.name);
  m.Integer("seed", 0, 1'000'000'000, c.seed);
  m.Integer("speed", 1, 3600, c.speed);
  m.Integer("longest_real_seconds", 1, 24 * 3600, c.longest_real_seconds);
  m.Object("issues", [&c](Members& o) { ReadIssues(o, c); });
  m.Object("gateway", [&c](Members& o) { ReadGateway(o, c); });
  m.Object("persons", [&c](Members& o) { ReadPersons(o, c); });
  m.Object("attacker", [&c](Members& o) {
    o.Integer("guesses_per_hour", 0, 1'000'000, c.guesses_per_hour);
    o.Integer("addresses", 1, 60'000, c.addresses);
    o.Integer("wrong_per_hour", 0, 1'000'000, c.wrong_per_hour);
  });
  m.Object("faults", [&c](Members& o) { ReadFaults(o, c); });
  m.Object("contacts", [&c](Members& o) {
    o.Integer("phones", 0, 1000, c.phones);
    o.Integer("met_keys", 0, 1'000'000, c.met_keys);
    o.Integer("sightings", 0, 10'000'000, c.sightings);
    o.Integer("fetch_every_minutes", 1, kMostMinutes, c.fetch_every_minutes);
  });
  m.Object("publish", [&c](Members& o) { o.String("slots", c.slots); });
  m.Object("targets", [&c](Members& o) {
    o.Integer("put_p99_ms", 0, 60'000, c.target_put_p99_ms);
    o.Integer("registrations_per_real_hour", 0, 10'000'000,
              c.target_registrations_per_real_hour);
  });
  TEKMATCH_RETURN_IF_ERROR(m.Finish());
  TEKMATCH_RETURN_IF_ERROR(CheckTogether(c));
  return c;
}

}  // namespace tekmatch
