"""The rows that an import rejected, to take away, to correct and to import again."""

from dataclasses import replace
from typing import Any

import pytest

from tests.integration.identity.compound import Compound
from tests.integration.identity.test_rosters import book, csv_of
from tests.roster import HEADERS, Owner, cells, owner, workbook, xlsx

WRONG = "110105194912310021"
LONG = "长" * 4000


async def ask(compound: Compound, content: bytes, name: str = "名册.xlsx", language: str = "zh", **more: Any) -> Any:
    return await compound.http.post(
        "/v1/rosters/rejected",
        data={"area": more.get("area", compound.area)},
        files={"file": (name, content)},
        headers={"Accept-Language": language, **more.get("caller", compound.manager)},
        timeout=60,
    )


class TestTheRowsToCorrect:
    async def test_are_as_they_stood_with_what_is_wrong_beside_them(self, compound: Compound) -> None:
        """Nobody looks for row 2817 in a file of three thousand: the rows come by themselves, all cells as text."""
        bad = replace(owner("李小红"), number=WRONG, phone="123", room="601室")
        content = xlsx(owner(), bad, owner("陈大文", room="701室"))

        answer = await ask(compound, content)
        english = await ask(compound, content, language="en")
        stored = await compound.district.db("identity").roster.count_documents({"compound": compound.area})

        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-disposition"] == 'attachment; filename="rejected.xlsx"'
        header, row = cells(answer.content)
        assert header == [*HEADERS, "需要更正"]
        assert row[:-1] == list(bad.cells)
        assert row[-1] == "身份证号：身份证号校验位不对，请检查。\n电话：请填写 11 位大陆手机号。"
        assert cells(english.content)[0][-1] == "To be corrected"
        assert cells(english.content)[1][-1].startswith("身份证号: ")
        assert stored == 0

    async def test_corrected_they_are_imported_and_the_rest_comes_again(self, compound: Compound) -> None:
        """A manager corrects what they can and drops the file again, as often as it takes; the notes are renewed."""
        first, second = replace(owner("李小红"), number=WRONG), replace(owner("陈大文", room="601室"), phone="123")
        given = cells((await ask(compound, xlsx(owner(), first, second))).content)
        given[1][7] = owner().number

        corrected = workbook(given)
        imported = (await compound.upload(corrected)).json()
        again = cells((await ask(compound, corrected, language="en")).content)

        assert (imported["imported"], [one["row"] for one in imported["rejected"]]) == (1, [3])
        assert again[0] == [*HEADERS, "To be corrected"]
        assert [row[6] for row in again[1:]] == ["陈大文"]
        assert "身份证号" not in again[1][-1]

    async def test_a_row_that_was_emptied_is_nothing_though_its_note_is_left(self, compound: Compound) -> None:
        """Whoever empties a row that does not belong there, instead of deleting it, has corrected it too."""
        given = cells((await ask(compound, xlsx(replace(owner(), phone="123")))).content)
        given[1][:-1] = [""] * len(HEADERS)

        again = (await compound.upload(workbook(given))).json()

        assert again == {"imported": 0, "changed": 0, "unchanged": 0, "rejected": []}

    async def test_keep_what_was_written_whatever_it_looks_like(self, compound: Compound) -> None:
        """Formulas stay text, digits stay digits, a comma too many loses no cell, and no cell is cut or escaped."""
        odd = ['=HYPERLINK("http://example.org","王")', "+8613800138000", "@x", "-1", "_x0041_", "二\n行", LONG]
        headers = (*HEADERS, *(f"备注{number}" for number in range(len(odd))))
        row = [*owner().cells, *odd]
        row[7] = WRONG

        from_workbook = await ask(compound, workbook([headers, row]))
        from_csv = await ask(compound, csv_of((*owner().cells[:9], "租,户", "多一格")), "名册.csv")

        assert cells(from_workbook.content)[1][:-1] == row
        assert cells(from_csv.content) == [
            [*HEADERS, "", "需要更正"],
            [*cells(from_csv.content)[1][:9], "租,户", "多一格", "关系：关系应为业主、家属或租户。"],
        ]

    async def test_a_number_whose_last_digits_are_lost_is_not_made_to_look_whole(self, compound: Compound) -> None:
        """One in eleven of such numbers has a right check digit: dropped again as it is, it must be refused again."""
        content = book(lambda _made, sheet: sheet.write_number(1, 7, 110105194912310020))

        given = await ask(compound, content)
        again = (await compound.upload(given.content)).json()

        assert cells(given.content)[1][7] == "1.10105194912310E+17"
        assert [one["code"] for one in again["rejected"]] == ["id_number_is_numeric_cell"]

    async def test_a_row_wrong_because_of_another_comes_with_it(self, compound: Compound) -> None:
        """Alone it would be taken for right: the same person in another room would move there. Rows count anew."""
        twice, shared = owner(), owner("赵六", room="801室")
        people = [owner("李小红"), twice, shared, replace(twice, room="601室"), replace(shared, name="孙七")]
        content = xlsx(*people)

        await compound.upload(content)
        given = await ask(compound, content)
        again = (await compound.upload(given.content)).json()

        assert [(row[2], row[6]) for row in cells(given.content)[1:]] == [
            ("502室", "王小明"),
            ("801室", "赵六"),
            ("601室", "王小明"),
            ("801室", "孙七"),
        ]
        notes = [row[-1] for row in cells(given.content)[1:]]
        assert notes[0] == notes[2] == "身份证号：第 2, 4 行是同一个人。"
        assert notes[1] == notes[3] == "身份证号：第 3, 5 行是不同的人，身份证号却相同。"
        assert (again["imported"], again["changed"], again["unchanged"]) == (0, 0, 1)
        assert [one["row"] for one in again["rejected"]] == [3, 4, 5]


class TestRefused:
    async def test_elsewhere_and_for_others_there_is_nothing(self, compound: Compound) -> None:
        """Outside one's areas the answer is 404, and a grid worker has no business here at all."""
        content = xlsx(owner())

        outside = await ask(compound, content, area=compound.district.new_compound())
        worker = await ask(compound, content, caller=compound.worker)

        assert (outside.status_code, worker.status_code) == (404, 403)

    @pytest.mark.parametrize(
        ("content", "status", "code"),
        [
            (b"PK\x03\x04 nothing", 415, "roster_format"),
            (xlsx(owner(), headers=(*HEADERS[:7], "x", *HEADERS[8:])), 422, "header_missing"),
            (csv_of(owner().cells, headers=(*HEADERS, *["x"] * 200)), 422, "roster_too_long"),
        ],
        ids=["no workbook", "header", "too wide"],
    )
    async def test_what_no_import_takes_is_refused_as_there(
        self, compound: Compound, content: bytes, status: int, code: str
    ) -> None:
        """The same reader, the same answer; no half a file."""
        answer = await ask(compound, content, "r.csv" if content[:2] != b"PK" else "r.xlsx")

        assert (answer.status_code, answer.json()["code"]) == (status, code)

    async def test_a_small_file_that_would_be_a_large_one_is_refused(self, compound: Compound) -> None:
        """A text that ten thousand cells share takes its place in each of them: bounded, and nothing is left behind."""
        bad = Owner("x" * 30_000, WRONG, "1")
        content = xlsx(*[bad] * 10_000)

        answer = await ask(compound, content)

        assert (answer.status_code, answer.json()["code"]) == (413, "roster_unpacked_too_large")
