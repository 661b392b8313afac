"""Rules about the network: who reaches whom, by which names, and what leads in from outside."""

import re
import tomllib

import chart
from chart import component, containers, pod_of, workloads
from reference import ROOT
from rules import rule
from rules.pods import unless

POLICIES = "templates/networkpolicies.yaml"
PORTS = {"gateway": 8080, "auth": 7001, "routing": 7002, "session": 7003, "content": 7004}
STORES = {"auth", "routing", "session", "content"}


def drawn():
    """The graph of calls, as ARCHITECTURE.md draws it."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    edges = re.findall(r"(\w+) ──▶ (\w+(?:, \w+)*)", text.partition("Calls:")[2].split("```")[1])
    return {(caller, called) for caller, several in edges for called in several.split(", ")}


# A replica of routing also sends what needs its owner there.
CALLS = drawn() | {("routing", "routing")}


def selects(selector, labels):
    """Whether a selector of Kubernetes matches labels."""
    terms = selector.get("matchExpressions", [])
    assert all(term["operator"] == "In" for term in terms), "another operator than In"
    named = selector.get("matchLabels", {})
    return named.items() <= labels.items() and all(labels.get(term["key"]) in term["values"] for term in terms)


def labelled(rendered):
    """The labels of each component's pods."""
    return {component(one): pod_of(one)["metadata"]["labels"] for one in workloads(rendered)}


def chosen(rendered, selector):
    """The components whose pods a selector matches."""
    return {name for name, labels in labelled(rendered).items() if selects(selector, labels)}


def ways(rendered, direction):
    """What the policies allow: (component, peer, port), where a peer is a component, or None for what is not ours."""
    found, side = set(), {"ingress": "from", "egress": "to"}[direction]
    for policy in rendered.of("NetworkPolicy"):
        subjects = chosen(rendered, policy["spec"]["podSelector"])
        for allowed in policy["spec"].get(direction, []):
            for port in allowed.get("ports", [{"port": None}]):
                for peer in peers(rendered, allowed.get(side)):
                    found |= {(subject, peer, port["port"]) for subject in subjects}
    return found


def peers(rendered, given):
    """The components that peers of a policy are; None for any that is not ours."""
    if not given:
        return {None}
    found = set()
    for one in given:
        is_ours = "podSelector" in one and "namespaceSelector" not in one
        found |= chosen(rendered, one["podSelector"]) if is_ours else {None}
    return found


def distributed(rendered):
    return rendered.values["profile"] == "distributed"


def called(rendered, direction):
    """Edges between our services."""
    services = set(PORTS)
    edges = {(one, peer) for one, peer, _ in ways(rendered, direction) if {one, peer} <= services}
    return edges if direction == "egress" else {(peer, one) for one, peer in edges}


@rule(
    "nobody reaches anybody unless it is said",
    POLICIES,
    "  policyTypes:\n    - Ingress\n    - Egress\n---",
    "  policyTypes:\n    - Ingress\n---",
)
def default_deny(rendered):
    everybody = set(labelled(rendered))
    denied = [
        one
        for one in rendered.of("NetworkPolicy")
        if chosen(rendered, one["spec"]["podSelector"]) == everybody and not {"ingress", "egress"} & set(one["spec"])
    ]
    both = any(set(one["spec"]["policyTypes"]) == {"Ingress", "Egress"} for one in denied)
    return unless(both, "no policy denies both directions for all pods")


@rule(
    "services call out along the graph of calls",
    POLICIES,
    '"content" (list "session")',
    '"content" (list "session" "auth")',
)
def calls_out(rendered):
    wanted = CALLS if distributed(rendered) else set()
    return unless(called(rendered, "egress") == wanted, f"out: {called(rendered, 'egress') ^ wanted}")


@rule(
    "services are called along the graph of calls",
    POLICIES,
    '(dict "root" $ "component" $service) | nindent 6 }}\n  policyTypes:\n    - Ingress',
    '(dict "root" $ "component" "auth") | nindent 6 }}\n  policyTypes:\n    - Ingress',
)
def calls_in(rendered):
    wanted = CALLS if distributed(rendered) else set()
    return unless(called(rendered, "ingress") == wanted, f"in: {called(rendered, 'ingress') ^ wanted}")


@rule(
    "each edge is one port",
    POLICIES,
    '        - port: {{ include "onqueue.port" $service }}\n          protocol: TCP\n      to:',
    "        - port: 9090\n          protocol: TCP\n      to:",
)
def edge_ports(rendered):
    edges = [(one, peer, port) for one, peer, port in ways(rendered, "egress") if one in PORTS and peer in PORTS]
    edges += [(peer, one, port) for one, peer, port in ways(rendered, "ingress") if one in PORTS and peer in PORTS]
    return [f"{one} reaches {peer} by {port}" for one, peer, port in edges if port != PORTS[peer]]


