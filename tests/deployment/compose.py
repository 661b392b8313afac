"""docker-compose.yml, read as compose reads it: anchors and merges resolved, variables filled in from nothing."""

import re

import yaml
from reference import ROOT

FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(?::-([^}]*))?\}")
# What runs once and ends, or is started by hand.
ONCE = {"certs", "migrate", "admin"}
SERVICES = ("gateway", "auth", "routing", "session", "content")


def parse(text):
    """The file as data."""
    return yaml.safe_load(text)


def load():
    """The file of the repository."""
    return parse(FILE.read_text(encoding="utf-8"))


def filled(value, environment=None):
    """The value with its variables replaced: by those of the environment, or by their defaults."""
    given = environment or {}
    if isinstance(value, dict):
        return {key: filled(one, given) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, given) for one in value]
    if not isinstance(value, str):
        return value
    return VARIABLE.sub(lambda match: given.get(match[1]) or match[2] or "", value)
