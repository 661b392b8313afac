"""The house's own rules over what is rendered, each with a mutant: a change of the source that has to make it fail."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A change that breaks a rule: in that file the old text becomes the new one."""

    file: str
    old: str
    new: str
    # The value file in which it is noticed.
    example: str = "everything"


@dataclass(frozen=True)
class Rule:
    """Answers a sentence for each thing that breaks it."""

    name: str
    check: Callable
    mutant: Mutant


def rule(name, file, old, new, example="everything"):
    """Makes a function a rule."""
    return lambda check: Rule(name, check, Mutant(file, old, new, example))


def collected(module):
    """The rules of a module, in the order of their definition."""
    return [one for one in vars(module).values() if isinstance(one, Rule)]
