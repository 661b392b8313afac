"""What docker-compose.yml and the chart would start, started as plain processes: with exactly their commands, environment and
settings, a PostgreSQL and a NATS of its own. A guest and an agent talk through the door of each; then everything is told to end.

    ONQUEUE_BINARY=target/debug/onqueue python tests/deployment/processes.py [settings] [compose] [embedded] [chart] [image]
"""

import contextlib
import json
import os
import pathlib
import secrets
import subprocess
import sys
import tempfile
import time
import tomllib

import chart
import compose
import grpc
import reference
from containers import (
    PATIENCE,
    Container,
    Nats,
    Postgres,
    World,
    give,
    is_root,
    program,
    until,
)
from grpc_health.v1 import health_pb2, health_pb2_grpc
from reference import ROOT

ADMINISTRATOR = {"organisation": "check", "email": "check@example.com"}
PASSWORD = secrets.token_urlsafe(24)
CREATE = ["admin", "create", "--organisation", ADMINISTRATOR["organisation"], "--email", ADMINISTRATOR["email"]]


@contextlib.contextmanager
def world():
    """A folder and everything in it, gone with the block; what was logged is shown if it fails."""
    with tempfile.TemporaryDirectory(prefix="onqueue-containers-") as folder, contextlib.ExitStack() as ends:
        made = World(folder)
        made.ends = ends
        try:
            yield made
        except BaseException:
            for log in sorted(pathlib.Path(folder).glob("*.log")):
                print(f"──── {log.name} ────\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")
            raise


def started(made, container):
    """Starts a container that is killed with the world if it still runs."""
    made.ends.callback(container.kill)
    return container.start()


# ── docker-compose.yml ──


def composed(made, file, name):
    """A service of the file as a container: command, environment, volumes, secrets."""
    one = compose.filled(file["services"][name])
    container = Container(made, name, one["command"], one.get("environment", {}), made.hosts[name])
    container.folder("/tmp")
    for secret in one.get("secrets", []):
        container.mount(f"/run/secrets/{secret}", made.folder / file["secrets"][secret]["file"])
    for volume in one.get("volumes", []):
        if isinstance(volume, dict):
            container.mount(volume["target"], made.volume(volume["source"]) / volume["volume"]["subpath"])
        else:
            source, _, target = volume.partition(":")
            container.mount(target, made.volume(source))
    # A mapped folder's own parents hold what is mounted below them.
    container.mounted += [
        path
        for path in {str(pathlib.PurePosixPath(each).parent) for each in container.mounted}
        if path.startswith("/run/")
    ]
    return container


def host_network(made, file):
    """Every service has an address; name:port is that address and port."""
    made.hosts = {name: made.address() for name in file["services"]}
    for name, address in made.hosts.items():
        for port in (4222, 5432, 7001, 7002, 7003, 7004, 8080):
            made.network[f"{name}:{port}"] = [f"{address}:{port}"]


def compose_services():
    """The five services as compose starts them."""
    with world() as made:
        file = compose.load()
        host_network(made, file)
        make_secrets(made)
        password = (made.folder / "secrets/postgres_password").read_text(encoding="utf-8").strip()
        postgres = Postgres(made, password, made.hosts["postgres"])
        made.ends.callback(postgres.stop)
        postgres.start()
        nats = Nats(made, file["services"]["nats"]["command"], made.hosts["nats"])
        made.ends.callback(nats.stop)
        for name in ("certs", "migrate"):
            composed(made, file, name).run()
        running = in_order(made, file)
        admin = composed(made, file, "admin")
        admin.run(CREATE, {"ONQUEUE_ADMIN_PASSWORD": PASSWORD})
        print(talk(admin, "http://gateway:8080"))
        assert_own_roles(postgres)
        assert_nothing_is_left(postgres)
        assert_it_can_fail(admin, "http://gateway:8080")
        grace = int(compose.filled(file["services"]["gateway"])["stop_grace_period"].removesuffix("s"))
        end_in_order(running, lambda _: grace)


# Who calls ends before whom it calls.
ENDING = (("gateway",), ("content", "routing"), ("session",), ("auth",))


def end_in_order(running, grace):
    """Callers first; each ends in order within its `grace`."""
    service = lambda one: one.name.split("-")[0]
    assert {service(one) for one in running} <= {name for group in ENDING for name in group}
    for group in ENDING:
        last = [one for one in running if service(one) in group]
        for container in last:
            container.tell_to_end()
        for container in last:
            container.ended(grace(container))


