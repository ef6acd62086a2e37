"""Which vector files a corpus consists of: one for each level, dialect, profile and category that has a case."""

from dataclasses import dataclass
from typing import final

from adamax_ref.dialects import get

from .corpus import LEVELS
from .design import Design, categories, designs
from .scope import chosen


@final
@dataclass(frozen=True)
class Part:
    """One vector file to be made."""

    level: str
    dialect: str
    profile: str
    category: str

    @property
    def path(self) -> str:
        """Where the file stands in the corpus."""
        return f"{self.level}/{self.dialect}/{self.profile}/{self.category}.json"


def parts(level: str = "core", dialects: tuple[str, ...] = ()) -> list[Part]:
    """Return the vector files of a corpus, sorted by path; `dialects` narrows it down.

    Examples
    --------
    >>> parts("core", ("torch",))[0].path
    'core/torch/bf16/chain.json'
    """
    if level not in LEVELS:
        raise ValueError(f"unknown level {level!r}; known are {', '.join(LEVELS)}")
    wanted = LEVELS[: LEVELS.index(level) + 1]
    found = (
        Part(each, dialect, profile, category)
        for each in wanted
        for dialect, profiles in chosen(dialects).items()
        for profile in profiles
        for category in categories()
    )
    return sorted((part for part in found if designs_of(part)), key=lambda part: part.path)


def designs_of(part: Part) -> list[Design]:
    """Return the designs that make up a file."""
    dialect, profile = get(part.dialect), part.profile
    every = (each for each in designs(part.category) if each.applies(dialect, profile))
    return [each for each in every if each.level_for(dialect, profile) == part.level]
