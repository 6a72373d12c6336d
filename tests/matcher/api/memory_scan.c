/* Looks for identifiers and keys in the process's own memory, after the handles
 * that knew them were destroyed.
 *
 *   memory_scan EXPORT PUBLIC_KEY.pem KEYS THREADS STORE < SIGHTINGS
 *
 * Sightings as of examples/c; KEYS has the export's keys that were heard, in
 * hexadecimal, a line each. What the program itself knows it keeps masked, so
 * that it does not find itself.
 *
 * Plan: the secrets and the search; then a check with an index, and a life with
 * a store in the new folder STORE: half of the sightings, a check, the others,
 * which are compared with the keys that are kept, a check that is cancelled,
 * one that knows everything, retention, forgetting. Each search proves itself
 * first: it has to find secrets while the handles are there. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "matcher/api/tekmatch.h"

#define MASK UINT64_C(0x5a5a5a5a5a5a5a5a)
#define MOST 4096

/* The first 8 bytes of each secret, masked, ascending; and which low bits of
 * them occur. */
static uint64_t masked[MOST];
static size_t num_masked = 0;
static uint8_t low_bits[1 << 17];
static char message[512];

static int by_value(const void* a, const void* b) {
  const uint64_t x = *(const uint64_t*)a, y = *(const uint64_t*)b;
  return x < y ? -1 : x > y;
}

static void wipe(void* bytes, size_t n) {
  volatile uint8_t* p = bytes;
  while (n > 0) p[--n] = 0;
}

static void remember(const uint8_t* secret) {
  uint64_t head;
  if (num_masked == MOST) return;
  memcpy(&head, secret, sizeof(head));
  masked[num_masked++] = head ^ MASK;
  wipe(&head, sizeof(head));
}

static void sort_secrets(void) {
  size_t i, kept = 0;
  qsort(masked, num_masked, sizeof(*masked), by_value);
  for (i = 0; i < num_masked; ++i) {
    const uint32_t low = (uint32_t)(masked[i] & 0xFFFFF);
    low_bits[low / 8] |= (uint8_t)(1 << low % 8);
    if (i == 0 || masked[i] != masked[kept - 1]) masked[kept++] = masked[i];
  }
  num_masked = kept;
}

/* How often any of them is in memory that can be read. Registers and buffers of
 * the search itself are masked at once. */
static size_t count_in_memory(void) {
  static uint8_t chunk[1 << 16];
  size_t found = 0;
  char line[512];
  FILE* maps = fopen("/proc/self/maps", "r");
  const int memory = open("/proc/self/mem", O_RDONLY);
  if (maps == NULL || memory < 0) return SIZE_MAX;
  while (fgets(line, sizeof(line), maps) != NULL) {
    uint64_t at, end;
    char rights[8];
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &at, &end, rights) != 3 ||
        rights[0] != 'r' || rights[1] != 'w') {
      continue;
    }
    while (at < end) {
      const size_t n = end - at < sizeof(chunk) ? end - at : sizeof(chunk);
      const ssize_t got = pread(memory, chunk, n, (off_t)at);
      size_t i;
      /* A search that cannot read finds nothing, which proves nothing. */
      if (got <= 8) return SIZE_MAX;
      for (i = 0; i + 8 <= (size_t)got; ++i) {
        uint64_t value;
        memcpy(&value, chunk + i, 8);
        value ^= MASK;
        if ((low_bits[(value & 0xFFFFF) / 8] >> (value & 7) & 1) &&
            bsearch(&value, masked, num_masked, sizeof(*masked), by_value)) {
          ++found;
          if (getenv("MEMORY_SCAN_VERBOSE") != NULL) {
            fprintf(stderr, "at %" PRIx64 ": %s", at + i, line);
          }
        }
      }
      at += (uint64_t)got == n && n == sizeof(chunk) ? n - 7 : n;
    }
  }
  fclose(maps);
  close(memory);
  wipe(chunk, sizeof(chunk));
  return found;
}

static int read_hex(const char* text, uint8_t* bytes, size_t n) {
  size_t i;
  for (i = 0; i < n; ++i) {
    unsigned value;
    if (sscanf(text + 2 * i, "%2x", &value) != 1) return 0;
    bytes[i] = (uint8_t)value;
  }
  return 1;
}

