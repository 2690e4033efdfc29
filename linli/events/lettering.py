"""Fonts for pictures: the one that matplotlib brings, and the machine's where it lacks a name's letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from matplotlib import font_manager

BUNDLED = "DejaVu Sans"
# Families that have Chinese, the better legible first; after them, whatever the machine has.
_CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans CJK JP",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "Microsoft YaHei",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)


class Lettering:
    """How ``names`` are written: in which families, and by a number where no font has their letters."""

    def __init__(self, names: Iterable[str], fonts: Mapping[str, Path] | None = None) -> None:
        """``fonts`` are the machine's, by family; without, they are looked for."""
        fonts = _installed() if fonts is None else fonts
        wanted = sorted(set(names))
        missing = {letter for name in wanted for letter in name if not letter.isspace()}
        self.families: list[str] = []
        for family in (BUNDLED, *_CHINESE, *sorted(fonts)):
            if family in fonts and missing and family not in self.families:
                has = missing & _letters(fonts[family])
                if has or family == BUNDLED:
                    self.families.append(family)
                    missing -= has
        self.families = self.families or [BUNDLED]
        unwritable = [name for name in wanted if missing & set(name)]
        self.numbers = {name: f"#{number}" for number, name in enumerate(unwritable, start=1)}

    def __call__(self, name: str) -> str:
        """``name`` as a picture may write it."""
        return self.numbers.get(name, name)

    @property
    def note(self) -> str | None:
        """What a person has to know about the picture, if anything."""
        if not self.numbers:
            return None
        key = ", ".join(f"{number} is {name}" for name, number in self.numbers.items())
        return (
            f"No font of this machine can write some names: in the picture {key}. "
            "A font like Noto Sans CJK helps (Debian: apt install fonts-noto-cjk)."
        )


def _installed() -> dict[str, Path]:
    regular = [font for font in font_manager.fontManager.ttflist if font.style == "normal"]
    # The ordinary weight last, so that it is the one that counts.
    regular.sort(key=lambda font: font.weight in {400, "normal", "regular"})
    return {font.name: Path(font.fname) for font in regular if not font.name.startswith("Last Resort")}


def _letters(file: Path) -> set[str]:
    try:
        return {chr(code) for code in font_manager.get_font(str(file)).get_charmap()}
    except (OSError, RuntimeError):
        return set()