def make_secrets(made):
    """As an operator makes them, for a PostgreSQL at its address; addresses in files are not mapped afterwards."""
    host = f"{made.hosts['postgres']}:5432"
    command = ["sh", str(ROOT / "deploy/compose/secrets.sh"), str(made.folder / "secrets")]
    subprocess.run(command, check=True, env={"PATH": "/usr/bin:/bin", "ONQUEUE_DATABASE_HOST": host})
    # The engine mounts each file into a container by itself: who can not enter the folder reads it there all the same.
    (made.folder / "secrets").chmod(0o755)
    before = (made.folder / "secrets/auth_url").read_text(encoding="utf-8")
    subprocess.run(command, check=True, env={"PATH": "/usr/bin:/bin", "ONQUEUE_DATABASE_HOST": host})
    (made.folder / "secrets").chmod(0o755)
    assert (made.folder / "secrets/auth_url").read_text(encoding="utf-8") == before, "a second run changed a password"


def in_order(made, file):
    """Starts the services, each when those that it waits for are as it wants them."""
    running, waiting = [], list(compose.SERVICES)
    while waiting:
        ready = {one.name for one in running}
        following = [
            name
            for name in waiting
            if not ({n for n in file["services"][name]["depends_on"] if n in compose.SERVICES} - ready)
        ]
        assert following, f"{waiting} wait for one another"
        for name in following:
            running.append(started(made, composed(made, file, name)))
            waiting.remove(name)
        for container in running:
            until(f"{container.name} is healthy", container.is_healthy)
    return running


def assert_own_roles(postgres):
    """Each service is in the database as itself."""
    users = set(
        postgres.sql("onqueue", "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'onqueue'").split()
    )
    wanted = {f"onqueue_{name}" for name in ("auth", "routing", "session", "content")}
    assert wanted <= users, f"{users} are in the database"


def assert_nothing_is_left(postgres):
    """The check has taken away what it made: there is the administrator and nothing else."""
    for table, wanted in (("auth.auth_users", 1), ("auth.auth_deployments", 0), ("routing.routing_queues", 0)):
        count = postgres.sql("onqueue", f"SELECT count(*) FROM onqueue_{table} WHERE deleted_at IS NULL")
        assert count == str(wanted), f"{table} holds {count}"


def assert_it_can_fail(container, address):
    """The check says at which step it fails, and why."""
    for who, words in (
        (
            {**ADMINISTRATOR, "email": "nobody@example.com"},
            ("logging in as nobody@example.com", "CREDENTIALS_INVALID"),
        ),
        ({**ADMINISTRATOR, "address": "http://127.0.0.1:1"}, ("logging in as check@example.com", "Unavailable")),
    ):
        given = {"address": address, "patience": 1, **who}
        command = ["check", "conversation", *(f"--{key}={value}" for key, value in given.items())]
        try:
            said = container.run(command, {"ONQUEUE_ADMIN_PASSWORD": PASSWORD})
        except AssertionError as error:
            assert "ended with 1" in str(error) and all(word in str(error) for word in words), error
            continue
        raise AssertionError(f"{command} did not fail: {said}")


def talk(container, address):
    """A guest and an agent talk."""
    command = ["check", "conversation", f"--address={address}", "--patience", str(PATIENCE)]
    command += [f"--{key}={value}" for key, value in ADMINISTRATOR.items()]
    return container.run(command, {"ONQUEUE_ADMIN_PASSWORD": PASSWORD}, patience=5 * PATIENCE).strip()


def compose_embedded():
    """The one container that is everything."""
    with world() as made:
        file = compose.load()
        host_network(made, file)
        container = started(made, composed(made, file, "embedded"))
        until("embedded is healthy", container.is_healthy)
        container.run([*CREATE, "--data", "/var/lib/onqueue"], {"ONQUEUE_ADMIN_PASSWORD": PASSWORD})
        print(talk(container, "http://embedded:8080"))
        container.stop(45)


# ── the chart ──


def chart_values():
    """The example with databases of its own, and a check."""
    own = {
        "existingSecret": "onqueue-check",
        "email": ADMINISTRATOR["email"],
        "organisation": ADMINISTRATOR["organisation"],
    }
    return {"check": {**own, "patienceSeconds": PATIENCE}}


