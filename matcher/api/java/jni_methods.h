// The native methods of Native.java, in parts, each with its functions' names
// and signatures as JNI takes them.
//
// A handle is alive during each call, which NativeHandle.java sees to, and null
// is never given where it is not said: the Java classes check their arguments.
// What fails leaves a Java exception, and returns zero or null.
#ifndef TEKMATCH_MATCHER_API_JAVA_JNI_METHODS_H_
#define TEKMATCH_MATCHER_API_JAVA_JNI_METHODS_H_

#include <jni.h>

#include <vector>

namespace tekmatch::jni {

std::vector<JNINativeMethod> IndexMethods();   // and those of trust
std::vector<JNINativeMethod> StoreMethods();   // but for its check
std::vector<JNINativeMethod> CheckMethods();   // with an index or with a store
std::vector<JNINativeMethod> WindowMethods();  // the pure functions

// Looks up what a check calls back. False: an exception is pending.
bool RememberCallbacks(JNIEnv* env);

}  // namespace tekmatch::jni

#endif  // TEKMATCH_MATCHER_API_JAVA_JNI_METHODS_H_
