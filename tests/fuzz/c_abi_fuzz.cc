// Plan: what calls are made with; a call a byte or more; what has to hold after
// each of them.
//
// The bytes are a sequence of calls of tekmatch.h, with handles that earlier
// calls made, in whatever order, NULL where it is allowed or not, structs of
// other sizes, arrays with too little room, exports that were changed, and
// texts from the bytes. Whatever is asked, an answer is as the header promises:
// a failure has a message and has written nothing, a success has none. What a
// kernel finds, all find.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "matcher/api/tekmatch.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/signed_exports.h"
#include "tests/matcher/api/c_world.h"
#include "tests/memory_folder.h"
#include "tests/test_exports.h"

namespace tekmatch {
namespace {

// Made once. The same in every process: an input means the same everywhere.
struct CWorld {
  std::vector<DiagnosisKey> keys = TestKeys(4, 5);
  std::array<std::string, 2> exports;
  std::vector<tekmatch_sighting> sightings;
  std::string pem = kSignerPem;

  CWorld() {
    Require(absl::Base64Unescape(kFirstExport, exports.data()) &&
            absl::Base64Unescape(kSecondExport, &exports[1]));
    for (size_t i = 0; i < exports.size(); ++i) {
      const std::string same = WriteTestExport({keys[2 * i], keys[2 * i + 1]});
      Require(ZipEntry(exports.at(i), "export.bin") ==
              ZipEntry(same, "export.bin"));
    }
    for (const Sighting& sighting : HearForHalfAnHour(keys)) {
      sightings.push_back(SightingInC(sighting));
    }
  }
};

const CWorld& World() {
  static const auto* const world = new CWorld;
  return *world;
}

// The buffer of a message, of any size, with a guard behind it.
class GuardedMessage {
 public:
  explicit GuardedMessage(FuzzBytes& bytes) {
    text_.fill(kGuard);
    const uint8_t what = bytes.Next();
    size_ = what < 200 ? 300 : what % 8;
    is_null_ = what == 255;
    if (is_null_) size_ = 0;
  }
  char* data() { return is_null_ ? nullptr : text_.data(); }
  size_t size() const { return size_; }

  // After the call: ended by NUL within its size, empty after a success alone.
  void Check(tekmatch_status status) const {
    Require(status >= TEKMATCH_OK && status <= TEKMATCH_DATA_LOSS);
    Require(std::strcmp(tekmatch_status_name(status), "") != 0);
    Require(status != TEKMATCH_INTERNAL && status != TEKMATCH_UNKNOWN);
    for (size_t i = size_; i < text_.size(); ++i) Require(text_[i] == kGuard);
    if (size_ == 0) return;
    const auto* const end =
        std::find(text_.begin(), text_.begin() + size_, '\0');
    Require(end != text_.begin() + size_);
    if (size_ > 1) Require((end == text_.begin()) == (status == TEKMATCH_OK));
  }

 private:
  static constexpr char kGuard = 0x5A;
  std::array<char, 320> text_;
  size_t size_ = 0;
  bool is_null_ = false;
};

// A struct of a caller's, with what a later header might append: zero, or not.
// Its size mostly is the right one.
template <typename T>
struct Padded {
  T known{};
  std::array<uint8_t, 16> later{};

  explicit Padded(FuzzBytes& bytes) {
    const uint8_t what = bytes.Next();
    known.struct_size = sizeof(known);
    if (what < 240) return;
    constexpr std::array<int, 4> kApart = {-8, -1, 1, 8};
    known.struct_size = static_cast<uint32_t>(
        what < 252 ? static_cast<int>(sizeof(known)) + kApart.at(what % 4)
                   : what - 252);
    if (what % 8 < 4) later.fill(1);
  }
};

constexpr const char* kZones[] = {"UTC", "Asia/Tokyo", "Nowhere/None", "",
                                  nullptr};
constexpr const char* kPolicies[] = {"none",    "civil",     "cocoa-1.2.1",
                                     "cocoa-3", "no policy", nullptr};
constexpr const char* kConfigs[] = {"cocoa", "platform-default", "none such",
                                    nullptr};

class Calls {
 public:
  explicit Calls(std::string folder) : folder_(std::move(folder)) {}

