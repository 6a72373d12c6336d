#include "registration/service/form_data.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

HttpRequest Post(const std::string& type, const std::string& body) {
  HttpRequest request;
  request.method = "POST";
  request.headers = {{"Content-Type", type}};
  request.body = body;
  return request;
}

TEST(FormDataTest, DecodesWhatABrowserSends) {
  const auto form = FormData::Parse(
      "name=%E5%8E%9A%E5%8A%B4+%e5%a4%aa&empty=&flag&a=b=c&%66=%3D%26%2B");
  ASSERT_THAT(form.status(), IsOk());
  EXPECT_EQ(form->Get("name"), "厚労 太");
  EXPECT_TRUE(form->Has("empty"));
  EXPECT_EQ(form->Get("empty"), "");
  EXPECT_TRUE(form->Has("flag"));
  EXPECT_EQ(form->Get("a"), "b=c");
  EXPECT_EQ(form->Get("f"), "=&+");
  EXPECT_FALSE(form->Has("g"));
  EXPECT_EQ(form->Get("g"), "");
  // Nothing is dropped.
  EXPECT_EQ(FormData::Parse("a=+x%20")->Get("a"), " x ");
  EXPECT_THAT(FormData::Parse("").status(), IsOk());
  EXPECT_EQ(FormData::Parse("&&a=1&")->Get("a"), "1");
}

