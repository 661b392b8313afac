"""Rules about docker-compose.yml."""

import re

import reference
from compose import ONCE, SERVICES, filled
from rules import rule as chart_rule
from rules.pods import unless


def rule(name, old, new):
    """A rule over the compose file with its mutant."""
    return chart_rule(name, "docker-compose.yml", old, new)


def services(file):
    return file["services"].items()


def ours(file):
    """The services that run our image."""
    return {name: one for name, one in services(file) if "ONQUEUE_IMAGE" in one["image"]}


def lacking(file, holds, sentence):
    """The sentence for each service of which it does not hold."""
    return [f"{name} {sentence}" for name, one in services(file) if not holds(name, one)]


def endings(one):
    """The keys in `depends_on` by condition."""
    return {name: each["condition"] for name, each in one.get("depends_on", {}).items()}


@rule("images are of one version", "image: nats:2.11.8-alpine", "image: nats:latest")
def pinned(file):
    def is_pinned(_, one):
        tag = filled(one["image"]).rsplit("/", 1)[-1].partition(":")[2]
        return bool(re.search(r"\d", tag)) and tag != "latest"

    return lacking(file, is_pinned, "has an image of any version")


@rule("our image is of this version", "${ONQUEUE_IMAGE:-onqueue:0.1.0}", "${ONQUEUE_IMAGE:-onqueue:0.0.1}")
def own_version(file):
    text = (reference.ROOT / "Cargo.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "([^"]+)"', text, re.MULTILINE)[1]
    chart = (reference.ROOT / "helm/onqueue/Chart.yaml").read_text(encoding="utf-8")
    images = {filled(one["image"]) for one in ours(file).values()}
    good = images == {f"onqueue:{version}"} and f'appVersion: "{version}"' in chart
    return unless(good, f"{images}: the version is {version}")


@rule("root filesystems are read only", "  read_only: true\n  cap_drop", "  cap_drop")
def read_only(file):
    return lacking(file, lambda _, one: one.get("read_only") is True, "may write to its root")


@rule("all capabilities are dropped", "  cap_drop: [ALL]\n", "  cap_drop: [NET_RAW]\n")
def no_capabilities(file):
    return lacking(file, lambda _, one: one.get("cap_drop") == ["ALL"] and "cap_add" not in one, "keeps capabilities")


@rule("nobody gains privileges", '["no-new-privileges:true"]', '["no-new-privileges:false"]')
def no_more_privileges(file):
    def holds(_, one):
        return one.get("security_opt") == ["no-new-privileges:true"] and not one.get("privileged")

    return lacking(file, holds, "may gain privileges")


@rule("nobody is root", '    user: "65534:65534"\n', '    user: "0:0"\n')
def not_root(file):
    def holds(name, one):
        who = [int(part) for part in one.get("user", "0:0").split(":")]
        return min(who) >= (10000 if name in ours(file) else 1)

    return lacking(file, holds, "runs as root, or with an id below 10000")


@rule("somebody collects what ends", "  init: true\n", "  init: false\n")
def init(file):
    return lacking(file, lambda _, one: one.get("init") is True, "has no init")


@rule("everybody has limits", 'limits: { cpus: "2", memory: 512M, pids: 256 }', 'limits: { cpus: "2", pids: 256 }')
def limits(file):
    def holds(_, one):
        return set(one.get("deploy", {}).get("resources", {}).get("limits", {})) >= {"cpus", "memory", "pids"}

    return lacking(file, holds, "has no limits of CPU, memory and processes")


@rule("logs do not fill the disk", 'options: { max-size: 20m, max-file: "5" }', "options: {}")
def logs(file):
    def holds(_, one):
        return {"max-size", "max-file"} <= set(one.get("logging", {}).get("options", {}))

    return lacking(file, holds, "logs without end")


@rule(
    "what serves has a health check",
    "    test: [CMD, onqueue, healthcheck]\n    interval",
    "    disable: true\n    interval",
)
def health(file):
    def holds(name, one):
        check = one.get("healthcheck", {})
        # The collector's image holds nothing that could ask.
        may_be_without = name in ONCE or name == "collector"
        return check.get("disable") is True if may_be_without else check.get("test", [""])[0] == "CMD"

    return lacking(file, holds, "has no health check")


@rule("ours are asked as ours are", "    test: [CMD, onqueue, healthcheck]", "    test: [CMD, onqueue, --version]")
def own_health(file):
    wrong = [
        name
        for name, one in ours(file).items()
        if name not in ONCE and one["healthcheck"].get("test") != ["CMD", "onqueue", "healthcheck"]
    ]
    return [f"{name} is not asked whether it is ready" for name in wrong]


@rule("a start gets time", "    start_period: 60s\n\nx-needs", "\nx-needs")
def start_period(file):
    def holds(_, one):
        check = one.get("healthcheck", {})
        return check.get("disable") or "start_period" in check

    return lacking(file, holds, "counts as ill while it starts")


@rule("the end gets time for the drain", "  stop_grace_period: 45s\n", "  stop_grace_period: 20s\n")
def grace(file):
    drain = next(one for one in reference.settings() if one.name == "process.drain_ms")
    least = reference.installed(drain) / 1000 + 5

    def holds(name, one):
        seconds = int(one.get("stop_grace_period", "10s").removesuffix("s"))
        return "stop_grace_period" in one and (name not in ours(file) or seconds >= least)

    return lacking(file, holds, f"gets less than {least} s to end")


@rule("what serves is started again", "  restart: unless-stopped\n", "")
def restarted(file):
    return lacking(
        file,
        lambda name, one: one.get("restart") == ("no" if name in ONCE else "unless-stopped"),
        "is started again or not, but wrongly",
    )


@rule(
    "tables are there before services start",
    "  migrate: { condition: service_completed_successfully }\n  certs",
    "  migrate: { condition: service_started }\n  certs",
)
def migrated(file):
    keepers = [name for name in SERVICES if name != "gateway"]
    wrong = [
        name for name in keepers if endings(file["services"][name]).get("migrate") != "service_completed_successfully"
    ]
    return [f"{name} does not wait for the tables" for name in wrong]


@rule(
    "certificates are there before services start",
    "  certs: { condition: service_completed_successfully }\n  nats",
    "  nats",
)
def certified(file):
    wrong = [
        name for name in SERVICES if endings(file["services"][name]).get("certs") != "service_completed_successfully"
    ]
    return [f"{name} does not wait for its certificate" for name in wrong]


@rule(
    "the database is there before its tables",
    "      postgres: { condition: service_healthy }\n    networks: [database]\n    restart",
    "      postgres: { condition: service_started }\n    networks: [database]\n    restart",
)
def database_first(file):
    waits = endings(file["services"]["migrate"]).get("postgres")
    return unless(waits == "service_healthy", f"the migration waits for {waits}")


@rule(
    "the door opens when the others serve",
    "      session: { condition: service_healthy }\n      content",
    "      content",
)
def door_last(file):
    waits = endings(file["services"]["gateway"])
    wrong = [name for name in SERVICES if name != "gateway" and waits.get(name) != "service_healthy"]
    return [f"the door does not wait for {name}" for name in wrong]


@rule(
    "everything that is waited for is there",
    "      traces: { condition: service_healthy }\n",
    "      viewer: { condition: service_healthy }\n",
)
def known(file):
    return [
        f"{name} waits for {other}"
        for name, one in services(file)
        for other in endings(one)
        if other not in file["services"]
    ]


@rule("ports are this machine's alone", '    ports: ["127.0.0.1:16686:16686"]', '    ports: ["16686:16686"]')
def loopback(file):
    ports = [(name, str(port)) for name, one in services(file) for port in one.get("ports", [])]
    return [f"{name}: {port} is everybody's" for name, port in ports if not port.startswith("127.0.0.1:")]


@rule(
    "only the door and viewers have ports",
    '    networks: [services, database, bus, telemetry]\n    deploy: { resources: { limits: { cpus: "2", memory: 512M',
    '    ports: ["127.0.0.1:7001:7001"]\n    networks: [services, database, bus, telemetry]\n    deploy: { resources: { limits: { cpus: "2", memory: 512M',
)
def few_ports(file):
    open_ones = {name for name, one in services(file) if one.get("ports")}
    return unless(open_ones == {"gateway", "embedded", "traces", "metrics"}, f"{sorted(open_ones)} have ports")


@rule("the database is on a network of its own", "  database: { internal: true }\n", "  database: {}\n")
def internal(file):
    outside = {name for name, one in file["networks"].items() if not (one or {}).get("internal")}
    return unless(outside == {"edge", "outward"}, f"{sorted(outside)} lead outside")


@rule(
    "only who needs the database is on its network",
    "networks: [edge, services, telemetry]",
    "networks: [edge, services, telemetry, database]",
)
def database_network(file):
    on = {name for name, one in services(file) if "database" in one.get("networks", [])}
    wanted = {"postgres", "migrate", "admin", "auth", "routing", "session", "content"}
    return unless(on == wanted, f"{sorted(on ^ wanted)} are on the database's network, or should be")


@rule("the bus is for services with a database", "    networks: [bus]\n", "    networks: [bus, edge]\n")
def bus_network(file):
    on = {name for name, one in services(file) if "bus" in one.get("networks", [])}
    bus = file["services"]["nats"]["networks"]
    return unless(
        on == {"nats", "auth", "routing", "session", "content"} and bus == ["bus"],
        f"{sorted(on)} are on the bus; it is on {bus}",
    )


@rule("networks and volumes are declared", "  files: {}\n  embedded", "  embedded")
def declared(file):
    found = []
    for name, one in services(file):
        found += [f"{name}: no network {each}" for each in one.get("networks", []) if each not in file["networks"]]
        found += [f"{name}: no volume {each}" for each in named_volumes(one) if each not in file["volumes"]]
    return found


def named_volumes(one):
    """The sources of its volumes."""
    return [each["source"] if isinstance(each, dict) else each.partition(":")[0] for each in one.get("volumes", [])]


@rule(
    "volumes have names, none is a folder of this machine",
    '    volumes: ["metrics:/prometheus"]',
    '    volumes: ["./metrics:/prometheus"]',
)
def named(file):
    return lacking(
        file,
        lambda _, one: all(re.fullmatch("[a-z]+", each) for each in named_volumes(one)),
        "uses a folder of this machine",
    )


@rule(
    "secrets are files",
    "      POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password",
    "      POSTGRES_PASSWORD: secret",
)
def secret_files(file):
    found = []
    for name, one in services(file):
        for variable, value in one.get("environment", {}).items():
            secret = re.search(r"(PASSWORD(_FILE)?$|SECRET|TOKEN$|STORE__.*URL|S3_KEY)", variable)
            is_file = variable.endswith("_FILE") and str(value).removeprefix("/run/secrets/") in one.get(
                "secrets", []
            )
            found += unless(not secret or is_file, f"{name}: {variable} is no secret file of its own")
            found += unless(not re.search(r"://[^/]*@", str(value)), f"{name}: {variable} holds a password")
    return found


@rule(
    "each service has its own role's address alone",
    "    secrets: [auth_url]\n",
    "    secrets: [auth_url, store_url]\n",
)
def own_secrets(file):
    found = []
    for name in SERVICES:
        wanted = [] if name == "gateway" else [f"{name}_url"]
        found += unless(
            file["services"][name].get("secrets", []) == wanted, f"{name} has {file['services'][name].get('secrets')}"
        )
    return found


@rule(
    "every secret is made by the script",
    "  content_url: { file: secrets/content_url }",
    "  content_url: { file: secrets/responses_url }",
)
def secrets_are_made(file):
    found = []
    for name, one in file["secrets"].items():
        found += unless(one["file"] == f"secrets/{name}", f"{name} is read from {one['file']}")
    return found


@rule(
    "each service has its own certificate alone, and does not write there",
    "target: /run/onqueue/certs/auth, read_only: true, volume: { subpath: auth }",
    "target: /run/onqueue/certs, read_only: true",
)
def own_certificate(file):
    found = []
    for name in SERVICES:
        mounts = [each for each in file["services"][name]["volumes"] if isinstance(each, dict)]
        wanted = {
            "type": "volume",
            "source": "certs",
            "target": f"/run/onqueue/certs/{name}",
            "read_only": True,
            "volume": {"subpath": name},
        }
        folder = file["services"][name]["environment"].get("ONQUEUE_TLS__FOLDER")
        found += unless(mounts == [wanted] and folder == "/run/onqueue/certs", f"{name}: {mounts}")
    return found


@rule(
    "every setting is a known one, and every one can be given",
    "  ONQUEUE_GATEWAY__CALL_RATE: ",
    "  ONQUEUE_GATEWAY__CALLS_RATE: ",
)
def settings(file):
    known = {one.variable: one for one in reference.settings()}
    found = []
    for name, one in ours(file).items():
        for variable in one.get("environment", {}):
            found += unless(variable.removesuffix("_FILE") in known, f"{name}: {variable} is no setting")
    for variable, one in known.items():
        given = one.name in reference.COMPOSE_MANAGED
        found += unless(
            given or all(variable in file["services"][name]["environment"] for name in (*SERVICES, "embedded")),
            f"{variable} can not be given",
        )
    return found


@rule(
    "settings reach services from the environment, with their defaults",
    "${ONQUEUE_LIMITS__UNARY_CALLS:-4096}",
    "${ONQUEUE_LIMITS__UNARY_CALLS:-5}",
)
def setting_defaults(file):
    found, given = [], file["services"]["gateway"]["environment"]
    for one in reference.settings():
        if one.name in reference.COMPOSE_MANAGED:
            continue
        value = reference.installed(one)
        text = (
            str(value).lower()
            if isinstance(value, bool)
            else ",".join(value)
            if isinstance(value, list)
            else str(value)
        )
        found += unless(
            given.get(one.variable) == "${" + one.variable + ":-" + text + "}",
            f"{one.variable} is {given.get(one.variable)}",
        )
    return found


@rule(
    "services are where others look for them",
    "      ONQUEUE_CLIENTS__AUTH: auth:7001",
    "      ONQUEUE_CLIENTS__AUTH: auth:7101",
)
def addresses(file):
    found, calls = (
        [],
        {"gateway": ["auth", "routing", "session", "content"], "routing": ["session"], "content": ["session"]},
    )
    for caller, called in calls.items():
        for name in called:
            port = file["services"][name]["environment"][f"ONQUEUE_{name.upper()}__LISTEN"].rpartition(":")[2]
            given = file["services"][caller]["environment"].get(f"ONQUEUE_CLIENTS__{name.upper()}")
            found += unless(given == f"{name}:{port}", f"{caller} looks for {name} at {given}")
    return found


@rule(
    "processes run the services they are named after",
    "command: [serve, --services, content]",
    "command: [serve, --services, session]",
)
def commands(file):
    wanted = {name: ["serve", "--services", name] for name in SERVICES} | {"migrate": ["migrate"]}
    wanted |= {"embedded": ["serve", "--data", "/var/lib/onqueue"]}
    return [
        f"{name}: {file['services'][name]['command']}"
        for name, command in wanted.items()
        if file["services"][name]["command"] != command
    ]


@rule("profiles hold what is not always there", "    profiles: [telemetry]\n    image: prom", "    image: prom")
def profiles(file):
    has = {name: one.get("profiles") for name, one in services(file) if one.get("profiles")}
    wanted = {"admin": ["admin"], "embedded": ["embedded"]} | {
        name: ["telemetry"] for name in ("collector", "traces", "metrics")
    }
    return unless(has == wanted, f"profiles: {has}")


@rule(
    "configuration files are in the repository",
    "  prometheus: { file: deploy/compose/prometheus.yml }",
    "  prometheus: { file: deploy/compose/prometheus.yaml }",
)
def configuration(file):
    return [
        f"{name}: no {one['file']}"
        for name, one in file["configs"].items()
        if not (reference.ROOT / one["file"]).is_file()
    ]