  void Run(FuzzBytes& bytes) {
    constexpr int kMostCalls = 40;
    for (int i = 0; i < kMostCalls && !bytes.empty(); ++i) Call(bytes);
  }

 private:
  static constexpr size_t kHandles = 2;
  template <typename Handle>
  using Handles = std::array<Handle, kHandles>;

  void Call(FuzzBytes& bytes) {
    switch (bytes.Below(18)) {
      case 0:
        MakeTrust(bytes);
        break;
      case 1:
        AddKeys(bytes);
        break;
      case 2:
        MakeIndex(bytes);
        break;
      case 3:
      case 4:
        CheckFiles(bytes);
        break;
      case 5:
        OpenStore(bytes);
        break;
      case 6:
        AddToStore(bytes);
        break;
      case 7:
      case 8:
        CheckStore(bytes);
        break;
      case 9:
        KeepStore(bytes);
        break;
      case 10:
        Compare(bytes);
        break;
      case 11:
        LookAtFiles(bytes);
        break;
      case 12:
        LookAtRows(bytes);
        break;
      case 13:
        LookAtNotice(bytes);
        break;
      case 14:
        LookAtStored(bytes);
        break;
      case 15:
        SelectKeys(bytes);
        break;
      case 16:
        JudgeContact(bytes);
        break;
      default:
        Destroy(bytes);
    }
  }

  // One that was made, one that is no more, or NULL.
  template <typename Handle>
  static typename Handle::pointer Any(const Handles<Handle>& handles,
                                      FuzzBytes& bytes) {
    return handles.at(bytes.Below(kHandles)).get();
  }
  template <typename Handle>
  static bool Keep(Handles<Handle>& handles, FuzzBytes& bytes,
                   typename Handle::pointer made, tekmatch_status status) {
    Require((status == TEKMATCH_OK) == (made != nullptr));
    if (made == nullptr) return false;
    handles.at(bytes.Below(kHandles)).reset(made);
    return true;
  }

  // ---------------------------------------------- trust, index, destroying

  void MakeTrust(FuzzBytes& bytes) {
    GuardedMessage message(bytes);
    tekmatch_trust* made = nullptr;
    const tekmatch_status status =
        tekmatch_trust_create(&made, message.data(), message.size());
    message.Check(status);
    Keep(trusts_, bytes, made, status);
  }

  void AddKeys(FuzzBytes& bytes) {
    const std::string own = bytes.Below(4) == 0 ? bytes.Take(bytes.Next()) : "";
    const std::string& key = own.empty() ? World().pem : own;
    constexpr const char* kIds[] = {"440", "", "another", nullptr};
    constexpr const char* kVersions[] = {"v1", nullptr, "v2"};
    std::vector<tekmatch_trusted_key> keys(bytes.Below(3));
    for (tekmatch_trusted_key& one : keys) {
      one = {kIds[bytes.Below(4)], kVersions[bytes.Below(3)], key.data(),
             key.size()};
    }
    GuardedMessage message(bytes);
    tekmatch_trust* const trust = Any(trusts_, bytes);
    const tekmatch_status status = tekmatch_trust_add_set(
        trust, keys.data(), keys.size(), message.data(), message.size());
    message.Check(status);
    if (trust == nullptr || keys.empty()) {
      Require(status == TEKMATCH_INVALID_ARGUMENT);
    }
  }

  static std::vector<tekmatch_sighting> Sightings(FuzzBytes& bytes) {
    std::vector<tekmatch_sighting> sightings;
    const uint8_t mask = bytes.Next();
    for (size_t i = 0; i < World().sightings.size(); ++i) {
      if ((mask >> i % 8 & 1) != 0) sightings.push_back(World().sightings[i]);
    }
    if (sightings.empty()) return sightings;
    // One of them may be wrong in something.
    tekmatch_sighting& one = sightings.at(bytes.Next() % sightings.size());
    switch (bytes.Below(16)) {
      case 0:
        one.unix_seconds = -1;
        break;
      case 1:
        one.unix_seconds = INT64_MAX;
        break;
      case 2:
        one.rssi = INT16_MIN;
        break;
      case 3:
        one.reserved = 1;
        break;
      case 4:
        one.seconds_since_previous_scan = TEKMATCH_NO_PREVIOUS_SCAN;
        break;
      default:
        break;
    }
    return sightings;
  }

