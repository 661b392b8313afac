"""Dockerfile, docker-compose.yml and chart, judged by other people's tools and by the house's own rules. 0 findings, or it fails.

python tests/deployment/check.py
"""

import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import chart
import generate
import kubernetes_validate
import resources
import yaml
from reference import ROOT
from rules import __main__ as rules

BIN = pathlib.Path(sys.executable).parent
# What checkov asks for that an installation decides, or that would be wrong here. hadolint's one exception stands in the Dockerfile.
SKIPPED = {
    "CKV_K8S_43": "a release names its image by tag = appVersion; image.digest is there for who wants more",
    "CKV_K8S_15": "a tag of a release never changes, so a node need not ask its registry at each start; image.pullPolicy decides",
}


def run(*command):
    """What a tool says if it objects."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"{pathlib.Path(command[0]).name}: {done.stdout}{done.stderr}"]


def generated():
    return [f"{path.relative_to(ROOT)}: python tests/deployment/generate.py --write" for path in generate.stale()]


def linted():
    """Helm's lint, for each value file and version."""
    pairs = [(name, version) for name in chart.EXAMPLES for version in chart.VERSIONS]
    return [f"{name} on {version}: {sentence}" for name, version in pairs for sentence in chart.lint(name, version)]


def valid():
    """Every rendered document against the schemas of each version, strictly; what upgrades render too."""
    found = []
    for name in chart.EXAMPLES:
        documents = chart.render(name).documents + chart.render(name, is_upgrade=True).documents
        for document in documents:
            found += [f"{name}: {sentence}" for sentence in mistakes(document)]
    return found


def mistakes(document):
    """What is wrong with one document, in any version."""
    if resources.knows(document):
        return resources.mistakes(document)
    found = []
    for version in chart.VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except (
            kubernetes_validate.ValidationError,
            kubernetes_validate.SchemaNotFoundError,
            kubernetes_validate.VersionNotSupportedError,
        ) as error:
            found.append(f"{document['kind']} {document['metadata']['name']} on {version}: {error}")
    return found


