#include "bench/measure.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

double SecondsOf(absl::FunctionRef<void()> work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

double Quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] +
         (values[above] - values[below]) * (place - static_cast<double>(below));
}

std::string DescribeMachine() {
  std::string processor = "unknown processor";
  std::string model;
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    const auto value = [&line] {
      return std::string(
          absl::StripAsciiWhitespace(line.substr(line.find(':') + 1)));
    };
    if (line.starts_with("model name")) processor = value();
    if (line.starts_with("cpu family"))
      absl::StrAppend(&model, "family ", value());
    if (line.starts_with("model\t"))
      absl::StrAppend(&model, " model ", value());
    if (line.empty()) break;  // the first core is enough
  }
  return absl::StrCat(processor, model.empty() ? "" : ", ", model, ", ",
                      std::thread::hardware_concurrency(), " cores, compiler ",
                      __VERSION__);
}

absl::StatusOr<double> MeasureCeiling(const Ceiling& ceiling) {
  if (!ceiling.available) {
    return absl::FailedPreconditionError(
        absl::StrCat("this machine lacks ", ceiling.name));
  }
  constexpr uint64_t kRounds = 500'000;
  std::array<uint32_t, kCeilingChains> chains{};
  std::array<uint32_t, kCeilingChains> again{};
  // The clock has time to rise.
  ceiling.run(kRounds, again.data());
  const double seconds =
      SecondsOf([&] { ceiling.run(kRounds, chains.data()); });
  if (chains != again) {
    return absl::InternalError(absl::StrCat(ceiling.name, ": wrong result"));
  }
  return static_cast<double>(kRounds * kCeilingChains) / seconds;
}

}  // namespace tekmatch