  void MakeIndex(FuzzBytes& bytes) {
    const std::vector<tekmatch_sighting> sightings = Sightings(bytes);
    const bool is_null = bytes.Below(16) == 1;
    GuardedMessage message(bytes);
    tekmatch_index* made = nullptr;
    const tekmatch_status status =
        tekmatch_index_create(&made, is_null ? nullptr : sightings.data(),
                              sightings.size(), message.data(), message.size());
    message.Check(status);
    if (made != nullptr) {
      Require(tekmatch_index_num_sightings(made) == sightings.size());
    }
    Keep(indexes_, bytes, made, status);
  }

  void Destroy(FuzzBytes& bytes) {
    switch (bytes.Below(4)) {
      case 0:
        trusts_.at(bytes.Below(kHandles)).reset();
        break;
      case 1:
        indexes_.at(bytes.Below(kHandles)).reset();
        break;
      case 2:
        stores_.at(bytes.Below(kHandles)).reset();
        break;
      default:
        results_.at(bytes.Below(kHandles)).reset();
    }
  }

  // ----------------------------------------------------------- the checks

  struct Sources {
    std::vector<std::string> contents;
    std::vector<tekmatch_source> in_c;
  };

  static size_t ReadFrom(void* context, uint64_t offset, void* out,
                         size_t num_bytes) {
    const std::string& content = *static_cast<const std::string*>(context);
    if (offset > content.size()) return 0;
    const size_t num = std::min<size_t>(num_bytes, content.size() - offset);
    std::memcpy(out, content.data() + offset, num);
    return num;
  }

  static Sources MakeSources(FuzzBytes& bytes) {
    constexpr const char* kNames[] = {"a.zip", "b.zip",          "export.bin",
                                      "",      "/nowhere/c.zip", nullptr};
    Sources sources;
    const size_t num = bytes.Below(4);
    sources.contents.resize(num);
    sources.in_c.resize(num);
    for (size_t i = 0; i < num; ++i) {
      std::string& content = sources.contents[i];
      const uint8_t what = bytes.Next();
      content = World().exports.at(what % 2);
      if (what % 8 == 7) content = bytes.Take(bytes.Next());
      if (what % 8 == 6 && !content.empty()) {
        const size_t at = (size_t{bytes.Next()} << 8 | bytes.Next());
        content[at % content.size()] ^= static_cast<char>(bytes.Next());
      }
      tekmatch_source& source = sources.in_c[i];
      source.name =
          what >= 250 ? kNames[what - 250] : kNames[(i + what / 8) % 2];
      source.kind = bytes.Below(8) < 4 ? int32_t{TEKMATCH_SOURCE_MEMORY}
                                       : static_cast<int32_t>(bytes.Below(5));
      source.descriptor = -1;
      source.bytes = content.data();
      source.num_bytes = content.size();
      source.read = what / 16 % 8 == 7 ? nullptr : ReadFrom;
      source.context = &content;
    }
    return sources;
  }

  struct Cancelling {
    int left = 0;  // questions until it shall end; below 0: never
  };

  static Padded<tekmatch_check_options> MakeOptions(FuzzBytes& bytes,
                                                    Cancelling& cancelling,
                                                    std::string& json) {
    Padded<tekmatch_check_options> padded(bytes);
    tekmatch_check_options& options = padded.known;
    const uint32_t size = options.struct_size;
    options = CocoaOptions();
    options.struct_size = size;
    const uint8_t what = bytes.Next();
    if (what % 4 == 1) options.flags = bytes.Next();
    if (what % 4 == 2) {
      options.policy = kPolicies[bytes.Below(std::size(kPolicies))];
      options.policy_zone = kZones[bytes.Below(std::size(kZones))];
      options.config = kConfigs[bytes.Below(std::size(kConfigs))];
      options.zone = kZones[bytes.Below(std::size(kZones))];
    }
    if (what % 4 == 3) {
      json = bytes.Take(bytes.Next());
      (what % 8 == 3 ? options.config : options.policy) = json.c_str();
    }
    if (what >= 240) options.now = bytes.NextSigned();
    if (what >= 128) {
      options.own_keys = World().keys[0].tek.bytes.data();
      options.num_own_keys = 1;
    }
    // As many threads as a caller may ask for, and one more; few, that start
    // quickly.
    options.num_threads = what / 4 % 16 == 15 ? 257 : what / 4 % 2;
    cancelling.left = bytes.NextSigned();
    options.context = &cancelling;
    options.cancelled = [](void* context) {
      return static_cast<Cancelling*>(context)->left-- == 0 ? 1 : 0;
    };
    return padded;
  }

