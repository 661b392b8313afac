"""Rules about pods: who runs in them, with what, and how they begin and end."""

import hashlib

import chart
from chart import component, containers, pod_of, workloads
from rules import rule

PODS = "templates/_pods.tpl"
SERVED = ("gateway", "auth", "routing", "session", "content", "embedded")
QUANTITIES = {"cpu", "memory", "ephemeral-storage"}
HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


def each_pod(rendered):
    """Every workload with its pod's spec."""
    return [(one["metadata"]["name"], one, pod_of(one)["spec"]) for one in workloads(rendered)]


def each_container(rendered):
    """Every container with the name of its workload."""
    return [
        (f"{name}/{one['name']}", one) for name, document, _ in each_pod(rendered) for one in containers(document)
    ]


def served(rendered):
    """The workloads that serve calls of ours."""
    return [one for one in rendered.of("Deployment", "StatefulSet") if component(one) in SERVED]


def unless(holds, sentence):
    """The sentence if it does not hold."""
    return [] if holds else [sentence]


@rule(
    "nobody is root, and ids are 10000 or more", PODS, "  runAsNonRoot: true\n  runAsUser: {{", "  runAsUser: 0 # {{"
)
def not_root(rendered):
    found = []
    for name, _, spec in each_pod(rendered):
        who = spec.get("securityContext", {})
        good = who.get("runAsNonRoot") is True and min(who.get("runAsUser", 0), who.get("runAsGroup", 0)) >= 10000
        found += unless(good, f"{name} runs as {who}")
    return found


@rule("volumes belong to the group", PODS, "  fsGroup: {{ int64 .root.Values.pod.runAsGroup }}\n", "")
def group_of_volumes(rendered):
    return [
        f"{name}: its secrets and volumes are not readable by its group"
        for name, _, spec in each_pod(rendered)
        if spec["securityContext"].get("fsGroup") != spec["securityContext"].get("runAsGroup")
    ]


@rule("all capabilities are dropped", PODS, "    drop:\n      - ALL\n", "    drop:\n      - NET_RAW\n")
def no_capabilities(rendered):
    return [
        f"{name} keeps capabilities"
        for name, one in each_container(rendered)
        if one["securityContext"].get("capabilities") != {"drop": ["ALL"]}
    ]


