// Plan: C's errors become exceptions; arrays of Java are copied in, wiped,
// and made; a thread is attached to the machine once and detached when it
// ends.
#include "matcher/api/java/jni_support.h"

#include <pthread.h>

namespace tekmatch::jni {
namespace {

JavaVM* java_machine = nullptr;
pthread_key_t attached_key;
jclass exception_class = nullptr;
jmethodID exception_of = nullptr;

void Detach(void* /*attached*/) { java_machine->DetachCurrentThread(); }

}  // namespace

void Refuse(JNIEnv* env, tekmatch_status status, const char* message) {
  const jbyteArray text = NewText(env, message);
  if (text == nullptr) return;
  const jobject made = env->CallStaticObjectMethod(
      exception_class, exception_of, static_cast<jint>(status), text);
  if (env->ExceptionCheck() == JNI_FALSE) {
    env->Throw(static_cast<jthrowable>(made));
  }
}

Bytes::~Bytes() { Wipe(bytes_.data(), bytes_.size()); }

bool Bytes::Read(JNIEnv* env, jbyteArray array) {
  if (array == nullptr) return true;
  const jsize size = env->GetArrayLength(array);
  bytes_.resize(static_cast<size_t>(size) + 1);
  env->GetByteArrayRegion(array, 0, size,
                          reinterpret_cast<jbyte*>(bytes_.data()));
  return env->ExceptionCheck() == JNI_FALSE;
}

bool Bytes::Read(JNIEnv* env, jobjectArray arrays, jsize position) {
  const auto array =
      static_cast<jbyteArray>(env->GetObjectArrayElement(arrays, position));
  if (env->ExceptionCheck() == JNI_TRUE) return false;
  const bool read = Read(env, array);
  env->DeleteLocalRef(array);
  return read;
}

void Wipe(void* bytes, size_t num_bytes) {
  if (num_bytes == 0) return;
  std::memset(bytes, 0, num_bytes);
  // The compiler has to believe that somebody reads it.
  __asm__ __volatile__("" : : "r"(bytes) : "memory");
}

jbyteArray NewBytes(JNIEnv* env, const void* bytes, size_t num_bytes) {
  if (num_bytes > INT32_MAX) throw std::bad_alloc();
  const auto size = static_cast<jsize>(num_bytes);
  const jbyteArray array = env->NewByteArray(size);
  if (array == nullptr) return nullptr;
  env->SetByteArrayRegion(array, 0, size, static_cast<const jbyte*>(bytes));
  return env->ExceptionCheck() == JNI_FALSE ? array : nullptr;
}

jbyteArray NewText(JNIEnv* env, std::string_view text) {
  return NewBytes(env, text.data(), text.size());
}

jlongArray NewLongs(JNIEnv* env, const std::vector<jlong>& longs) {
  const auto size = static_cast<jsize>(longs.size());
  const jlongArray array = env->NewLongArray(size);
  if (array == nullptr) return nullptr;
  env->SetLongArrayRegion(array, 0, size, longs.data());
  return env->ExceptionCheck() == JNI_FALSE ? array : nullptr;
}

bool RememberMachine(JavaVM* machine) {
  java_machine = machine;
  return pthread_key_create(&attached_key, Detach) == 0;
}

JNIEnv* EnvOfThread() {
  void* found = nullptr;
  if (java_machine->GetEnv(&found, JNI_VERSION_1_6) == JNI_OK) {
    return static_cast<JNIEnv*>(found);
  }
  char name[] = "tekmatch";
  JavaVMAttachArgs arguments = {JNI_VERSION_1_6, name, nullptr};
  JNIEnv* env = nullptr;
#if defined(__ANDROID__)
  JNIEnv** const made = &env;
#else
  void** const made = reinterpret_cast<void**>(&env);
#endif
  if (java_machine->AttachCurrentThreadAsDaemon(made, &arguments) != JNI_OK) {
    return nullptr;
  }
  // Any value but null has Detach called at the thread's end.
  if (pthread_setspecific(attached_key, java_machine) != 0) {
    java_machine->DetachCurrentThread();
    return nullptr;
  }
  return env;
}

bool RememberExceptions(JNIEnv* env) {
  const jclass found = env->FindClass("jp/tekmatch/TekmatchException");
  if (found == nullptr) return false;
  exception_class = static_cast<jclass>(env->NewGlobalRef(found));
  exception_of = env->GetStaticMethodID(found, "of",
                                        "(I[B)Ljp/tekmatch/TekmatchException;");
  env->DeleteLocalRef(found);
  return exception_class != nullptr && exception_of != nullptr;
}

}  // namespace tekmatch::jni
