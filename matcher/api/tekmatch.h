/* tekmatch for C, and for languages that call C: published keys of Exposure
 * Notification against what a phone heard.
 *
 *   trust = whom to believe          index = what the phone heard
 *   result = tekmatch_check(index, trust, files, options), or
 *   result = tekmatch_store_check(store, ...), which remembers both
 *   every file's verdict; whether an all-clear would rest on anything; dates,
 *   daily summaries, exposure windows, what a notice needs
 *
 * Conventions, of everything here:
 *
 * - Ownership. Handles are opaque. What tekmatch_X_create, or tekmatch_check,
 *   wrote to its first argument is the caller's, who gives it back to
 *   tekmatch_X_destroy; that takes NULL too. Arguments are read during the call
 *   alone and never kept. Strings that a result points to live as long as it.
 *   Memory that the library gives back to the system was overwritten before.
 * - Threads. A const handle may be used by many threads at once, another one by
 *   one thread. The library starts threads in tekmatch_check alone, as many as
 *   it is told, and all have ended when it returns.
 * - Failing. A function that can fail returns a tekmatch_status, and then has
 *   written nothing but the message. Its numbers and their meanings are fixed.
 *   Nothing here prints, aborts or throws; errno says nothing afterwards. NULL
 *   where it is not allowed, or a number out of its range, is
 *   TEKMATCH_INVALID_ARGUMENT. Lack of memory is TEKMATCH_RESOURCE_EXHAUSTED.
 *   Callbacks return; they neither throw nor jump out.
 * - Messages. The last two arguments are a buffer for a person's text on what
 *   failed, and its size; NULL and 0 where nobody asks. It is ended by NUL and
 *   cut to fit, and empty after a success. It names files and reasons, never a
 *   key, an identifier or a time of contact.
 * - Arguments: what is written, then what is read, flags and options last. The
 *   length of an array stands behind it.
 * - Structs that begin with struct_size have theirs set by the caller, also of
 *   those that are written: sizeof of it, and the rest zero. A later header may
 *   append members, for which zero is what was before. A struct that is larger
 *   than the library's is refused unless what is beyond is zero. Rows of arrays
 *   have no struct_size and never change. What is reserved is zero.
 * - Results in arrays: with NULL as array, *num_rows becomes the number of
 * rows. Otherwise it is how many the array has room for, and becomes how many
 * were written: all, or none with TEKMATCH_OUT_OF_RANGE, and then *num_rows is
 *   what it takes.
 * - Text is UTF-8 and ends with NUL. Times are seconds since 1970 (UTC).
 *   Intervals are of ten minutes since then. Time zones have IANA names.
 *
 * The terms are those of README.md. */
#ifndef TEKMATCH_MATCHER_API_TEKMATCH_H_
#define TEKMATCH_MATCHER_API_TEKMATCH_H_

#include <stddef.h>
#include <stdint.h>

/* The header's version; tekmatch_version_number() has the library's. Libraries
 * of one major version go with programs that were compiled with any header of
 * it, of the same minor version or an earlier one. */
#define TEKMATCH_VERSION_MAJOR 1
#define TEKMATCH_VERSION_MINOR 0
#define TEKMATCH_VERSION_PATCH 0
#define TEKMATCH_VERSION_NUMBER                                    \
  (TEKMATCH_VERSION_MAJOR * 10000 + TEKMATCH_VERSION_MINOR * 100 + \
   TEKMATCH_VERSION_PATCH)
#define TEKMATCH_VERSION_STRING "1.0.0"

#if defined(__GNUC__)
#define TEKMATCH_API __attribute__((visibility("default")))
#define TEKMATCH_CHECKED __attribute__((warn_unused_result))
#else
#define TEKMATCH_API
#define TEKMATCH_CHECKED
#endif

/* For Swift and Objective-C: what may be NULL, and names. */
#if defined(__clang__) && !defined(__STRICT_ANSI__)
#define TEKMATCH_NONNULL _Nonnull
#define TEKMATCH_NULLABLE _Nullable
#define TEKMATCH_SWIFT_NAME(name) __attribute__((swift_name(#name)))
#else
#define TEKMATCH_NONNULL
#define TEKMATCH_NULLABLE
#define TEKMATCH_SWIFT_NAME(name)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status ---- */

