// The transmission window: Native.java's methods over the functions of
// tekmatch.h that need no handle.
#include <jni.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "matcher/api/java/jni_methods.h"
#include "matcher/api/java/jni_support.h"
#include "matcher/api/tekmatch.h"

namespace tekmatch::jni {
namespace {

// TransmissionWindow.java has rows as these structs are.
static_assert(sizeof(tekmatch_own_key) == 8);
static_assert(sizeof(tekmatch_decision) == 16);

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
    auto registration = Sized<tekmatch_registration>();
    registration.onset_or_test = {static_cast<int16_t>(year),
                                  static_cast<uint8_t>(month),
                                  static_cast<uint8_t>(day)};
    registration.by_test_date = by_test_date == JNI_TRUE ? 1 : 0;
    registration.registered = registered;
    std::vector<tekmatch_decision> decisions(own.size());
    Outcome outcome(env);
    if (!outcome.Call(tekmatch_select_keys, decisions.data(), own.data(),
                      own.size(), &registration, policy_text.text(),
                      zone_text.text())) {
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
    auto contact = Sized<tekmatch_contact>();
    contact.rolling_start = static_cast<uint32_t>(rolling_start);
    contact.report_type = report_type;
    contact.days_since_onset = days_since_onset;
    contact.export_start = export_start;
    contact.export_end = export_end;
    contact.unix_seconds = unix_seconds;
    tekmatch_decision decision{};
    Outcome outcome(env);
    if (!outcome.Call(tekmatch_judge_contact, &decision, &contact,
                      policy_text.text(), zone_text.text())) {
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

}  // namespace

std::vector<JNINativeMethod> WindowMethods() {
  return {Method("selectKeys", "([BIIIIZJ[B[B)[B", Pointer(SelectKeys)),
          Method("judgeContact", "(IIIJJJ[B[B)[B", Pointer(JudgeContact)),
          Method("windowReasonName", "(I)[B", Pointer(WindowReasonName))};
}

}  // namespace tekmatch::jni
