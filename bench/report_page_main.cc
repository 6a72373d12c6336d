// bazel run //bench:report_page < DESCRIPTION > PAGE
//
// Writes the page that a description (report_page.h) on stdin asks for to
// stdout. Exit status 1 where it is none.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "bench/report_page.h"

int main() {
  const std::string description{std::istreambuf_iterator<char>(std::cin),
                                std::istreambuf_iterator<char>()};
  const absl::StatusOr<std::string> page = tekmatch::ReportPage(description);
  if (!page.ok()) {
    std::fprintf(stderr, "report_page: %s\n", page.status().ToString().c_str());
    return 1;
  }
  std::cout << *page << std::flush;
  return std::cout.good() ? 0 : 1;
}