typedef enum tekmatch_status {
  TEKMATCH_OK = 0,
  TEKMATCH_CANCELLED = 1, /* a callback of the caller's said so */
  TEKMATCH_UNKNOWN = 2,
  TEKMATCH_INVALID_ARGUMENT = 3, /* the caller's fault */
  TEKMATCH_DEADLINE_EXCEEDED = 4,
  TEKMATCH_NOT_FOUND = 5, /* this and the like: the system's */
  TEKMATCH_ALREADY_EXISTS = 6,
  TEKMATCH_PERMISSION_DENIED = 7,
  TEKMATCH_RESOURCE_EXHAUSTED = 8,  /* no memory */
  TEKMATCH_FAILED_PRECONDITION = 9, /* the order of calls */
  TEKMATCH_ABORTED = 10,
  TEKMATCH_OUT_OF_RANGE = 11, /* an array has too little room */
  TEKMATCH_UNIMPLEMENTED = 12,
  TEKMATCH_INTERNAL = 13, /* the library's fault */
  TEKMATCH_UNAVAILABLE = 14,
  TEKMATCH_DATA_LOSS = 15 /* a file's fault */
} TEKMATCH_SWIFT_NAME(TekmatchStatus) tekmatch_status;

/* "INVALID_ARGUMENT" and so on; "UNKNOWN" for a number that is none. Never
 * NULL, and lives for ever, as all names here. */
TEKMATCH_API const char* TEKMATCH_NONNULL tekmatch_status_name(int32_t status);

TEKMATCH_API uint32_t tekmatch_version_number(void);
/* Whether the library goes with this header:
 *   tekmatch_is_compatible(TEKMATCH_VERSION_NUMBER) */
TEKMATCH_API int tekmatch_is_compatible(uint32_t header_version_number);

/* Names of the kernels that this machine can run, fastest first; NULL behind
 * the last. */
TEKMATCH_API const char* TEKMATCH_NULLABLE
tekmatch_kernel_name(size_t position);

/* A date of the calendar. All zero where there is none. */
typedef struct tekmatch_date {
  int16_t year;
  uint8_t month; /* 1..12 */
  uint8_t day;   /* 1..31 */
} TEKMATCH_SWIFT_NAME(TekmatchDate) tekmatch_date;

/* ---- Whom to believe ---- */

typedef struct tekmatch_trust tekmatch_trust;

typedef struct tekmatch_trusted_key {
  /* What signatures call it. "": signatures that name no key. */
  const char* TEKMATCH_NONNULL id;
  const char* TEKMATCH_NULLABLE version; /* NULL: any */
  /* The public key on P-256, as it is published: PEM, or SubjectPublicKeyInfo
   * in DER or Base64. */
  const void* TEKMATCH_NONNULL public_key;
  size_t public_key_bytes;
} TEKMATCH_SWIFT_NAME(TekmatchTrustedKey) tekmatch_trusted_key;

TEKMATCH_API TEKMATCH_CHECKED tekmatch_status
tekmatch_trust_create(tekmatch_trust* TEKMATCH_NULLABLE* TEKMATCH_NONNULL trust,
                      char* TEKMATCH_NULLABLE message, size_t message_bytes);
/* Adds keys, at least one, that have to sign a file together. A file is valid
 * when every key of any one set signed it. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_trust_add_set(
    tekmatch_trust* TEKMATCH_NONNULL trust,
    const tekmatch_trusted_key* TEKMATCH_NONNULL keys, size_t num_keys,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);
TEKMATCH_API void tekmatch_trust_destroy(
    tekmatch_trust* TEKMATCH_NULLABLE trust);

/* ---- What the phone heard ---- */

#define TEKMATCH_NO_PREVIOUS_SCAN UINT32_C(0xFFFFFFFF)

typedef struct tekmatch_sighting {
  int64_t unix_seconds; /* 1970 to 2099 */
  uint8_t rpi[16];
  uint8_t aem[4];
  int16_t rssi; /* dBm, -128..20, corrected for the device */
  uint16_t reserved;
  /* From the scan before to the one that heard this, or
   * TEKMATCH_NO_PREVIOUS_SCAN. */
  uint32_t seconds_since_previous_scan;
  uint32_t reserved2;
} TEKMATCH_SWIFT_NAME(TekmatchSighting) tekmatch_sighting;

