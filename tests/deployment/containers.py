"""Containers as plain processes: the command, the environment and the files that they would have, with the paths of their
filesystem in a folder of this machine and their addresses on loopback. Each has an address of its own, so ports stay as they are."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

# Seconds that anything may take on a busy machine.
PATIENCE = 90
UID = 10001


def is_root():
    return os.geteuid() == 0


def program():
    """The binary that the image would hold."""
    given = os.environ.get("ONQUEUE_BINARY") or "target/debug/onqueue"
    path = pathlib.Path(given).resolve()
    assert path.is_file(), f"{path} is not there: cargo build --workspace, or name it in ONQUEUE_BINARY"
    return str(path)


def until(what, is_so, patience=PATIENCE):
    """Waits until it is so; what is_so answers otherwise is told."""
    end = time.monotonic() + patience
    while True:
        said = is_so()
        if said is True:
            return
        assert time.monotonic() < end, f"{what}: not within {patience} s: {said}"
        time.sleep(0.1)


def addresses():
    """Addresses of loopback that no other run uses, one after the other."""
    for third in range(1, 255):
        for fourth in range(1, 255):
            yield f"127.{100 + os.getpid() % 100}.{third}.{fourth}"


class World:
    """What containers share: a folder, and how names of the network are called here."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.chmod(0o755)
        self.addresses = addresses()
        # host:port as containers know it, with what stands for it here: one or several.
        self.network = {}

    def address(self):
        return next(self.addresses)

    def here(self, text):
        """The text with every name of the network replaced; a quoted one in a list by all its addresses."""
        for name, places in self.network.items():
            text = text.replace(f'"{name}"', ", ".join(f'"{place}"' for place in places))
            text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?!\w)", places[0], text)
        return text

    def volume(self, name):
        """A named volume, which belongs to the user of our image."""
        path = self.folder / "volumes" / name
        path.mkdir(parents=True, exist_ok=True)
        give(path)
        return path


def give(path):
    """Gives a path to the user of our image."""
    if is_root():
        os.chown(path, UID, UID)


