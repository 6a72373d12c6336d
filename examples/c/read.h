/* What the examples read: sightings and a public key. In an app sightings come
 * from its scans, and the key is part of it. */
#ifndef TEKMATCH_EXAMPLES_C_READ_H_
#define TEKMATCH_EXAMPLES_C_READ_H_

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

#endif /* TEKMATCH_EXAMPLES_C_READ_H_ */
