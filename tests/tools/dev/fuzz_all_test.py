#!/usr/bin/env python3
# What tools/dev/fuzz_all says of targets that find nothing, find a fault, and run
# nothing. The targets are scripts that print what libFuzzer prints.
import base64
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import zlib

ROOT = pathlib.Path(os.path.abspath(__file__)).parents[3]
RAN = """echo "#2 INITED cov: 34 ft: 56" >&2
echo "stat::number_of_executed_units: 78" >&2
"""
# Its frames lie in the project, in libFuzzer and in the system.
FAULT = RAN + """for option; do
  case $option in -artifact_prefix=*) prefix=${option#*=} ;; esac
done
printf 'bad input' >"${prefix}crash-0123"
cat >&2 <<'END'
==7== ERROR: libFuzzer: deadly signal
    #0 0x561e965fec91 in fuzzer::PrintStackTrace() (/x/a_fuzz+0xe9) (BuildId: 53)
    #1 0x7f8bc7e5a04f  (/lib/libc.so.6+0x3c04f) (BuildId: 93)
    #2 0x561e96631f9e in tekmatch::Require(bool) tests/fuzz/fuzz_bytes.h:4:46
    #3 0x561e96631f9f in tekmatch::Told(int) (/x/a_fuzz+0xe9) (BuildId: 53)
SUMMARY: libFuzzer: deadly signal
END
exit 77
"""


class FuzzAllTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.targets = []
        for name in ["tools/dev", "bin", "bazel-bin/tests/fuzz"]:
            (self.root / name).mkdir(parents=True)
        for name in ["fuzz_all", "shell.sh"]:
            shutil.copy(ROOT / "tools/dev" / name, self.root / "tools/dev")

    def write_script(self, name, text):
        path = self.root / name
        path.write_text("#!/bin/bash\n" + text, encoding="utf-8")
        path.chmod(0o755)

    def add(self, name, text):
        """A target, with an empty corpus."""
        self.targets.append("//tests/fuzz:" + name)
        self.write_script("bazel-bin/tests/fuzz/" + name, text)
        (self.root / "tests/fuzz/corpus" / name[: -len("_fuzz")]).mkdir(parents=True)

    def fuzz(self, *arguments):
        """Returns exit status, stdout's lines, and those of the faults."""
        self.write_script(
            "bin/bazel", '[[ $1 != query ]] || printf "%%s\\n" %s\n' % " ".join(self.targets)
        )
        faults = self.root / "faults"
        faults.write_text("", encoding="utf-8")
        environment = {
            "HOME": str(self.root),
            "PATH": "%s:%s" % (self.root / "bin", os.environ["PATH"]),
            "TEKMATCH_FAULTS": str(faults),
        }
        result = subprocess.run(
            [self.root / "tools/dev/fuzz_all", "0.01", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        lines = result.stdout.splitlines()
        return result.returncode, lines, faults.read_text(encoding="utf-8").splitlines()

    def test_finds_nothing(self):
        self.add("a_fuzz", RAN)
        status, lines, faults = self.fuzz()
        self.assertEqual((status, faults), (0, []))
        self.assertRegex(lines[1], r"^a_fuzz +78 +78 +34 +0 +0$")
        self.assertEqual(lines[-1], "1 targets, 1 seconds each: ok")

    def test_says_what_went_wrong_where_and_with_which_input(self):
        self.add("a_fuzz", FAULT)
        # Of a run before: no input of this one's.
        found = self.root / "tests/fuzz/found"
        found.mkdir(parents=True)
        (found / "a_fuzz-crash-0000").write_bytes(b"old")
        self.add("b_fuzz", RAN)
        status, lines, faults = self.fuzz()
        self.assertEqual((status, lines[-1]), (1, "2 targets, 1 seconds each: FAILED"))
        self.assertEqual(lines[-1 - len(faults) : -1], faults)
        self.assertEqual(
            faults[:-1],
            [
                "a_fuzz: ==7== ERROR: libFuzzer: deadly signal",
                "a_fuzz: SUMMARY: libFuzzer: deadly signal",
                "a_fuzz:   in tekmatch::Require(bool) tests/fuzz/fuzz_bytes.h:4:46",
                "a_fuzz:   in tekmatch::Told(int)",
            ],
        )
        path, packed = re.fullmatch(r"a_fuzz: (\S+): (\S+)", faults[-1]).groups()
        self.assertEqual((self.root / path).read_bytes(), b"bad input")
        self.assertEqual(zlib.decompress(base64.b64decode(packed)), b"bad input")

    def test_a_target_that_runs_or_covers_nothing(self):
        found = self.root / "tests/fuzz/found"
        found.mkdir(parents=True)
        (found / "a_fuzz-crash-0000").write_bytes(b"old")
        self.add("a_fuzz", "exit 0")
        self.add("b_fuzz", 'echo "stat::number_of_executed_units: 78" >&2')
        status, _, faults = self.fuzz()
        told = ": ran nothing, or covers nothing"
        self.assertEqual((status, faults), (1, ["a_fuzz" + told, "b_fuzz" + told]))

    def test_a_target_that_ends_without_a_word(self):
        self.add("a_fuzz", "echo Killed >&2; exit 137")
        self.assertEqual(self.fuzz()[::2], (1, ["a_fuzz: failed, and did not say why"]))

    def test_a_search_is_drawn_from_the_seed(self):
        # Edges covered: the seed that it was given.
        by_seed = 'for option; do case $option in -seed=*) seed=${option#*=} ;; esac; done\n'
        self.add("a_fuzz", by_seed + RAN.replace("cov: 34", "cov: $((100 + seed))"))
        for arguments, edges in [([], 100), (["--seed", "7"], 107), (["a_fuzz", "--seed", "8"], 108)]:
            status, lines, _ = self.fuzz(*arguments)
            self.assertEqual((status, lines[1].split()[3]), (0, str(edges)))
        for wrong in [["--seed"], ["--seed", "0"], ["--seed", "a_fuzz"], ["--seed", "-1"]]:
            status, lines, _ = self.fuzz(*wrong)
            self.assertEqual((status, lines[0][:12]), (2, "Fuzzes every"))

    def test_an_unknown_target(self):
        self.add("a_fuzz", RAN)
        self.assertEqual(self.fuzz("c_fuzz"), (2, ["no such target: c_fuzz"], []))


if __name__ == "__main__":
    unittest.main()
