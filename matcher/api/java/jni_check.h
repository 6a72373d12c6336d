// Native.check: a check whose callbacks are a Java object's.
#ifndef TEKMATCH_MATCHER_API_JAVA_JNI_CHECK_H_
#define TEKMATCH_MATCHER_API_JAVA_JNI_CHECK_H_

#include <jni.h>

namespace tekmatch::jni {

// The native method.
jbyteArray Check(JNIEnv* env, jclass native, jlong index, jlong store,
                 jlong trust, jobjectArray names, jintArray kinds,
                 jintArray descriptors, jlongArray sizes, jobject callbacks,
                 jint flags, jlong now, jlong as_of, jbyteArray policy,
                 jbyteArray policy_zone, jbyteArray config, jbyteArray zone,
                 jbyteArray kernel, jbyteArray own_keys, jint num_threads,
                 jlong num_bad_sightings, jboolean drop_keys,
                 jlong max_milliseconds);

// Callbacks.java's methods, for Check. False: an exception is pending.
bool RememberCallbacks(JNIEnv* env);

}  // namespace tekmatch::jni

#endif  // TEKMATCH_MATCHER_API_JAVA_JNI_CHECK_H_
