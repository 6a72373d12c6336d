// A result of the library as Result.java reads it.
#ifndef TEKMATCH_MATCHER_API_JAVA_JNI_RESULT_H_
#define TEKMATCH_MATCHER_API_JAVA_JNI_RESULT_H_

#include <jni.h>

#include <cstdint>

#include "matcher/api/java/jni_support.h"
#include "matcher/api/tekmatch.h"

namespace tekmatch::jni {

// What the result says, for a caller who could not read so many sightings.
// False: an exception is pending.
bool TakeSnapshot(JNIEnv* env, const tekmatch_result* result,
                  uint64_t num_bad_sightings, Snapshot& snapshot);

}  // namespace tekmatch::jni

#endif  // TEKMATCH_MATCHER_API_JAVA_JNI_RESULT_H_