  void CheckFiles(FuzzBytes& bytes) {
    const Sources sources = MakeSources(bytes);
    Cancelling cancelling;
    std::string json;
    Padded<tekmatch_check_options> padded =
        MakeOptions(bytes, cancelling, json);
    tekmatch_check_options& options = padded.known;
    GuardedMessage message(bytes);
    const tekmatch_index* const index = Any(indexes_, bytes);
    const tekmatch_trust* const trust = Any(trusts_, bytes);
    tekmatch_result* made = nullptr;
    const tekmatch_status status = tekmatch_check(
        &made, index, trust, sources.in_c.data(), sources.in_c.size(), &options,
        message.data(), message.size());
    message.Check(status);
    if (index == nullptr || trust == nullptr) {
      Require(status == TEKMATCH_INVALID_ARGUMENT);
    }
    if (!Keep(results_, bytes, made, status)) return;
    options.cancelled = nullptr;
    CompareKernels(made, index, trust, sources, options);
  }

  // Of the structs and rows that a result gives, all bytes.
  static std::string Told(const tekmatch_result* result) {
    std::string told;
    const auto add = [&told](const void* bytes, size_t size) {
      told.append(static_cast<const char*>(bytes), size);
    };
    tekmatch_counts counts{};
    counts.struct_size = sizeof(counts);
    Require(tekmatch_result_counts(&counts, result, nullptr, 0) == TEKMATCH_OK);
    add(&counts, sizeof(counts));
    const tekmatch_status compared =
        tekmatch_result_compared(result, 0, nullptr, 0);
    add(&compared, sizeof(compared));
    for (const auto& row :
         RowsInC<tekmatch_date_count>(tekmatch_result_dates, result)) {
      add(&row, sizeof(row));
    }
    for (const auto& row :
         RowsInC<tekmatch_day>(tekmatch_result_days, result)) {
      add(&row, sizeof(row));
    }
    for (const auto& row :
         RowsInC<tekmatch_window>(tekmatch_result_windows, result)) {
      add(&row, sizeof(row));
    }
    for (const auto& row :
         RowsInC<tekmatch_scan>(tekmatch_result_scans, result)) {
      add(&row, sizeof(row));
    }
    return told;
  }

  static void CompareKernels(const tekmatch_result* result,
                             const tekmatch_index* index,
                             const tekmatch_trust* trust,
                             const Sources& sources,
                             tekmatch_check_options& options) {
    // Asked of another result, since to ask whether it compared changes one.
    std::string first;
    tekmatch_counts counts{};
    counts.struct_size = sizeof(counts);
    Require(tekmatch_result_counts(&counts, result, nullptr, 0) == TEKMATCH_OK);
    if (counts.complete == 0) return;
    for (size_t i = 0; tekmatch_kernel_name(i) != nullptr; ++i) {
      options.kernel = tekmatch_kernel_name(i);
      tekmatch_result* made = nullptr;
      Require(tekmatch_check(&made, index, trust, sources.in_c.data(),
                             sources.in_c.size(), &options, nullptr,
                             0) == TEKMATCH_OK);
      const ResultHandle owner(made);
      const std::string told = Told(made);
      if (i == 0) first = told;
      Require(told == first);
    }
    Require(!first.empty());
  }

  // ------------------------------------------------------------ the store

