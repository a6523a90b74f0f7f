"""Clues' photos through the real service: drawn anew, and for few eyes."""

import io

from PIL import Image

from shared.contracts.values import Role
from tests.district import District
from tests.integration.reports.clues import compound, picture, report, worker
from tests.people import Person


class TestPhotos:
    async def test_photos_come_back_without_metadata(self, district: District, person: Person) -> None:
        """A photo's coordinates and comments would tell where the anonymous reporter lives."""
        exif = Image.Exif()
        exif[0x010F] = "CANARY-MAKER"
        gps = exif.get_ifd(0x8825)
        gps[2] = (31.0, 46.0, 12.0)
        sent = [
            picture(exif=exif, comment=b"CANARY-COMMENT"),
            picture("PNG", exif=exif),
            picture("WEBP", exif=exif),
        ]
        me = district.phone(person.account)
        clue = (await report(district, me, compound(person), *sent)).json()

        answers = [await district.http("reports").get(path, headers=me) for path in clue["photos"]]

        assert len(answers) == 3
        for answer in answers:
            kept = Image.open(io.BytesIO(answer.content))
            assert answer.headers["content-type"] == "image/jpeg"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert (kept.size, len(kept.getexif())) == ((640, 480), 0)
            assert b"CANARY" not in answer.content

    async def test_photo_stands_upright_though_its_orientation_tag_is_gone(
        self, district: District, person: Person
    ) -> None:
        """Phones store a portrait lying on its side with a tag; without the tag it must be turned."""
        exif = Image.Exif()
        exif[0x0112] = 6
        me = district.phone(person.account)
        clue = (await report(district, me, compound(person), picture(exif=exif))).json()

        kept = await district.http("reports").get(clue["photos"][0], headers=me)

        assert Image.open(io.BytesIO(kept.content)).size == (480, 640)

    async def test_only_office_and_reporter_see_photos(self, district: District, person: Person) -> None:
        """A photo shows people."""
        me, http = district.phone(person.account), district.http("reports")
        path = (await report(district, me, compound(person), picture())).json()["photos"][0]
        whose = [
            me,
            worker(district, person),
            district.phone(),
            district.staff((Role.GUARD, compound(person))),
            district.staff((Role.OFFICIAL, district.new_compound())),
        ]

        answers = [await http.get(path, headers=one) for one in whose]
        beyond = await http.get(path.replace("/1", "/2"), headers=me)

        assert [one.status_code for one in answers] == [200, 200, 404, 404, 404]
        assert beyond.status_code == 404

    async def test_what_is_no_photo_is_refused(self, district: District, person: Person) -> None:
        """By content, whatever the name and type say; a bomb is not even unpacked."""
        me, area = district.phone(person.account), compound(person)
        good = picture()
        bomb = io.BytesIO()
        Image.new("1", (12000, 12000)).save(bomb, "PNG")

        refusals = [
            await report(district, me, area, b"<svg onload=alert(1)>"),
            await report(district, me, area, picture("GIF")),
            await report(district, me, area, good[: len(good) // 2]),
            await report(district, me, area, bomb.getvalue()),
            await report(district, me, area, good + bytes(5 * 1024 * 1024)),
            await report(district, me, area, *[good] * 7),
        ]

        assert [(one.status_code, one.json()["code"]) for one in refusals] == [
            (415, "photo_type"),
            (415, "photo_type"),
            (422, "photo_unreadable"),
            (413, "photo_too_large"),
            (413, "photo_too_large"),
            (422, "photo_count"),
        ]
        assert refusals[0].json()["errors"][0]["field"] == "photos.0"
