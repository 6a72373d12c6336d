// The store: Native.java's methods over tekmatch_store, but for its check
// (jni_check.cc).
//
// Plan: opening and setting aside; sightings; retention, forgetting and status.
// What the library writes to a struct goes to Store.java as a long[], in the
// order in which that reads it.
#include <jni.h>

#include <cstdint>
#include <vector>

#include "matcher/api/java/jni_methods.h"
#include "matcher/api/java/jni_support.h"
#include "matcher/api/tekmatch.h"

namespace tekmatch::jni {
namespace {

jlong StoreOpen(JNIEnv* env, jclass /*native*/, jbyteArray folder, jint flags,
                jlong retention_seconds) {
  return Border(env, [&]() -> jlong {
    Bytes name;
    if (!name.Read(env, folder)) return 0;
    auto options = Sized<tekmatch_store_options>();
    options.flags = static_cast<uint32_t>(flags);
    options.retention_seconds = retention_seconds;
    Outcome outcome(env);
    tekmatch_store* made = nullptr;
    return outcome.Call(tekmatch_store_open, &made, name.text(), &options)
               ? AddressOf(made)
               : 0;
  });
}

void StoreDestroy(JNIEnv* /*env*/, jclass /*native*/, jlong store) {
  tekmatch_store_destroy(At<tekmatch_store>(store));
}

void StoreSetAside(JNIEnv* env, jclass /*native*/, jbyteArray folder) {
  Border(env, [&]() {
    Bytes name;
    if (!name.Read(env, folder)) return;
    Outcome outcome(env);
    outcome.Call(tekmatch_store_set_aside, name.text());
  });
}

jlongArray StoreAdd(JNIEnv* env, jclass /*native*/, jlong store,
                    jbyteArray rows, jint num_rows, jlong now) {
  return Border(env, [&]() -> jlongArray {
    Heard heard;
    if (!ReadRows(env, rows, num_rows, heard.rows)) return nullptr;
    Outcome outcome(env);
    auto added = Sized<tekmatch_added>();
    if (!outcome.Call(tekmatch_store_add, &added, At<tekmatch_store>(store),
                      heard.rows.data(), heard.rows.size(), now)) {
      return nullptr;
    }
    return NewLongs(env, {static_cast<jlong>(added.num_added),
                          static_cast<jlong>(added.num_known),
                          static_cast<jlong>(added.num_too_old),
                          static_cast<jlong>(added.num_in_future)});
  });
}

jlongArray StoreRetain(JNIEnv* env, jclass /*native*/, jlong store, jlong now) {
  return Border(env, [&]() -> jlongArray {
    Outcome outcome(env);
    auto retained = Sized<tekmatch_retained>();
    if (!outcome.Call(tekmatch_store_retain, &retained,
                      At<tekmatch_store>(store), now)) {
      return nullptr;
    }
    return NewLongs(env, {retained.clock_jump, retained.erased,
                          static_cast<jlong>(retained.num_removed),
                          static_cast<jlong>(retained.num_in_future)});
  });
}

jboolean StoreForget(JNIEnv* env, jclass /*native*/, jlong store) {
  return Border(env, [&]() -> jboolean {
    Outcome outcome(env);
    int32_t erased = 0;
    if (!outcome.Call(tekmatch_store_forget, &erased,
                      At<tekmatch_store>(store))) {
      return JNI_FALSE;
    }
    return erased != 0 ? JNI_TRUE : JNI_FALSE;
  });
}

jlongArray StoreStatus(JNIEnv* env, jclass /*native*/, jlong store) {
  return Border(env, [&]() -> jlongArray {
    Outcome outcome(env);
    auto state = Sized<tekmatch_store_state>();
    if (!outcome.Call(tekmatch_store_status, &state,
                      At<tekmatch_store>(store))) {
      return nullptr;
    }
    return NewLongs(
        env,
        {static_cast<jlong>(state.num_set_aside),
         static_cast<jlong>(state.num_sightings),
         static_cast<jlong>(state.num_exports),
         static_cast<jlong>(state.num_keys_kept),
         static_cast<jlong>(state.bytes_on_disk), state.processed_until,
         state.oldest_day.year, state.oldest_day.month, state.oldest_day.day,
         state.newest_day.year, state.newest_day.month, state.newest_day.day});
  });
}

}  // namespace

std::vector<JNINativeMethod> StoreMethods() {
  return {Method("storeOpen", "([BIJ)J", Pointer(StoreOpen)),
          Method("storeDestroy", "(J)V", Pointer(StoreDestroy)),
          Method("storeSetAside", "([B)V", Pointer(StoreSetAside)),
          Method("storeAdd", "(J[BIJ)[J", Pointer(StoreAdd)),
          Method("storeRetain", "(JJ)[J", Pointer(StoreRetain)),
          Method("storeForget", "(J)Z", Pointer(StoreForget)),
          Method("storeStatus", "(J)[J", Pointer(StoreStatus))};
}

}  // namespace tekmatch::jni
