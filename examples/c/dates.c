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

static char message[512];

static int fail(tekmatch_status status) {
  fprintf(stderr, "%s: %s\n", tekmatch_status_name(status), message);
  return 1;
}

/* Fills `bytes` from twice as many hexadecimal digits. */
static int read_hex(const char* text, uint8_t* bytes, size_t num_bytes) {
  if (strspn(text, "0123456789abcdefABCDEF") != 2 * num_bytes ||
      text[2 * num_bytes] != '\0') {
    return 0;
  }
  for (size_t i = 0; i < num_bytes; ++i) {
    const char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};
    bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
  }
  return 1;
}

/* The good lines, to be freed; counts the others. */
static tekmatch_sighting* read_sightings(FILE* in, size_t* num,
                                         uint64_t* num_bad) {
  tekmatch_sighting* sightings = NULL;
  size_t room = 0;
  char line[256];
  while (fgets(line, sizeof(line), in) != NULL) {
    char rpi[64], aem[64];
    int64_t seconds;
    int16_t rssi;
    tekmatch_sighting sighting;
    memset(&sighting, 0, sizeof(sighting));
    if (sscanf(line, "%" SCNd64 ",%63[^,],%63[^,],%" SCNd16, &seconds, rpi, aem,
               &rssi) != 4 ||
        !read_hex(rpi, sighting.rpi, sizeof(sighting.rpi)) ||
        !read_hex(aem, sighting.aem, sizeof(sighting.aem))) {
      ++*num_bad;
      continue;
    }
    sighting.unix_seconds = seconds;
    sighting.rssi = rssi;
    sighting.seconds_since_previous_scan = TEKMATCH_NO_PREVIOUS_SCAN;
    if (*num == room) {
      room = room == 0 ? 1024 : 2 * room;
      tekmatch_sighting* more = realloc(sightings, room * sizeof(*sightings));
      if (more == NULL) break;
      sightings = more;
    }
    sightings[(*num)++] = sighting;
  }
  return sightings;
}

static tekmatch_status trust_one_key(tekmatch_trust** trust, const char* id,
                                     const char* version, const char* path) {
  char pem[4096];
  FILE* file = fopen(path, "rb");
  tekmatch_trusted_key key = {id, version, pem, 0};
  if (file != NULL) {
    key.public_key_bytes = fread(pem, 1, sizeof(pem), file);
    fclose(file);
  }
  tekmatch_status status =
      tekmatch_trust_create(trust, message, sizeof(message));
  if (status != TEKMATCH_OK) return status;
  return tekmatch_trust_add_set(*trust, &key, 1, message, sizeof(message));
}

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