  void OpenStore(FuzzBytes& bytes) {
    Padded<tekmatch_store_options> options_padded(bytes);
    tekmatch_store_options& options = options_padded.known;
    const uint8_t what = bytes.Next();
    options.flags = what < 192 ? TEKMATCH_STORE_CREATE : what % 8;
    options.retention_seconds = what == 191 ? -1 : 0;
    GuardedMessage message(bytes);
    tekmatch_store* made = nullptr;
    const tekmatch_status status =
        tekmatch_store_open(&made, what == 190 ? nullptr : folder_.c_str(),
                            &options, message.data(), message.size());
    message.Check(status);
    Keep(stores_, bytes, made, status);
  }

  void AddToStore(FuzzBytes& bytes) {
    const std::vector<tekmatch_sighting> sightings = Sightings(bytes);
    Padded<tekmatch_added> added_padded(bytes);
    tekmatch_added& added = added_padded.known;
    GuardedMessage message(bytes);
    tekmatch_store* const store = Any(stores_, bytes);
    const bool asks = bytes.Below(4) != 1;
    const tekmatch_status status = tekmatch_store_add(
        asks ? &added : nullptr, store, sightings.data(), sightings.size(),
        kNow, message.data(), message.size());
    message.Check(status);
    if (store == nullptr) Require(status == TEKMATCH_INVALID_ARGUMENT);
    if (asks && status == TEKMATCH_OK) {
      Require(added.num_added + added.num_known + added.num_too_old ==
              sightings.size());
    }
    if (asks && status != TEKMATCH_OK) Require(added.num_added == 0);
  }

  void CheckStore(FuzzBytes& bytes) {
    const Sources sources = MakeSources(bytes);
    Cancelling cancelling;
    std::string json;
    const Padded<tekmatch_check_options> padded =
        MakeOptions(bytes, cancelling, json);
    const tekmatch_check_options& options = padded.known;
    Padded<tekmatch_store_check_options> more_padded(bytes);
    tekmatch_store_check_options& more = more_padded.known;
    const uint8_t what = bytes.Next();
    more.drop_keys = what % 4 == 1 ? 1 : 0;
    more.max_milliseconds = what == 255 ? -1 : 0;
    GuardedMessage message(bytes);
    tekmatch_store* const store = Any(stores_, bytes);
    const tekmatch_trust* const trust = Any(trusts_, bytes);
    tekmatch_result* made = nullptr;
    const tekmatch_status status = tekmatch_store_check(
        &made, store, trust, sources.in_c.data(), sources.in_c.size(), &options,
        &more, message.data(), message.size());
    message.Check(status);
    if (store == nullptr || trust == nullptr) {
      Require(status == TEKMATCH_INVALID_ARGUMENT);
    }
    Keep(results_, bytes, made, status);
  }

  void KeepStore(FuzzBytes& bytes) {
    const uint8_t what = bytes.Next();
    GuardedMessage message(bytes);
    tekmatch_store* const store = Any(stores_, bytes);
    tekmatch_status status = TEKMATCH_OK;
    if (what % 4 == 0) {
      Padded<tekmatch_retained> retained_padded(bytes);
      tekmatch_retained& retained = retained_padded.known;
      status =
          tekmatch_store_retain(&retained, store, kNow + int64_t{what} * 3600,
                                message.data(), message.size());
    } else if (what % 16 == 1) {
      int32_t erased = -1;
      status =
          tekmatch_store_forget(&erased, store, message.data(), message.size());
      if (status == TEKMATCH_OK) Require(erased == 0 || erased == 1);
      if (status != TEKMATCH_OK) Require(erased == -1);
    } else {
      Padded<tekmatch_store_state> state_padded(bytes);
      tekmatch_store_state& state = state_padded.known;
      status =
          tekmatch_store_status(&state, store, message.data(), message.size());
      if (status == TEKMATCH_OK) {
        Require((state.num_sightings == 0) == (state.oldest_day.year == 0));
      }
    }
    message.Check(status);
    if (store == nullptr) Require(status == TEKMATCH_INVALID_ARGUMENT);
  }

  // ----------------------------------------------------------- the results

  void Compare(FuzzBytes& bytes) {
    GuardedMessage message(bytes);
    const tekmatch_result* const result = Any(results_, bytes);
    const tekmatch_status status = tekmatch_result_compared(
        result, bytes.Next(), message.data(), message.size());
    message.Check(status);
    Require(result != nullptr || status == TEKMATCH_INVALID_ARGUMENT);
  }

