// Native.java's methods over tekmatch.h. All that is exported is JNI_OnLoad;
// the methods are registered by their signatures, so that one that does not fit
// fails when the library is loaded, not when it is called.
//
// Plan: trust and index; the store; the transmission window; the table.
//
// A handle is alive during each call, which NativeHandle.java sees to, and null
// is never given where it is not said: the Java classes check their arguments.
#include <jni.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "matcher/api/java/jni_check.h"
#include "matcher/api/java/jni_support.h"
#include "matcher/api/tekmatch.h"

namespace tekmatch::jni {
namespace {

// Sightings.java and TransmissionWindow.java have rows as these structs are, on
// every machine that has its members at these places.
static_assert(sizeof(tekmatch_sighting) == 40);
static_assert(offsetof(tekmatch_sighting, rpi) == 8);
static_assert(offsetof(tekmatch_sighting, aem) == 24);
static_assert(offsetof(tekmatch_sighting, rssi) == 28);
static_assert(offsetof(tekmatch_sighting, seconds_since_previous_scan) == 32);
static_assert(sizeof(tekmatch_own_key) == 8);
static_assert(sizeof(tekmatch_decision) == 16);

jlong AddressOf(const void* handle) {
  return static_cast<jlong>(reinterpret_cast<intptr_t>(handle));
}

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

// ---- Trust and index ----

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
    if (!outcome.Check(
            tekmatch_trust_create(&made, outcome.text(), outcome.size()))) {
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
      if (!outcome.Check(tekmatch_trust_add_set(trust.get(), set.data(),
                                                set.size(), outcome.text(),
                                                outcome.size()))) {
        return 0;
      }
    }
    return AddressOf(trust.release());
  });
}

void TrustDestroy(JNIEnv* /*env*/, jclass /*native*/, jlong trust) {
  tekmatch_trust_destroy(At<tekmatch_trust>(trust));
}

// Sightings out of Java, overwritten in the end.
struct Heard {
  Heard() = default;
  Heard(const Heard&) = delete;
  Heard& operator=(const Heard&) = delete;
  ~Heard() { Wipe(rows.data(), rows.size() * sizeof(tekmatch_sighting)); }

  std::vector<tekmatch_sighting> rows;
};

