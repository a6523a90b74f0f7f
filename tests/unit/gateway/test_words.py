"""What the screens say is said in both languages."""

import json
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from services.alerts.domain import AlertKind, AlertState
from services.gateway import web
from services.gateway.web.pages import WebPages
from services.reports.domain import Category, ClueState

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


def test_the_board_has_a_word_for_every_kind_of_alert_and_clue() -> None:
    """It listens to the kinds that it has words for: one without would come late, under its plain name."""
    html = bytes(WebPages()._page("en", "official").body).decode()
    found = re.search(r'<script type="application/json" id="words">(.*?)</script>', html, re.DOTALL)
    assert found
    words = json.loads(found[1])

    assert set(words["kinds"]) == {one.value for one in AlertKind}
    assert set(words["states"]) == {one.value for one in AlertState}
    assert set(words["categories"]) == {one.value for one in Category}
    assert set(words["clue"]["steps"]) == {one.value for one in ClueState}