/* What both lives have. */
static tekmatch_sighting sightings[MOST];
static size_t num_sightings = 0;
static uint8_t own_key[16];
static tekmatch_trust* trust = NULL;
static tekmatch_source source;
static tekmatch_check_options options;

static int read_sightings(FILE* file) {
  static char line[256];
  while (num_sightings < MOST / 2 && fgets(line, sizeof(line), file)) {
    tekmatch_sighting* sighting = &sightings[num_sightings];
    char rpi[33], aem[9];
    if (sscanf(line, "%" SCNd64 ",%32[0-9a-f],%8[0-9a-f],%" SCNd16,
               &sighting->unix_seconds, rpi, aem, &sighting->rssi) == 4 &&
        read_hex(rpi, sighting->rpi, 16) && read_hex(aem, sighting->aem, 4)) {
      sighting->seconds_since_previous_scan = 120;
      remember(sighting->rpi);
      ++num_sightings;
    }
    wipe(rpi, sizeof(rpi));
  }
  wipe(line, sizeof(line));
  return num_sightings > 1;
}

static int read_keys(const char* path) {
  static char line[64];
  uint8_t key[16];
  int num = 0;
  FILE* file = fopen(path, "r");
  if (file == NULL) return 0;
  while (fgets(line, sizeof(line), file) != NULL) {
    if (!read_hex(line, key, sizeof(key))) continue;
    remember(key);
    ++num;
  }
  wipe(key, sizeof(key));
  wipe(line, sizeof(line));
  fclose(file);
  return num > 0;
}

static int read_trust(const char* path) {
  static char pem[4096];
  tekmatch_trusted_key key = {"440", NULL, pem, 0};
  FILE* file = fopen(path, "rb");
  if (file == NULL) return 0;
  key.public_key_bytes = fread(pem, 1, sizeof(pem), file);
  fclose(file);
  return tekmatch_trust_create(&trust, message, sizeof(message)) ==
             TEKMATCH_OK &&
         tekmatch_trust_add_set(trust, &key, 1, message, sizeof(message)) ==
             TEKMATCH_OK;
}

/* 0, and the message printed, unless it went well. */
static int went_well(tekmatch_status status) {
  if (status != TEKMATCH_OK) {
    fprintf(stderr, "%s: %s\n", tekmatch_status_name(status), message);
  }
  return status == TEKMATCH_OK;
}

/* What a result says is asked for, and it is destroyed. 0: no matches. */
static uint64_t matches_of(tekmatch_result* result) {
  static tekmatch_day days[64];
  static tekmatch_window windows[MOST];
  static tekmatch_scan scans[MOST];
  size_t num_days = 64, num_windows = MOST, num_scans = MOST;
  tekmatch_counts counts;
  memset(&counts, 0, sizeof(counts));
  counts.struct_size = sizeof(counts);
  if (!went_well(
          tekmatch_result_compared(result, 0, message, sizeof(message))) ||
      !went_well(
          tekmatch_result_counts(&counts, result, message, sizeof(message))) ||
      !went_well(tekmatch_result_days(days, &num_days, result, message,
                                      sizeof(message))) ||
      !went_well(tekmatch_result_windows(windows, &num_windows, result, message,
                                         sizeof(message))) ||
      !went_well(tekmatch_result_scans(scans, &num_scans, result, message,
                                       sizeof(message)))) {
    counts.num_matches = 0;
  }
  tekmatch_result_destroy(result);
  return counts.num_matches;
}

/* Without the caller's own, which are still there: a search that does not find
 * those finds nothing at all. */
static size_t count_beside_own(void) {
  const size_t own = num_sightings + 1;
  const size_t found = count_in_memory();
  if (found == SIZE_MAX || found < own) {
    fprintf(stderr, "the search does not find what is there\n");
    exit(1);
  }
  return found - own;
}

static uint64_t check_index(size_t* found_before) {
  tekmatch_index* index = NULL;
  tekmatch_result* result = NULL;
  if (!went_well(tekmatch_index_create(&index, sightings, num_sightings,
                                       message, sizeof(message)))) {
    return 0;
  }
  if (!went_well(tekmatch_check(&result, index, trust, &source, 1, &options,
                                message, sizeof(message)))) {
    return 0;
  }
  *found_before = count_beside_own();
  tekmatch_index_destroy(index);
  return matches_of(result);
}

