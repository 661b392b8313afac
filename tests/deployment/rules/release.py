"""Rules about the release as a whole: settings, secrets, what is disrupted and scaled, migrations, certificates, monitoring."""

import copy
import json
import tomllib

import yaml

import chart
import reference
from chart import component, containers, pod_of
from rules import rule
from rules.network import PORTS, STORES, distributed, selects, settings_of
from rules.pods import served, unless

SCALING = "templates/scaling.yaml"
SETTINGS = "templates/_settings.tpl"
MIGRATION = "templates/migration.yaml"


@rule(
    "names are unique, short, and in the release's namespace",
    "templates/_names.tpl",
    "namespace: {{ .root.Release.Namespace }}\n",
    "",
)
def named(rendered):
    seen, found = set(), []
    for one in rendered.documents:
        key = (one["kind"], one["metadata"]["name"])
        good = key not in seen and len(key[1]) <= 63 and one["metadata"].get("namespace") == chart.NAMESPACE
        found += unless(good, f"{key} is twice, too long, or in no namespace")
        seen.add(key)
    return found


@rule("everything carries the usual labels", "templates/_names.tpl", "app.kubernetes.io/part-of: onqueue\n", "")
def labels(rendered):
    wanted = {"name", "instance", "component", "version", "part-of", "managed-by"}
    found = []
    for one in rendered.documents:
        has = one["metadata"].get("labels", {})
        lost = {name for name in wanted if f"app.kubernetes.io/{name}" not in has}
        good = not lost and rendered.values["commonLabels"].items() <= has.items()
        found += unless(good, f"{one['kind']} {one['metadata']['name']} lacks {lost or 'common labels'}")
    return found


@rule(
    "every service may lose only so many at once",
    SCALING,
    "  maxUnavailable: {{ $own.maxUnavailable }}\n",
    "  minAvailable: 1\n",
)
def disruption(rendered):
    found = []
    for document in served(rendered):
        labels = pod_of(document)["metadata"]["labels"]
        budgets = [
            one["spec"] for one in rendered.of("PodDisruptionBudget") if selects(one["spec"]["selector"], labels)
        ]
        own = rendered.values[component(document)].get("maxUnavailable", 1)
        good = [one.get("maxUnavailable") for one in budgets] == [own] and own >= 1
        found += unless(good, f"{document['metadata']['name']}: {budgets}")
    return found


@rule("what is not ready keeps no node from maintenance", SCALING, "  unhealthyPodEvictionPolicy: AlwaysAllow\n", "")
def unhealthy(rendered):
    budgets = rendered.of("PodDisruptionBudget")
    lax = [one for one in budgets if one["spec"].get("unhealthyPodEvictionPolicy") != "AlwaysAllow"]
    return [f"{one['metadata']['name']} keeps what is not ready" for one in lax]


def scalers(rendered):
    return {one["spec"]["scaleTargetRef"]["name"]: one["spec"] for one in rendered.of("HorizontalPodAutoscaler")}


@rule(
    "each service follows the load if told to",
    SCALING,
    '    kind: Deployment\n    name: {{ include "onqueue.name" $ }}-{{ $service }}',
    '    kind: Deployment\n    name: {{ include "onqueue.name" $ }}-auth',
)
def scaled(rendered):
    wanted = {
        f"{chart.RELEASE}-{name}": (
            rendered.values[name]["autoscaling"]["minReplicas"],
            rendered.values[name]["autoscaling"]["maxReplicas"],
        )
        for name in PORTS
        if distributed(rendered) and rendered.values[name]["autoscaling"]["enabled"]
    }
    has = {name: (one["minReplicas"], one["maxReplicas"]) for name, one in scalers(rendered).items()}
    return unless(has == wanted, f"scaled: {has}, not {wanted}")


@rule(
    "nobody says how many beside who follows the load",
    "templates/deployments.yaml",
    "  {{- if not $own.autoscaling.enabled }}",
    "  {{- if true }}",
)
def one_says_how_many(rendered):
    found, has = [], scalers(rendered)
    for one in rendered.of("Deployment"):
        found += unless(
            ("replicas" in one["spec"]) != (one["metadata"]["name"] in has),
            f"{one['metadata']['name']}: two say how many, or nobody",
        )
    return found


@rule(
    "the door follows its open streams, others the CPU",
    SCALING,
    "          name: onqueue_open_streams",
    "          name: onqueue_messages_total",
)
def measured(rendered):
    found = []
    for name, one in scalers(rendered).items():
        kinds = [
            each.get("pods", {}).get("metric", {}).get("name") or each["resource"]["name"] for each in one["metrics"]
        ]
        wanted = ["onqueue_open_streams", "cpu"] if name.endswith("-gateway") else ["cpu"]
        found += unless(kinds == wanted, f"{name} follows {kinds}")
    return found


