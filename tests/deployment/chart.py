"""The chart, rendered by Helm's own engine."""

import pathlib
import shutil
import tempfile
from dataclasses import dataclass, field

import helm_python
import yaml
from reference import ROOT

# The parser in C where there is one: mutants are many.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CHART = ROOT / "helm/onqueue"
EXAMPLES = sorted(path.stem for path in (CHART / "examples").glob("*.yaml"))
# The oldest and the newest that are checked, and one in between.
VERSIONS = ("1.33", "1.35", "1.37")
NAMESPACE = "chat"
RELEASE = "onqueue"


@dataclass
class Rendered:
    """What the engine made of one value file."""

    example: str
    values: dict
    documents: list = field(default_factory=list)

    def of(self, *kinds):
        """The documents of these kinds."""
        return [one for one in self.documents if one["kind"] in kinds]

    def named(self, kind, name):
        """The document of that kind and name; None without one."""
        return next((one for one in self.of(kind) if one["metadata"]["name"] == name), None)

    def ours(self, service):
        """The one workload of a component."""
        return next(one for one in workloads(self) if component(one) == service)


def component(document):
    """Which part of the release it is."""
    return document["metadata"].get("labels", {}).get("app.kubernetes.io/component")


def workloads(rendered):
    """Everything that makes pods."""
    return rendered.of("Deployment", "StatefulSet", "Job", "Pod")


def pod_of(document):
    """The pod that a workload makes: metadata and spec."""
    return document if document["kind"] == "Pod" else document["spec"]["template"]


def containers(document):
    """All containers of a workload's pod."""
    spec = pod_of(document)["spec"]
    return spec.get("initContainers", []) + spec["containers"]


def example(name):
    """The values of an example."""
    text = (CHART / "examples" / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, LOADER) or {}


def merged(defaults, given):
    """As Helm lays values over the defaults."""
    if not isinstance(defaults, dict) or not isinstance(given, dict):
        return given
    both = {key: merged(value, given[key]) if key in given else value for key, value in defaults.items()}
    return {**both, **{key: value for key, value in given.items() if key not in defaults}}


def render(name, folder=CHART, change=None, is_upgrade=False):
    """Renders an example. `change` is laid over its values; the schema is checked first, as Helm does."""
    values = merged(example(name), change or {})
    loaded = helm_python.Chart.load(folder)
    loaded.validate_schema(values)
    texts = loaded.render(
        values, name=RELEASE, namespace=NAMESPACE, revision=2 if is_upgrade else 1, is_upgrade=is_upgrade
    )
    defaults = yaml.load((folder / "values.yaml").read_text(encoding="utf-8"), LOADER)
    rendered = Rendered(name, merged(defaults, values))
    for path in sorted(texts):
        if path.endswith(".yaml"):
            rendered.documents += [one for one in yaml.load_all(texts[path], LOADER) if one]
    return rendered


def lint(name, version):
    """What Helm's lint says of an example, beyond information."""
    report = helm_python.lint(CHART, example(name), strict=True, namespace=NAMESPACE, kube_version=f"v{version}.0")
    serious = [one["error"] for one in report["messages"] if one["severity"] > 1]
    return serious + list(report["errors"])


class Copy:
    """A chart of one's own to change, gone with the block."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="onqueue-chart-"))
        self.chart = self.folder / "onqueue"
        shutil.copytree(CHART, self.chart)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def replace(self, file, old, new):
        """Changes a file of it; what is to be changed has to be there."""
        path = self.chart / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} does not hold {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")
