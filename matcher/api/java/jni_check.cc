// A check, with an index or with a store: Native.java's `check`.
//
// Plan: what is called back, from any thread; the sources; the check itself,
// one method with all arguments, since each look into a Java object would cost
// a call back and could fail on its own; the table.
#include <jni.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "matcher/api/java/jni_methods.h"
#include "matcher/api/java/jni_result.h"
#include "matcher/api/java/jni_support.h"
#include "matcher/api/tekmatch.h"

namespace tekmatch::jni {
namespace {

jmethodID progress_method = nullptr;
jmethodID cancelled_method = nullptr;
jmethodID read_method = nullptr;

// Of tekmatch_read_function: parts of this size go through one byte[].
constexpr size_t kPartBytes = size_t{64} << 10;

// Callbacks.java catches what its caller's code throws. Anything that comes
// from itself, such as a lack of memory or of stack, ends the check and is
// thrown again at the end.
class Callbacks {
 public:
  Callbacks(JNIEnv* env, jobject callbacks)
      : env_(env), callbacks_(env->NewGlobalRef(callbacks)) {}
  Callbacks(const Callbacks&) = delete;
  Callbacks& operator=(const Callbacks&) = delete;
  ~Callbacks() {
    env_->DeleteGlobalRef(callbacks_);
    env_->DeleteGlobalRef(part_);
    env_->DeleteGlobalRef(thrown_);
  }

  // Before any Read. False: an exception is pending.
  bool MakePart() {
    const jbyteArray part = env_->NewByteArray(static_cast<jsize>(kPartBytes));
    if (part == nullptr) return false;
    part_ = static_cast<jbyteArray>(env_->NewGlobalRef(part));
    env_->DeleteLocalRef(part);
    return part_ != nullptr;
  }
  bool made() const { return callbacks_ != nullptr; }

  void Progress(uint64_t num_files, uint64_t num_keys) {
    JNIEnv* const env = Env();
    if (env == nullptr) return;
    env->CallVoidMethod(callbacks_, progress_method,
                        static_cast<jlong>(num_files),
                        static_cast<jlong>(num_keys));
    Keep(env);
  }

  bool Cancelled() {
    JNIEnv* const env = Env();
    if (env == nullptr) return true;
    const jboolean said = env->CallBooleanMethod(callbacks_, cancelled_method);
    return Keep(env) || said == JNI_TRUE;
  }

  size_t Read(jint position, uint64_t offset, uint8_t* out, size_t num_bytes) {
    JNIEnv* const env = Env();
    size_t done = 0;
    while (env != nullptr && done < num_bytes) {
      const size_t part = std::min(num_bytes - done, kPartBytes);
      const jint n = env->CallIntMethod(callbacks_, read_method, position,
                                        static_cast<jlong>(offset + done),
                                        part_, static_cast<jint>(part));
      if (Keep(env) || n <= 0 || static_cast<size_t>(n) > part) break;
      env->GetByteArrayRegion(part_, 0, n,
                              reinterpret_cast<jbyte*>(out + done));
      if (Keep(env)) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

  // At the end, on the thread that began it. True: an exception is pending.
  bool Throw() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (thrown_ != nullptr) env_->Throw(thrown_);
    return thrown_ != nullptr || broken_;
  }

 private:
  // Null: the check has to end.
  JNIEnv* Env() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (broken_) return nullptr;
    }
    JNIEnv* const env = EnvOfThread();
    if (env == nullptr) {
      const std::lock_guard<std::mutex> lock(mutex_);
      broken_ = true;
    }
    return env;
  }

  // Takes the exception that is pending; false without.
  bool Keep(JNIEnv* env) {
    if (env->ExceptionCheck() == JNI_FALSE) return false;
    const jthrowable pending = env->ExceptionOccurred();
    env->ExceptionClear();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      broken_ = true;
      if (thrown_ == nullptr) {
        thrown_ = static_cast<jthrowable>(env->NewGlobalRef(pending));
      }
    }
    env->DeleteLocalRef(pending);
    return true;
  }

  JNIEnv* const env_;
  const jobject callbacks_;
  jbyteArray part_ = nullptr;
  std::mutex mutex_;
  bool broken_ = false;          // by mutex_
  jthrowable thrown_ = nullptr;  // by mutex_
};

// Of tekmatch_source.
struct Reading {
  Callbacks* callbacks;
  jint position;
};

size_t ReadPart(void* context, uint64_t offset, void* out, size_t num_bytes) {
  const auto* reading = static_cast<const Reading*>(context);
  return reading->callbacks->Read(reading->position, offset,
                                  static_cast<uint8_t*>(out), num_bytes);
}

// The sources, with what they refer to.
class Sources {
 public:
  // False: an exception is pending.
  bool Read(JNIEnv* env, jobjectArray names, jintArray kinds,
            jintArray descriptors, jlongArray sizes, Callbacks& callbacks) {
    const jsize num = env->GetArrayLength(names);
    const auto n = static_cast<size_t>(num);
    std::vector<jint> kind(n);
    std::vector<jint> descriptor(n);
    std::vector<jlong> size(n);
    env->GetIntArrayRegion(kinds, 0, num, kind.data());
    if (env->ExceptionCheck() == JNI_TRUE) return false;
    env->GetIntArrayRegion(descriptors, 0, num, descriptor.data());
    if (env->ExceptionCheck() == JNI_TRUE) return false;
    env->GetLongArrayRegion(sizes, 0, num, size.data());
    if (env->ExceptionCheck() == JNI_TRUE) return false;
    names_.resize(n);
    readings_.resize(n);
    for (size_t i = 0; i < n; ++i) {
      const auto position = static_cast<jint>(i);
      if (!names_[i].Read(env, names, position)) return false;
      readings_[i] = {&callbacks, position};
      tekmatch_source source{};
      source.name = names_[i].text();
      source.kind = kind[i];
      source.descriptor = descriptor[i];
      if (kind[i] == TEKMATCH_SOURCE_CALLBACK) {
        source.num_bytes = static_cast<uint64_t>(size[i]);
        source.read = ReadPart;
        source.context = &readings_[i];
      }
      sources_.push_back(source);
    }
    // 64 KiB in Java, for those who have callbacks only.
    const bool reads =
        std::count(kind.begin(), kind.end(), TEKMATCH_SOURCE_CALLBACK) != 0;
    return !reads || callbacks.MakePart();
  }