/* The sightings of one person's phone, made ready to be searched. */
typedef struct tekmatch_index tekmatch_index;

/* In any order. Takes some 100 bytes a sighting. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_index_create(
    tekmatch_index* TEKMATCH_NULLABLE* TEKMATCH_NONNULL index,
    const tekmatch_sighting* TEKMATCH_NULLABLE sightings, size_t num_sightings,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);
/* 0 for NULL. */
TEKMATCH_API uint64_t
tekmatch_index_num_sightings(const tekmatch_index* TEKMATCH_NULLABLE index);
TEKMATCH_API void tekmatch_index_destroy(
    tekmatch_index* TEKMATCH_NULLABLE index);

/* ---- Published files ---- */

typedef enum tekmatch_source_kind {
  TEKMATCH_SOURCE_PATH = 0,       /* the regular file `name` */
  TEKMATCH_SOURCE_DESCRIPTOR = 1, /* of a regular file; it stays open */
  TEKMATCH_SOURCE_MEMORY = 2,
  TEKMATCH_SOURCE_CALLBACK = 3
} TEKMATCH_SWIFT_NAME(TekmatchSourceKind) tekmatch_source_kind;

/* Writes `num_bytes` of the file from `offset` on to `out` and returns
 * `num_bytes`; less where it cannot, and then the file is unreadable. Parts may
 * be asked for again. It is called by one thread at a time, any one. */
typedef size_t (*tekmatch_read_function)(void* TEKMATCH_NULLABLE context,
                                         uint64_t offset,
                                         void* TEKMATCH_NONNULL out,
                                         size_t num_bytes);

/* A zip as a server publishes it, or a bare export.bin. Members that the kind
 * does not mention are not looked at. */
typedef struct tekmatch_source {
  /* What messages call it. Two that are no paths have two names. Where an
   * export.bin is called N.bin, its signature list is N.sig, a source or else a
   * file; a source that is called so is no export. */
  const char* TEKMATCH_NONNULL name;
  int32_t kind;                                  /* tekmatch_source_kind */
  int32_t descriptor;                            /* DESCRIPTOR */
  const void* TEKMATCH_NULLABLE bytes;           /* MEMORY */
  uint64_t num_bytes;                            /* MEMORY, CALLBACK */
  tekmatch_read_function TEKMATCH_NULLABLE read; /* CALLBACK */
  void* TEKMATCH_NULLABLE context;               /* CALLBACK: for `read` */
} TEKMATCH_SWIFT_NAME(TekmatchSource) tekmatch_source;

/* ---- The check ---- */

/* Files that are not accepted are left out, instead of spoiling the result. */
#define TEKMATCH_SKIP_BAD_FILES UINT32_C(1)
/* Files without any signature are accepted. */
#define TEKMATCH_ALLOW_UNSIGNED UINT32_C(2)
/* So are files of which no signature can be checked. */
#define TEKMATCH_NO_VERIFY UINT32_C(4)

/* How far it is. Called now and then, by one thread at a time. */
typedef void (*tekmatch_progress_function)(void* TEKMATCH_NULLABLE context,
                                           uint64_t num_files_begun,
                                           uint64_t num_keys_read);
/* Not 0: the check shall end. Called before each file and every few
 * milliseconds in it, by one thread at a time. */
typedef int (*tekmatch_cancelled_function)(void* TEKMATCH_NULLABLE context);

typedef struct tekmatch_check_options {
  uint32_t struct_size;
  uint32_t flags;
  int64_t now;   /* the caller's clock; required. The library reads none */
  int64_t as_of; /* the time that findings are made for; 0: now */
  /* Which contacts count: "none", "civil", "cocoa-1.2.1", "cocoa-3", or JSON
   * (matcher/exposure/transmission_window_json.h). NULL: "none". */
  const char* TEKMATCH_NULLABLE policy;
  /* Whose dates the policy's are; needed with all but "none". */
  const char* TEKMATCH_NULLABLE policy_zone;
  /* What contacts add up to: "cocoa", "platform-default", or JSON
   * (matcher/exposure/exposure_config_json.h). NULL: there are no windows,
   * days and notice. */
  const char* TEKMATCH_NULLABLE config;
  /* Whose dates the result's are; required. */
  const char* TEKMATCH_NULLABLE zone;
  const char* TEKMATCH_NULLABLE kernel; /* NULL: the fastest */
  /* The phone's own keys, 16 bytes each, which are no contact. */
  const uint8_t* TEKMATCH_NULLABLE own_keys;
  size_t num_own_keys;
  void* TEKMATCH_NULLABLE context; /* for both functions */
  tekmatch_progress_function TEKMATCH_NULLABLE progress;
  tekmatch_cancelled_function TEKMATCH_NULLABLE cancelled;
  uint32_t num_threads; /* that work, the caller's among them; 0: 1; <= 256 */
  uint32_t reserved;
} TEKMATCH_SWIFT_NAME(TekmatchCheckOptions) tekmatch_check_options;