jlong IndexCreate(JNIEnv* env, jclass /*native*/, jbyteArray rows,
                  jint num_rows) {
  return Border(env, [&]() -> jlong {
    Heard heard;
    if (!ReadRows(env, rows, num_rows, heard.rows)) return 0;
    Outcome outcome(env);
    tekmatch_index* made = nullptr;
    return outcome.Check(tekmatch_index_create(&made, heard.rows.data(),
                                               heard.rows.size(),
                                               outcome.text(), outcome.size()))
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

// ---- The store ----

jlong StoreOpen(JNIEnv* env, jclass /*native*/, jbyteArray folder, jint flags,
                jlong retention_seconds) {
  return Border(env, [&]() -> jlong {
    Bytes name;
    if (!name.Read(env, folder)) return 0;
    tekmatch_store_options options{};
    options.struct_size = sizeof(options);
    options.flags = static_cast<uint32_t>(flags);
    options.retention_seconds = retention_seconds;
    Outcome outcome(env);
    tekmatch_store* made = nullptr;
    return outcome.Check(tekmatch_store_open(&made, name.text(), &options,
                                             outcome.text(), outcome.size()))
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
    outcome.Check(
        tekmatch_store_set_aside(name.text(), outcome.text(), outcome.size()));
  });
}

jlongArray StoreAdd(JNIEnv* env, jclass /*native*/, jlong store,
                    jbyteArray rows, jint num_rows, jlong now) {
  return Border(env, [&]() -> jlongArray {
    Heard heard;
    if (!ReadRows(env, rows, num_rows, heard.rows)) return nullptr;
    Outcome outcome(env);
    tekmatch_added added{};
    added.struct_size = sizeof(added);
    if (!outcome.Check(tekmatch_store_add(
            &added, At<tekmatch_store>(store), heard.rows.data(),
            heard.rows.size(), now, outcome.text(), outcome.size()))) {
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
    tekmatch_retained retained{};
    retained.struct_size = sizeof(retained);
    if (!outcome.Check(tekmatch_store_retain(&retained,
                                             At<tekmatch_store>(store), now,
                                             outcome.text(), outcome.size()))) {
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
    if (!outcome.Check(tekmatch_store_forget(&erased, At<tekmatch_store>(store),
                                             outcome.text(), outcome.size()))) {
      return JNI_FALSE;
    }
    return erased != 0 ? JNI_TRUE : JNI_FALSE;
  });
}

jlongArray StoreStatus(JNIEnv* env, jclass /*native*/, jlong store) {
  return Border(env, [&]() -> jlongArray {
    Outcome outcome(env);
    tekmatch_store_state state{};
    state.struct_size = sizeof(state);
    if (!outcome.Check(tekmatch_store_status(&state, At<tekmatch_store>(store),
                                             outcome.text(), outcome.size()))) {
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

// ---- The transmission window ----

jbyteArray SelectKeys(JNIEnv* env, jclass /*native*/, jbyteArray keys,
                      jint num_keys, jint year, jint month, jint day,
                      jboolean by_test_date, jlong registered,
                      jbyteArray policy, jbyteArray zone) {
  return Border(env, [&]() -> jbyteArray {
    std::vector<tekmatch_own_key> own;
    Bytes policy_text;
    Bytes zone_text;
    if (!ReadRows(env, keys, num_keys, own) || !policy_text.Read(env, policy) ||
        !zone_text.Read(env, zone)) {
      return nullptr;
    }
    tekmatch_registration registration{};
    registration.struct_size = sizeof(registration);
    registration.onset_or_test = {static_cast<int16_t>(year),
                                  static_cast<uint8_t>(month),
                                  static_cast<uint8_t>(day)};
    registration.by_test_date = by_test_date == JNI_TRUE ? 1 : 0;
    registration.registered = registered;
    std::vector<tekmatch_decision> decisions(own.size());
    Outcome outcome(env);
    if (!outcome.Check(tekmatch_select_keys(
            decisions.data(), own.data(), own.size(), &registration,
            policy_text.text(), zone_text.text(), outcome.text(),
            outcome.size()))) {
      return nullptr;
    }
    return NewBytes(env, decisions.data(),
                    decisions.size() * sizeof(tekmatch_decision));
  });
}

jbyteArray JudgeContact(JNIEnv* env, jclass /*native*/, jint rolling_start,
                        jint report_type, jint days_since_onset,
                        jlong export_start, jlong export_end,
                        jlong unix_seconds, jbyteArray policy,
                        jbyteArray zone) {
  return Border(env, [&]() -> jbyteArray {
    Bytes policy_text;
    Bytes zone_text;
    if (!policy_text.Read(env, policy) || !zone_text.Read(env, zone)) {
      return nullptr;
    }
    tekmatch_contact contact{};
    contact.struct_size = sizeof(contact);
    contact.rolling_start = static_cast<uint32_t>(rolling_start);
    contact.report_type = report_type;
    contact.days_since_onset = days_since_onset;
    contact.export_start = export_start;
    contact.export_end = export_end;
    contact.unix_seconds = unix_seconds;
    tekmatch_decision decision{};
    Outcome outcome(env);
    if (!outcome.Check(tekmatch_judge_contact(
            &decision, &contact, policy_text.text(), zone_text.text(),
            outcome.text(), outcome.size()))) {
      return nullptr;
    }
    return NewBytes(env, &decision, sizeof(decision));
  });
}

jbyteArray WindowReasonName(JNIEnv* env, jclass /*native*/, jint reason) {
  return Border(env, [&]() -> jbyteArray {
    return NewText(env, tekmatch_window_reason_name(
                            static_cast<tekmatch_window_reason>(reason)));
  });
}

// ---- The table ----

// Not const, since that is what JNI takes.
JNINativeMethod Method(const char* name, const char* signature,
                       void* function) {
  return {const_cast<char*>(name), const_cast<char*>(signature), function};
}

template <typename Function>
void* Pointer(Function* function) {
  return reinterpret_cast<void*>(function);
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
    Register(
        env, native,
        {Method("kernelNames", "()[[B", Pointer(KernelNames)),
         Method("trustCreate", "([[B[[B[[B[I)J", Pointer(TrustCreate)),
         Method("trustDestroy", "(J)V", Pointer(TrustDestroy)),
         Method("indexCreate", "([BI)J", Pointer(IndexCreate)),
         Method("indexNumSightings", "(J)J", Pointer(IndexNumSightings)),
         Method("indexDestroy", "(J)V", Pointer(IndexDestroy)),
         Method("check",
                "(JJJ[[B[I[I[JLjp/tekmatch/Callbacks;IJJ[B[B[B[B[B[BIJZJ)[B",
                Pointer(Check)),
         Method("storeOpen", "([BIJ)J", Pointer(StoreOpen)),
         Method("storeDestroy", "(J)V", Pointer(StoreDestroy)),
         Method("storeSetAside", "([B)V", Pointer(StoreSetAside)),
         Method("storeAdd", "(J[BIJ)[J", Pointer(StoreAdd)),
         Method("storeRetain", "(JJ)[J", Pointer(StoreRetain)),
         Method("storeForget", "(J)Z", Pointer(StoreForget)),
         Method("storeStatus", "(J)[J", Pointer(StoreStatus)),
         Method("selectKeys", "([BIIIIZJ[B[B)[B", Pointer(SelectKeys)),
         Method("judgeContact", "(IIIJJJ[B[B)[B", Pointer(JudgeContact)),
         Method("windowReasonName", "(I)[B", Pointer(WindowReasonName))});
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