static int cancel_now(void* context) {
  (void)context;
  return 1;
}

static uint64_t check_store(const char* folder, size_t* found_before) {
  const size_t half = num_sightings / 2;
  tekmatch_store* store = NULL;
  tekmatch_result* result = NULL;
  tekmatch_store_options how;
  tekmatch_store_check_options store_check;
  tekmatch_check_options cancelling = options;
  uint64_t num_matches;
  int32_t erased = 0;
  memset(&how, 0, sizeof(how));
  how.struct_size = sizeof(how);
  how.flags = TEKMATCH_STORE_CREATE;
  memset(&store_check, 0, sizeof(store_check));
  store_check.struct_size = sizeof(store_check);
  cancelling.cancelled = cancel_now;
  if (!went_well(tekmatch_store_open(&store, folder, &how, message,
                                     sizeof(message))) ||
      !went_well(tekmatch_store_add(NULL, store, sightings, half, options.now,
                                    message, sizeof(message))) ||
      !went_well(tekmatch_store_check(&result, store, trust, &source, 1,
                                      &options, &store_check, message,
                                      sizeof(message)))) {
    return 0;
  }
  tekmatch_result_destroy(result);
  if (!went_well(tekmatch_store_add(NULL, store, sightings + half,
                                    num_sightings - half, options.now, message,
                                    sizeof(message)))) {
    return 0;
  }
  *found_before = count_beside_own();
  if (tekmatch_store_check(&result, store, trust, &source, 1, &cancelling,
                           &store_check, message,
                           sizeof(message)) != TEKMATCH_CANCELLED ||
      !went_well(tekmatch_store_check(&result, store, trust, NULL, 0, &options,
                                      &store_check, message,
                                      sizeof(message)))) {
    return 0;
  }
  num_matches = matches_of(result);
  tekmatch_store_destroy(store);
  /* Another run, with a ledger that has everything. */
  how.flags = 0;
  if (!went_well(tekmatch_store_open(&store, folder, &how, message,
                                     sizeof(message))) ||
      !went_well(tekmatch_store_check(&result, store, trust, &source, 1,
                                      &options, &store_check, message,
                                      sizeof(message)))) {
    return 0;
  }
  if (matches_of(result) != num_matches ||
      !went_well(tekmatch_store_retain(NULL, store, options.now + 86400,
                                       message, sizeof(message))) ||
      !went_well(
          tekmatch_store_forget(&erased, store, message, sizeof(message)))) {
    return 0;
  }
  tekmatch_store_destroy(store);
  return num_matches;
}

int main(int argc, char** argv) {
  size_t in_index = 0, in_store = 0, found, i;
  uint64_t num_matches, num_stored;
  if (argc != 6 || !read_sightings(stdin) || !read_keys(argv[3]) ||
      !read_trust(argv[2])) {
    return 2;
  }
  for (i = 0; i < sizeof(own_key); ++i) own_key[i] = (uint8_t)(201 * i + 77);
  remember(own_key);
  sort_secrets();

  memset(&source, 0, sizeof(source));
  source.name = argv[1];
  memset(&options, 0, sizeof(options));
  options.struct_size = sizeof(options);
  options.now = 1608130799;
  options.policy = "cocoa-3";
  options.policy_zone = options.zone = "Asia/Tokyo";
  options.config = "cocoa";
  options.own_keys = own_key;
  options.num_own_keys = 1;
  options.num_threads = (uint32_t)atoi(argv[4]);
  num_matches = check_index(&in_index);
  num_stored = check_store(argv[5], &in_store);
  tekmatch_trust_destroy(trust);
  wipe(sightings, sizeof(sightings));
  wipe(own_key, sizeof(own_key));
  found = count_in_memory();
  printf("%zu secrets, %" PRIu64
         " matches: found %zu times in an index, %zu times in a store, %zu "
         "times afterwards\n",
         num_masked, num_matches, in_index, in_store, found);
  return !(in_index >= num_masked / 2 && in_store > 0 && num_matches > 0 &&
           num_matches == num_stored && found == 0);
}