typedef struct tekmatch_result tekmatch_result;

/* Reads the files and checks them against the sightings. The result is the same
 * for any number of threads and any order of the files. Defects of files are in
 * the result, which then may not be complete. TEKMATCH_DATA_LOSS: a file
 * changed meanwhile. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_check(
    tekmatch_result* TEKMATCH_NULLABLE* TEKMATCH_NONNULL result,
    const tekmatch_index* TEKMATCH_NONNULL index,
    const tekmatch_trust* TEKMATCH_NONNULL trust,
    const tekmatch_source* TEKMATCH_NULLABLE sources, size_t num_sources,
    const tekmatch_check_options* TEKMATCH_NONNULL options,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);
TEKMATCH_API void tekmatch_result_destroy(
    tekmatch_result* TEKMATCH_NULLABLE result);

/* ---- The result: files and counts ---- */

typedef struct tekmatch_file {
  uint32_t struct_size;
  uint32_t accepted; /* 0 or 1, as what follows */
  uint32_t verified; /* a trusted key signed it */
  uint32_t reserved;
  uint64_t num_keys; /* read, rejected ones included */
  uint64_t num_rejected_keys;
  uint8_t
      sha256[32]; /* of export.bin, as phones list it; 0 if not read whole */
  const char* TEKMATCH_NULLABLE name;
  /* "valid", "no_trusted_key", "malformed" and so on: docs/formats.md. */
  const char* TEKMATCH_NULLABLE verdict;
  const char* TEKMATCH_NULLABLE reason; /* why not accepted; or "" */
  /* The name of the file that counts in its place, with the same content; or
   * "". */
  const char* TEKMATCH_NULLABLE copy_of;
} TEKMATCH_SWIFT_NAME(TekmatchFile) tekmatch_file;

/* In the order of publication. TEKMATCH_INVALID_ARGUMENT behind the last. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_result_file(
    tekmatch_file* TEKMATCH_NONNULL file,
    const tekmatch_result* TEKMATCH_NONNULL result, size_t position,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);

typedef struct tekmatch_counts {
  uint32_t struct_size;
  /* 1: every file counts, or was to be skipped. Otherwise there are no matches
   * and all counts but those of files and sightings are 0. */
  uint32_t complete;
  uint64_t num_files;
  uint64_t num_accepted_files;
  uint64_t num_keys; /* of files that count, as the next two */
  uint64_t num_rejected_keys;
  uint64_t num_own_keys;
  uint64_t num_compared_keys; /* in use when anything was heard */
  uint64_t num_sightings;
  uint64_t num_matches;
  /* What did not count: */
  uint64_t num_outside_tolerance;
  uint64_t num_outside_window;
  uint64_t num_replayed;
  uint64_t num_tx_power_out_of_bounds;
  uint64_t num_revoked;
  uint64_t num_recursive;
  uint64_t num_own_matches;
  /* Files that could not be compared with all sightings, since their keys were
   * not kept (tekmatch_store_check): a contact may be missing. */
  uint64_t num_partly_compared_files;
} TEKMATCH_SWIFT_NAME(TekmatchCounts) tekmatch_counts;

TEKMATCH_API TEKMATCH_CHECKED tekmatch_status
tekmatch_result_counts(tekmatch_counts* TEKMATCH_NONNULL counts,
                       const tekmatch_result* TEKMATCH_NONNULL result,
                       char* TEKMATCH_NULLABLE message, size_t message_bytes);

/* ---- The result: what was found ---- */

