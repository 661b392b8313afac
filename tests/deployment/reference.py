"""Every setting of the program, as its commented defaults say it, and where an installation gets each from.

The comment right above a key is what the key does. A key belongs either to the settings that an operator gives as they are, or to
those that the chart, or the compose file, decides: MANAGED says by which of their own values.
"""

import pathlib
import tomllib
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEFAULTS = ROOT / "services/onqueue/src/defaults.toml"


@dataclass(frozen=True)
class Setting:
    """One key with its default."""

    section: str
    key: str
    default: object
    effect: str

    @property
    def name(self):
        return f"{self.section}.{self.key}"

    @property
    def variable(self):
        return f"ONQUEUE_{self.section.upper()}__{self.key.upper()}"


# What the chart decides: the key, and the value of the chart that says so.
CHART_MANAGED = {
    "gateway.listen": "listenHost",
    "auth.listen": "listenHost",
    "routing.listen": "listenHost",
    "routing.address": "listenHost",
    "session.listen": "listenHost",
    "content.listen": "listenHost",
    "attachments.folder": "attachments.volume",
    "attachments.s3_key": "attachments.accessKeyKey",
    "attachments.s3_secret": "attachments.secretKeyKey",
    "store.url": "database.ownerKey",
    "store.auth_url": "database.authKey",
    "store.routing_url": "database.routingKey",
    "store.session_url": "database.sessionKey",
    "store.content_url": "database.contentKey",
    "bus.url": "bus.existingSecret",
    "tls.folder": "tls.gatewaySecret",
    "clients.auth": "clusterDomain",
    "clients.routing": "clusterDomain",
    "clients.session": "clusterDomain",
    "clients.content": "clusterDomain",
    "process.services": "profile",
    "process.health_listen": "listenHost",
}

# What the compose file decides by itself or by a secret file.
COMPOSE_MANAGED = set(CHART_MANAGED)

# What an installation begins with where that is not the program's default.
INSTALLED = {"process.production": True, "gateway.reflection": False}

# What is there for tests: an installation may name it, but not change it.
FOR_TESTS = {"routing.fence": True, "process.test_clock": ""}


def settings():
    """All of them, in the order of the defaults."""
    text = DEFAULTS.read_text(encoding="utf-8")
    table = tomllib.loads(text)
    found, comment, section, last = [], [], "", ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("#"):
            comment.append(line.lstrip("# "))
            continue
        effect, comment = " ".join(comment), []
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line:
            key = line.split("=", 1)[0].strip()
            last = effect or last
            found.append(Setting(section, key, table[section][key], last))
    assert len(found) == sum(len(keys) for keys in table.values()), "the defaults are read wrongly"
    return found


def installed(setting):
    """What an installation begins with."""
    return INSTALLED.get(setting.name, setting.default)
