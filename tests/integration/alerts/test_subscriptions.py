"""Whose feed is written, also while nobody reads it."""

from shared.contracts.values import Role
from tests.district import District
from tests.integration.alerts.officials import Official, raise_fevers


class TestSubscribe:
    async def test_the_same_area_and_kinds_are_one_subscription(self, official: Official) -> None:
        """However often it is asked for, and in whatever order the kinds come."""
        first = await official.call(
            "POST", "/v1/subscriptions", json={"area": official.area, "kinds": ["fever", "clue"]}
        )
        again = await official.call(
            "POST", "/v1/subscriptions", json={"area": official.area, "kinds": ["clue", "fever"]}
        )
        listed = (await official.call("GET", "/v1/subscriptions")).json()["items"]

        assert first.status_code == 201
        assert first.json() == again.json()
        assert [one["id"] for one in listed] == [first.json()["id"]]
        assert listed[0]["kinds"] == ["clue", "fever"]

    async def test_ended_and_taken_up_again_it_goes_on(self, official: Official) -> None:
        """The sequence never starts again, or an old place would mean something else."""
        body = {"area": official.area}
        own = (await official.call("POST", "/v1/subscriptions", json=body)).json()["id"]
        await raise_fevers(official, 2)
        removed = await official.call("DELETE", f"/v1/subscriptions/{own}")
        gone = (await official.call("GET", "/v1/subscriptions")).json()["items"]
        await raise_fevers(official, 1)

        again = (await official.call("POST", "/v1/subscriptions", json=body)).json()

        assert removed.status_code == 204
        assert gone == []
        assert (again["id"], again["seq"]) == (own, 2)

    async def test_nobody_elses(self, district: District, official: Official) -> None:
        """404 for another's, for none, and beyond one's areas; 422 for what is no kind."""
        colleague = Official(district, official.area)
        own = (await official.call("POST", "/v1/subscriptions", json={"area": official.area})).json()["id"]

        assert (await colleague.call("DELETE", f"/v1/subscriptions/{own}")).status_code == 404
        assert (await colleague.call("DELETE", "/v1/subscriptions/x")).status_code == 404
        beyond = await official.call("POST", "/v1/subscriptions", json={"area": "elsewhere"})
        flood = await official.call("POST", "/v1/subscriptions", json={"area": official.area, "kinds": ["flood"]})
        none = await official.call("POST", "/v1/subscriptions", json={"area": official.area, "kinds": []})
        guard = Official(district, official.area, role=Role.GUARD)
        assert (beyond.status_code, flood.status_code, none.status_code) == (404, 422, 422)
        assert (await guard.call("GET", "/v1/subscriptions")).status_code == 403
