// What the page of `tekmatch log --html` says, in each language. $0, $1 and so
// on are what absl::Substitute puts there.
#ifndef TEKMATCH_TOOLS_COMMANDS_CMD_LOG_PAGE_WORDS_H_
#define TEKMATCH_TOOLS_COMMANDS_CMD_LOG_PAGE_WORDS_H_

#include "absl/strings/string_view.h"
#include "tools/report/run_remarks.h"

namespace tekmatch {

struct LogPageWords {
  absl::string_view language;
  absl::string_view title;
  absl::string_view summary;  // checks, hashes, found, exports given
  absl::string_view from_to;  // first and last check, zone
  absl::string_view not_contacts;
  absl::string_view saw;
  absl::string_view saw_nothing;
  absl::string_view says_nothing;
  absl::string_view heard;
  absl::string_view keys_heard;
  absl::string_view meaning;
  absl::string_view on_the_day;
  absl::string_view several_days;
  absl::string_view of_no_file;
  absl::string_view not_here;
  absl::string_view by_key_day;
  absl::string_view by_key_day_is;
  absl::string_view by_key_day_from;
  absl::string_view no_key_day;
  absl::string_view key_day;
  absl::string_view keys;
  absl::string_view when;
  absl::string_view no_times;
  absl::string_view heat;
  absl::string_view heat_is;
  absl::string_view checks;
  absl::string_view num_checks;
  absl::string_view day;
  absl::string_view source;      // zone
  absl::string_view source_cut;  // zone, days
  absl::string_view given;
  absl::string_view given_is;
  absl::string_view files;
  absl::string_view with_match;
  absl::string_view without_match;
  absl::string_view not_noted;
  absl::string_view gaps;
  absl::string_view no_gaps;
  absl::string_view from;
  absl::string_view to;
  absl::string_view hours;
  absl::string_view which;
  absl::string_view of_checks;
  absl::string_view without_hash;  // entries
  absl::string_view differ;        // hashes
  absl::string_view hashes;
  absl::string_view hash;
  absl::string_view first;
  absl::string_view last;
  absl::string_view key_days;
  absl::string_view file;
  absl::string_view counts;
  absl::string_view agree;
  absl::string_view do_not_agree;
  absl::string_view keys_logged;
  absl::string_view keys_in_file;
  absl::string_view matches_logged;
  absl::string_view matches_found;
  absl::string_view not_in_log;
  absl::string_view numbers;
};

const LogPageWords& LogPageWordsOf(Language language);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_CMD_LOG_PAGE_WORDS_H_
