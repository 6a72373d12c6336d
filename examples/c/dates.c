/* On which days was the owner of a phone in contact with somebody of an export?
 *
 *   dates EXPORT KEY_ID KEY_VERSION PUBLIC_KEY.pem NOW < SIGHTINGS
 *
 * A sighting is a line "unix_seconds,rpi,aem,rssi"; other lines are counted.
 * Dates are Japan's, and the rules are those of COCOA. An app asks its clock
 * instead of taking NOW (seconds since 1970). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tekmatch.h>

#include "read.h"

/* Says what was found, in the order in which to ask. */
static int tell(const tekmatch_result* result, uint64_t num_bad) {
  tekmatch_counts counts;
  tekmatch_file file;
  tekmatch_status status;
  size_t num_days = 0;
  memset(&counts, 0, sizeof(counts));
  counts.struct_size = sizeof(counts);
  memset(&file, 0, sizeof(file));
  file.struct_size = sizeof(file);
  status = tekmatch_result_counts(&counts, result, message, sizeof(message));
  if (status != TEKMATCH_OK) return fail(status);
  status = tekmatch_result_file(&file, result, 0, message, sizeof(message));
  if (status != TEKMATCH_OK) return fail(status);
  if (!counts.complete) {
    fprintf(stderr, "%s: %s\n", file.name, file.reason);
    return 1;
  }
  status = tekmatch_result_compared(result, num_bad, message, sizeof(message));
  if (status != TEKMATCH_OK) return fail(status);
  printf("%" PRIu64 " keys of a file that is %s, %" PRIu64
         " of the days of %" PRIu64 " sightings (%" PRIu64
         " more lines are none)\n",
         counts.num_keys, file.verdict, counts.num_compared_keys,
         counts.num_sightings, num_bad);

  status =
      tekmatch_result_days(NULL, &num_days, result, message, sizeof(message));
  if (status != TEKMATCH_OK) return fail(status);
  tekmatch_day* days = calloc(num_days + 1, sizeof(*days));
  if (days == NULL) return 1;
  status =
      tekmatch_result_days(days, &num_days, result, message, sizeof(message));
  for (size_t i = 0; status == TEKMATCH_OK && i < num_days; ++i) {
    printf("%04d-%02d-%02d: %" PRId64 " minutes%s\n", days[i].date.year,
           days[i].date.month, days[i].date.day, days[i].seconds / 60,
           days[i].alerting ? ", alert" : "");
  }
  free(days);
  return status == TEKMATCH_OK ? 0 : fail(status);
}

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  if (!tekmatch_is_compatible(TEKMATCH_VERSION_NUMBER)) return 2;
  int code = 1;
  size_t num_sightings = 0;
  uint64_t num_bad = 0;
  tekmatch_trust* trust = NULL;
  tekmatch_index* index = NULL;
  tekmatch_result* result = NULL;
  tekmatch_sighting* sightings =
      read_sightings(stdin, &num_sightings, &num_bad);
  tekmatch_status status = trust_one_key(&trust, argv[2], argv[3], argv[4]);
  if (status == TEKMATCH_OK) {
    status = tekmatch_index_create(&index, sightings, num_sightings, message,
                                   sizeof(message));
  }
  free(sightings);
  if (status == TEKMATCH_OK) {
    tekmatch_source source;
    tekmatch_check_options options;
    memset(&source, 0, sizeof(source));
    source.name = argv[1];
    memset(&options, 0, sizeof(options));
    options.struct_size = sizeof(options);
    options.now = strtoll(argv[5], NULL, 10);
    options.policy = "cocoa-3";
    options.policy_zone = options.zone = "Asia/Tokyo";
    options.config = "cocoa";
    status = tekmatch_check(&result, index, trust, &source, 1, &options,
                            message, sizeof(message));
  }
  code = status == TEKMATCH_OK ? tell(result, num_bad) : fail(status);
  tekmatch_result_destroy(result);
  tekmatch_index_destroy(index);
  tekmatch_trust_destroy(trust);
  return code;
}
