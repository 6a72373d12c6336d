// Two exports and the key that signed them, as bytes: what is signed anew has
// another signature in each process, and an input that a fuzzer found would
// mean something else, or be no finding any more, in the next.
//
// WriteTestExport(), of the keys 0 and 1, and 2 and 3, of TestKeys(4, 5), by a
// TestSigner() of then (tests/test_exports.h).
#ifndef TEKMATCH_TESTS_FUZZ_SIGNED_EXPORTS_H_
#define TEKMATCH_TESTS_FUZZ_SIGNED_EXPORTS_H_

namespace tekmatch {

inline constexpr char kSignerPem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEl2Z9UGG8T4MT3wiv1uwfXDY23lxT\n"
    "L/nHC9gXk3XMvjfAzc9sCjt2JrjD3bN01H6VGjJZdWUFgEU1YudJH4vO9w==\n"
    "-----END PUBLIC KEY-----\n";

// Zips, in base64.
inline constexpr char kFirstExport[] =
    "UEsDBBQAAAAIAAAAIQCoUFLmdAAAAH0AAAAKAAAAZXhwb3J0LmJpbnP1VnCtKMgvKlEoM1"
    "QAAk6Gm8fiGYBAsEHrBJghxWxiYqDAqMFoJCfFVGaoBOJqCRvqGelZmBjoGRoYmJjqmegZ"
    "6xlZiXMJWHecYrE/d7Ak2vKi45OTs+okLuxczAiSmLcq7uDGrD37V2t/uXF161F9sAQAUE"
    "sDBBQAAAAIAAAAIQC2frBFdAAAAG8AAAAKAAAAZXhwb3J0LnNpZwFvAJD/Cm0KHhoCdjEi"
    "AzQ0MCoTMS4yLjg0MC4xMDA0NS40LjMuMhABGAEiRzBFAiEAifUsqZsVkF/lCM4Zf00O2l"
    "wo+KpRGqg5u5QjmhsynkMCIGXkK4bGUa9wbDLHLC3AMuQGtG0bJzeCaVbjM8nKToEVUEsB"
    "AgAAFAAAAAgAAAAhAKhQUuZ0AAAAfQAAAAoAAAAAAAAAAAAAAAAAAAAAAGV4cG9ydC5iaW"
    "5QSwECAAAUAAAACAAAACEAtn6wRXQAAABvAAAACgAAAAAAAAAAAAAAAACcAAAAZXhwb3J0"
    "LnNpZ1BLBQYAAAAAAgACAHAAAAA4AQAAAAA=";
inline constexpr char kSecondExport[] =
    "UEsDBBQAAAAIAAAAIQAgcRCLdAAAAH0AAAAKAAAAZXhwb3J0LmJpbnP1VnCtKMgvKlEoM1"
    "QAAk6Gm8fiGYBAsEHrBJghxWxiYqDAqMFoJCfFVGaoBOJqCRvqGelZmBjoGRoYmJjqmegZ"
    "6xlZiXMJaO381D1heZHj5wPM4cs7urwlLuxczAiSKEgInfSTbcaplRPXHkj5VZENlgAAUE"
    "sDBBQAAAAIAAAAIQD/K+f7dQAAAHAAAAAKAAAAZXhwb3J0LnNpZwFwAI//Cm4KHhoCdjEi"
    "AzQ0MCoTMS4yLjg0MC4xMDA0NS40LjMuMhABGAEiSDBGAiEA0JamydHsgvAUfCFANDGwxP"
    "vWdIpNRzRI9ss5oSxYmUwCIQD/wsKNzorB2WCi1SJW2AiVIUKJTthujpC0sH3M4xhCXVBL"
    "AQIAABQAAAAIAAAAIQAgcRCLdAAAAH0AAAAKAAAAAAAAAAAAAAAAAAAAAABleHBvcnQuYm"
    "luUEsBAgAAFAAAAAgAAAAhAP8r5/t1AAAAcAAAAAoAAAAAAAAAAAAAAAAAnAAAAGV4cG9y"
    "dC5zaWdQSwUGAAAAAAIAAgBwAAAAOQEAAAAA";

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_FUZZ_SIGNED_EXPORTS_H_
