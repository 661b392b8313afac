"""Schemas of the resources that Kubernetes itself does not know: the part of each that the chart uses, closed, after their
published definitions (cert-manager.io/v1, gateway.networking.k8s.io/v1, monitoring.coreos.com/v1)."""

import jsonschema

TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT, "minItems": 1}
GO_DURATION = {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(h|m|s|ms))+$"}
PROMETHEUS_DURATION = {"type": "string", "pattern": r"^([0-9]+(y|w|d|h|m|s|ms))+$"}
HOST = {"type": "string", "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"}
LABEL = r"^[a-zA-Z_][a-zA-Z0-9_]*$"


def closed(required, **properties):
    """An object with these properties and no others."""
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def mapping():
    return {"type": "object", "additionalProperties": {"type": "string"}}


METADATA = closed(["name", "namespace", "labels"], name=TEXT, namespace=TEXT, labels=mapping(), annotations=mapping())
USAGES = ["signing", "digital signature", "key encipherment", "server auth", "client auth"]
CERTIFICATE = closed(
    ["secretName", "issuerRef", "dnsNames"],
    secretName=TEXT,
    dnsNames={"type": "array", "items": HOST, "minItems": 1},
    duration=GO_DURATION,
    renewBefore=GO_DURATION,
    privateKey=closed(
        [],
        algorithm={"enum": ["RSA", "ECDSA", "Ed25519"]},
        size={"enum": [256, 384, 521, 2048, 4096, 8192]},
        encoding={"enum": ["PKCS1", "PKCS8"]},
        rotationPolicy={"enum": ["Never", "Always"]},
    ),
    usages={"type": "array", "items": {"enum": USAGES}},
    issuerRef=closed(["name"], name=TEXT, kind=TEXT, group=TEXT),
)
PARENT = closed(
    ["name"], name=TEXT, namespace=TEXT, sectionName=TEXT, kind=TEXT, group=TEXT, port={"type": "integer"}
)
BACKEND = closed(["name", "port"], name=TEXT, port={"type": "integer", "minimum": 1, "maximum": 65535})
ROUTE = closed(
    ["parentRefs", "rules"],
    parentRefs={"type": "array", "items": PARENT, "minItems": 1, "maxItems": 32},
    hostnames={"type": "array", "items": HOST, "maxItems": 16},
    rules={
        "type": "array",
        "minItems": 1,
        "items": closed(["backendRefs"], backendRefs={"type": "array", "items": BACKEND, "minItems": 1}),
    },
)
SERVICE_MONITOR = closed(
    ["selector", "endpoints"],
    selector=closed([], matchLabels=mapping()),
    namespaceSelector=closed([], matchNames=TEXTS),
    endpoints={
        "type": "array",
        "items": closed(
            ["port"],
            port=TEXT,
            path={"type": "string", "pattern": "^/"},
            interval=PROMETHEUS_DURATION,
            relabelings={
                "type": "array",
                "items": closed(
                    [],
                    action={"enum": ["replace", "keep", "drop"]},
                    sourceLabels={"type": "array", "items": {"type": "string", "pattern": LABEL}},
                    targetLabel={"type": "string", "pattern": LABEL},
                ),
            },
        ),
    },
)
PROMETHEUS_RULE = closed(
    ["groups"],
    groups={
        "type": "array",
        "items": {
            **closed(
                ["name", "rules"],
                name=TEXT,
                interval=PROMETHEUS_DURATION,
                rules={
                    "type": "array",
                    "items": closed(
                        ["expr"],
                        alert=TEXT,
                        record=TEXT,
                        expr=TEXT,
                        labels=mapping(),
                        annotations=mapping(),
                        keep_firing_for=PROMETHEUS_DURATION,
                        **{"for": PROMETHEUS_DURATION},
                    ),
                },
            ),
        },
    },
)
KINDS = {
    ("cert-manager.io/v1", "Certificate"): CERTIFICATE,
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): ROUTE,
    ("gateway.networking.k8s.io/v1", "GRPCRoute"): ROUTE,
    ("monitoring.coreos.com/v1", "ServiceMonitor"): SERVICE_MONITOR,
    ("monitoring.coreos.com/v1", "PrometheusRule"): PROMETHEUS_RULE,
}


def knows(document):
    """Whether the resource is one of these."""
    return (document["apiVersion"], document["kind"]) in KINDS


def mistakes(document):
    """What is wrong with one of them."""
    spec = KINDS[document["apiVersion"], document["kind"]]
    schema = closed(
        ["apiVersion", "kind", "metadata", "spec"], apiVersion=TEXT, kind=TEXT, metadata=METADATA, spec=spec
    )
    return [
        f"{document['kind']} {document['metadata']['name']}: {error.json_path}: {error.message}"
        for error in jsonschema.Draft7Validator(schema).iter_errors(document)
    ]
