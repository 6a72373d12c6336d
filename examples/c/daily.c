/* What an app does day after day: it adds what it heard to a store, and checks
 * the exports that are new.
 *
 *   daily FOLDER KEY_ID KEY_VERSION PUBLIC_KEY.pem NOW EXPORT... < SIGHTINGS
 *   daily FOLDER     forgets everything
 *
 * Sightings, dates and rules as in dates.c. */
#include <signal.h>

#include "read.h"

/* From the callback of a scan, as often as one likes. */
static tekmatch_status add_scan(tekmatch_store* store,
                                const tekmatch_sighting* sightings, size_t num,
                                int64_t now) {
  return tekmatch_store_add(NULL, store, sightings, num, now, message,
                            sizeof(message));
}

/* What is damaged is set aside, never emptied. */
static tekmatch_status open_store(tekmatch_store** store, const char* folder) {
  tekmatch_store_options options = {.struct_size = sizeof(options),
                                    .flags = TEKMATCH_STORE_CREATE};
  tekmatch_status status =
      tekmatch_store_open(store, folder, &options, message, sizeof(message));
  if (status != TEKMATCH_DATA_LOSS) return status;
  status = tekmatch_store_set_aside(folder, message, sizeof(message));
  if (status != TEKMATCH_OK) return status;
  return tekmatch_store_open(store, folder, &options, message, sizeof(message));
}

/* Both are called by one thread at a time, any one: they only look or tell. */
static volatile sig_atomic_t is_stopped = 0;
static int stopped(void* context) {
  (void)context;
  return is_stopped; /* the system wants an end: not 0, and the check ends */
}
static void tell_progress(void* context, uint64_t num_files,
                          uint64_t num_keys) {
  (void)num_files;
  *(uint64_t*)context = num_keys;
}
static void stop(int number) {
  (void)number;
  is_stopped = 1;
}

static tekmatch_status check(tekmatch_result** result, tekmatch_store* store,
                             const tekmatch_trust* trust,
                             const tekmatch_source* exports, size_t num_exports,
                             int64_t now, uint64_t* num_keys) {
  tekmatch_check_options options = {
      .struct_size = sizeof(options),
      .now = now,
      .policy = "cocoa-3",
      .policy_zone = "Asia/Tokyo",
      .config = "cocoa",
      .zone = "Asia/Tokyo",
      .context = num_keys,
      .progress = tell_progress,
      .cancelled = stopped,
      .num_threads = 1,
  };
  tekmatch_store_check_options limits = {.struct_size = sizeof(limits),
                                         .max_milliseconds = 20000};
  return tekmatch_store_check(result, store, trust, exports, num_exports,
                              &options, &limits, message, sizeof(message));
}

/* What became of each export; then the days. */
static tekmatch_status tell(const tekmatch_result* result) {
  tekmatch_stored stored = {.struct_size = sizeof(stored)};
  tekmatch_counts counts = {.struct_size = sizeof(counts)};
  tekmatch_day days[32];
  size_t num_days = 32;
  tekmatch_status status =
      tekmatch_result_stored(&stored, result, message, sizeof(message));
  for (size_t i = 0; status == TEKMATCH_OK && i < stored.num_given; ++i) {
    static const char* const names[] = {"PROCESSED", "KNOWN", "REFUSED",
                                        "NOT_REACHED"}; /* the last: again */
    tekmatch_given given = {.struct_size = sizeof(given)};
    status = tekmatch_result_given(&given, result, i, message, sizeof(message));
    if (status == TEKMATCH_OK) {
      printf("%s: %s\n", given.name, names[given.state]);
    }
  }
  if (status == TEKMATCH_OK) {
    status = tekmatch_result_counts(&counts, result, message, sizeof(message));
  }
  if (status != TEKMATCH_OK || !counts.complete) return status;
  /* Whether "no contact" would rest on anything: before all that follows. */
  status = tekmatch_result_compared(result, 0, message, sizeof(message));
  if (status != TEKMATCH_OK) return status;
  status =
      tekmatch_result_days(days, &num_days, result, message, sizeof(message));
  for (size_t i = 0; status == TEKMATCH_OK && i < num_days; ++i) {
    printf("%04d-%02d-%02d\n", days[i].date.year, days[i].date.month,
           days[i].date.day);
  }
  return status;
}

static tekmatch_status forget(tekmatch_store* store) {
  int32_t erased = 0;
  tekmatch_status status =
      tekmatch_store_forget(&erased, store, message, sizeof(message));
  if (status == TEKMATCH_OK && !erased) {
    puts("another process reads the store: call it again");
  }
  return status;
}

int main(int argc, char** argv) {
  if (argc != 2 && argc < 7) return 2;
  tekmatch_store* store = NULL;
  tekmatch_trust* trust = NULL;
  tekmatch_result* result = NULL;
  uint64_t num_keys = 0;
  signal(SIGTERM, stop);
  tekmatch_status status = open_store(&store, argv[1]);
  if (status == TEKMATCH_OK && argc == 2) status = forget(store);
  if (status == TEKMATCH_OK && argc > 2) {
    const int64_t now = strtoll(argv[5], NULL, 10);
    size_t num_sightings = 0;
    uint64_t num_bad = 0;
    const size_t num_exports = (size_t)argc - 6;
    tekmatch_source* exports = calloc(num_exports, sizeof(*exports));
    tekmatch_sighting* sightings =
        read_sightings(stdin, &num_sightings, &num_bad);
    if (exports == NULL) return 1;
    for (size_t i = 0; i < num_exports; ++i) exports[i].name = argv[6 + i];
    status = trust_one_key(&trust, argv[2], argv[3], argv[4]);
    if (status == TEKMATCH_OK) {
      status = add_scan(store, sightings, num_sightings, now);
    }
    if (status == TEKMATCH_OK) {
      status =
          check(&result, store, trust, exports, num_exports, now, &num_keys);
    }
    if (status == TEKMATCH_OK) status = tell(result);
    free(sightings);
    free(exports);
  }
  tekmatch_result_destroy(result);
  tekmatch_trust_destroy(trust);
  tekmatch_store_destroy(store);
  return status == TEKMATCH_OK ? 0 : fail(status);
}