  const tekmatch_source* data() const { return sources_.data(); }
  size_t size() const { return sources_.size(); }

 private:
  std::vector<Bytes> names_;
  std::vector<Reading> readings_;
  std::vector<tekmatch_source> sources_;
};

struct DestroyResult {
  void operator()(tekmatch_result* result) const {
    tekmatch_result_destroy(result);
  }
};

jbyteArray Check(JNIEnv* env, jclass /*native*/, jlong index, jlong store,
                 jlong trust, jobjectArray names, jintArray kinds,
                 jintArray descriptors, jlongArray sizes, jobject callbacks,
                 jint flags, jlong now, jlong as_of, jbyteArray policy,
                 jbyteArray policy_zone, jbyteArray config, jbyteArray zone,
                 jbyteArray kernel, jbyteArray own_keys, jint num_threads,
                 jlong num_bad_sightings, jboolean drop_keys,
                 jlong max_milliseconds) {
  return Border(env, [&]() -> jbyteArray {
    Callbacks called(env, callbacks);
    if (!called.made()) throw std::bad_alloc();
    Sources sources;
    Bytes policy_text;
    Bytes policy_zone_text;
    Bytes config_text;
    Bytes zone_text;
    Bytes kernel_text;
    Bytes own;
    if (!sources.Read(env, names, kinds, descriptors, sizes, called) ||
        !policy_text.Read(env, policy) ||
        !policy_zone_text.Read(env, policy_zone) ||
        !config_text.Read(env, config) || !zone_text.Read(env, zone) ||
        !kernel_text.Read(env, kernel) || !own.Read(env, own_keys)) {
      return nullptr;
    }
    auto options = Sized<tekmatch_check_options>();
    options.flags = static_cast<uint32_t>(flags);
    options.now = now;
    options.as_of = as_of;
    options.policy = policy_text.text();
    options.policy_zone = policy_zone_text.text();
    options.config = config_text.text();
    options.zone = zone_text.text();
    options.kernel = kernel_text.text();
    options.own_keys = own.data();
    options.num_own_keys = own.size() / 16;
    options.num_threads = static_cast<uint32_t>(num_threads);
    options.context = &called;
    options.progress = [](void* context, uint64_t num_files,
                          uint64_t num_keys) {
      static_cast<Callbacks*>(context)->Progress(num_files, num_keys);
    };
    options.cancelled = [](void* context) -> int {
      return static_cast<Callbacks*>(context)->Cancelled() ? 1 : 0;
    };

    Outcome outcome(env);
    tekmatch_result* made = nullptr;
    tekmatch_status status = TEKMATCH_OK;
    if (store == 0) {
      status = tekmatch_check(&made, At<tekmatch_index>(index),
                              At<tekmatch_trust>(trust), sources.data(),
                              sources.size(), &options, outcome.text(),
                              outcome.size());
    } else {
      auto store_options = Sized<tekmatch_store_check_options>();
      store_options.drop_keys = drop_keys == JNI_TRUE ? 1 : 0;
      store_options.max_milliseconds = max_milliseconds;
      status = tekmatch_store_check(&made, At<tekmatch_store>(store),
                                    At<tekmatch_trust>(trust), sources.data(),
                                    sources.size(), &options, &store_options,
                                    outcome.text(), outcome.size());
    }
    // What a callback threw comes before the status, which is CANCELLED or a
    // file's that could not be read because of it.
    const std::unique_ptr<tekmatch_result, DestroyResult> result(
        status == TEKMATCH_OK ? made : nullptr);
    if (called.Throw()) {
      // A thread that could not be attached has thrown nothing.
      if (env->ExceptionCheck() == JNI_FALSE) throw std::bad_alloc();
      return nullptr;
    }
    if (!outcome.Check(status)) return nullptr;
    Snapshot snapshot;
    if (!TakeSnapshot(env, result.get(),
                      static_cast<uint64_t>(num_bad_sightings), snapshot)) {
      return nullptr;
    }
    return NewBytes(env, snapshot.bytes().data(), snapshot.bytes().size());
  });
}

}  // namespace

bool RememberCallbacks(JNIEnv* env) {
  const jclass found = env->FindClass("jp/tekmatch/Callbacks");
  if (found == nullptr) return false;
  progress_method = env->GetMethodID(found, "progress", "(JJ)V");
  if (progress_method == nullptr) return false;
  cancelled_method = env->GetMethodID(found, "cancelled", "()Z");
  if (cancelled_method == nullptr) return false;
  read_method = env->GetMethodID(found, "read", "(IJ[BI)I");
  env->DeleteLocalRef(found);
  return read_method != nullptr;
}

std::vector<JNINativeMethod> CheckMethods() {
  return {Method("check",
                 "(JJJ[[B[I[I[JLjp/tekmatch/Callbacks;IJJ[B[B[B[B[B[BIJZJ)[B",
                 Pointer(Check))};
}

}  // namespace tekmatch::jni