def cluster_secrets(made, password, host):
    """The Secrets that an operator makes."""
    names = {"auth": secrets.token_hex(16), "routing": secrets.token_hex(16)}
    names |= {"session": secrets.token_hex(16), "content": secrets.token_hex(16)}
    database = {f"{name}-url": f"postgres://onqueue_{name}:{word}@{host}/onqueue" for name, word in names.items()}
    database |= {"url": f"postgres://onqueue:{password}@{host}/onqueue", "password": password}
    found = {"onqueue-database": database, "onqueue-check": {"password": PASSWORD}}
    certificates = Container(made, "certs", ["certs", "--out", "/certs"], {})
    certificates.mount("/certs", made.volume("certs"))
    certificates.run()
    for name in ("gateway", *names):
        files = made.volume("certs") / name
        found[f"onqueue-{name}-tls"] = {
            file: (files / file).read_text(encoding="utf-8") for file in ("tls.crt", "tls.key", "ca.crt")
        }
    return found


def pod(made, rendered, document, name, address):
    """The one container of a rendered pod: arguments, environment, and every volume at its place."""
    spec, one = chart.pod_of(document)["spec"], chart.containers(document)[0]
    environment = {}
    for variable in one.get("env", []):
        value = address if "valueFrom" in variable else variable["value"]
        for other, known in environment.items():
            value = value.replace(f"$({other})", known)
        environment[variable["name"]] = value
    container = Container(made, name, one["args"], environment, address)
    mounts = {each["name"]: each["mountPath"] for each in one.get("volumeMounts", [])}
    for volume in spec.get("volumes", []):
        place = mounts[volume["name"]]
        if "emptyDir" in volume:
            container.folder(place)
        if "persistentVolumeClaim" in volume:
            container.mount(place, made.volume(volume["persistentVolumeClaim"]["claimName"]))
        for source in volume.get("projected", {}).get("sources", []):
            for item in source["secret"]["items"]:
                keep(container, f"{place}/{item['path']}", made.secrets[source["secret"]["name"]][item["key"]])
            container.mounted.append(place)
        if "configMap" in volume:
            container.mounted.append(place)
            settings = rendered.named("ConfigMap", volume["configMap"]["name"])
            made.later.append((container, place, settings["data"]))
    return container


def keep(container, path, text):
    """A file of a Secret: as it is, for its user alone."""
    place = container.root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    place.chmod(0o440)
    give(place)


def chart_containers():
    """Migration, the five services with two replicas of those that share their work, and helm's test."""
    with world() as made:
        rendered = chart.render("minimal", change=chart_values())
        made.later, pods = [], {}
        postgres_at, nats_at, password = made.address(), made.address(), secrets.token_urlsafe(16)
        made.network["onqueue-nats:4222"] = [f"{nats_at}:4222"]
        made.secrets = cluster_secrets(made, password, f"{postgres_at}:5432")
        for name in compose.SERVICES:
            count = 2 if name in ("routing", "session") else 1
            pods[name] = [(f"{name}-{number}", made.address()) for number in range(count)]
            port = {"gateway": 8080, "auth": 7001, "routing": 7002, "session": 7003, "content": 7004}[name]
            domain = f".{chart.NAMESPACE}.svc.cluster.local" if name != "gateway" else ""
            made.network[f"onqueue-{name}{domain}:{port}"] = [f"{address}:{port}" for _, address in pods[name]]
        postgres = Postgres(made, password, postgres_at)
        made.ends.callback(postgres.stop)
        postgres.start()
        nats = Nats(made, chart.containers(rendered.named("Deployment", "onqueue-nats"))[0]["args"], nats_at)
        made.ends.callback(nats.stop)
        pod(
            made,
            rendered,
            next(one for one in rendered.of("Job") if chart.component(one) == "migrate"),
            "migrate",
            made.address(),
        ).run()
        running = run_pods(made, rendered, pods)
        auth = next(one for one in running if one.name == "auth-0")
        auth.run(CREATE, {"ONQUEUE_ADMIN_PASSWORD": PASSWORD})
        test = next(one for one in rendered.of("Job") if chart.component(one) == "check")
        print(pod(made, rendered, test, "check", made.address()).run(patience=5 * PATIENCE).strip())
        assert_own_roles(postgres)
        assert_nothing_is_left(postgres)
        end_pods(rendered, running)