def scanned():
    """checkov, over all value files and the Dockerfile at once."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name in chart.EXAMPLES:
            path = pathlib.Path(folder) / f"{name}.yaml"
            path.write_text(yaml.safe_dump_all(chart.render(name).documents), encoding="utf-8")
            files += ["--file", str(path)]
        command = [BIN / "checkov", "--skip-download", "--quiet", "--compact", "--output=json", *files]
        command += ["--file", str(ROOT / "Dockerfile"), "--framework", "kubernetes", "dockerfile"]
        command += ["--skip-check", ",".join(SKIPPED)]
        environment = {**os.environ, "LOG_LEVEL": "ERROR"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return judged(done)


def judged(done):
    """Its findings; a scan that saw nothing is one."""
    try:
        reports = json.loads(done.stdout)
    except json.JSONDecodeError:
        return [f"checkov: {done.stdout}{done.stderr}"]
    reports = reports if isinstance(reports, list) else [reports]
    passed = {one["check_type"]: one["summary"]["passed"] for one in reports}
    found = [f"checkov: {one['check_type']} was not read" for one in reports if one["summary"]["parsing_errors"]]
    if passed.get("kubernetes", 0) < 1000 or passed.get("dockerfile", 0) < 50:
        found.append(f"checkov: looked at too little: {passed}")
    failures = [each for one in reports for each in one["results"]["failed_checks"]]
    return found + [f"checkov: {one['check_id']} {one['check_name']}: {one['resource']}" for one in failures]


def dockerfile():
    return run(BIN / "hadolint", "Dockerfile")


def context():
    """What the sources of the binary take in from elsewhere is in what Docker gets to see, and what may be secret is not."""
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    needed = {"Cargo.toml", "Cargo.lock", "LICENSE", "rust-toolchain.toml", "buf.yaml", "web/package-lock.json"}
    needed |= {
        "tests/Cargo.toml",
        "xtask/Cargo.toml",
        "deploy/image/skeleton.sh",
        "proto/onqueue/common/v1/options.proto",
    }
    for source in [*ROOT.glob("libs/*/src/**/*.rs"), *ROOT.glob("services/*/src/**/*.rs")]:
        needed.add(str(source.relative_to(ROOT)))
        for taken in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', source.read_text(encoding="utf-8")):
            needed.add(os.path.relpath(source.parent / taken, ROOT))
    found = [f".dockerignore hides {path}" for path in sorted(needed) if hidden(path, patterns)]
    secret = (
        ".env",
        "secrets/store_url",
        ".git/config",
        "data/onqueue.db",
        "services/onqueue/data/onqueue.db",
        "target/debug/onqueue",
    )
    return found + [f".dockerignore shows {path}" for path in secret if not hidden(path, patterns)]


def hidden(path, patterns):
    """Whether Docker does not get to see a path: the last pattern that matches it, or a folder above it, decides."""
    parts = path.split("/")
    above = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    is_hidden = False
    for line in patterns:
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        wanted = pattern.lstrip("!")
        deep = wanted.removeprefix("**/")
        matches = any(fnmatch.fnmatchcase(each, wanted) for each in above if each.count("/") == wanted.count("/"))
        matches = matches or (deep != wanted and any(fnmatch.fnmatchcase(each, deep) for each in parts))
        if matches:
            is_hidden = not pattern.startswith("!")
    return is_hidden


def composed():
    return run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")


def prometheus():
    """What Prometheus is given: its configuration beside compose, and the alerts as the chart renders them."""
    promtool = pathlib.Path(os.environ.get("ONQUEUE_TEST_PROMETHEUS") or "") / "promtool"
    rendered = chart.render("everything").of("PrometheusRule")[0]["spec"]
    with tempfile.TemporaryDirectory() as folder:
        rules_file = pathlib.Path(folder) / "alerts.yaml"
        rules_file.write_text(yaml.safe_dump(rendered, allow_unicode=True), encoding="utf-8")
        found = run(str(promtool), "check", "rules", str(rules_file))
    return found + run(str(promtool), "check", "config", "--syntax-only", "deploy/compose/prometheus.yml")


def scripts():
    """Shell scripts can be read, and the skeleton that the image's dependencies are compiled from is a workspace."""
    found = [sentence for path in sorted((ROOT / "deploy").rglob("*.sh")) for sentence in run("sh", "-n", str(path))]
    with tempfile.TemporaryDirectory() as folder:
        found += run("sh", "deploy/image/skeleton.sh", str(ROOT), folder)
        for name in ("Cargo.toml", "Cargo.lock"):
            (pathlib.Path(folder) / name).write_bytes((ROOT / name).read_bytes())
        manifest = f"--manifest-path={folder}/Cargo.toml"
        # cargo looks at every manifest of the workspace, and at the sources that each names, before it says anything.
        found += run(
            os.environ.get("CARGO", "cargo"),
            "metadata",
            "--offline",
            "--locked",
            "--no-deps",
            "--format-version=1",
            manifest,
        )
    return found


def upgraded():
    """Old pods go on while an upgrade's migration runs: it is the release's first step there too."""
    documents = chart.render("high-availability", is_upgrade=True)
    hooks = [one["metadata"].get("annotations", {}).get("helm.sh/hook", "") for one in documents.of("Job")]
    return [] if any("pre-upgrade" in hook for hook in hooks) else ["an upgrade does not migrate first"]


CHECKS = {
    "generated files are up to date": generated,
    "Helm's lint": linted,
    "kubernetes-validate": valid,
    "upgrades": upgraded,
    "hadolint": dockerfile,
    "what Docker sees": context,
    "compose specification": composed,
    "promtool": prometheus,
    "scripts": scripts,
    "own rules": rules.broken,
    "mutants": rules.survivors,
    "checkov": scanned,
}


def main():
    wanted = sys.argv[1:] or list(CHECKS)
    found = []
    for name in wanted:
        begun = time.monotonic()
        said = CHECKS[name]()
        print(f"{name}: {len(said)} findings in {time.monotonic() - begun:.1f} s", flush=True)
        found += said
    print("\n".join(found))
    print(
        f"{len(chart.EXAMPLES)} value files × {len(chart.VERSIONS)} versions; {len(rules.CHART_RULES)} rules over the chart,"
    )
    print(
        f"{len(rules.COMPOSE_RULES)} over the compose file, each with its mutant; {len(SKIPPED) + 1} skips with a reason"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