  void LookAtFiles(FuzzBytes& bytes) {
    const tekmatch_result* const result = Any(results_, bytes);
    GuardedMessage message(bytes);
    Padded<tekmatch_counts> counts_padded(bytes);
    tekmatch_counts& counts = counts_padded.known;
    const tekmatch_status counted =
        tekmatch_result_counts(&counts, result, message.data(), message.size());
    message.Check(counted);
    if (counted != TEKMATCH_OK) return;
    Require(counts.num_accepted_files <= counts.num_files);
    Require(counts.num_compared_keys <= counts.num_keys);
    for (uint64_t i = 0; i <= counts.num_files; ++i) {
      tekmatch_file file{};
      file.struct_size = sizeof(file);
      const tekmatch_status status =
          tekmatch_result_file(&file, result, i, nullptr, 0);
      Require(status ==
              (i < counts.num_files ? TEKMATCH_OK : TEKMATCH_INVALID_ARGUMENT));
      if (status != TEKMATCH_OK) continue;
      Require(std::strlen(file.name) > 0 && std::strlen(file.verdict) > 0);
      Require((std::strlen(file.reason) == 0) || file.accepted == 0);
    }
  }

  // The protocol of arrays: the number, too little room, all rows.
  template <typename Row, typename Function>
  static void CheckRows(Function function, const tekmatch_result* result,
                        FuzzBytes& bytes) {
    size_t num = 77;
    GuardedMessage message(bytes);
    const tekmatch_status asked =
        function(nullptr, &num, result, message.data(), message.size());
    message.Check(asked);
    if (asked != TEKMATCH_OK) {
      Require(num == 77);
      return;
    }
    std::vector<Row> rows(num + 1);
    std::memset(static_cast<void*>(rows.data()), 0x5A,
                rows.size() * sizeof(Row));
    const std::vector<Row> untouched = rows;
    const auto is_untouched = [&](size_t from) {
      return std::memcmp(rows.data() + from, untouched.data() + from,
                         (rows.size() - from) * sizeof(Row)) == 0;
    };
    if (num > 0) {
      size_t room = num - 1;
      Require(function(rows.data(), &room, result, nullptr, 0) ==
              TEKMATCH_OUT_OF_RANGE);
      Require(room == num && is_untouched(0));
    }
    size_t room = num + bytes.Below(2);
    Require(function(rows.data(), &room, result, nullptr, 0) == TEKMATCH_OK);
    Require(room == num && is_untouched(num));
  }

  void LookAtRows(FuzzBytes& bytes) {
    const tekmatch_result* const result = Any(results_, bytes);
    CheckRows<tekmatch_date_count>(tekmatch_result_dates, result, bytes);
    CheckRows<tekmatch_day>(tekmatch_result_days, result, bytes);
    CheckRows<tekmatch_window>(tekmatch_result_windows, result, bytes);
    CheckRows<tekmatch_scan>(tekmatch_result_scans, result, bytes);
  }

  void LookAtNotice(FuzzBytes& bytes) {
    const tekmatch_result* const result = Any(results_, bytes);
    Padded<tekmatch_notice> notice_padded(bytes);
    tekmatch_notice& notice = notice_padded.known;
    GuardedMessage message(bytes);
    const tekmatch_status status =
        tekmatch_result_notice(&notice, result, message.data(), message.size());
    message.Check(status);
    if (status != TEKMATCH_OK) {
      Require(notice.zone == nullptr && notice.num_days == 0);
      return;
    }
    Require(std::strlen(notice.zone) > 0);
    Require(notice.num_alerting_days <= notice.num_days);
  }