@rule(
    "only who keeps something reaches the database",
    POLICIES,
    '{{- toYaml (append $stores "migrate") | nindent 10 }}',
    '{{- toYaml (append $stores "gateway") | nindent 10 }}',
    "external-databases",
)
def database(rendered):
    if not distributed(rendered):
        return []
    port = 5432 if rendered.values["postgresql"]["enabled"] else rendered.values["networkPolicy"]["databasePort"]
    reach = {one for one, _, to in ways(rendered, "egress") if to == port}
    return unless(reach == STORES | {"migrate"}, f"{sorted(reach)} reach the database")


@rule(
    "the chart's own PostgreSQL lets in only who keeps something",
    POLICIES,
    '"callers" (append $stores "migrate")) (dict',
    '"callers" (list "gateway")) (dict',
    "minimal",
)
def own_database(rendered):
    if not rendered.values["postgresql"]["enabled"]:
        return []
    let_in = {(peer, port) for one, peer, port in ways(rendered, "ingress") if one == "postgresql" and port == 5432}
    wanted = {(one, 5432) for one in STORES | {"migrate"}}
    return unless(let_in == wanted, f"PostgreSQL lets in {let_in}")


@rule(
    "only services but the gateway reach the bus",
    POLICIES,
    "          {{- toYaml $stores | nindent 10 }}",
    '          {{- toYaml (append $stores "gateway") | nindent 10 }}',
)
def bus(rendered):
    values = rendered.values
    has_bus = distributed(rendered) and (values["nats"]["enabled"] or values["bus"]["existingSecret"])
    port = 4222 if values["nats"]["enabled"] else values["networkPolicy"]["busPort"]
    reach = {one for one, _, to in ways(rendered, "egress") if to == port}
    return unless(reach == (STORES if has_bus else set()), f"{sorted(reach)} reach the bus")


@rule(
    "the public reaches the door alone",
    POLICIES,
    "        - port: public\n          protocol: TCP\n      {{- with $own.clients }}",
    "        - protocol: TCP\n          port: health\n      {{- with $own.clients }}",
)
def public_door(rendered):
    door = "gateway" if distributed(rendered) else "embedded"
    strangers = {(one, port) for one, peer, port in ways(rendered, "ingress") if peer is None and port != "health"}
    return unless(strangers == {(door, "public")}, f"the public reaches {strangers}")


@rule(
    "health is for monitoring alone",
    POLICIES,
    "      {{- with $own.metrics }}\n      from:\n        {{- toYaml . | nindent 8 }}\n      {{- end }}\n",
    "",
)
def health(rendered):
    found = []
    for policy in rendered.of("NetworkPolicy"):
        for allowed in policy["spec"].get("ingress", []):
            if any(port["port"] == "health" for port in allowed["ports"]):
                found += unless(
                    allowed.get("from") == rendered.values["networkPolicy"]["metrics"], "health is for anybody"
                )
    return found


@rule(
    "everybody may look names up, and only there",
    POLICIES,
    "      {{- with $own.dns }}\n      to:\n        {{- toYaml . | nindent 8 }}\n      {{- end }}\n",
    "",
)
def names(rendered):
    everybody, found = set(labelled(rendered)), []
    for policy in rendered.of("NetworkPolicy"):
        for allowed in policy["spec"].get("egress", []):
            if {port["port"] for port in allowed.get("ports", [])} == {53}:
                good = allowed.get("to") == rendered.values["networkPolicy"]["dns"] and len(allowed["ports"]) == 2
                found.append((good, chosen(rendered, policy["spec"]["podSelector"]) == everybody))
    return unless(found == [(True, True)], "names are not looked up by all, by UDP and TCP, where the values say")


@rule("traces go to the collector", POLICIES, "{{- if .Values.settings.telemetry.endpoint }}", "{{- if false }}")
def collector(rendered):
    own, wanted = rendered.values["networkPolicy"], bool(rendered.values["settings"]["telemetry"]["endpoint"])
    reach = {one for one, _, port in ways(rendered, "egress") if port == own["collectorPort"]}
    return unless(reach == (set(labelled(rendered)) if wanted else set()), f"{sorted(reach)} reach the collector")


