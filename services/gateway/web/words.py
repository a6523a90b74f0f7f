"""What the pages say, in Chinese and English: gettext catalogues, read as they are kept."""

import io
from collections.abc import Mapping
from importlib import resources

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from shared.texts import Language

LOCALES: Mapping[Language, str] = {"zh": "zh_CN", "en": "en"}


def translations(language: Language) -> Translations:
    """Read a language's catalogue; what it lacks reads as in the source, which is English."""
    locale = LOCALES[language]
    kept = resources.files("services.gateway.web").joinpath("locales", locale, "LC_MESSAGES", "messages.po")
    compiled = io.BytesIO()
    with kept.open("rb") as file:
        write_mo(compiled, read_po(file, locale=locale))
    compiled.seek(0)
    return Translations(compiled)