TEST(FormDataTest, RefusesWhatNoFormOfOursSends) {
  for (const char* body : {
           "a=1&a=2",      // which of them?
           "a=1&%61=2",    // the same, hidden
           "a=%00",        //
           "a=%",          //
           "a=%4",         //
           "a=%4g",        //
           "a=%E5%8E",     // half a character
           "a=%ED%A0%80",  // a surrogate
           "a=%C0%AF",     // overlong
           "%FF=1",        //
       }) {
    const auto form = FormData::Parse(body);
    EXPECT_THAT(form.status(), StatusIs(absl::StatusCode::kInvalidArgument))
        << body;
    EXPECT_EQ(form.status().message(), "no form of ours");
  }
  std::string most;
  for (size_t i = 0; i < FormData::kMostFields; ++i) {
    absl::StrAppend(&most, "f", i, "=1&");
  }
  EXPECT_THAT(FormData::Parse(most).status(), IsOk());
  EXPECT_THAT(FormData::Parse(most + "x=1").status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(FormDataTest, BodyHasToSayThatItIsAForm) {
  for (const char* type :
       {"application/x-www-form-urlencoded",
        "Application/X-WWW-Form-Urlencoded ; charset=utf-8"}) {
    EXPECT_EQ(FormData::OfBody(Post(type, "a=1"))->Get("a"), "1") << type;
  }
  for (const char* type :
       {"", "text/plain", "application/json",
        "application/x-www-form-urlencodedx", "multipart/form-data"}) {
    EXPECT_THAT(FormData::OfBody(Post(type, "a=1")).status(),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << type;
  }
}

// ---------------------------------------------------------------- multipart

constexpr char kMultipart[] = "multipart/form-data; boundary=XyZ";

std::string Part(const std::string& headers, const std::string& value) {
  return absl::StrCat("--XyZ\r\n", headers, "\r\n\r\n", value, "\r\n");
}

std::string Named(const std::string& name, const std::string& value) {
  return Part(
      absl::StrCat("Content-Disposition: form-data; name=\"", name, "\""),
      value);
}

TEST(MultipartFormTest, PartsAreFields) {
  const std::string bytes("\xff\0\r\n--Xy\r\n", 10);
  const std::string body = absl::StrCat(
      Named("token", "0123"), Named("empty", ""), Named("rows", "a\r\nb\r\n"),
      Part("content-disposition: form-data; name=\"file\"; "
           "filename=\"x; name=y.csv\"\r\nContent-Type: text/csv",
           bytes),
      "--XyZ--\r\n");
  for (const char* type : {kMultipart, "Multipart/Form-Data;boundary=\"XyZ\"",
                           "multipart/form-data; a=b; Boundary=XyZ"}) {
    const auto form = FormData::OfBody(Post(type, body));
    ASSERT_THAT(form.status(), IsOk()) << type;
    EXPECT_EQ(form->Get("token"), "0123");
    EXPECT_TRUE(form->Has("empty"));
    EXPECT_EQ(form->Get("empty"), "");
    EXPECT_EQ(form->Get("rows"), "a\r\nb\r\n");
    EXPECT_EQ(form->Get("file"), bytes);
  }
  EXPECT_THAT(FormData::OfBody(Post(kMultipart, "--XyZ--")).status(), IsOk());
}

TEST(MultipartFormTest, RefusesWhatNoBrowserSends) {
  const std::string good = Named("a", "1");
  const std::string end = "--XyZ--";
  std::string many;
  for (int i = 0; i <= 64; ++i) many += Named(absl::StrCat("f", i), "");
  for (const std::string& body : {
           std::string(),
           std::string("--"),
           good,                                   // no end
           good.substr(0, 20),                     //
           "--XyZ\r\n" + end,                      // no headers
           absl::StrCat("--XyZx\r\n", good, end),  //
           absl::StrCat("x", good, end),           // a preamble
           absl::StrCat(good, good, end),          // a name twice
           many + end,                             //
           Named("a-b", "") + end,                 //
           Named("", "") + end,                    //
           Named("a", "\xff") + end,               // no file, and no UTF-8
           Named("a", std::string(1, '\0')) + end,
           Part("Content-Type: text/plain", "") + end,
           Part("Content-Disposition: form-data", "") + end,
           Part("Content-Disposition: attachment; name=\"a\"", "") + end,
           Part("Content-Disposition: form-data; name=\"a", "") + end,
           Part("Content-Disposition: form-data; name=\"a\"\r\n"
                "Content-Transfer-Encoding: base64",
                "") +
               end,
           Part("Content-Disposition: form-data; name=\"a\"\r\n"
                "Content-Disposition: form-data; name=\"b\"",
                "") +
               end,
           Part("X", "") + end,
           Part(std::string(3000, 'x'), "") + end,
       }) {
    EXPECT_THAT(FormData::OfBody(Post(kMultipart, body)).status(),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << body;
  }
  for (const std::string& type :
       {std::string("multipart/form-data; boundary="),
        std::string("multipart/form-data; boundary=\"XyZ"),
        "multipart/form-data; boundary=" + std::string(71, 'b')}) {
    EXPECT_THAT(FormData::OfBody(Post(type, good + end)).status(),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << type;
  }
}

// ------------------------------------------------------- query and cookies

TEST(FormDataTest, QueryValueIsReadBack) {
  EXPECT_EQ(QueryValue("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(QueryValue("&=+ /é\n"), "%26%3D%2B%20%2F%C3%A9%0A");
  std::string all;
  for (int c = 1; c < 128; ++c) all.push_back(static_cast<char>(c));
  EXPECT_EQ(FormData::Parse("x=" + QueryValue(all))->Get("x"), all);
}

TEST(FormDataTest, CookieIsFoundByItsWholeName) {
  HttpRequest request;
  EXPECT_EQ(FindCookie(request, "session"), "");
  request.headers = {
      {"cookie", "xsession=1; sessionx=2;session=3=4 ; session=5"}};
  EXPECT_EQ(FindCookie(request, "session"), "3=4");
  EXPECT_EQ(FindCookie(request, "xsession"), "1");
  EXPECT_EQ(FindCookie(request, "Session"), "");
}

TEST(FormDataTest, SeeOtherIsAGet) {
  const HttpResponse response = SeeOther("/patients");
  EXPECT_EQ(response.status, 303);
  EXPECT_EQ(FindHeader(response.headers, "Location"), "/patients");
}

}  // namespace
}  // namespace tekmatch