/* Whether "no contact" would rest on anything. TEKMATCH_DATA_LOSS, and in the
 * message what was lacking, unless there was a key to compare with a sighting.
 * TEKMATCH_FAILED_PRECONDITION: the result is not complete. `num_bad_sightings`
 * could not be read by the caller, for the message.
 *
 * This has to be asked once before what was found is told: the functions below
 * are TEKMATCH_FAILED_PRECONDITION until then, and always where the result is
 * not complete. A contact that they tell stands whatever the answer was; that
 * they tell of none means nothing after TEKMATCH_DATA_LOSS. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_result_compared(
    const tekmatch_result* TEKMATCH_NONNULL result, uint64_t num_bad_sightings,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);

typedef struct tekmatch_date_count {
  tekmatch_date date;
  uint32_t reserved;
  uint64_t num_keys; /* distinct */
  uint64_t num_sightings;
} TEKMATCH_SWIFT_NAME(TekmatchDateCount) tekmatch_date_count;

/* Dates with a match, ascending; needs no configuration. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status
tekmatch_result_dates(tekmatch_date_count* TEKMATCH_NULLABLE dates,
                      size_t* TEKMATCH_NONNULL num_rows,
                      const tekmatch_result* TEKMATCH_NONNULL result,
                      char* TEKMATCH_NULLABLE message, size_t message_bytes);

/* The rest needs a configuration: TEKMATCH_FAILED_PRECONDITION without. */

typedef struct tekmatch_summary_data {
  double maximum_score;
  double score_sum;
  double weighted_duration_sum; /* seconds */
} TEKMATCH_SWIFT_NAME(TekmatchSummaryData) tekmatch_summary_data;

/* A daily summary, as the platform gives it to apps. */
typedef struct tekmatch_day {
  tekmatch_date date;
  uint32_t alerting; /* the day reaches the configuration's alert */
  int64_t seconds;   /* of contact */
  uint32_t num_windows;
  uint32_t num_keys; /* distinct */
  tekmatch_summary_data all;
  /* By number of the export format: unknown, confirmed test, confirmed clinical
   * diagnosis, self-report, recursive, revoked. */
  tekmatch_summary_data by_report_type[6];
} TEKMATCH_SWIFT_NAME(TekmatchDay) tekmatch_day;

TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_result_days(
    tekmatch_day* TEKMATCH_NULLABLE days, size_t* TEKMATCH_NONNULL num_rows,
    const tekmatch_result* TEKMATCH_NONNULL result,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);

/* An exposure window, as the platform gives it to apps: at most 30 minutes with
 * one key. Its scans are rows first_scan .. first_scan + num_scans of those of
 * tekmatch_result_scans. */
typedef struct tekmatch_window {
  tekmatch_date date;
  uint8_t report_type;            /* 1..3 */
  uint8_t infectiousness;         /* 1 standard, 2 high */
  uint8_t calibration_confidence; /* 0..3 */
  uint8_t reserved;
  uint32_t first_scan;
  uint32_t num_scans;
} TEKMATCH_SWIFT_NAME(TekmatchWindow) tekmatch_window;

typedef struct tekmatch_scan {
  int32_t seconds_since_last_scan;
  int16_t typical_attenuation; /* dB */
  int16_t min_attenuation;     /* dB */
} TEKMATCH_SWIFT_NAME(TekmatchScan) tekmatch_scan;

TEKMATCH_API TEKMATCH_CHECKED tekmatch_status
tekmatch_result_windows(tekmatch_window* TEKMATCH_NULLABLE windows,
                        size_t* TEKMATCH_NONNULL num_rows,
                        const tekmatch_result* TEKMATCH_NONNULL result,
                        char* TEKMATCH_NULLABLE message, size_t message_bytes);
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_result_scans(
    tekmatch_scan* TEKMATCH_NULLABLE scans, size_t* TEKMATCH_NONNULL num_rows,
    const tekmatch_result* TEKMATCH_NONNULL result,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);

