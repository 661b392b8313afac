"""Rules about the schema of the values."""

import json

import helm_python

import chart
from rules import rule
from rules.pods import unless

# What the schema refuses, with the value file on which it is tried.
REFUSED = [
    ("embedded", {"embedded": {"replicas": 2}}),
    ("embedded", {"profile": "single"}),
    ("embedded", {"gatway": {}}),
    ("embedded", {"gateway": {"replica": 2}}),
    ("embedded", {"settings": {"gateway": {"call_rates": "1/second burst 1"}}}),
    ("embedded", {"settings": {"gateway": {"unary_calls": "many"}}}),
    ("embedded", {"settings": {"routing": {"fence": False}}}),
    ("embedded", {"settings": {"process": {"test_clock": "/clock"}}}),
    ("embedded", {"pod": {"runAsUser": 1000}}),
    ("embedded", {"image": {"tag": "latest"}}),
    ("embedded", {"image": {"digest": "sha256:123"}}),
    ("embedded", {"gateway": {"service": {"port": 0}}}),
    ("minimal", {"database": {"existingSecret": ""}}),
    ("minimal", {"postgresql": {"existingSecret": ""}}),
    ("minimal", {"postgresql": {"image": "postgres"}}),
    ("minimal", {"auth": {"resources": {"limits": {"gpu": 1}}}}),
    ("high-availability", {"tls": {"certManager": {"issuerName": ""}}}),
    ("high-availability", {"session": {"autoscaling": {"cpuPercent": 0}}}),
]


@rule("the schema refuses what can not be", "values.schema.json", '"const": 1', '"minimum": 1', "embedded")
def refused(rendered):
    folder = getattr(rendered, "folder", chart.CHART)
    found = []
    for name, change in REFUSED:
        if name != rendered.example:
            continue
        try:
            helm_python.Chart.load(folder).validate_schema(chart.merged(chart.example(name), change))
        except helm_python.HelmError:
            continue
        found.append(f"{name}: {change} is let in")
    return found


@rule(
    "every value is described, and the schema is closed",
    "values.schema.json",
    '"additionalProperties": false',
    '"additionalProperties": true',
    "embedded",
)
def described(rendered):
    folder = getattr(rendered, "folder", chart.CHART)
    return undescribed("", json.loads((folder / "values.schema.json").read_text(encoding="utf-8")))


def undescribed(path, node):
    """Leaves without a description, and objects that take anything."""
    inner = node.get("properties")
    if inner is None:
        return unless(node.get("description"), f"{path} is not described")
    found = unless(node.get("additionalProperties") is False, f"{path or 'the whole'} takes anything")
    if path.endswith(("resources", "requests", "limits")):
        return found
    return found + [one for key, child in inner.items() for one in undescribed(f"{path}.{key}".lstrip("."), child)]
