"""What the screens say is said in both languages."""

from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from services.gateway import web

WEB = Path(web.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}}


def said() -> set[str]:
    return {one[2] for one in extract_from_dir(WEB, METHODS, OPTIONS) if isinstance(one[2], str)}


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_the_catalogue_holds_what_the_screens_say_and_nothing_else(locale: str) -> None:
    """`make words` brings it up to date; a text that nobody says any more misleads translators."""
    with (WEB / "locales" / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=locale)

    assert {str(one.id) for one in catalogue if one.id} == said()


def test_every_text_has_its_chinese() -> None:
    """Chinese is what most people here read; an English sentence in between is a fault."""
    with (WEB / "locales" / "zh_CN" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")

    assert [one.id for one in catalogue if one.id and not one.string] == []