/* What a notice to the phone's owner says, beside the days. */
typedef struct tekmatch_notice {
  uint32_t struct_size;
  tekmatch_date today;
  /* Contacts of earlier dates are not told; all zero without such a limit. */
  tekmatch_date since;
  uint32_t num_days; /* with contact; 0: no contact, if tekmatch_result_compared
                        was TEKMATCH_OK */
  uint32_t num_alerting_days;
  /* People met, as far as one can tell: one that was met on two days is two. */
  uint32_t num_contacts;
  const char* TEKMATCH_NULLABLE zone; /* whose dates they are */
  /* Whom to ask; "" where the configuration does not say. */
  const char* TEKMATCH_NULLABLE consultation_japanese;
  const char* TEKMATCH_NULLABLE consultation_english;
  /* Version 1 of the platform's summary. */
  uint32_t num_matched_keys;
  uint32_t days_since_last_exposure;
  uint32_t maximum_risk_score;
  uint32_t attenuation_minutes[3];
  uint64_t summation_risk_score;
} TEKMATCH_SWIFT_NAME(TekmatchNotice) tekmatch_notice;

TEKMATCH_API TEKMATCH_CHECKED tekmatch_status
tekmatch_result_notice(tekmatch_notice* TEKMATCH_NONNULL notice,
                       const tekmatch_result* TEKMATCH_NONNULL result,
                       char* TEKMATCH_NULLABLE message, size_t message_bytes);

/* ---- A store: what an app remembers ---- */

/* One connection to the database in a folder: sightings, and what files said.
 * Any number of processes may have connections, one of them writing at a time.
 * A handle is for one thread at a time, and never crosses a fork. Errors:
 *   TEKMATCH_UNAVAILABLE        another connection is busy
 *   TEKMATCH_RESOURCE_EXHAUSTED the disk is full, or no memory
 *   TEKMATCH_DATA_LOSS          it is damaged: tekmatch_store_set_aside
 * A process may be killed at any moment. */
typedef struct tekmatch_store tekmatch_store;

/* Makes folder and database where they are missing. */
#define TEKMATCH_STORE_CREATE UINT32_C(1)
#define TEKMATCH_STORE_READ_ONLY UINT32_C(2)

typedef struct tekmatch_store_options {
  uint32_t struct_size;
  uint32_t flags;
  int64_t retention_seconds; /* 0: 14 days; at most ten years */
} TEKMATCH_SWIFT_NAME(TekmatchStoreOptions) tekmatch_store_options;

/* TEKMATCH_NOT_FOUND: there is none. TEKMATCH_FAILED_PRECONDITION: a newer
 * library's, or another application's. None of the errors changes the file. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status
tekmatch_store_open(tekmatch_store* TEKMATCH_NULLABLE* TEKMATCH_NONNULL store,
                    const char* TEKMATCH_NONNULL folder,
                    const tekmatch_store_options* TEKMATCH_NONNULL options,
                    char* TEKMATCH_NULLABLE message, size_t message_bytes);
/* Closes it. */
TEKMATCH_API void tekmatch_store_destroy(
    tekmatch_store* TEKMATCH_NULLABLE store);

/* Renames a damaged database, so that a new one can be made; deletes nothing.
 * No connection may be open, in any process. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status
tekmatch_store_set_aside(const char* TEKMATCH_NONNULL folder,
                         char* TEKMATCH_NULLABLE message, size_t message_bytes);

typedef struct tekmatch_added {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t num_added;
  uint64_t num_known;     /* were there already */
  uint64_t num_too_old;   /* not added: older than the retention */
  uint64_t num_in_future; /* of those given: more than a day after `now` */
} TEKMATCH_SWIFT_NAME(TekmatchAdded) tekmatch_added;

/* Adds what is not there yet: all or nothing. For the callback of a scan. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_store_add(
    tekmatch_added* TEKMATCH_NULLABLE added,
    tekmatch_store* TEKMATCH_NONNULL store,
    const tekmatch_sighting* TEKMATCH_NULLABLE sightings, size_t num_sightings,
    int64_t now, char* TEKMATCH_NULLABLE message, size_t message_bytes);

typedef struct tekmatch_retained {
  uint32_t struct_size;
  /* The clock jumped ahead (1) or back (2) by more than two days: nothing was
   * removed. One that is back is believed from now on; one that is ahead, when
   * it is so still after an hour. */
  int32_t clock_jump;
  uint32_t
      erased; /* what was removed is gone from all files; else call again */
  uint32_t reserved;
  uint64_t num_removed;
  uint64_t num_in_future;
} TEKMATCH_SWIFT_NAME(TekmatchRetained) tekmatch_retained;

