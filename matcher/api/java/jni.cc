// What the loader calls, and what is asked before anything else: whether
// classes and library go together. All that is exported is JNI_OnLoad; the
// methods are registered by their signatures, so that one that does not fit
// fails when the library is loaded, not when it is called.
//
// Plan: versions and kernels; then registering, in two steps. The first has
// what tells the versions alone, so that classes of another version are told
// so, and not that some method is missing.
#include <jni.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "matcher/api/java/jni_methods.h"
#include "matcher/api/java/jni_support.h"
#include "matcher/api/tekmatch.h"

namespace tekmatch::jni {
namespace {

jboolean IsCompatible(JNIEnv* /*env*/, jclass /*native*/, jint version) {
  return tekmatch_is_compatible(static_cast<uint32_t>(version)) != 0
             ? JNI_TRUE
             : JNI_FALSE;
}

jint VersionNumber(JNIEnv* /*env*/, jclass /*native*/) {
  return static_cast<jint>(tekmatch_version_number());
}

jobjectArray KernelNames(JNIEnv* env, jclass /*native*/) {
  return Border(env, [&]() -> jobjectArray {
    jsize num = 0;
    while (tekmatch_kernel_name(static_cast<size_t>(num)) != nullptr) ++num;
    const jclass type = env->FindClass("[B");
    if (type == nullptr) return nullptr;
    const jobjectArray names = env->NewObjectArray(num, type, nullptr);
    for (jsize i = 0; names != nullptr && i < num; ++i) {
      const jbyteArray name =
          NewText(env, tekmatch_kernel_name(static_cast<size_t>(i)));
      if (name == nullptr) return nullptr;
      env->SetObjectArrayElement(names, i, name);
      if (env->ExceptionCheck() == JNI_TRUE) return nullptr;
      env->DeleteLocalRef(name);
    }
    return names;
  });
}

bool Register(JNIEnv* env, jclass native,
              const std::vector<JNINativeMethod>& methods) {
  return env->RegisterNatives(native, methods.data(),
                              static_cast<jint>(methods.size())) == JNI_OK;
}

// What needs classes of the same version. A failure leaves an exception.
void RegisterOthers(JNIEnv* env, jclass native) {
  Border(env, [&]() {
    if (!RememberExceptions(env) || !RememberCallbacks(env)) return;
    const std::vector<JNINativeMethod> own = {
        Method("kernelNames", "()[[B", Pointer(KernelNames))};
    for (const auto& methods : {own, IndexMethods(), StoreMethods(),
                                CheckMethods(), WindowMethods()}) {
      if (!Register(env, native, methods)) return;
    }
  });
}

jint Load(JavaVM* machine) {
  void* found = nullptr;
  if (machine->GetEnv(&found, JNI_VERSION_1_6) != JNI_OK) return JNI_ERR;
  auto* const env = static_cast<JNIEnv*>(found);
  if (!RememberMachine(machine)) return JNI_ERR;
  const jclass native = env->FindClass("jp/tekmatch/Native");
  if (native == nullptr) return JNI_ERR;
  return Border(
             env,
             [&]() {
               return Register(
                   env, native,
                   {Method("isCompatible", "(I)Z", Pointer(IsCompatible)),
                    Method("versionNumber", "()I", Pointer(VersionNumber)),
                    Method("registerOthers", "()V", Pointer(RegisterOthers))});
             })
             ? JNI_VERSION_1_6
             : JNI_ERR;
}

}  // namespace
}  // namespace tekmatch::jni

extern "C" __attribute__((visibility("default"))) jint JNI_OnLoad(
    JavaVM* machine, void* /*reserved*/) {
  return tekmatch::jni::Load(machine);
}
