#!/usr/bin/env python3
# The example for Kubernetes: what is written is YAML of an Indexed Job and of a merge,
# and the commands of their pods, run here one after another, give what one match gives.
# There is no Kubernetes here that would run the jobs themselves.
import os
import pathlib
import subprocess
import tempfile
import unittest

try:
    import yaml
except ImportError:
    yaml = None

ROOT = pathlib.Path(os.path.abspath(__file__)).parents[3]
EXAMPLES = ROOT / "tools" / "kubernetes"
TOOLS = ROOT / "tools"

# What a mistyped member would silently do nothing as.
JOB = {"apiVersion", "kind", "metadata", "spec"}
JOB_SPEC = {"completionMode", "completions", "parallelism", "backoffLimit", "template"}
POD_SPEC = {"restartPolicy", "securityContext", "containers", "volumes"}
CONTAINER = {
    "name",
    "image",
    "workingDir",
    "command",
    "resources",
    "securityContext",
    "volumeMounts",
}


class KubernetesTest(unittest.TestCase):
    def setUp(self):
        if yaml is None:
            message = "PyYAML is missing: run tools/dev/setup.sh --slurm"
            if os.environ.get("CI"):
                self.fail(message)
            self.skipTest(message)

    def load(self, name):
        """The job's spec and its only container."""
        with open(EXAMPLES / name, encoding="utf-8") as f:
            job = yaml.safe_load(f)
        self.assertEqual(set(job), JOB)
        self.assertEqual((job["apiVersion"], job["kind"]), ("batch/v1", "Job"))
        spec = job["spec"]
        self.assertLessEqual(set(spec), JOB_SPEC)
        pod = spec["template"]["spec"]
        self.assertEqual(set(pod), POD_SPEC)
        # What a Job may have.
        self.assertIn(pod["restartPolicy"], ("Never", "OnFailure"))
        [container] = pod["containers"]
        self.assertEqual(set(container), CONTAINER)
        [mount] = container["volumeMounts"]
        self.assertEqual(mount["mountPath"], container["workingDir"])
        self.assertEqual([volume["name"] for volume in pod["volumes"]], [mount["name"]])
        for text in container["command"]:
            self.assertIsInstance(text, str)
        return spec, container

    def test_commands_of_the_pods_give_what_one_match_gives(self):
        shards, match = self.load("shards.yaml")
        _, merge = self.load("merge.yaml")
        self.assertEqual(shards["completionMode"], "Indexed")
        number = shards["completions"]
        self.assertIsInstance(number, int)
        self.assertLessEqual(shards["parallelism"], number)
        with tempfile.TemporaryDirectory() as study:
            environment = {"PATH": "%s:%s" % (TOOLS, os.environ["PATH"])}

            def run(command, **more):
                subprocess.run(
                    command, cwd=study, env=dict(environment, **more), check=True, text=True
                )

            world = ["--keys", "1000", "--sightings", "600", "--met", "20"]
            run(["tekmatch", "generate", *world, "--devices", str(number), "--out", "world"])
            inputs = ["world", "--trusted-key", "440:v1=world/public.pem"]
            inputs += ["--sightings", "world/sightings.csv"]
            run(["tekmatch", "match", *inputs, "--format", "json", "--out", "whole.json"])
            plan = ["--by", "devices", "--shards", str(number), "--out", "plan"]
            run(["tekmatch", "plan", *inputs, *plan])
            os.mkdir(os.path.join(study, "shards"))
            for index in range(number):
                run(match["command"], JOB_COMPLETION_INDEX=str(index))
            run(merge["command"])
            for name, wanted in (
                ("result.json", "whole.json"),
                ("matches.jsonl", "world/expected_matches.jsonl"),
            ):
                with open(os.path.join(study, name), "rb") as f, open(
                    os.path.join(study, wanted), "rb"
                ) as other:
                    self.assertEqual(f.read(), other.read(), name)


if __name__ == "__main__":
    unittest.main()
