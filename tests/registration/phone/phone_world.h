// A phone of tests, with the keys of a fortnight and a server that answers as
// it is told (phone_testing.h), in a folder in memory.
#ifndef TEKMATCH_TESTS_REGISTRATION_PHONE_PHONE_WORLD_H_
#define TEKMATCH_TESTS_REGISTRATION_PHONE_PHONE_WORLD_H_

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "keyformat/diagnosis_key.h"
#include "registration/phone/phone.h"
#include "registration/phone/phone_import.h"
#include "registration/rules/key_acceptance.h"
#include "registration/rules/registration_form.h"
#include "tests/memory_folder.h"
#include "tests/registration/phone/phone_testing.h"
#include "tests/status_matchers.h"

namespace tekmatch {

inline constexpr char kNumber[] = "38271946";

class PhoneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.server = "http://127.0.0.1:1";
    options_.exports = "http://127.0.0.1:1";
    options_.policy = *PublicationPolicy("cocoa-1.2.1");
    options_.zone = Japan();
    Begin(KeysOfAFortnight());
  }

  void Begin(const std::vector<DiagnosisKey>& keys) {
    ASSERT_THAT(AddToPhone(folder_, keys, {}, kTestNow), IsOk());
    Restart();
  }

  // As after a kill: what was in memory is gone.
  void Restart() {
    phone_ = std::make_unique<Phone>(folder_, options_, client_, clock_);
  }

  RegistrationFormInput Form(const std::string& number = kNumber) const {
    return {.symptoms = "yes", .date = "2020-12-09", .number = number};
  }

  FormResult Submit(const RegistrationFormInput& input) {
    const auto submitted = phone_->Submit(input);
    EXPECT_THAT(submitted, IsOk());
    return submitted.ok() ? submitted->result : FormResult::kGate;
  }

  // From consent to the preview.
  void Fill() {
    ASSERT_THAT(phone_->Consent(), IsOk());
    ASSERT_EQ(Submit(Form()), FormResult::kReady);
  }

  // Presses the button of the page that shows the phone as it is.
  PhoneSendResult Send() {
    const std::string preview = View().preview.value_or(Preview()).id;
    const auto result = phone_->Send(preview);
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *result : PhoneSendResult::kNotReady;
  }

  PhoneView View() {
    const auto view = phone_->View();
    EXPECT_THAT(view, IsOk());
    return view.ok() ? *view : PhoneView();
  }

  std::string AllFiles() const {
    std::string bytes;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::stringstream text;
      text << in.rdbuf();
      bytes += text.str();
    }
    return bytes;
  }

  const MemoryFolder memory_;
  const std::string folder_ = memory_.At("phone");
  PhoneOptions options_;
  FakeClient client_;
  FakeClock clock_;
  std::unique_ptr<Phone> phone_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_REGISTRATION_PHONE_PHONE_WORLD_H_
