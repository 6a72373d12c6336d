// Plan: people and their keys; publications of them, export by export; what
// was heard of them.
#include "tests/matcher/check/stored_check_world.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "keyformat/export.pb.h"
#include "keyformat/key_decoder.h"
#include "tests/test_exports.h"
#include "tools/world/broadcast.h"

namespace tekmatch {
namespace {

bool OneIn(RandomSource& random, uint64_t n) { return random.Below(n) == 0; }

int64_t Between(RandomSource& random, int64_t first, int64_t last) {
  return first + static_cast<int64_t>(
                     random.Below(static_cast<uint64_t>(last - first) + 1));
}

template <typename T>
const T& AnyOf(RandomSource& random, const std::vector<T>& items) {
  return items[static_cast<size_t>(random.Below(items.size()))];
}

// --------------------------------------------------------------- the bytes

void FillKey(const DiagnosisKey& key, wire::TemporaryExposureKey* out) {
  out->set_key_data(key.tek.bytes.data(), kTekBytes);
  out->set_rolling_start_interval_number(
      static_cast<int32_t>(key.rolling_start));
  if (key.rolling_period != kMaxRollingPeriod) {
    out->set_rolling_period(key.rolling_period);
  }
  const KeyMetadata& m = key.metadata;
  if (m.transmission_risk.has_value()) {
    out->set_transmission_risk_level(*m.transmission_risk);
  }
  if (m.report_type.has_value()) {
    out->set_report_type(static_cast<wire::TemporaryExposureKey::ReportType>(
        static_cast<int>(*m.report_type)));
  }
  if (m.days_since_onset.has_value()) {
    out->set_days_since_onset_of_symptoms(*m.days_since_onset);
  }
  if (m.variant_of_concern.has_value()) {
    out->set_variant_of_concern(*m.variant_of_concern);
  }
}

// ---------------------------------------------------------------- the keys

// Of a person: what the phone had, and everything that was published of it.
struct Person {
  DiagnosisKey key;
  std::vector<DiagnosisKey> published;
};

KeyMetadata RandomMetadata(RandomSource& random) {
  KeyMetadata metadata;
  if (!OneIn(random, 4)) {
    metadata.report_type =
        static_cast<ReportType>(random.Below(kNumReportTypes));
  }
  if (!OneIn(random, 3)) {
    metadata.days_since_onset = static_cast<int8_t>(Between(random, -14, 14));
  }
  if (OneIn(random, 2)) {
    metadata.transmission_risk = static_cast<uint8_t>(random.Below(9));
  }
  if (OneIn(random, 8)) {
    metadata.variant_of_concern = static_cast<uint8_t>(random.Below(256));
  }
  return metadata;
}

Person RandomPerson(RandomSource& random) {
  Person person;
  DiagnosisKey& key = person.key;
  random.Fill(absl::MakeSpan(key.tek.bytes));
  // The last ones begin after tomorrow, by some of the clocks.
  key.rolling_start =
      kTestDay + static_cast<EnIntervalNumber>(
                     144 * Between(random, 2, OneIn(random, 8) ? 16 : 10));
  if (OneIn(random, 4)) {
    key.rolling_start += static_cast<EnIntervalNumber>(random.Below(144));
    key.rolling_period = static_cast<uint8_t>(Between(random, 1, 144));
  }
  key.metadata = RandomMetadata(random);
  // Mostly what can be revised.
  if (OneIn(random, 2)) {
    key.metadata.report_type = OneIn(random, 2)
                                   ? ReportType::kSelfReport
                                   : ReportType::kConfirmedClinicalDiagnosis;
  }
  return person;
}

// What a server says of the person now.
DiagnosisKey Publish(RandomSource& random, Person& person) {
  DiagnosisKey key = person.key;
  if (!person.published.empty()) {
    key = AnyOf(random, person.published);
    const uint64_t change = random.Below(8);
    if (change == 0) key.metadata = RandomMetadata(random);
    if (change == 1) {
      key.rolling_start += static_cast<EnIntervalNumber>(random.Below(145));
    }
    if (change == 2) {
      key.rolling_start -= static_cast<EnIntervalNumber>(random.Below(145));
    }
    if (change == 3) {
      key.rolling_period = static_cast<uint8_t>(Between(random, 1, 144));
    }
    if (change == 4 || change == 5) {
      key.metadata.report_type =
          OneIn(random, 2) ? ReportType::kRevoked : ReportType::kConfirmedTest;
    }
    key.metadata.revised = !OneIn(random, 3);
  } else if (OneIn(random, 16)) {
    key.metadata.revised = true;
  }
  person.published.push_back(key);
  return key;
}

std::vector<DiagnosisKey> SomeKeys(RandomSource& random,
                                   std::vector<Person>& people) {
  std::vector<DiagnosisKey> keys;
  for (uint64_t n = random.Below(25); n > 0; --n) {
    Person& person = people[static_cast<size_t>(random.Below(people.size()))];
    keys.push_back(Publish(random, person));
    if (OneIn(random, 40)) keys.push_back(keys.back());
  }
  return keys;
}

bool RepeatsKeys(std::vector<DiagnosisKey> keys) {
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

// ------------------------------------------------------------- the exports

class WorldMaker {
 public:
  explicit WorldMaker(RandomSource& random) : random_(random) {}

  StoredCheckWorld Make() {
    for (int64_t n = Between(random_, 3, 40); n > 0; --n) {
      people_.push_back(RandomPerson(random_));
    }
    for (int64_t n = Between(random_, 2, 7); n > 0; --n) Publication();
    for (uint64_t n = random_.Below(3); n > 0; --n) Bad();
    for (Person& person : people_) {
      if (OneIn(random_, 2)) Hear(person);
      if (OneIn(random_, 20)) world_.own_keys.insert(person.key.tek);
    }
    for (uint64_t n = random_.Below(40); n > 0; --n) Stranger();
    for (uint64_t n = world_.sightings.size() / 10; n > 0; --n) {
      world_.sightings.push_back(AnyOf(random_, world_.sightings));
    }
    return std::move(world_);
  }

 private:
  std::string NewName() {
    return absl::StrCat(random_.Below(1000), "-", ++num_names_, ".zip");
  }

  std::vector<ExportSigner> SomeSigners() {
    std::vector<ExportSigner> signers(WorldSigners().begin(),
                                      WorldSigners().end());
    random_.Shuffle(signers);
    signers.erase(signers.begin() + (OneIn(random_, 4) ? 2 : 1), signers.end());
    return signers;
  }

  void AddExport(const PlainExport& plain,
                 absl::Span<const ExportSigner> signers) {
    if (RepeatsKeys(plain.keys)) world_.repeats_keys = true;
    const std::string zip = SignedZip(plain, signers);
    const std::string name = NewName();
    world_.sources[name] = MemorySource(name, zip);
    world_.exports.push_back(name);
    while (OneIn(random_, 5)) {
      const std::string copy = NewName();
      world_.sources[copy] = MemorySource(copy, zip);
      world_.copies[copy] = name;
    }
  }

  // One file, or a batch of them.
  void Publication() {
    PlainExport plain;
    const auto day = static_cast<uint64_t>(Between(random_, 2, kLastWorldDay));
    plain.end_timestamp = kTestDaySeconds + 86400 * day;
    plain.start_timestamp = plain.end_timestamp - 86400;
    if (OneIn(random_, 3)) plain.end_timestamp += random_.Below(43200);
    if (OneIn(random_, 20)) plain.start_timestamp = 0;
    plain.batch_size =
        OneIn(random_, 3) ? static_cast<int>(Between(random_, 2, 3)) : 1;
    const std::vector<ExportSigner> signers = SomeSigners();
    const int lacking =
        plain.batch_size > 1 && OneIn(random_, 10)
            ? static_cast<int>(Between(random_, 1, plain.batch_size))
            : 0;
    if (lacking > 0) world_.lacks_a_file = true;
    for (int i = 1; i <= plain.batch_size; ++i) {
      if (i == lacking) continue;
      plain.batch_num = i;
      plain.keys = SomeKeys(random_, people_);
      plain.num_rejected =
          OneIn(random_, 4) ? static_cast<int>(random_.Below(4)) : 0;
      AddExport(plain, signers);
    }
    // One that says no time: it has a key, by which it is judged old or not.
    if (!OneIn(random_, 10)) return;
    plain.start_timestamp = plain.end_timestamp = 0;
    plain.batch_num = plain.batch_size = 1;
    plain.keys.push_back(Publish(random_, people_[0]));
    AddExport(plain, signers);
  }

  // Refused: forged, unsigned, cut off.
  void Bad() {
    static const auto* const forger =
        new ExportSigner(OtherSigner("440", "v1"));
    PlainExport plain;
    plain.end_timestamp = kTestDaySeconds + 86400 * uint64_t{5};
    plain.keys = SomeKeys(random_, people_);
    std::string zip;
    switch (random_.Below(3)) {
      case 0:
        zip = SignedZip(plain, absl::MakeConstSpan(forger, 1));
        break;
      case 1:
        zip = SignedZip(plain, {});
        break;
      default:
        zip = SignedZip(plain, WorldSigners());
        zip.resize(zip.size() / 2);
    }
    const std::string name = NewName();
    world_.sources[name] = MemorySource(name, zip);
    world_.bad.push_back(name);
  }

  // ------------------------------------------------------- what was heard

  void Add(const absl::StatusOr<Sighting>& sighting) {
    ASSERT_TRUE(sighting.ok()) << sighting.status();
    world_.sightings.push_back(*sighting);
    if (OneIn(random_, 2)) {
      world_.sightings.back().seconds_since_previous_scan =
          static_cast<uint32_t>(random_.Below(700));
    }
  }

  void Hear(const Person& person) {
    const absl::StatusOr<Broadcast> broadcast = Broadcast::Of(person.key.tek);
    ASSERT_TRUE(broadcast.ok()) << broadcast.status();
    for (int64_t n = Few(); n > 0; --n) {
      const DiagnosisKey& key = person.published.empty()
                                    ? person.key
                                    : AnyOf(random_, person.published);
      int64_t interval =
          key.rolling_start + Between(random_, 0, key.rolling_period - 1);
      if (OneIn(random_, 10)) interval += Between(random_, -20, 20);
      int64_t time = interval * kIntervalSeconds + RandomOffset();
      for (int64_t hearings = Few(); hearings > 0; --hearings) {
        Add(broadcast->Heard(static_cast<EnIntervalNumber>(interval), time,
                             RandomPower(),
                             static_cast<int16_t>(Between(random_, -90, -30))));
        time += Between(random_, 0, 500);
      }
      // A recording of it.
      if (OneIn(random_, 8)) {
        Add(broadcast->Heard(static_cast<EnIntervalNumber>(interval),
                             time + Between(random_, 1000, 6000), RandomPower(),
                             -60));
      }
    }
  }

  // Mostly one: what the only sighting of a key is, decides.
  int64_t Few() { return OneIn(random_, 2) ? 1 : Between(random_, 2, 4); }

  // Of a sighting from the start of its RPI's ten minutes: mostly within them,
  // else somewhere in the tolerance, on its edges, or outside.
  int64_t RandomOffset() {
    constexpr int64_t kHour = 3600;
    switch (random_.Below(10)) {
      case 0:
        return Between(random_, -2 * kHour, 2 * kHour);
      case 1:
        return OneIn(random_, 2) ? -2 * kHour : 2 * kHour + 599;
      case 2:
        return OneIn(random_, 2) ? -2 * kHour - 1 : 2 * kHour + 600;
      case 3:
        return Between(random_, -24 * kHour, 24 * kHour + 599);
      case 4:
        return Between(random_, -30 * kHour, 30 * kHour);
      default:
        return Between(random_, 0, 599);
    }
  }

  int RandomPower() {
    if (!OneIn(random_, 10)) return -20;
    return static_cast<int>(Between(random_, -60, 30));
  }

  void Stranger() {
    Sighting sighting;
    sighting.unix_seconds =
        kTestDaySeconds + Between(random_, 86400, int64_t{12} * 86400);
    random_.Fill(absl::MakeSpan(sighting.rpi.bytes));
    random_.Fill(absl::MakeSpan(sighting.aem.bytes));
    sighting.rssi = static_cast<int16_t>(Between(random_, -100, -40));
    Add(sighting);
  }

  RandomSource& random_;
  std::vector<Person> people_;
  StoredCheckWorld world_;
  int num_names_ = 0;
};

}  // namespace

std::string SignedZip(const PlainExport& plain,
                      absl::Span<const ExportSigner> signers) {
  wire::TemporaryExposureKeyExport message;
  if (plain.start_timestamp > 0) {
    message.set_start_timestamp(plain.start_timestamp);
  }
  if (plain.end_timestamp > 0) message.set_end_timestamp(plain.end_timestamp);
  message.set_region("440");
  message.set_batch_num(plain.batch_num);
  message.set_batch_size(plain.batch_size);
  for (const DiagnosisKey& key : plain.keys) {
    FillKey(key, key.metadata.revised ? message.add_revised_keys()
                                      : message.add_keys());
  }
  for (int i = 0; i < plain.num_rejected; ++i) {
    wire::TemporaryExposureKey* const rejected = message.add_keys();
    rejected->set_key_data(std::string(i == 0 ? 15 : 16, 'x'));
    rejected->set_rolling_start_interval_number(kTestDay);
    if (i == 1) rejected->set_rolling_period(145);
    if (i == 2) rejected->clear_rolling_start_interval_number();
  }
  const std::string bin =
      absl::StrCat(kExportHeader, message.SerializeAsString());

  Sha256Digest digest;
  SHA256(reinterpret_cast<const uint8_t*>(bin.data()), bin.size(),
         digest.data());
  wire::TEKSignatureList list;
  for (const ExportSigner& signer : signers) {
    const absl::StatusOr<std::string> signature = signer.key.Sign(digest);
    EXPECT_TRUE(signature.ok()) << signature.status();
    wire::TEKSignature* const one = list.add_signatures();
    one->mutable_signature_info()->set_verification_key_id(signer.id);
    one->mutable_signature_info()->set_verification_key_version(signer.version);
    one->mutable_signature_info()->set_signature_algorithm(
        std::string(kOidEcdsaSha256));
    one->set_batch_num(plain.batch_num);
    one->set_batch_size(plain.batch_size);
    one->set_signature(signature.value_or(""));
  }
  return StoredZip(
      {{"export.bin", bin}, {"export.sig", list.SerializeAsString()}});
}

absl::Span<const ExportSigner> WorldSigners() {
  static const auto* const signers = new std::vector<ExportSigner>{
      OtherSigner("440", "v1"), OtherSigner("440", "v2"),
      OtherSigner("441", "v1")};
  return *signers;
}

TrustedKeys TrustWorldSigners(size_t num_signers) {
  TrustedKeys trusted;
  for (const ExportSigner& signer : WorldSigners().subspan(0, num_signers)) {
    EXPECT_TRUE(trusted.AddSet({Trust(signer)}).ok());
  }
  return trusted;
}

StoredCheckWorld RandomStoredCheckWorld(RandomSource& random) {
  return WorldMaker(random).Make();
}

}  // namespace tekmatch