  void LookAtStored(FuzzBytes& bytes) {
    const tekmatch_result* const result = Any(results_, bytes);
    Padded<tekmatch_stored> stored_padded(bytes);
    tekmatch_stored& stored = stored_padded.known;
    GuardedMessage message(bytes);
    const tekmatch_status status =
        tekmatch_result_stored(&stored, result, message.data(), message.size());
    message.Check(status);
    if (status != TEKMATCH_OK) return;
    for (uint64_t i = 0; i <= stored.num_given; ++i) {
      tekmatch_given given{};
      given.struct_size = sizeof(given);
      Require(tekmatch_result_given(&given, result, i, nullptr, 0) ==
              (i < stored.num_given ? TEKMATCH_OK : TEKMATCH_INVALID_ARGUMENT));
      if (i < stored.num_given) Require(given.name != nullptr);
    }
    for (uint64_t i = 0; i <= stored.num_needed_again; ++i) {
      const char* name = nullptr;
      Require((tekmatch_result_needed_again(&name, result, i, nullptr, 0) ==
               TEKMATCH_OK) == (i < stored.num_needed_again));
      Require((name != nullptr) == (i < stored.num_needed_again));
    }
  }

  // ------------------------------------------------- the window, by itself

  void SelectKeys(FuzzBytes& bytes) {
    std::vector<tekmatch_own_key> keys(bytes.Below(5));
    for (tekmatch_own_key& key : keys) {
      key = {kTestDay + static_cast<uint32_t>(bytes.Next()) * 18,
             bytes.Below(16) == 1 ? 0U : 144U};
    }
    std::vector<tekmatch_decision> decisions(keys.size());
    Padded<tekmatch_registration> registration_padded(bytes);
    tekmatch_registration& registration = registration_padded.known;
    registration.onset_or_test = {2020, static_cast<uint8_t>(bytes.Below(14)),
                                  static_cast<uint8_t>(bytes.Below(33))};
    registration.by_test_date = static_cast<uint32_t>(bytes.Below(3));
    registration.registered = kNow;
    const char* const policy = kPolicies[bytes.Below(std::size(kPolicies))];
    const char* const zone = kZones[bytes.Below(std::size(kZones))];
    GuardedMessage message(bytes);
    const tekmatch_status status = tekmatch_select_keys(
        decisions.data(), keys.data(), keys.size(), &registration, policy, zone,
        message.data(), message.size());
    message.Check(status);
    for (const tekmatch_decision& decision : decisions) {
      if (status != TEKMATCH_OK) {
        Require(decision.counts == 0 && decision.reason == 0);
      } else {
        CheckDecision(decision);
      }
    }
  }

  static void CheckDecision(const tekmatch_decision& decision) {
    Require(decision.counts <= 1);
    const auto reason = static_cast<tekmatch_window_reason>(decision.reason);
    Require(std::strlen(tekmatch_window_reason_name(reason)) > 0);
  }

  void JudgeContact(FuzzBytes& bytes) {
    Padded<tekmatch_contact> contact_padded(bytes);
    tekmatch_contact& contact = contact_padded.known;
    contact.rolling_start = kTestDay + static_cast<uint32_t>(bytes.Next()) * 18;
    contact.report_type =
        bytes.Below(8) == 1 ? 6 : static_cast<int32_t>(bytes.Below(6));
    const int days = bytes.NextSigned();
    contact.days_since_onset = days == 127 ? TEKMATCH_MISSING : days / 8;
    contact.export_end = bytes.Below(4) == 0 ? 0 : kNow;
    contact.unix_seconds = kNow - int64_t{bytes.Next()} * 3600;
    const char* const policy = kPolicies[bytes.Below(std::size(kPolicies))];
    const char* const zone = kZones[bytes.Below(std::size(kZones))];
    GuardedMessage message(bytes);
    tekmatch_decision decision{};
    const tekmatch_status status = tekmatch_judge_contact(
        &decision, &contact, policy, zone, message.data(), message.size());
    message.Check(status);
    if (status == TEKMATCH_OK) CheckDecision(decision);
  }

  static constexpr int64_t kNow = kTestDaySeconds + int64_t{2} * 86400;

  const std::string folder_;
  Handles<TrustHandle> trusts_;
  Handles<IndexHandle> indexes_;
  Handles<StoreHandle> stores_;
  Handles<ResultHandle> results_;
};

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tekmatch;  // NOLINT(google-build-using-namespace)
  const MemoryFolder folder;
  FuzzBytes bytes(data, size);
  Calls(folder.path() + "/store").Run(bytes);
  return 0;
}