@rule(
    "files go where the values say",
    POLICIES,
    "{{- if or .Values.settings.attachments.s3_bucket",
    "{{- if and .Values.settings.attachments.s3_bucket",
)
def files(rendered):
    own, settings = rendered.values["networkPolicy"], rendered.values["settings"]["attachments"]
    reach = {one for one, _, port in ways(rendered, "egress") if port in own["filesPorts"]}
    keeper = {"session" if distributed(rendered) else "embedded"}
    wanted = keeper if settings["s3_bucket"] or settings["scanner_url"] else set()
    return unless(reach == wanted, f"{sorted(reach)} reach the bucket")


@rule(
    "helm test reaches the door",
    POLICIES,
    '"name" "check-out-to-door") | nindent 2 }}\nspec:\n  podSelector:\n    matchLabels:\n      {{- include "onqueue.component" (dict "root" $ "component" "check")',
    '"name" "check-out-to-door") | nindent 2 }}\nspec:\n  podSelector:\n    matchLabels:\n      {{- include "onqueue.component" (dict "root" $ "component" "auth")',
)
def checks(rendered):
    if not rendered.values["check"]["existingSecret"]:
        return []
    reach = {(peer, port) for one, peer, port in ways(rendered, "egress") if one == "check" and peer}
    return unless(("gateway", "public") in reach or ("embedded", "public") in reach, f"the check reaches {reach}")


@rule(
    "who calls internal gRPC knows every replica",
    "templates/services.yaml",
    '  clusterIP: None\n  selector:\n    {{- include "onqueue.component" (dict "root" $ "component" $service)',
    '  selector:\n    {{- include "onqueue.component" (dict "root" $ "component" $service)',
)
def headless(rendered):
    inner = [one for one in rendered.of("Service") if component(one) in STORES]
    found = unless(len(inner) == (4 if distributed(rendered) else 0), f"{len(inner)} internal services")
    return found + [
        f"{one['metadata']['name']} hides replicas" for one in inner if one["spec"].get("clusterIP") != "None"
    ]


@rule("every port says its protocol", "templates/services.yaml", "      appProtocol: https\n", "")
def protocols(rendered):
    wanted = {"internal": "https", "http": "http", "grpc": "kubernetes.io/h2c", "metrics": "http"}
    wanted |= {"postgresql": "postgresql", "nats": "nats"}
    return [
        f"{service['metadata']['name']}: {port['name']} is {port.get('appProtocol')}"
        for service in rendered.of("Service")
        for port in service["spec"]["ports"]
        if port.get("appProtocol") != wanted[port["name"]]
    ]


@rule(
    "every Service finds its pods and their ports",
    "templates/services.yaml",
    "      targetPort: internal\n",
    "      targetPort: public\n",
)
def found_pods(rendered):
    found = []
    for service in rendered.of("Service"):
        if component(service) == "monitoring":
            continue
        matched = [
            one
            for one in workloads(rendered)
            if selects({"matchLabels": service["spec"]["selector"]}, pod_of(one)["metadata"]["labels"])
        ]
        found += unless(len(matched) == 1, f"{service['metadata']['name']} finds {len(matched)} workloads")
        open_ports = {port["name"] for one in matched for each in containers(one) for port in each["ports"]}
        lost = {port["targetPort"] for port in service["spec"]["ports"]} - open_ports
        found += unless(not lost, f"{service['metadata']['name']}: nobody has the port {lost}")
    return found


@rule(
    "every workload's Service has its name",
    "templates/embedded.yaml",
    'serviceName: {{ include "onqueue.name" . }}-embedded',
    'serviceName: {{ include "onqueue.name" . }}',
    "embedded",
)
def stateful_names(rendered):
    sets = rendered.of("StatefulSet")
    return [
        f"{one['metadata']['name']}: no Service {one['spec']['serviceName']}"
        for one in sets
        if not rendered.named("Service", one["spec"]["serviceName"])
    ]


def backends(document):
    """The Services and ports to which a way in leads."""
    if document["kind"] == "Ingress":
        paths = [path for rule in document["spec"]["rules"] for path in rule["http"]["paths"]]
        return [(path["backend"]["service"]["name"], path["backend"]["service"]["port"]["name"]) for path in paths]
    return [(one["name"], one["port"]) for rule in document["spec"]["rules"] for one in rule["backendRefs"]]


@rule(
    "ways in lead to ports that there are",
    "templates/routes.yaml",
    "          port: {{ $way.port }}",
    "          port: 8081",
)
def routes(rendered):
    found = []
    for document in rendered.of("Ingress", "HTTPRoute", "GRPCRoute"):
        for name, port in backends(document):
            service = rendered.named("Service", name)
            ports = (
                {value for one in service["spec"]["ports"] for value in (one["name"], one["port"])}
                if service
                else set()
            )
            found += unless(port in ports, f"{document['metadata']['name']} leads to {name}:{port}")
    return found


