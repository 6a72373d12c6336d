// What native methods need of the border between Java and C: handles, arrays,
// exceptions, and the way back.
//
// A Java exception that is pending is left so and the native method returns at
// once; only its end makes it known. No C++ exception crosses the border
// (Border). All arrays are copied in one piece, and none is held.
#ifndef TEKMATCH_MATCHER_API_JAVA_JNI_SUPPORT_H_
#define TEKMATCH_MATCHER_API_JAVA_JNI_SUPPORT_H_

#include <jni.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <vector>

#include "matcher/api/tekmatch.h"

namespace tekmatch::jni {

// A handle that Java keeps as a number.
template <typename Handle>
Handle* At(jlong address) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): JNI has no pointers.
  return reinterpret_cast<Handle*>(static_cast<intptr_t>(address));
}

inline jlong AddressOf(const void* handle) {
  return static_cast<jlong>(reinterpret_cast<intptr_t>(handle));
}

// A row of jni_methods.h. Not const, since that is what JNI takes.
inline JNINativeMethod Method(const char* name, const char* signature,
                              void* function) {
  return {const_cast<char*>(name), const_cast<char*>(signature), function};
}
template <typename Function>
void* Pointer(Function* function) {
  return reinterpret_cast<void*>(function);
}

// A struct of tekmatch.h that begins with its size, and is zero beyond.
template <typename Struct>
Struct Sized() {
  Struct made{};
  made.struct_size = sizeof(made);
  return made;
}

// Throws the TekmatchException of this status.
void Refuse(JNIEnv* env, tekmatch_status status, const char* message);

// A message buffer; what the library refuses is thrown.
class Outcome {
 public:
  explicit Outcome(JNIEnv* env) : env_(env) {}

  char* text() { return text_.data(); }
  size_t size() const { return text_.size(); }
  const char* message() const { return text_.data(); }

  // True for TEKMATCH_OK; otherwise an exception is pending.
  bool Check(tekmatch_status status) {
    if (status != TEKMATCH_OK) Refuse(env_, status, text_.data());
    return status == TEKMATCH_OK;
  }
  // Calls a function of tekmatch.h, with the buffer behind its arguments. True
  // as above.
  template <typename Function, typename... Arguments>
  bool Call(Function function, Arguments... arguments) {
    return Check(function(arguments..., text(), size()));
  }

 private:
  JNIEnv* env_;
  std::array<char, 1024> text_{};
};

// Runs a native method's work; C++'s exceptions become Java's.
template <typename Work>
auto Border(JNIEnv* env, Work work) -> std::invoke_result_t<Work> {
  const char* name = "java/lang/InternalError";
  try {
    return work();
  } catch (const std::bad_alloc&) {
    name = "java/lang/OutOfMemoryError";
  } catch (...) {
  }
  if (env->ExceptionCheck() == JNI_FALSE) {
    const jclass type = env->FindClass(name);
    if (type != nullptr) env->ThrowNew(type, "tekmatch's native library");
  }
  return std::invoke_result_t<Work>();
}

// A copy of a byte[], which ends with NUL and is overwritten in the end.
class Bytes {
 public:
  Bytes() = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  Bytes(Bytes&&) = default;
  Bytes& operator=(Bytes&&) = delete;
  ~Bytes();

  // null stays null. False: an exception is pending.
  bool Read(JNIEnv* env, jbyteArray array);
  // An element of a byte[][].
  bool Read(JNIEnv* env, jobjectArray arrays, jsize position);

  const char* text() const { return bytes_.empty() ? nullptr : bytes_.data(); }
  const uint8_t* data() const {
    return reinterpret_cast<const uint8_t*>(text());
  }
  // Without the NUL.
  size_t size() const { return bytes_.empty() ? 0 : bytes_.size() - 1; }

 private:
  std::vector<char> bytes_;
};

// Rows of a struct out of a byte[], which has them in the machine's order.
// False: an exception is pending.
template <typename Row>
bool ReadRows(JNIEnv* env, jbyteArray array, jint num_rows,
              std::vector<Row>& rows) {
  rows.resize(static_cast<size_t>(num_rows < 0 ? 0 : num_rows));
  const size_t num_bytes = rows.size() * sizeof(Row);
  if (num_bytes > static_cast<size_t>(env->GetArrayLength(array))) {
    rows.clear();
    Refuse(env, TEKMATCH_INVALID_ARGUMENT, "the array has too few rows");
    return false;
  }
  env->GetByteArrayRegion(array, 0, static_cast<jsize>(num_bytes),
                          reinterpret_cast<jbyte*>(rows.data()));
  return env->ExceptionCheck() == JNI_FALSE;
}

// Overwrites, although nobody reads it afterwards.
void Wipe(void* bytes, size_t num_bytes);

// Sightings out of Java, overwritten in the end. Sightings.java has rows as
// this struct is, on every machine that has its members at these places.
static_assert(sizeof(tekmatch_sighting) == 40);
static_assert(offsetof(tekmatch_sighting, rpi) == 8);
static_assert(offsetof(tekmatch_sighting, aem) == 24);
static_assert(offsetof(tekmatch_sighting, rssi) == 28);
static_assert(offsetof(tekmatch_sighting, seconds_since_previous_scan) == 32);
struct Heard {
  Heard() = default;
  Heard(const Heard&) = delete;
  Heard& operator=(const Heard&) = delete;
  ~Heard() { Wipe(rows.data(), rows.size() * sizeof(tekmatch_sighting)); }

  std::vector<tekmatch_sighting> rows;
};

// New arrays, or null with an exception pending.
jbyteArray NewBytes(JNIEnv* env, const void* bytes, size_t num_bytes);
jbyteArray NewText(JNIEnv* env, std::string_view text);
jlongArray NewLongs(JNIEnv* env, const std::vector<jlong>& longs);

// A result on its way to Result.java, which reads the same widths in the same
// order, all in the machine's byte order. No value is padded. Overwritten in
// the end.
class Snapshot {
 public:
  Snapshot() = default;
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot() { Wipe(bytes_.data(), bytes_.size()); }

  void Int(int64_t value) { Put(static_cast<int32_t>(value)); }
  void Size(size_t value) { Put(static_cast<int32_t>(value)); }
  void Long(uint64_t value) { Put(value); }
  void Double(double value) { Put(value); }
  void Date(const tekmatch_date& date) {
    Int(date.year);
    Int(date.month);
    Int(date.day);
  }
  void Text(const char* text) {
    const std::string_view view = text == nullptr ? "" : text;
    Size(view.size());
    PutBytes(view.data(), view.size());
  }
  void PutBytes(const void* bytes, size_t num_bytes) {
    const auto* begin = static_cast<const uint8_t*>(bytes);
    bytes_.insert(bytes_.end(), begin, begin + num_bytes);
  }

  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  template <typename T>
  void Put(T value) {
    PutBytes(&value, sizeof(value));
  }

  std::vector<uint8_t> bytes_;
};

// Where the library calls back: the JNI of the thread it is on. Its own threads
// are attached, as daemons, and detached when they end. Null: there is no
// memory for that.
bool RememberMachine(JavaVM* machine);
JNIEnv* EnvOfThread();

// TekmatchException, for Refuse. False: an exception is pending.
bool RememberExceptions(JNIEnv* env);

}  // namespace tekmatch::jni

#endif  // TEKMATCH_MATCHER_API_JAVA_JNI_SUPPORT_H_