@rule(
    "the metric that the door follows is one of ours",
    SCALING,
    "          name: onqueue_open_streams",
    "          name: onqueue_streams_open",
)
def metric_exists(rendered):
    told = (reference.ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    named = [
        metric["pods"]["metric"]["name"]
        for one in scalers(rendered).values()
        for metric in one["metrics"]
        if "pods" in metric
    ]
    return [f"there is no metric {name}" for name in named if f"`{name}`" not in told]


@rule("replicas go slowly", SCALING, "      stabilizationWindowSeconds: 600", "      stabilizationWindowSeconds: 0")
def slowly(rendered):
    windows = {
        name: one["behavior"]["scaleDown"]["stabilizationWindowSeconds"] for name, one in scalers(rendered).items()
    }
    return [f"{name} shrinks after {seconds} s" for name, seconds in windows.items() if seconds < 300]


@rule("every setting is a known one", SETTINGS, "  health_listen: ", "  health_address: ")
def known_settings(rendered):
    known = {one.name: one for one in reference.settings()}
    found = []
    for section, keys in settings_of(rendered).items():
        for key, value in keys.items():
            name = f"{section}.{key}"
            good = name in known and type(value) is type(known[name].default)
            found += unless(good, f"{name} is no setting, or of another type: {value!r}")
    return found


@rule(
    "every setting arrives",
    SETTINGS,
    "{{- range $key, $value := $keys }}",
    '{{- range $key, $value := omit $keys "call_rate" }}',
)
def every_setting(rendered):
    has, found = settings_of(rendered), []
    for section, keys in rendered.values["settings"].items():
        for key, value in keys.items():
            found += unless(
                has.get(section, {}).get(key) == value,
                f"{section}.{key} is {has.get(section, {}).get(key)!r}, not {value!r}",
            )
    for one in reference.settings():
        good = one.name in reference.CHART_MANAGED or one.key in rendered.values["settings"].get(one.section, {})
        found += unless(good, f"{one.name} can not be set")
    return found


@rule("an installation is in production", "values.yaml", "    production: true", "    production: false")
def production(rendered):
    has = settings_of(rendered)
    return unless(has["process"]["production"] and not has["gateway"]["reflection"], "it is set up as a laptop is")


@rule(
    "a replica of routing says where it is",
    SETTINGS,
    "      fieldPath: status.podIP",
    "      fieldPath: status.hostIP",
)
def own_address(rendered):
    if not distributed(rendered):
        return []
    environment = {one["name"]: one for one in containers(rendered.ours("routing"))[0]["env"]}
    from_pod = (
        environment.get("POD_IP", {}).get("valueFrom", {}).get("fieldRef", {}).get("fieldPath") == "status.podIP"
    )
    told = environment.get("ONQUEUE_ROUTING__ADDRESS", {}).get("value")
    return unless(from_pod and told == "$(POD_IP):7002", f"routing.address is {told}")


def migration(rendered):
    return next(one for one in rendered.of("Job") if component(one) == "migrate")


@rule(
    "tables are brought up to date before new pods come",
    MIGRATION,
    '  annotations:\n    helm.sh/hook: pre-install,pre-upgrade\n    helm.sh/hook-weight: "0"',
    '  annotations:\n    helm.sh/hook: post-install,post-upgrade\n    helm.sh/hook-weight: "0"',
    "high-availability",
)
def hooked(rendered):
    if not distributed(rendered) or rendered.values["postgresql"]["enabled"]:
        return []
    job, account = migration(rendered), rendered.named("ServiceAccount", f"{chart.RELEASE}-migrate")
    hooks = [one["metadata"].get("annotations", {}) for one in (account, job)]
    good = all(one.get("helm.sh/hook") == "pre-install,pre-upgrade" for one in hooks)
    ordered = good and int(hooks[0]["helm.sh/hook-weight"]) < int(hooks[1]["helm.sh/hook-weight"])
    return unless(ordered, f"the migration's hooks are {hooks}")


@rule(
    "with a PostgreSQL of its own the chart migrates beside it",
    MIGRATION,
    "{{- $isHook := not .Values.postgresql.enabled }}",
    "{{- $isHook := true }}",
    "minimal",
)
def beside(rendered):
    if not distributed(rendered) or not rendered.values["postgresql"]["enabled"]:
        return []
    job = migration(rendered)
    plain = "helm.sh/hook" not in job["metadata"].get("annotations", {}) and job["metadata"]["name"].endswith(
        "-migrate-1"
    )
    return unless(plain, f"{job['metadata']['name']} waits for a database that comes after it")


@rule(
    "a migration ends, one way or the other",
    MIGRATION,
    "  activeDeadlineSeconds: {{ .Values.migration.deadlineSeconds }}\n",
    "",
)
def migration_ends(rendered):
    found = []
    for one in rendered.of("Job"):
        spec = one["spec"]
        good = (
            spec.get("activeDeadlineSeconds")
            and "backoffLimit" in spec
            and pod_of(one)["spec"]["restartPolicy"] == "Never"
        )
        found += unless(good, f"{one['metadata']['name']} may go on for ever")
    return found


@rule("the migration migrates", MIGRATION, 'args: ["migrate"]', 'args: ["serve"]')
def migrates(rendered):
    jobs = [one for one in rendered.of("Job") if component(one) == "migrate"]
    return unless(
        [containers(one)[0]["args"] for one in jobs] == [["migrate"]] * distributed(rendered), "nobody migrates"
    )


@rule(
    "helm test lets a guest and an agent talk",
    "templates/tests/conversation.yaml",
    "            - conversation\n",
    "            - health\n",
)
def tested(rendered):
    check, found = rendered.values["check"], []
    tests = [
        one
        for one in rendered.of("Job", "Pod")
        if one["metadata"].get("annotations", {}).get("helm.sh/hook") == "test"
    ]
    found += unless(len(tests) == bool(check["existingSecret"]), f"{len(tests)} tests")
    for one in tests:
        arguments = containers(one)[0]["args"]
        door = f"--address=http://{chart.RELEASE}-gateway:{rendered.values['gateway']['service']['grpcPort']}"
        found += unless(arguments[:3] == ["check", "conversation", door], f"the test is {arguments}")
    return found


@rule(
    "Prometheus finds every process's metrics", "templates/monitoring.yaml", "  publishNotReadyAddresses: true\n", ""
)
def scraped(rendered):
    if not rendered.values["monitoring"]["serviceMonitor"]["enabled"]:
        return unless(not rendered.of("ServiceMonitor"), "a ServiceMonitor that nobody asked for")
    monitor, service = rendered.of("ServiceMonitor")[0], rendered.named("Service", f"{chart.RELEASE}-metrics")
    good = selects(monitor["spec"]["selector"], service["metadata"]["labels"]) and service["spec"].get(
        "publishNotReadyAddresses"
    )
    ports = {port["name"]: port["targetPort"] for port in service["spec"]["ports"]}
    good = good and all(ports.get(one["port"]) == "health" for one in monitor["spec"]["endpoints"])
    reach = {
        component(one)
        for one in served(rendered)
        if selects({"matchLabels": service["spec"]["selector"]}, pod_of(one)["metadata"]["labels"])
    }
    return unless(good and reach == {component(one) for one in served(rendered)}, f"metrics of {reach} are read")


@rule(
    "the alerts are those of the file, untouched",
    "templates/monitoring.yaml",
    '($.Files.Get "files/alerts.yaml")',
    '($.Files.Get "files/alerts.yaml" | replace "groups" "group")',
)
def alerts(rendered):
    wanted = yaml.safe_load((chart.CHART / "files/alerts.yaml").read_text(encoding="utf-8"))
    own = rendered.values["monitoring"]["prometheusRule"]
    found = copy.deepcopy([one["spec"] for one in rendered.of("PrometheusRule")])
    for alert in [*alerts_in(wanted), *(alert for spec in found for alert in alerts_in(spec))]:
        alert["annotations"].pop("runbook_url")
    return unless(found == [wanted] * own["enabled"], "the alerts are others than in files/alerts.yaml")


def alerts_in(spec):
    """The alerts of a file or PrometheusRule."""
    return [alert for group in spec.get("groups", []) for alert in group["rules"] if "alert" in alert]


@rule(
    "every alert leads to its section where the values say that the guide is",
    "templates/monitoring.yaml",
    "| replace \"runbook_url: 'docs/operate.md#\" $runbook ",
    "",
)
def runbooks(rendered):
    base = rendered.values["monitoring"]["prometheusRule"]["runbookUrl"]
    alerts = [alert for one in rendered.of("PrometheusRule") for alert in alerts_in(one["spec"])]
    return [
        f"{alert['alert']} leads to {alert['annotations']['runbook_url']}"
        for alert in alerts
        if alert["annotations"]["runbook_url"] != f"{base}#{alert['alert'].lower()}"
    ]


@rule(
    "the dashboard is that of the file, and labelled",
    "templates/monitoring.yaml",
    "  onqueue.json: |",
    "  onqueue.txt: |",
)
def dashboard(rendered):
    own = rendered.values["monitoring"]["dashboard"]
    text = (chart.CHART / "files/dashboard.json").read_text(encoding="utf-8")
    maps = [one for one in rendered.of("ConfigMap") if one["metadata"]["name"].endswith("-dashboard")]
    good = len(maps) == own["enabled"]
    for one in maps:
        good = good and own["labels"].items() <= one["metadata"]["labels"].items()
        good = good and json.loads(one["data"].get("onqueue.json", "null")) == json.loads(text)
    return unless(good, "the dashboard is another than in files/dashboard.json")


@rule(
    "embedded is one process with a volume of its own",
    "templates/embedded.yaml",
    "  volumeClaimTemplates:\n    - metadata:\n        name: data",
    "  volumeClaimTemplates:\n    - metadata:\n        name: other",
    "embedded",
)
def embedded(rendered):
    sets = [one for one in rendered.of("StatefulSet") if component(one) == "embedded"]
    found = unless(len(sets) == (not distributed(rendered)), f"{len(sets)} embedded ones")
    for one in sets:
        claims = [claim["metadata"]["name"] for claim in one["spec"]["volumeClaimTemplates"]]
        mounts = {mount["name"]: mount["mountPath"] for mount in containers(one)[0]["volumeMounts"]}
        good = one["spec"]["replicas"] == 1 and claims == ["data"] and mounts.get("data") == "/var/lib/onqueue"
        found += unless(
            good and not rendered.of("Deployment", "HorizontalPodAutoscaler"), "embedded is not one process"
        )
    return found


@rule(
    "files of conversations outlive the release",
    "templates/files.yaml",
    "    helm.sh/resource-policy: keep\n",
    "    helm.sh/resource-policy: delete\n",
    "minimal",
)
def kept(rendered):
    claims = [one for one in rendered.of("PersistentVolumeClaim")]
    return [
        f"{one['metadata']['name']} goes with the release"
        for one in claims
        if one["metadata"].get("annotations", {}).get("helm.sh/resource-policy") != "keep"
    ]


@rule(
    "files of conversations have a place",
    "templates/deployments.yaml",
    "        {{- if $onVolume }}",
    "        {{- if false }}",
)
def files_kept(rendered):
    if not distributed(rendered) or rendered.values["settings"]["attachments"]["s3_bucket"]:
        return []
    document = rendered.ours("session")
    claim = next(
        (one.get("persistentVolumeClaim") for one in pod_of(document)["spec"]["volumes"] if one["name"] == "data"),
        None,
    )
    folder = settings_of(rendered)["attachments"]["folder"]
    mounts = {mount["name"]: mount["mountPath"] for mount in containers(document)[0]["volumeMounts"]}
    return unless(claim and folder.startswith(f"{mounts.get('data')}/"), "files are kept nowhere")


@rule(
    "a Secret of a bucket is used only with a bucket",
    SETTINGS,
    '$values.attachments.existingSecret (not (include "onqueue.filesOnVolume" .root))',
    '$values.attachments.existingSecret (include "onqueue.filesOnVolume" .root)',
    "external-databases",
)
def bucket(rendered):
    if not distributed(rendered):
        return []
    attachments, bucket = rendered.values["attachments"], rendered.values["settings"]["attachments"]["s3_bucket"]
    variables = {one["name"] for one in containers(rendered.ours("session"))[0]["env"]}
    wanted = bool(bucket and attachments["existingSecret"])
    names = {"ONQUEUE_ATTACHMENTS__S3_KEY_FILE", "ONQUEUE_ATTACHMENTS__S3_SECRET_FILE"}
    return unless(
        (names <= variables) == wanted and (not names & variables) != wanted, "session and its bucket disagree"
    )


@rule(
    "the bus that there is is used",
    SETTINGS,
    "- name: ONQUEUE_BUS__URL\n",
    "- name: ONQUEUE_BUS__ADDRESS\n",
    "minimal",
)
def bus(rendered):
    if not distributed(rendered):
        return []
    found, values = [], rendered.values
    for name in STORES:
        variables = {one["name"]: one.get("value") for one in containers(rendered.ours(name))[0]["env"]}
        own = variables.get("ONQUEUE_BUS__URL") == f"nats://{chart.RELEASE}-nats:4222"
        good = (
            own
            if values["nats"]["enabled"]
            else ("ONQUEUE_BUS__URL_FILE" in variables) == bool(values["bus"]["existingSecret"])
        )
        found += unless(good, f"{name} has no bus")
    return found


@rule("the settings file can be read", SETTINGS, "{{ toJson . }}", "{{ toString . }}")
def readable(rendered):
    text = rendered.named("ConfigMap", f"{chart.RELEASE}-settings")["data"]["onqueue.toml"]
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [str(error)]
    return []
