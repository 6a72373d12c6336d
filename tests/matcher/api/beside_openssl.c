/* OpenSSL and libtekmatch, which has BoringSSL in it, in one process: both give
 * the right results, before, between and after. The program is linked with
 * OpenSSL's libcrypto, and loads libtekmatch with its symbols for all.
 *
 *   beside_openssl LIBTEKMATCH EXPORT PUBLIC_KEY.pem */
#include <dlfcn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>
#include <stdio.h>
#include <string.h>

#include "matcher/api/tekmatch.h"

#define REQUIRE(condition)                                    \
  do {                                                        \
    if (!(condition)) {                                       \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
      return 0;                                               \
    }                                                         \
  } while (0)

/* A digest of the standard, and a signature made and verified. */
static int openssl_is_right(void) {
  static const unsigned char kAbc[32] = {
      0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
      0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
      0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned digest_bytes = 0;
  unsigned char signature[256];
  size_t signature_bytes = sizeof(signature);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY* key = EVP_EC_gen("P-256");
  REQUIRE(EVP_Digest("abc", 3, digest, &digest_bytes, EVP_sha256(), NULL) == 1);
  REQUIRE(digest_bytes == 32 && memcmp(digest, kAbc, 32) == 0);
  REQUIRE(key != NULL);
  REQUIRE(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1);
  REQUIRE(EVP_DigestSign(context, signature, &signature_bytes, kAbc, 32) == 1);
  EVP_MD_CTX_free(context);
  context = EVP_MD_CTX_new();
  REQUIRE(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1);
  REQUIRE(EVP_DigestVerify(context, signature, signature_bytes, kAbc, 32) == 1);
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return 1;
}

/* Function pointers from dlsym, as POSIX has it. */
#define LOAD(library, name)                     \
  __typeof__(&name) p_##name;                   \
  *(void**)(&p_##name) = dlsym(library, #name); \
  REQUIRE(p_##name != NULL)

/* The export is accepted with its key, and refused with no key. */
static int tekmatch_is_right(void* library, const char* path, const char* pem,
                             size_t pem_bytes) {
  LOAD(library, tekmatch_trust_create);
  LOAD(library, tekmatch_trust_add_set);
  LOAD(library, tekmatch_trust_destroy);
  LOAD(library, tekmatch_index_create);
  LOAD(library, tekmatch_index_destroy);
  LOAD(library, tekmatch_check);
  LOAD(library, tekmatch_result_file);
  LOAD(library, tekmatch_result_destroy);
  int with_key;
  for (with_key = 0; with_key < 2; ++with_key) {
    const tekmatch_trusted_key key = {"440", NULL, pem, pem_bytes};
    tekmatch_trust* trust = NULL;
    tekmatch_index* index = NULL;
    tekmatch_result* result = NULL;
    tekmatch_source source;
    tekmatch_check_options options;
    tekmatch_file file;
    memset(&source, 0, sizeof(source));
    source.name = path;
    memset(&options, 0, sizeof(options));
    options.struct_size = sizeof(options);
    options.now = 1608130799;
    options.zone = "UTC";
    memset(&file, 0, sizeof(file));
    file.struct_size = sizeof(file);
    REQUIRE(p_tekmatch_trust_create(&trust, NULL, 0) == TEKMATCH_OK);
    if (with_key) {
      REQUIRE(p_tekmatch_trust_add_set(trust, &key, 1, NULL, 0) == TEKMATCH_OK);
    }
    REQUIRE(p_tekmatch_index_create(&index, NULL, 0, NULL, 0) == TEKMATCH_OK);
    REQUIRE(p_tekmatch_check(&result, index, trust, &source, 1, &options, NULL,
                             0) == TEKMATCH_OK);
    REQUIRE(p_tekmatch_result_file(&file, result, 0, NULL, 0) == TEKMATCH_OK);
    REQUIRE(strcmp(file.verdict, with_key ? "valid" : "no_trusted_key") == 0);
    REQUIRE(file.num_keys > 0);
    p_tekmatch_result_destroy(result);
    p_tekmatch_index_destroy(index);
    p_tekmatch_trust_destroy(trust);
  }
  return 1;
}

int main(int argc, char** argv) {
  char pem[4096];
  size_t pem_bytes = 0;
  FILE* file = argc == 4 ? fopen(argv[3], "rb") : NULL;
  void* library;
  if (file == NULL) return 2;
  pem_bytes = fread(pem, 1, sizeof(pem), file);
  fclose(file);
  if (!openssl_is_right()) return 1;
  library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  if (!openssl_is_right()) return 1;
  if (!tekmatch_is_right(library, argv[2], pem, pem_bytes)) return 1;
  if (!openssl_is_right()) return 1;
  if (!tekmatch_is_right(library, argv[2], pem, pem_bytes)) return 1;
  printf("libtekmatch beside %s: both right\n", OPENSSL_VERSION_TEXT);
  return 0;
}
