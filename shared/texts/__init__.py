"""What people read: one sentence for each code, in Chinese and English. Codes are stable, sentences may improve.

One file for what all services say, and one for each service. Placeholders are filled from an error's or decision's
parameters, which never hold what was refused.
"""

import re
from datetime import datetime, time
from importlib import resources
from typing import Literal
from zoneinfo import ZoneInfo

import yaml

Language = Literal["zh", "en"]


def _load() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = {}
    for file in sorted(resources.files("shared.texts").iterdir(), key=lambda one: one.name):
        if file.name.endswith(".yaml"):
            for code, pair in yaml.safe_load(file.read_text(encoding="utf-8")).items():
                if code in texts:
                    raise ValueError(f"{file.name} repeats the code {code}")
                texts[code] = pair
    return texts


_TEXTS = _load()
_ZONE = ZoneInfo("Asia/Shanghai")
"""The country's one time zone."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d:\d\d)$")


def known(code: str) -> bool:
    """Tell whether a code has its sentences."""
    return code in _TEXTS


def sentence(code: str, language: Language, params: dict[str, str] | None = None) -> str:
    """Return the sentence for a code; a code without one reads as itself."""
    text = _TEXTS.get(code, {}).get(language, code.replace("_", " "))
    return text.format_map(_Lenient({name: _readable(value) for name, value in (params or {}).items()}))


def _readable(value: str) -> str:
    """Return an instant as a person at a gate reads it, a day's beginning as that day; anything else as it is."""
    if not _INSTANT.match(value):
        return value
    at = datetime.fromisoformat(value).astimezone(_ZONE)
    return at.strftime("%m-%d %H:%M" if at.time() != time() else "%m-%d")


class _Lenient(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def preferred(accept_language: str | None) -> Language:
    """Choose the language: the first of `zh` and `en` that the header names; Chinese if neither."""
    for part in (accept_language or "").lower().split(","):
        tag = part.split(";")[0].strip()
        if tag.startswith("zh"):
            return "zh"
        if tag.startswith("en"):
            return "en"
    return "zh"
