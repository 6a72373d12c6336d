/* Looks for identifiers and keys in the process's own memory, after the handles
 * that knew them were destroyed.
 *
 *   memory_scan EXPORT PUBLIC_KEY.pem THREADS STORE < SIGHTINGS
 *
 * Once with an index, and once with a new store in the folder STORE.
 * Sightings as of examples/c. What the program itself knows it keeps masked, so
 * that it does not find itself. The search proves itself first: it has to find
 * the identifiers while the index is there. */
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
      if (got <= 8) break;
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

int main(int argc, char** argv) {
  static tekmatch_sighting sightings[MOST];
  static char line[256], pem[4096];
  uint8_t own_key[16];
  size_t num_sightings = 0, before, found, i;
  tekmatch_trusted_key key = {"440", NULL, pem, 0};
  tekmatch_trust* trust = NULL;
  tekmatch_index* index = NULL;
  tekmatch_result* result = NULL;
  tekmatch_source source;
  tekmatch_check_options options;
  tekmatch_counts counts, stored_counts;
  tekmatch_result* stored = NULL;
  tekmatch_store* store = NULL;
  tekmatch_store_options store_options;
  tekmatch_store_check_options store_check;
  FILE* file = argc == 5 ? fopen(argv[2], "rb") : NULL;
  if (file == NULL) return 2;
  key.public_key_bytes = fread(pem, 1, sizeof(pem), file);
  fclose(file);
  while (num_sightings < MOST - 1 && fgets(line, sizeof(line), stdin)) {
    tekmatch_sighting* sighting = &sightings[num_sightings];
    char rpi[33], aem[9];
    if (sscanf(line, "%" SCNd64 ",%32[0-9a-f],%8[0-9a-f],%" SCNd16,
               &sighting->unix_seconds, rpi, aem, &sighting->rssi) != 4 ||
        !read_hex(rpi, sighting->rpi, 16) || !read_hex(aem, sighting->aem, 4)) {
      continue;
    }
    sighting->seconds_since_previous_scan = 120;
    remember(sighting->rpi);
    ++num_sightings;
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
  options.num_threads = (uint32_t)atoi(argv[3]);
  memset(&counts, 0, sizeof(counts));
  counts.struct_size = sizeof(counts);
  stored_counts = counts;
  if (tekmatch_trust_create(&trust, message, sizeof(message)) ||
      tekmatch_trust_add_set(trust, &key, 1, message, sizeof(message)) ||
      tekmatch_index_create(&index, sightings, num_sightings, message,
                            sizeof(message))) {
    fprintf(stderr, "%s\n", message);
    return 1;
  }
  memset(&store_options, 0, sizeof(store_options));
  store_options.struct_size = sizeof(store_options);
  store_options.flags = TEKMATCH_STORE_CREATE;
  memset(&store_check, 0, sizeof(store_check));
  store_check.struct_size = sizeof(store_check);
  if (tekmatch_store_open(&store, argv[4], &store_options, message,
                          sizeof(message)) ||
      tekmatch_store_add(NULL, store, sightings, num_sightings, options.now,
                         message, sizeof(message))) {
    fprintf(stderr, "%s\n", message);
    return 1;
  }
  wipe(sightings, sizeof(sightings));
  before = count_in_memory();
  if (tekmatch_check(&result, index, trust, &source, 1, &options, message,
                     sizeof(message)) ||
      tekmatch_result_compared(result, 0, message, sizeof(message)) ||
      tekmatch_result_counts(&counts, result, message, sizeof(message)) ||
      tekmatch_store_check(&stored, store, trust, &source, 1, &options,
                           &store_check, message, sizeof(message)) ||
      tekmatch_result_compared(stored, 0, message, sizeof(message)) ||
      tekmatch_result_counts(&stored_counts, stored, message,
                             sizeof(message))) {
    fprintf(stderr, "%s\n", message);
    return 1;
  }
  wipe(own_key, sizeof(own_key));
  tekmatch_result_destroy(result);
  tekmatch_result_destroy(stored);
  tekmatch_store_destroy(store);
  tekmatch_index_destroy(index);
  tekmatch_trust_destroy(trust);
  found = count_in_memory();
  printf("%zu identifiers, %" PRIu64
         " matches: found %zu times in an index, %zu times afterwards\n",
         num_masked, counts.num_matches, before, found);
  return !(before >= num_masked / 2 && counts.num_matches > 0 &&
           counts.num_matches == stored_counts.num_matches && found == 0);
}