@rule(
    "gRPC goes by HTTP/2, pages by what browsers speak",
    "templates/routes.yaml",
    '(dict "name" "gateway-grpc" "port" "grpc" "hosts" .Values.ingress.grpcHosts',
    '(dict "name" "gateway-grpc" "port" "http" "hosts" .Values.ingress.grpcHosts',
)
def right_way(rendered):
    service, found = rendered.values["gateway"]["service"], []
    numbers = {service["port"]: "http", service["grpcPort"]: "grpc"}
    for document in rendered.of("Ingress", "HTTPRoute", "GRPCRoute"):
        wanted = "grpc" if document["metadata"]["name"].endswith("-grpc") else "http"
        led = {numbers.get(port, port) for _, port in backends(document)}
        found += unless(led == {wanted}, f"{document['kind']} {document['metadata']['name']} leads to {led}")
        annotations = document["metadata"].get("annotations", {})
        if document["kind"] == "Ingress" and wanted == "grpc":
            found += unless(
                annotations == rendered.values["ingress"]["grpcAnnotations"], "the controller is not told of gRPC"
            )
    return found


@rule(
    "ways in are there when switched on, and for every name",
    "templates/routes.yaml",
    "{{- if .Values.gatewayApi.enabled }}",
    "{{- if false }}",
)
def switched(rendered):
    ingress, gateway = rendered.values["ingress"], rendered.values["gatewayApi"]
    wanted = {("Ingress", host) for host in ingress["hosts"] + ingress["grpcHosts"] if ingress["enabled"]}
    wanted |= {("HTTPRoute", host) for host in gateway["hostnames"] if gateway["enabled"]}
    wanted |= {("GRPCRoute", host) for host in gateway["grpcHostnames"] if gateway["enabled"]}
    has = {("Ingress", rule["host"]) for one in rendered.of("Ingress") for rule in one["spec"]["rules"]}
    has |= {(one["kind"], host) for one in rendered.of("HTTPRoute", "GRPCRoute") for host in one["spec"]["hostnames"]}
    return unless(has == wanted, f"ways in: {has ^ wanted}")


@rule(
    "ways in are encrypted where there is a certificate",
    "templates/routes.yaml",
    "  tls:\n    - secretName: {{ . }}\n      hosts:\n        {{- toYaml $way.hosts | nindent 8 }}\n",
    "",
)
def encrypted(rendered):
    secret, found = rendered.values["ingress"]["tlsSecret"], []
    for one in rendered.of("Ingress"):
        hosts = [rule["host"] for rule in one["spec"]["rules"]]
        wanted = [{"secretName": secret, "hosts": hosts}] if secret else None
        found += unless(one["spec"].get("tls") == wanted, f"{one['metadata']['name']} is open")
    return found


@rule(
    "addresses of other services lead to their Services",
    "templates/_settings.tpl",
    'svc.{{ $.Values.clusterDomain }}:{{ include "onqueue.port" . }}',
    "svc.{{ $.Values.clusterDomain }}:7000",
)
def addresses(rendered):
    if not distributed(rendered):
        return []
    found, clients = [], settings_of(rendered)["clients"]
    for name, given in clients.items():
        service = rendered.named("Service", f"{chart.RELEASE}-{name}")
        domain = f"{chart.NAMESPACE}.svc.{rendered.values['clusterDomain']}"
        wanted = [f"{service['metadata']['name']}.{domain}:{port['port']}" for port in service["spec"]["ports"]]
        found += unless(given == wanted, f"clients.{name} is {given}")
    return found + unless(set(clients) == STORES, f"clients: {sorted(clients)}")


@rule(
    "services listen where their ports are",
    "templates/_settings.tpl",
    '  listen: "{{ $host }}:{{ include "onqueue.port" . }}"',
    '  listen: "127.0.0.1:{{ include "onqueue.port" . }}"',
)
def listens(rendered):
    settings, host, found = settings_of(rendered), rendered.values["listenHost"], []
    for name, port in PORTS.items():
        if name == "gateway" or distributed(rendered):
            found += unless(
                settings[name]["listen"] == f"{host}:{port}", f"{name} listens on {settings[name]['listen']}"
            )
    return found + unless(
        settings["process"]["health_listen"] == f"{host}:9090", "health is not where the probes ask"
    )


def settings_of(rendered):
    """The settings file, read."""
    return tomllib.loads(rendered.named("ConfigMap", f"{chart.RELEASE}-settings")["data"]["onqueue.toml"])
