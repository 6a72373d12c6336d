#include "registration/service/router.h"

#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

Router TestRouter() {
  Router router;
  router.Add({.method = "PUT",
              .path = "/v1/diagnosis",
              .handler = [](const HttpRequest& request) {
                return PlainResponse(200, "put " + request.body);
              }});
  router.Add(
      {.method = "GET",
       .path = "/c19r/440/{file}",
       .handler = [](const HttpRequest& request) {
         return PlainResponse(
             200, absl::StrCat("file ", std::string(LastPart("/c19r/440/{file}",
                                                             request.path))));
       }});
  router.Add({.method = "POST",
              .path = "/throws",
              .handler = [](const HttpRequest&) -> HttpResponse {
                throw std::runtime_error("12345678");
              }});
  return router;
}

HttpResponse Handle(const std::string& method, const std::string& path) {
  HttpRequest request;
  request.method = method;
  request.path = path;
  return TestRouter().Handle(request);
}

TEST(RouterTest, FindsExactPaths) {
  EXPECT_EQ(Handle("PUT", "/v1/diagnosis").status, 200);
  for (const char* path :
       {"", "/", "/v1/diagnosis/", "//v1/diagnosis", "/v1/Diagnosis",
        "/v1/%64iagnosis", "/v1/./diagnosis", "/x/../v1/diagnosis"}) {
    EXPECT_EQ(Handle("PUT", path).status, 404) << path;
  }
}

TEST(RouterTest, ARefusalOfItsOwn) {
  Router router = TestRouter();
  router.SetRefusal(
      [](int status) { return PlainResponse(status, "ありません"); });
  HttpRequest request;
  request.method = "GET";
  request.path = "/nothing";
  EXPECT_EQ(router.Handle(request).status, 404);
  EXPECT_EQ(router.Handle(request).body, "ありません");
  request.path = "/v1/diagnosis";
  const HttpResponse response = router.Handle(request);
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.body, "ありません");
  EXPECT_EQ(FindHeader(response.headers, "Allow"), "PUT");
}

TEST(RouterTest, LastPartIsOneNameWhateverIsInIt) {
  EXPECT_EQ(Handle("GET", "/c19r/440/1.zip").body, "file 1.zip");
  EXPECT_EQ(Handle("GET", "/c19r/440/..").body, "file ..");
  EXPECT_EQ(Handle("GET", "/c19r/440/%2e%2e%2f").body, "file %2e%2e%2f");
  for (const char* path : {"/c19r/440/", "/c19r/440", "/c19r/440/../list.json",
                           "/c19r/441/1.zip", "/c19r/440/a/b"}) {
    EXPECT_EQ(Handle("GET", path).status, 404) << path;
  }
}

TEST(RouterTest, PartsInTheMiddleAreNamesToo) {
  Router router;
  router.Add({.method = "GET",
              .path = "/phone/{n}/menu",
              .handler = [](const HttpRequest& request) {
                return PlainResponse(
                    200, PathPart("/phone/{n}/menu", request.path, "n"));
              }});
  HttpRequest request;
  request.method = "GET";
  request.path = "/phone/12/menu";
  EXPECT_EQ(router.Handle(request).body, "12");
  for (const char* path :
       {"/phone//menu", "/phone/menu", "/phone/12/menus", "/phone/12/menu/",
        "/phone/1/2/menu", "/phone/12", "/phone/12/", "/phones/12/menu"}) {
    request.path = path;
    EXPECT_EQ(router.Handle(request).status, 404) << path;
    EXPECT_EQ(PathPart("/phone/{n}/menu", path, "n"), "") << path;
  }
  EXPECT_EQ(PathPart("/a/{x}/{y}", "/a/1/2", "x"), "1");
  EXPECT_EQ(PathPart("/a/{x}/{y}", "/a/1/2", "y"), "2");
  EXPECT_EQ(PathPart("/a/{x}/{y}", "/a/1/2", "z"), "");
  EXPECT_EQ(LastPart("/a/{x}/{y}", "/a/1/2"), "2");
  EXPECT_EQ(LastPart("/a/{x}/b", "/a/1/b"), "");
}

TEST(RouterTest, OtherMethodsAreToldTheRightOnes) {
  const HttpResponse put = Handle("GET", "/v1/diagnosis");
  EXPECT_EQ(put.status, 405);
  EXPECT_EQ(FindHeader(put.headers, "allow"), "PUT");
  const HttpResponse get = Handle("DELETE", "/c19r/440/1.zip");
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(FindHeader(get.headers, "Allow"), "GET, HEAD");
  EXPECT_EQ(Handle("HEAD", "/c19r/440/1.zip").status, 200);
  EXPECT_EQ(Handle("get", "/c19r/440/1.zip").status, 405);
}

TEST(RouterTest, ExceptionIsAnAnswerWithoutItsWords) {
  const HttpResponse response = Handle("POST", "/throws");
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, testing::Not(testing::HasSubstr("1234")));
}

TEST(RouterTest, RouteMayRefuseInItsOwnForm) {
  Router router;
  router.Add(
      {.method = "PUT",
       .path = "/a",
       .handler = [](const HttpRequest&) -> HttpResponse {
         throw std::runtime_error("x");
       },
       .refusal =
           [](int status) { return PlainResponse(status, "my own form"); }});
  HttpRequest request;
  request.method = "PUT";
  request.path = "/a";
  EXPECT_EQ(router.Handle(request).body, "my own form");
}

}  // namespace
}  // namespace tekmatch
