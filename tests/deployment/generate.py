"""Writes what follows from others: the settings in values.yaml, docker-compose.yml and .env.example, and values.schema.json.

python tests/deployment/generate.py            says what is not up to date, and fails if anything is
python tests/deployment/generate.py --write    writes it
"""

import json
import sys
import textwrap

import reference
import schema
from reference import ROOT

CHART = ROOT / "helm/onqueue"
VALUES = CHART / "values.yaml"
SCHEMA = CHART / "values.schema.json"
COMPOSE = ROOT / "docker-compose.yml"
ENVIRONMENT = ROOT / ".env.example"
BEGIN, END = "# --- settings of the program ---", "# --- end of the settings ---"
WIDTH = 118


def comment(text, indent):
    """The text as comment lines."""
    room = WIDTH - len(indent) - 2
    return [f"{indent}# {line}" for line in textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)]


def by_section(managed):
    """The settings that an operator gives as they are, section by section."""
    sections = {}
    for setting in reference.settings():
        if setting.name not in managed:
            sections.setdefault(setting.section, []).append(setting)
    return sections


def values_block():
    """The tree under `settings` of values.yaml."""
    lines = ["settings:"]
    for section, settings in by_section(reference.CHART_MANAGED).items():
        lines.append(f"  {section}:")
        for setting in settings:
            lines += comment(setting.effect, "    ")
            lines.append(f"    {setting.key}: {json.dumps(reference.installed(setting), ensure_ascii=False)}")
    return lines


def text_of(value):
    """A value as the environment holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def compose_block():
    """What every service of the compose file gets in its environment."""
    lines = []
    for settings in by_section(reference.COMPOSE_MANAGED).values():
        for setting in settings:
            given = "${" + setting.variable + ":-" + text_of(reference.installed(setting)) + "}"
            lines.append(f"  {setting.variable}: {json.dumps(given, ensure_ascii=False)}")
    return lines


def environment_block():
    """Every setting of .env.example, commented out."""
    lines = []
    for section, settings in by_section(reference.COMPOSE_MANAGED).items():
        lines += ["", f"# [{section}]"]
        for setting in settings:
            lines += comment(setting.effect, "")
            lines.append(f"#{setting.variable}={quoted(text_of(reference.installed(setting)))}")
    return lines


def quoted(text):
    """As an environment file takes it: literally, between quotes where it holds more than one word."""
    return f"'{text}'" if any(char in text for char in " #") else text


def replaced(text, lines):
    """The text with these lines between the marks."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    assert found, "the marks are gone"
    indent = before[before.rfind("\n") + 1 :]
    return "\n".join([f"{before}{BEGIN}", *lines, f"{indent}{END}"]) + after


def outputs():
    """Every file with what it is to hold; the schema is made from the values that are to be."""
    values = replaced(VALUES.read_text(encoding="utf-8"), values_block())
    yield VALUES, values
    yield SCHEMA, json.dumps(schema.of(values), indent=2, ensure_ascii=False) + "\n"
    yield COMPOSE, replaced(COMPOSE.read_text(encoding="utf-8"), compose_block())
    yield ENVIRONMENT, replaced(ENVIRONMENT.read_text(encoding="utf-8"), environment_block())


def stale():
    """The files that do not hold what they are to."""
    current = (
        (path, path.read_text(encoding="utf-8") if path.exists() else "", wanted) for path, wanted in outputs()
    )
    return [path for path, has, wanted in current if has != wanted]


def main():
    if "--write" in sys.argv:
        for path, wanted in list(outputs()):
            path.write_text(wanted, encoding="utf-8")
        return 0
    lost = stale()
    for path in lost:
        print(f"{path.relative_to(ROOT)} is not up to date: python tests/deployment/generate.py --write")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