/* Removes and overwrites sightings that are older than the retention.
 * tekmatch_store_check does so, too. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status
tekmatch_store_retain(tekmatch_retained* TEKMATCH_NULLABLE retained,
                      tekmatch_store* TEKMATCH_NONNULL store, int64_t now,
                      char* TEKMATCH_NULLABLE message, size_t message_bytes);

/* Removes and overwrites everything, what was set aside as well. *erased
 * becomes 0 where another connection still reads: call it again then.
 * TEKMATCH_UNAVAILABLE, here and for setting aside: a check of it runs. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_store_forget(
    int32_t* TEKMATCH_NONNULL erased, tekmatch_store* TEKMATCH_NONNULL store,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);

typedef struct tekmatch_store_state {
  uint32_t struct_size;
  uint32_t num_set_aside;   /* damaged databases beside it */
  tekmatch_date oldest_day; /* of the sightings, in UTC; all zero without */
  tekmatch_date newest_day;
  uint64_t num_sightings;
  uint64_t num_exports;
  uint64_t num_keys_kept;
  uint64_t bytes_on_disk;
  /* The latest end timestamp of an export, at most the time of the check, as of
   * the last check to which nothing was lacking; 0 without. What is published
   * later is still to be fetched. One for all exports, of whatever region. */
  int64_t processed_until;
} TEKMATCH_SWIFT_NAME(TekmatchStoreState) tekmatch_store_state;

TEKMATCH_API TEKMATCH_CHECKED tekmatch_status
tekmatch_store_status(tekmatch_store_state* TEKMATCH_NONNULL state,
                      tekmatch_store* TEKMATCH_NONNULL store,
                      char* TEKMATCH_NULLABLE message, size_t message_bytes);

typedef struct tekmatch_store_check_options {
  uint32_t struct_size;
  /* 1: keys that were not heard are not kept. Sightings that come after them
   * then need their exports again (tekmatch_result_needed_again). */
  uint32_t drop_keys;
  /* No new work is begun after so long; the next check goes on. 0: no limit. */
  int64_t max_milliseconds;
} TEKMATCH_SWIFT_NAME(TekmatchStoreCheckOptions) tekmatch_store_check_options;

/* As tekmatch_check, over everything that the store holds and these files, in
 * whatever order and portions they came: files that were processed are skipped,
 * and what they said stands. A kill, or TEKMATCH_CANCELLED, loses at most the
 * work on one file. Of flags, TEKMATCH_SKIP_BAD_FILES alone is allowed. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_store_check(
    tekmatch_result* TEKMATCH_NULLABLE* TEKMATCH_NONNULL result,
    tekmatch_store* TEKMATCH_NONNULL store,
    const tekmatch_trust* TEKMATCH_NONNULL trust,
    const tekmatch_source* TEKMATCH_NULLABLE sources, size_t num_sources,
    const tekmatch_check_options* TEKMATCH_NONNULL options,
    const tekmatch_store_check_options* TEKMATCH_NONNULL store_options,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);

typedef struct tekmatch_stored {
  uint32_t struct_size;
  uint32_t stopped; /* max_milliseconds were over before all was done */
  uint64_t num_given;
  uint64_t num_needed_again;
  uint64_t num_exports;   /* that the store holds */
  uint64_t num_untrusted; /* of them, those that no trusted key signed */
  uint64_t num_expired_exports;
} TEKMATCH_SWIFT_NAME(TekmatchStored) tekmatch_stored;

/* Of a result of tekmatch_store_check; TEKMATCH_FAILED_PRECONDITION for another
 * one, as the next two. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status
tekmatch_result_stored(tekmatch_stored* TEKMATCH_NONNULL stored,
                       const tekmatch_result* TEKMATCH_NONNULL result,
                       char* TEKMATCH_NULLABLE message, size_t message_bytes);

typedef enum tekmatch_given_state {
  TEKMATCH_GIVEN_PROCESSED = 0,  /* new, and now part of the store */
  TEKMATCH_GIVEN_KNOWN = 1,      /* was part of it, by whatever name */
  TEKMATCH_GIVEN_REFUSED = 2,    /* tekmatch_result_file says why */
  TEKMATCH_GIVEN_NOT_REACHED = 3 /* to be given again */
} TEKMATCH_SWIFT_NAME(TekmatchGivenState) tekmatch_given_state;

