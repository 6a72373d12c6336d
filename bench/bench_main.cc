// Google Benchmark's main, except that a wrong answer is a failure: exits with
// 1 when a benchmark ended in an error (SkipWithError), or none ran.
#include <vector>

#include "benchmark/benchmark.h"

namespace {

class StrictReporter : public benchmark::ConsoleReporter {
 public:
  // Colours only where a person looks on.
  StrictReporter() : ConsoleReporter(OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) failed_ = failed_ || run.error_occurred;
    ConsoleReporter::ReportRuns(runs);
  }
  bool failed() const { return failed_; }

 private:
  bool failed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  StrictReporter reporter;
  const size_t num_run = benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  return num_run > 0 && !reporter.failed() ? 0 : 1;
}
