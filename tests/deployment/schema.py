"""The schema of the chart's values, closed, made from values.yaml: the comment right above a value is its description, its
default gives its type, and RULES says what else holds of it."""

import re

import reference
import yaml

QUANTITY = {"type": ["string", "number"], "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$"}
AMOUNTS = {
    "type": "object",
    "description": "CPU, memory and ephemeral storage.",
    "additionalProperties": False,
    "required": ["cpu", "memory", "ephemeral-storage"],
    "properties": {name: QUANTITY for name in ("cpu", "memory", "ephemeral-storage")},
}
RESOURCES = {
    "type": "object",
    "additionalProperties": False,
    "required": ["requests", "limits"],
    "properties": {
        "requests": {**AMOUNTS, "description": "What one asks for."},
        "limits": {**AMOUNTS, "description": "What one may use."},
    },
}
STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
OBJECTS = {"type": "array", "items": {"type": "object"}}
NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}}
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
SIZE = {"type": "string", "pattern": "^[1-9][0-9]*(Mi|Gi|Ti)$"}
DURATION = {"type": "string", "pattern": "^[1-9][0-9]*(s|m|h)$"}
COUNT = {"type": "integer", "minimum": 1}
# An image has a tag, or is told by its digest.
IMAGE = {"type": "string", "pattern": r"^[a-z0-9./:_-]+:[A-Za-z0-9._-]+(@sha256:[0-9a-f]{64})?$"}

# What holds of values beside their type: the first pattern that matches the whole path.
RULES = [
    (r"profile", {"enum": ["distributed", "embedded"]}),
    (r"listenHost", {"enum": ["0.0.0.0", "[::]"]}),
    (r"image\.digest", {"pattern": "^(sha256:[0-9a-f]{64})?$"}),
    (r"image\.tag", {"pattern": r"^([A-Za-z0-9_][A-Za-z0-9._-]*)?$", "not": {"const": "latest"}}),
    (r"image\.pullPolicy", {"enum": ["Always", "IfNotPresent", "Never"]}),
    (r"image\.repository", {"minLength": 1}),
    (r"image\.pullSecrets", NAMES),
    (r"(postgresql|nats)\.image", IMAGE),
    (r"pod\.runAs(User|Group)", {"minimum": 10000, "maximum": 4294967294}),
    (r"pod\.preStopSeconds", {"minimum": 1, "maximum": 120}),
    (r"pod\.hostAntiAffinity", {"enum": ["preferred", "required"]}),
    (r"pod\.spreadOver", {**NAMES, "minItems": 1}),
    (r"pod\.tolerations", OBJECTS),
    (r"commonLabels|pod\.(annotations|labels|nodeSelector)", STRINGS),
    (r".*\.(annotations|labels|grpcAnnotations)", STRINGS),
    (r".*\.resources", RESOURCES),
    (r"embedded\.replicas", {"const": 1}),
    (r"migration\.retries", {"minimum": 0}),
    (r".*\.(replicas|minReplicas|maxReplicas|maxUnavailable|openStreams)", COUNT),
    (r"(migration\.deadlineSeconds|check\.patienceSeconds)", COUNT),
    (r".*\.cpuPercent", {"minimum": 1, "maximum": 100}),
    (r".*\.size", SIZE),
    # It is put between quotes, and a section's name behind it.
    (r"monitoring\.prometheusRule\.runbookUrl", {"pattern": r"""^[^\s'"#]+$"""}),
    (r"attachments\.volume\.accessMode", {"enum": ["ReadWriteMany", "ReadWriteOnce"]}),
    (r"gateway\.service\.type", {"enum": ["ClusterIP", "NodePort", "LoadBalancer"]}),
    (r".*\.(port|grpcPort|databasePort|busPort|collectorPort)", PORT),
    (r"networkPolicy\.filesPorts", {"type": "array", "items": PORT, "minItems": 1}),
    (r"networkPolicy\.(clients|metrics|dns|database|bus|collector|files)", OBJECTS),
    (r"gatewayApi\.parentRefs", OBJECTS),
    (r"(ingress\.(hosts|grpcHosts)|gatewayApi\.(hostnames|grpcHostnames))", NAMES),
    (r"tls\.certManager\.(duration|renewBefore)", DURATION),
    (r"tls\.certManager\.issuerKind", {"enum": ["Issuer", "ClusterIssuer"]}),
    (r"monitoring\.serviceMonitor\.interval", DURATION),
    (r"settings\.telemetry\.format", {"enum": ["json", "pretty"]}),
    (r"settings\.[a-z_]+\.[a-z_0-9]+", {}),
]

TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}

# What one value means for another.
TOGETHER = [
    {
        "description": "Services in separate processes need a database.",
        "if": {"properties": {"profile": {"const": "distributed"}}},
        "then": {"properties": {"database": {"properties": {"existingSecret": {"minLength": 1}}}}},
    },
    {
        "description": "A PostgreSQL of the chart's own has a password.",
        "if": {"properties": {"postgresql": {"properties": {"enabled": {"const": True}}}}},
        "then": {"properties": {"postgresql": {"properties": {"existingSecret": {"minLength": 1}}}}},
    },
    {
        "description": "cert-manager needs an issuer.",
        "if": {"properties": {"tls": {"properties": {"certManager": {"properties": {"enabled": {"const": True}}}}}}},
        "then": {
            "properties": {"tls": {"properties": {"certManager": {"properties": {"issuerName": {"minLength": 1}}}}}}
        },
    },
]


def descriptions(text):
    """Each path of values.yaml with the comment right above it."""
    found, comment, above = {}, [], []
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("#"):
            comment.append(bare.lstrip("# "))
            continue
        entry = re.match(r"^( *)([A-Za-z_][A-Za-z0-9_.-]*):", line)
        if entry:
            depth = len(entry.group(1)) // 2
            above = above[:depth] + [entry.group(2)]
            found[".".join(above)] = " ".join(comment)
        comment = []
    return found


def rule(path):
    """What holds of it beside its type; None where nothing is said."""
    return next((rule for pattern, rule in RULES if re.fullmatch(pattern, path)), None)


def node(path, value, told):
    """The schema of one value."""
    said = rule(path)
    made = {"type": TYPES[type(value)]}
    if told.get(path):
        made["description"] = told[path]
    if said and "properties" in said or said and "additionalProperties" in said:
        return {**made, **said, "default": value}
    if isinstance(value, dict):
        inner = {key: node(f"{path}.{key}", one, told) for key, one in value.items()}
        return {**made, "additionalProperties": False, "properties": inner}
    if isinstance(value, list):
        made["items"] = {"type": "string"}
    if isinstance(value, int) and not isinstance(value, bool) and "minimum" not in (said or {}):
        made["minimum"] = 0
    name = path.removeprefix("settings.")
    if path.startswith("settings.") and name in reference.FOR_TESTS:
        made["const"] = reference.FOR_TESTS[name]
    return {**made, **(said or {}), "default": value}


def of(text):
    """The schema for the values in this text."""
    values, told = yaml.safe_load(text), descriptions(text)
    properties = {key: node(key, value, told) for key, value in values.items()}
    # Helm puts these into the values of every chart.
    properties["global"] = {"type": "object", "description": "Helm's own."}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of onqueue",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "allOf": TOGETHER,
    }