typedef struct tekmatch_given {
  uint32_t struct_size;
  int32_t state; /* tekmatch_given_state */
  const char* TEKMATCH_NULLABLE name;
} TEKMATCH_SWIFT_NAME(TekmatchGiven) tekmatch_given;

/* What became of each file, in the order given. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_result_given(
    tekmatch_given* TEKMATCH_NONNULL given,
    const tekmatch_result* TEKMATCH_NONNULL result, size_t position,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);
/* The name of a file that has to be given once more. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_result_needed_again(
    const char* TEKMATCH_NULLABLE* TEKMATCH_NONNULL name,
    const tekmatch_result* TEKMATCH_NONNULL result, size_t position,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);

/* ---- The transmission window, by itself ---- */

/* When something is not known. */
#define TEKMATCH_MISSING INT32_MIN

typedef enum tekmatch_window_reason {
  TEKMATCH_IN_WINDOW = 0,
  TEKMATCH_PARTLY_IN_WINDOW = 1,
  TEKMATCH_NO_RULE = 2,
  TEKMATCH_TOO_OLD = 3,
  TEKMATCH_STARTS_AFTER_REGISTRATION = 4,
  TEKMATCH_BEFORE_WINDOW = 5,
  TEKMATCH_AFTER_WINDOW = 6,
  TEKMATCH_DAYS_SINCE_ONSET_MISSING = 7,
  TEKMATCH_REPORT_TYPE = 8
} TEKMATCH_SWIFT_NAME(TekmatchWindowReason) tekmatch_window_reason;

/* "in_window" and so on; "" for a number that is none. */
TEKMATCH_API const char* TEKMATCH_NONNULL
tekmatch_window_reason_name(tekmatch_window_reason reason);

typedef struct tekmatch_own_key {
  uint32_t rolling_start;  /* an interval */
  uint32_t rolling_period; /* 1..144 intervals */
} TEKMATCH_SWIFT_NAME(TekmatchOwnKey) tekmatch_own_key;

/* What a person says when registering a positive test. */
typedef struct tekmatch_registration {
  uint32_t struct_size;
  tekmatch_date onset_or_test; /* the first symptoms, or else the test */
  uint32_t by_test_date;       /* 1: no symptoms, it is the test's date */
  uint32_t reserved;
  int64_t registered;
} TEKMATCH_SWIFT_NAME(TekmatchRegistration) tekmatch_registration;

typedef struct tekmatch_decision {
  uint32_t counts; /* 1: it goes out; the contact counts */
  int32_t reason;  /* tekmatch_window_reason */
  /* What is published with the key, not limited to -14..14. 0 of a contact. */
  int32_t days_since_onset;
  uint32_t reserved;
} TEKMATCH_SWIFT_NAME(TekmatchDecision) tekmatch_decision;

/* Which of a person's own keys go out: a decision for each key. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_select_keys(
    tekmatch_decision* TEKMATCH_NULLABLE decisions,
    const tekmatch_own_key* TEKMATCH_NULLABLE keys, size_t num_keys,
    const tekmatch_registration* TEKMATCH_NONNULL registration,
    const char* TEKMATCH_NONNULL policy, const char* TEKMATCH_NONNULL zone,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);

typedef struct tekmatch_contact {
  uint32_t struct_size;
  uint32_t rolling_start;   /* of the published key */
  int32_t report_type;      /* 0..5, or TEKMATCH_MISSING, as the next */
  int32_t days_since_onset; /* -14..14 */
  /* The export's timestamps; 0 where it has none. */
  int64_t export_start;
  int64_t export_end;
  int64_t unix_seconds; /* of the contact */
} TEKMATCH_SWIFT_NAME(TekmatchContact) tekmatch_contact;

/* Whether a contact with a published key counts. */
TEKMATCH_API TEKMATCH_CHECKED tekmatch_status tekmatch_judge_contact(
    tekmatch_decision* TEKMATCH_NONNULL decision,
    const tekmatch_contact* TEKMATCH_NONNULL contact,
    const char* TEKMATCH_NONNULL policy, const char* TEKMATCH_NONNULL zone,
    char* TEKMATCH_NULLABLE message, size_t message_bytes);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TEKMATCH_MATCHER_API_TEKMATCH_H_ */
