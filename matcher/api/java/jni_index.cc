// Trust and index: Native.java's methods over tekmatch_trust and
// tekmatch_index. Each is made in one call, since Java has all of its parts by
// then: so it has no handle of something that is half made.
#include <jni.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "matcher/api/java/jni_methods.h"
#include "matcher/api/java/jni_support.h"
#include "matcher/api/tekmatch.h"

namespace tekmatch::jni {
namespace {

struct DestroyTrust {
  void operator()(tekmatch_trust* trust) const {
    tekmatch_trust_destroy(trust);
  }
};

jlong TrustCreate(JNIEnv* env, jclass /*native*/, jobjectArray ids,
                  jobjectArray versions, jobjectArray keys,
                  jintArray set_sizes) {
  return Border(env, [&]() -> jlong {
    std::vector<jint> sizes(
        static_cast<size_t>(env->GetArrayLength(set_sizes)));
    env->GetIntArrayRegion(set_sizes, 0, static_cast<jsize>(sizes.size()),
                           sizes.data());
    if (env->ExceptionCheck() == JNI_TRUE) return 0;
    Outcome outcome(env);
    tekmatch_trust* made = nullptr;
    if (!outcome.Call(tekmatch_trust_create, &made)) {
      return 0;
    }
    std::unique_ptr<tekmatch_trust, DestroyTrust> trust(made);
    jsize position = 0;
    for (const jint size : sizes) {
      const auto n = static_cast<size_t>(size);
      std::vector<Bytes> id(n);
      std::vector<Bytes> version(n);
      std::vector<Bytes> key(n);
      std::vector<tekmatch_trusted_key> set;
      for (size_t i = 0; i < n; ++i, ++position) {
        if (!id[i].Read(env, ids, position) ||
            !version[i].Read(env, versions, position) ||
            !key[i].Read(env, keys, position)) {
          return 0;
        }
        set.push_back(
            {id[i].text(), version[i].text(), key[i].text(), key[i].size()});
      }
      if (!outcome.Call(tekmatch_trust_add_set, trust.get(), set.data(),
                        set.size())) {
        return 0;
      }
    }
    return AddressOf(trust.release());
  });
}

void TrustDestroy(JNIEnv* /*env*/, jclass /*native*/, jlong trust) {
  tekmatch_trust_destroy(At<tekmatch_trust>(trust));
}

jlong IndexCreate(JNIEnv* env, jclass /*native*/, jbyteArray rows,
                  jint num_rows) {
  return Border(env, [&]() -> jlong {
    Heard heard;
    if (!ReadRows(env, rows, num_rows, heard.rows)) return 0;
    Outcome outcome(env);
    tekmatch_index* made = nullptr;
    return outcome.Call(tekmatch_index_create, &made, heard.rows.data(),
                        heard.rows.size())
               ? AddressOf(made)
               : 0;
  });
}

jlong IndexNumSightings(JNIEnv* /*env*/, jclass /*native*/, jlong index) {
  return static_cast<jlong>(
      tekmatch_index_num_sightings(At<tekmatch_index>(index)));
}

void IndexDestroy(JNIEnv* /*env*/, jclass /*native*/, jlong index) {
  tekmatch_index_destroy(At<tekmatch_index>(index));
}

}  // namespace

std::vector<JNINativeMethod> IndexMethods() {
  return {Method("trustCreate", "([[B[[B[[B[I)J", Pointer(TrustCreate)),
          Method("trustDestroy", "(J)V", Pointer(TrustDestroy)),
          Method("indexCreate", "([BI)J", Pointer(IndexCreate)),
          Method("indexNumSightings", "(J)J", Pointer(IndexNumSightings)),
          Method("indexDestroy", "(J)V", Pointer(IndexDestroy))};
}

}  // namespace tekmatch::jni