class Container:
    """One container of ours."""

    def __init__(self, world, name, command, environment, address=None):
        self.world, self.name, self.command = world, name, list(command)
        self.environment, self.address = dict(environment), address or world.address()
        self.root = world.folder / "containers" / name
        self.root.mkdir(parents=True, exist_ok=True)
        self.log = world.folder / f"{name}.log"
        # Paths in it that lie in its folder here.
        self.mounted = []
        self.process = None

    def mount(self, path, source):
        """Puts a file or folder of this machine there."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink():
            place.unlink()
        place.symlink_to(source)
        self.mounted.append(path)

    def write(self, path, text):
        """Puts a file there."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self.mapped(text), encoding="utf-8")
        self.mounted.append(path)

    def folder(self, path):
        """Puts an empty folder there, its own."""
        place = self.root / path.lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        give(place)
        self.mounted.append(path)

    def mapped(self, text):
        """Its own wildcard address, names of the network, and paths in it, as they are here."""
        text = self.world.here(str(text).replace("0.0.0.0", self.address))
        known = sorted({re.escape(each.rstrip("/")) for each in self.mounted}, key=len, reverse=True)
        if not known:
            return text
        # In one pass: what stands for a path here is not a path in it.
        pattern = re.compile(rf"(?<![\w./-])({'|'.join(known)})(?=[/\"]|$)", re.MULTILINE)
        return pattern.sub(lambda found: str(self.root / found[1].lstrip("/")), text)

    def typed(self, command):
        """What is executed here, as the image's user, gone with us."""
        words = [program(), *(self.mapped(word) for word in command)]
        who = ["--reuid", str(UID), "--regid", str(UID), "--clear-groups"] if is_root() else []
        return ["setpriv", "--pdeathsig", "KILL", "--no-new-privs", *who, "--", *words]

    def surroundings(self, extra=None):
        """Its environment and nothing of ours."""
        given = {**self.environment, **(extra or {})}
        return {"PATH": os.environ["PATH"], **{key: self.mapped(value) for key, value in given.items()}}

    def start(self):
        """Starts its command."""
        log = self.log.open("ab")
        self.process = subprocess.Popen(
            self.typed(self.command),
            env=self.surroundings(),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        return self

    def run(self, command=None, extra=None, patience=PATIENCE):
        """Runs a command in it, its own otherwise, to its end; answers what it said."""
        done = subprocess.run(
            self.typed(command or self.command),
            env=self.surroundings(extra),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
        )
        said = f"{done.stdout}{done.stderr}"
        assert done.returncode == 0, f"{self.name}: {command or self.command} ended with {done.returncode}:\n{said}"
        return said

    def is_healthy(self):
        """What its own health check says."""
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.said()}"
        try:
            self.run(["healthcheck", "--address", f"{self.address}:9090"])
        except AssertionError as error:
            return str(error)
        return True

    def said(self):
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:] if self.log.exists() else ""

    def stop(self, grace):
        """Tells it to end; it has to, in order and in time."""
        begun = time.monotonic()
        self.tell_to_end()
        return self.ended(grace) - begun

    def tell_to_end(self):
        self.process.send_signal(signal.SIGTERM)

    def ended(self, grace):
        """When it has ended, in order and in time."""
        try:
            code = self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {grace} s:\n{self.said()}") from None
        assert code == 0, f"{self.name} ended with {code}:\n{self.said()}"
        return time.monotonic()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Postgres:
    """A PostgreSQL with a password, as its image makes it: user and database onqueue."""

    def __init__(self, world, password, address):
        self.world, self.address, self.process = world, address, None
        self.folder = world.folder / "postgresql"
        self.folder.mkdir()
        self.secret = world.folder / "postgresql.password"
        self.secret.write_text(password, encoding="utf-8")
        self.user = "postgres" if is_root() else None
        for path in (self.folder, self.secret):
            if self.user:
                shutil.chown(path, self.user)

    def typed(self, *command):
        who = ["--reuid", self.user, "--regid", self.user, "--clear-groups"] if self.user else []
        return ["setpriv", "--pdeathsig", "INT", *who, "--", *map(str, command)]

    def tool(self, name):
        found = shutil.which(name) or next(
            iter(sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None
        )
        assert found, f"{name} is missing: install PostgreSQL's server"
        return found

    def start(self):
        data = self.folder / "data"
        make = self.typed(
            self.tool("initdb"),
            "--pgdata",
            data,
            "--username",
            "onqueue",
            "--pwfile",
            self.secret,
            "--auth",
            "scram-sha-256",
            "--no-sync",
        )
        done = subprocess.run(make, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        with (data / "pg_hba.conf").open("a", encoding="utf-8") as hosts:
            hosts.write("host all all 127.0.0.0/8 scram-sha-256\n")
        options = [
            "-c",
            f"listen_addresses={self.address}",
            "-c",
            f"unix_socket_directories={self.folder}",
            "-c",
            "fsync=off",
        ]
        log = (self.world.folder / "postgresql.log").open("ab")
        server = self.typed(self.tool("postgres"), "-D", data, "-p", "5432", *options)
        self.process = subprocess.Popen(server, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until("PostgreSQL", self.answers)
        self.sql("postgres", "CREATE DATABASE onqueue")
        return self

    def sql(self, database, text):
        environment = {"PATH": os.environ["PATH"], "PGPASSWORD": self.secret.read_text(encoding="utf-8").strip()}
        command = [
            "psql",
            "-X",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            self.address,
            "-U",
            "onqueue",
            "-d",
            database,
            "-c",
            text,
        ]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def answers(self):
        assert self.process.poll() is None, (self.world.folder / "postgresql.log").read_text(encoding="utf-8")
        try:
            return self.sql("postgres", "SELECT 1") == "1"
        except AssertionError as error:
            return str(error)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Nats:
    """A NATS server with the arguments that its container has."""

    def __init__(self, world, arguments, address):
        self.address = address
        server = os.environ.get("ONQUEUE_TEST_NATS_SERVER") or shutil.which("nats-server")
        assert server, "nats-server is missing"
        words = [word.replace("0.0.0.0", address) for word in arguments]
        log = (world.folder / "nats.log").open("ab")
        command = ["setpriv", "--pdeathsig", "KILL", "--", server, *words]
        self.process = subprocess.Popen(command, cwd=world.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
