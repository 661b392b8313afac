"""Every rule over every value file, and every rule on its mutant.

python -m rules        (in tests/deployment)
"""

import sys

import chart
import compose
from rules import collected, composed, network, pods, release, secrets, values

CHART_RULES = collected(pods) + collected(network) + collected(secrets) + collected(release) + collected(values)
COMPOSE_RULES = collected(composed)


def broken():
    """Sentences about what breaks a rule."""
    found = []
    for name in chart.EXAMPLES:
        rendered = chart.render(name)
        found += [f"{name}: {one.name}: {sentence}" for one in CHART_RULES for sentence in one.check(rendered)]
    file = compose.load()
    return found + [f"compose: {one.name}: {sentence}" for one in COMPOSE_RULES for sentence in one.check(file)]


def survivors():
    """Rules that do not notice their mutant."""
    lived = []
    for one in CHART_RULES:
        with chart.Copy() as copy:
            copy.replace(one.mutant.file, one.mutant.old, one.mutant.new)
            if not notices(one, copy.chart):
                lived.append(f"the mutant of “{one.name}” lives")
    text = compose.FILE.read_text(encoding="utf-8")
    for one in COMPOSE_RULES:
        assert one.mutant.old in text, f"docker-compose.yml does not hold {one.mutant.old!r}"
        if not one.check(compose.parse(text.replace(one.mutant.old, one.mutant.new))):
            lived.append(f"the mutant of “{one.name}” lives")
    return lived


def notices(one, folder):
    """Whether a rule finds anything in that chart."""
    rendered = chart.render(one.mutant.example, folder)
    rendered.folder = folder
    return one.check(rendered)


def main():
    found = broken() + survivors()
    print(
        "\n".join(found)
        or f"{len(CHART_RULES)} rules over the chart and {len(COMPOSE_RULES)} over the compose file hold"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
