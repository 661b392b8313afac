"""Rules about what nobody else may know: secrets as files, each for whom it is, and certificates."""

import re

import chart
from chart import component, containers, pod_of, workloads
from rules import rule
from rules.network import PORTS, STORES, distributed
from rules.pods import each_container, each_pod, unless

SETTINGS = "templates/_settings.tpl"


@rule(
    "no secret is a value or made by the chart",
    SETTINGS,
    "  value: /run/secrets/onqueue/{{ .file }}",
    "  valueFrom:\n    secretKeyRef:\n      name: {{ .secret }}\n      key: {{ .key }}",
)
def no_secret_values(rendered):
    found = [f"{one['metadata']['name']} is a Secret" for one in rendered.of("Secret")]
    for name, one in each_container(rendered):
        for variable in one.get("env", []):
            plain = str(variable.get("value", ""))
            leaks = "secretKeyRef" in str(variable.get("valueFrom")) or re.search(r"://[^/]*@", plain)
            is_secret = re.search(r"(PASSWORD|SECRET|STORE__.*URL|S3_KEY)", variable["name"]) and not variable[
                "name"
            ].endswith("_FILE")
            found += unless(not leaks and not is_secret, f"{name}: {variable['name']} holds a secret")
        found += unless(not one.get("envFrom"), f"{name} takes all of a Secret into its environment")
    return found


def mounted(document):
    """The keys of Secrets that a pod mounts: path below its folder of secrets → (Secret, key)."""
    found = {}
    for volume in pod_of(document)["spec"].get("volumes", []):
        for source in volume.get("projected", {}).get("sources", []):
            for item in source["secret"]["items"]:
                found[item["path"]] = (source["secret"]["name"], item["key"])
    return found


@rule(
    "secrets are files that only the group reads",
    "templates/_pods.tpl",
    "    defaultMode: 0440",
    "    defaultMode: 0444",
)
def file_modes(rendered):
    volumes = [(name, volume) for name, _, spec in each_pod(rendered) for volume in spec.get("volumes", [])]
    lax = [
        (name, volume)
        for name, volume in volumes
        if "secret" in volume or volume.get("projected", {}).get("defaultMode", 0o440) != 0o440
    ]
    return [f"{name}: {volume['name']} is read by others" for name, volume in lax]


@rule(
    "nobody writes where secrets and settings are",
    "templates/_pods.tpl",
    "      mountPath: /run/secrets/onqueue\n      readOnly: true",
    "      mountPath: /run/secrets/onqueue",
)
def read_only_mounts(rendered):
    mounts = [(name, mount) for name, one in each_container(rendered) for mount in one.get("volumeMounts", [])]
    return [
        f"{name} may write to {mount['mountPath']}"
        for name, mount in mounts
        if mount["name"] in ("secrets", "settings") and not mount.get("readOnly")
    ]


@rule(
    "every variable with a file has that file",
    SETTINGS,
    "        path: {{ .file }}",
    "        path: other/{{ .file }}",
)
def files_exist(rendered):
    found = []
    for document in workloads(rendered):
        paths = {f"/run/secrets/onqueue/{path}" for path in mounted(document)}
        for one in containers(document):
            given = [each["value"] for each in one.get("env", []) if each["name"].endswith("_FILE")]
            given += [word.partition("=")[2] for word in one.get("args", []) if word.startswith("--password-file=")]
            found += [f"{document['metadata']['name']}: nothing is at {path}" for path in given if path not in paths]
    return found


@rule(
    "each service sees its own database address alone",
    SETTINGS,
    "{{- $key := get $values.database (get $database .component) }}",
    "{{- $key := $values.database.ownerKey }}",
)
def own_database(rendered):
    database, found = rendered.values["database"], []
    for document in workloads(rendered):
        name = component(document)
        wanted = {database[f"{name}Key"]} if name in STORES else set()
        wanted = {database[key] for key in database if key.endswith("Key")} if name == "migrate" else wanted
        has = {key for path, (_, key) in mounted(document).items() if path.startswith("database/")}
        found += unless(has == wanted, f"{name} sees {sorted(has)}")
    return found


@rule(
    "each service sees its own certificate alone",
    SETTINGS,
    'name: {{ include "onqueue.certificate" (dict "root" .root "service" .component) }}',
    'name: {{ include "onqueue.certificate" (dict "root" .root "service" "auth") }}',
)
def own_certificate(rendered):
    found = []
    for document in workloads(rendered):
        name, own = component(document), mounted(document)
        has = {(path, secret) for path, (secret, _) in own.items() if path.startswith("tls/")}
        secret = rendered.values["tls"].get(f"{name}Secret") or f"{chart.RELEASE}-{name}-tls"
        wanted = (
            {(f"tls/{name}/{file}", secret) for file in ("tls.crt", "tls.key", "ca.crt")} if name in PORTS else set()
        )
        found += unless(has == wanted, f"{name} sees {sorted(has)}")
    return found


@rule(
    "certificates carry the names that services expect",
    "templates/certificates.yaml",
    "    - {{ $service }}.onqueue.internal",
    "    - {{ $service }}.onqueue.local",
)
def certificate_names(rendered):
    has = {(one["spec"]["secretName"], *one["spec"]["dnsNames"]) for one in rendered.of("Certificate")}
    wanted = {
        (rendered.values["tls"][f"{name}Secret"] or f"{chart.RELEASE}-{name}-tls", f"{name}.onqueue.internal")
        for name in PORTS
    }
    wanted = wanted if distributed(rendered) and rendered.values["tls"]["certManager"]["enabled"] else set()
    return unless(has == wanted, f"certificates: {has ^ wanted}")


@rule("certificates prove both ends", "templates/certificates.yaml", "    - client auth\n", "")
def certificate_uses(rendered):
    usages = [(one, set(one["spec"]["usages"])) for one in rendered.of("Certificate")]
    return [
        f"{one['metadata']['name']} is for {has}" for one, has in usages if not {"server auth", "client auth"} <= has
    ]


@rule(
    "certificates are renewed in time, with a new key",
    "templates/certificates.yaml",
    "    rotationPolicy: Always\n",
    "",
)
def certificate_renewal(rendered):
    hours, found = (lambda text: int(text.removesuffix("h"))), []
    for one in rendered.of("Certificate"):
        spec = one["spec"]
        good = (
            hours(spec["renewBefore"]) * 4 >= hours(spec["duration"])
            and spec["privateKey"].get("rotationPolicy") == "Always"
        )
        found += unless(good, f"{one['metadata']['name']} is renewed late, or with its old key")
    return found