def run_pods(made, rendered, pods):
    """Starts all pods at once, as a cluster does, and waits for their probes."""
    running = []
    for service, replicas in pods.items():
        document = rendered.ours(service)
        running += [pod(made, rendered, document, name, address) for name, address in replicas]
    for container, place, data in made.later:
        for file, text in data.items():
            container.write(f"{place}/{file}", text)
    for container in running:
        started(made, container)
    for container in running:
        probes = chart.containers(rendered.ours(container.name.rpartition("-")[0]))[0]
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = probes[kind]["grpc"]
            until(
                f"{container.name}: {kind}",
                lambda one=container, grpc_=asked: probed(one, grpc_) == "SERVING" or probed(one, grpc_),
            )
    return running


def probed(container, asked):
    """What a probe of Kubernetes hears: grpc.health.v1 without TLS."""
    assert container.process.poll() is None, f"{container.name} ended:\n{container.said()}"
    with grpc.insecure_channel(f"{container.address}:{asked['port']}") as channel:
        request = health_pb2.HealthCheckRequest(service=asked["service"])
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=3)
        except grpc.RpcError as error:
            return str(error.code())
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def end_pods(rendered, running):
    """Each ends in order within what Kubernetes gives it after preStop."""

    def grace(container):
        spec = chart.pod_of(rendered.ours(container.name.rpartition("-")[0]))["spec"]
        waited = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        return spec["terminationGracePeriodSeconds"] - waited

    end_in_order(running, grace)


# ── the image ──


def image():
    """The root filesystem made from this machine's own: the binary runs in it with nothing else, as the image's user."""
    with world() as made:
        root, archive = made.folder / "root", made.folder / "root.tar"
        command = [
            "sh",
            str(ROOT / "deploy/image/build-root.sh"),
            "--from",
            "/",
            "--binary",
            program(),
            "--archive",
            str(archive),
            str(root),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "USER 10001:10001" in done.stdout and archive.stat().st_size > 10_000_000, done.stdout
        size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())
        container = Rooted(made, "image", ["serve"], {}, made.address())
        container.root = root
        address = container.address
        container.environment = {
            "ONQUEUE_GATEWAY__LISTEN": f"{address}:8080",
            "ONQUEUE_PROCESS__HEALTH_LISTEN": f"{address}:9090",
        }
        started(made, container)
        until("the image is healthy", container.is_healthy)
        assert (root / "var/lib/onqueue/data/onqueue.db").is_file(), "it keeps nothing in its folder"
        container.run(CREATE, {"ONQUEUE_ADMIN_PASSWORD": PASSWORD})
        print(f"{size >> 20} MiB with this binary; {talk(container, f'http://{address}:8080')}")
        container.stop(45)
        again = subprocess.run(command, capture_output=True, text=True, check=False)
        assert again.returncode == 1 and "not empty" in again.stderr, "it wrote over a folder that was not empty"


class Rooted(Container):
    """A container whose root is really its root."""

    def typed(self, command):
        way = [] if is_root() else ["unshare", "--map-root-user", "--"]
        enters = [sys.executable, __file__, "--chroot", str(self.root), "/usr/local/bin/onqueue", *command]
        return ["setpriv", "--pdeathsig", "KILL", "--", *way, *enters]


def enter(root, command):
    """Makes that folder the root of this process, gives up being somebody, and becomes the command."""
    os.chroot(root)
    os.chdir("/var/lib/onqueue")
    if os.getuid() == 0 and os.stat("/var/lib/onqueue").st_uid == 10001:
        os.setgroups([])
        os.setgid(10001)
        os.setuid(10001)
    os.execv(command[0], command)


def settings():
    """The program names the settings that chart and compose file offer, with the same defaults."""
    done = subprocess.run([program(), "config", "reference", "--json"], capture_output=True, text=True, check=True)
    named = {one["name"]: tomllib.loads(f"value = {one['default']}")["value"] for one in json.loads(done.stdout)}
    known = {one.name: one.default for one in reference.settings()}
    assert named == known, [name for name in {**named, **known} if named.get(name) != known.get(name)]
    print(f"{len(known)} settings")


CHECKS = {
    "settings": settings,
    "compose": compose_services,
    "embedded": compose_embedded,
    "chart": chart_containers,
    "image": image,
}


def main():
    if sys.argv[1:2] == ["--chroot"]:
        enter(sys.argv[2], sys.argv[3:])
    for name in sys.argv[1:] or CHECKS:
        begun = time.monotonic()
        CHECKS[name]()
        print(
            f"{name}: as it should be; {time.monotonic() - begun:.1f} s", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