@rule("nobody gains privileges", PODS, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true")
def no_more_privileges(rendered):
    return [
        f"{name} may gain privileges"
        for name, one in each_container(rendered)
        if one["securityContext"].get("allowPrivilegeEscalation") is not False
        or one["securityContext"].get("privileged")
    ]


@rule("root filesystems are read only", PODS, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")
def read_only(rendered):
    return [
        f"{name} may write to its root"
        for name, one in each_container(rendered)
        if one["securityContext"].get("readOnlyRootFilesystem") is not True
    ]


@rule("system calls are filtered", PODS, "  seccompProfile:\n    type: RuntimeDefault\n{{- with", "{{- with")
def filtered(rendered):
    profile = {"type": "RuntimeDefault"}
    found = [name for name, _, spec in each_pod(rendered) if spec["securityContext"].get("seccompProfile") != profile]
    found += [
        name for name, one in each_container(rendered) if one["securityContext"].get("seccompProfile") != profile
    ]
    return [f"{name} has no seccomp profile RuntimeDefault" for name in found]


@rule(
    "containers ask for what they need, and have a limit",
    PODS,
    "    {{- toYaml .resources | nindent 4 }}",
    '    {{- toYaml (dict "requests" .resources.requests) | nindent 4 }}',
)
def limited(rendered):
    found = []
    for name, one in each_container(rendered):
        for part in ("requests", "limits"):
            lost = QUANTITIES - set(one.get("resources", {}).get(part, {}))
            found += unless(not lost, f"{name} has no {part} of {sorted(lost)}")
    return found


@rule(
    "what is written to memory or disk beside volumes has a size",
    PODS,
    "    sizeLimit: 32Mi\n",
    "    medium: Memory\n",
)
def temporary_has_a_size(rendered):
    return [
        f"{name}: the volume {volume['name']} has no size"
        for name, _, spec in each_pod(rendered)
        for volume in spec.get("volumes", [])
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]
    ]


@rule(
    "each component has a ServiceAccount of its own",
    PODS,
    'serviceAccountName: {{ include "onqueue.name" .root }}-{{ .component }}',
    "serviceAccountName: default",
)
def own_account(rendered):
    found = []
    for name, document, spec in each_pod(rendered):
        account = rendered.named("ServiceAccount", spec.get("serviceAccountName"))
        found += unless(account and component(account) == component(document), f"{name} has no account of its own")
    return found


@rule("no pod gets a token", PODS, "automountServiceAccountToken: false\n", "")
def no_token(rendered):
    holders = [(name, spec) for name, _, spec in each_pod(rendered)]
    return [f"{name} gets a token" for name, spec in holders if spec.get("automountServiceAccountToken") is not False]


@rule(
    "no account has one",
    "templates/serviceaccounts.yaml",
    "automountServiceAccountToken: false",
    "automountServiceAccountToken: true",
)
def no_account_token(rendered):
    accounts = rendered.of("ServiceAccount")
    lax = [one for one in accounts if one.get("automountServiceAccountToken") is not False]
    return [f"{one['metadata']['name']} gives a token" for one in lax]


@rule("the environment holds no other services' addresses", PODS, "enableServiceLinks: false\n", "")
def no_links(rendered):
    # ONQUEUE_… variables that Kubernetes makes of a Service's name would be taken for settings.
    return [
        f"{name} has links" for name, _, spec in each_pod(rendered) if spec.get("enableServiceLinks") is not False
    ]


@rule("images are of one version", "templates/_names.tpl", "(default $.Chart.AppVersion .tag)", '"latest"', "minimal")
def pinned(rendered):
    found = []
    for name, one in each_container(rendered):
        image = one["image"]
        tag = image.rsplit("/", 1)[-1].partition(":")[2]
        found += unless("@sha256:" in image or (tag and tag != "latest"), f"{name}: {image} is any version")
    return found


@rule("a digest goes before a tag", "templates/_names.tpl", "{{- if .digest }}", "{{- if false }}")
def digest_first(rendered):
    digest = rendered.values["image"]["digest"]
    ours = [
        one["image"] for _, one in each_container(rendered) if rendered.values["image"]["repository"] in one["image"]
    ]
    return [f"{image} lacks the digest" for image in ours if digest and not image.endswith(f"@{digest}")]


@rule(
    "images are fetched with the Secrets that are named",
    PODS,
    "imagePullSecrets:\n  {{- range . }}",
    "imagePullSecrets:\n  {{- range list }}",
)
def pull_secrets(rendered):
    wanted = [{"name": name} for name in rendered.values["image"]["pullSecrets"]]
    pods = [(name, spec.get("imagePullSecrets") or []) for name, _, spec in each_pod(rendered)]
    return [f"{name} is fetched with {given}" for name, given in pods if given != wanted]


@rule(
    "pods go where the values say",
    PODS,
    "tolerations:\n  {{- toYaml . | nindent 2 }}",
    "tolerations: []",
)
def placed(rendered):
    pod, found = rendered.values["pod"], []
    for name, _, spec in each_pod(rendered):
        for key in ("nodeSelector", "tolerations", "priorityClassName"):
            found += unless(
                (spec.get(key) or pod[key]) == pod[key] and bool(spec.get(key)) == bool(pod[key]), f"{name}: {key}"
            )
    return found


@rule(
    "starting is waited for by grpc.health.v1",
    PODS,
    "startupProbe:\n  grpc:\n    port: 9090\n    service: liveness",
    "startupProbe:\n  tcpSocket:\n    port: 9090",
)
def startup(rendered):
    return probe(rendered, "startupProbe", "liveness")


@rule(
    "readiness is asked for by grpc.health.v1",
    PODS,
    "    service: readiness",
    "    service: liveness",
)
def readiness(rendered):
    return probe(rendered, "readinessProbe", "readiness")


@rule(
    "whether it lives does not depend on the database",
    PODS,
    "livenessProbe:\n  grpc:\n    port: 9090\n    service: liveness",
    "livenessProbe:\n  grpc:\n    port: 9090\n    service: readiness",
)
def liveness(rendered):
    return probe(rendered, "livenessProbe", "liveness")


def probe(rendered, kind, service):
    """That every container of ours that serves has such a probe, on its port for health."""
    found = []
    for document in served(rendered):
        for one in containers(document):
            health = next((port["containerPort"] for port in one["ports"] if port["name"] == "health"), None)
            asked = one.get(kind, {}).get("grpc", {})
            good = asked.get("service") == service and asked.get("port") == health
            found += unless(good, f"{document['metadata']['name']}: {kind} is {one.get(kind)}")
    return found


@rule(
    "a start may take longer than a hang",
    PODS,
    "  periodSeconds: 2\n  timeoutSeconds: 3\n  failureThreshold: 60",
    "  periodSeconds: 2\n  timeoutSeconds: 3\n  failureThreshold: 5",
)
def patient_start(rendered):
    found = []
    for document in served(rendered):
        for one in containers(document):
            start, live = one["startupProbe"], one["livenessProbe"]
            seconds = start["periodSeconds"] * start["failureThreshold"]
            found += unless(seconds >= 60, f"{document['metadata']['name']} is killed after {seconds} s of starting")
            seconds = live["periodSeconds"] * live["failureThreshold"]
            found += unless(seconds >= 30, f"{document['metadata']['name']} is killed after {seconds} s of silence")
    return found


@rule(
    "balancers notice the end before it begins",
    PODS,
    "  lifecycle:\n    preStop:\n      sleep:\n        seconds: {{ .root.Values.pod.preStopSeconds }}\n",
    "",
)
def waits_before_end(rendered):
    wanted = {"sleep": {"seconds": rendered.values["pod"]["preStopSeconds"]}}
    ends = [(one, containers(one)[0].get("lifecycle", {}).get("preStop")) for one in served(rendered)]
    return [f"{one['metadata']['name']} ends at once" for one, end in ends if end != wanted]


@rule(
    "the grace holds the wait, the drain and the last traces",
    PODS,
    "(div (add (int64 .Values.settings.process.drain_ms) 999) 1000) 10",
    "10",
)
def grace(rendered):
    pod, drain = rendered.values["pod"], rendered.values["settings"]["process"]["drain_ms"]
    least = pod["preStopSeconds"] + drain / 1000 + 5
    graces = [(one, pod_of(one)["spec"].get("terminationGracePeriodSeconds", 30)) for one in served(rendered)]
    return [f"{one['metadata']['name']}: {has} s are less than {least} s" for one, has in graces if has < least]


@rule(
    "replicas are spread over zones and hosts",
    PODS,
    '      matchLabels:\n        {{- include "onqueue.component" $ | nindent 8 }}',
    "      matchLabels:\n        app.kubernetes.io/component: other",
)
def spread(rendered):
    found = []
    for document in served(rendered):
        selector = document["spec"]["selector"]
        rules = pod_of(document)["spec"].get("topologySpreadConstraints", [])
        good = {one["topologyKey"] for one in rules if one["labelSelector"] == selector} >= {HOST, ZONE}
        found += unless(good, f"{document['metadata']['name']} is spread by {rules}")
    return found


@rule(
    "replicas keep off one another's host",
    PODS,
    "      - topologyKey: kubernetes.io/hostname",
    "      - topologyKey: topology.kubernetes.io/region",
    "high-availability",
)
def apart(rendered):
    found, strict = [], rendered.values["pod"]["hostAntiAffinity"] == "required"
    for document in served(rendered):
        rules = pod_of(document)["spec"].get("affinity", {}).get("podAntiAffinity", {})
        hard = rules.get("requiredDuringSchedulingIgnoredDuringExecution", [])
        soft = [one["podAffinityTerm"] for one in rules.get("preferredDuringSchedulingIgnoredDuringExecution", [])]
        wanted = {"topologyKey": HOST, "labelSelector": document["spec"]["selector"]}
        found += unless((hard if strict else soft) == [wanted], f"{document['metadata']['name']}: {rules}")
    return found


@rule("new pods come before old ones go", "templates/deployments.yaml", "maxUnavailable: 0", "maxUnavailable: 1")
def rolling(rendered):
    found = []
    for one in served(rendered):
        if one["kind"] != "Deployment":
            continue
        strategy = one["spec"]["strategy"]
        rolls = strategy.get("rollingUpdate") == {"maxSurge": 1, "maxUnavailable": 0}
        found += unless(rolls != recreated(rendered, one), f"{one['metadata']['name']}: {strategy}")
    return found


def recreated(rendered, document):
    """Whether its volume can be of one node only, so that the old pod has to go first."""
    mounts = {
        volume.get("persistentVolumeClaim", {}).get("claimName") for volume in pod_of(document)["spec"]["volumes"]
    }
    claims = [rendered.named("PersistentVolumeClaim", name) for name in mounts if name]
    return any(claim["spec"]["accessModes"] == ["ReadWriteOnce"] for claim in claims if claim)


@rule(
    "a volume of one node is never wanted by two",
    "templates/deployments.yaml",
    "    type: Recreate\n",
    "    type: RollingUpdate\n    rollingUpdate:\n      maxSurge: 1\n      maxUnavailable: 0\n",
    "minimal",
)
def one_node(rendered):
    kinds = [(one, one["spec"]["strategy"]["type"]) for one in rendered.of("Deployment") if "strategy" in one["spec"]]
    return [
        f"{one['metadata']['name']} would wait for its own volume"
        for one, kind in kinds
        if recreated(rendered, one) and kind != "Recreate"
    ]


@rule(
    "changed settings make new pods",
    PODS,
    'checksum/settings: {{ include "onqueue.settings" .root | sha256sum }}',
    "checksum/settings: {{ .root.Release.Name | sha256sum }}",
)
def follows_settings(rendered):
    text = rendered.named("ConfigMap", f"{chart.RELEASE}-settings")["data"]["onqueue.toml"]
    sums = {pod_of(one)["metadata"]["annotations"].get("checksum/settings") for one in served(rendered)}
    # The file in the ConfigMap begins without the empty line and ends with one.
    expected = {
        hashlib.sha256(each.encode()).hexdigest() for each in (text, text.rstrip("\n"), f"\n{text}", f"\n{text}\n")
    }
    return unless(len(sums) == 1 and sums <= expected, f"{sums} is not the settings' sum")


@rule(
    "annotations and labels for pods arrive",
    PODS,
    "  {{- with .root.Values.pod.annotations }}\n  {{- toYaml . | nindent 2 }}\n  {{- end }}\n",
    "",
)
def dressed(rendered):
    found, pod = [], rendered.values["pod"]
    for one in served(rendered):
        has = pod_of(one)["metadata"]
        good = (
            pod["annotations"].items() <= has["annotations"].items()
            and pod["labels"].items() <= has["labels"].items()
        )
        found += unless(good, f"{one['metadata']['name']} lacks annotations or labels")
    return found


@rule(
    "our processes run the services they are named after",
    "templates/deployments.yaml",
    '(list "--services" $service)',
    '(list "--services" "auth")',
)
def runs_its_service(rendered):
    found = []
    for one in served(rendered):
        arguments, name = containers(one)[0]["args"], component(one)
        where = ["--data", "/var/lib/onqueue"] if name == "embedded" else ["--services", name]
        wanted = ["serve", "--config", "/etc/onqueue/onqueue.toml", *where]
        found += unless(arguments == wanted, f"{one['metadata']['name']}: {arguments}")
    return found
