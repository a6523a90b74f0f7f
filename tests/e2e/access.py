"""The role x route x area matrix: who may call each route, and what bounds it. A route without a row fails the tests.

who     `anyone`, `signed_in`, `resident`, or the staff roles by their initials (STAFF)
bound   `id:<sample>`     the thing's own area       `area`    the query's or body's area
        `own`             the caller's own things    `-`       nothing of an area is shown
"""

from datetime import UTC, datetime

from shared.contracts.values import Role

STAFF = {
    "G": Role.GUARD,
    "D": Role.DEVICE,
    "P": Role.PROPERTY_MANAGER,
    "W": Role.COMMUNITY_WORKER,
    "V": Role.VOLUNTEER,
    "E": Role.ENTERPRISE_CONTACT,
    "O": Role.OFFICIAL,
    "A": Role.ADMIN,
}

TABLE = """
identity GET    /.well-known/jwks.json                  anyone    -
identity POST   /v1/auth/codes                          anyone    -
identity POST   /v1/auth/tokens                         anyone    -
identity POST   /v1/auth/logout                         signed_in own
identity GET    /v1/demo/codes/{phone}                  anyone    -
identity POST   /v1/areas                               AO        area
identity GET    /v1/areas                               signed_in -
identity GET    /v1/areas/{area_id}                     signed_in -
identity PUT    /v1/areas/{area_id}/settings            O         id:area
identity POST   /v1/staff                               AO        -
identity GET    /v1/staff                               AO        area
identity PUT    /v1/staff/{account_id}/grants           AO        id:staff
identity POST   /v1/staff/{account_id}/disable          AO        id:staff
identity POST   /v1/staff/me/password                   signed_in own
identity POST   /v1/staff/me/totp                       signed_in own
identity POST   /v1/staff/me/totp/confirm               signed_in own
identity POST   /v1/staff/me/totp/remove                signed_in own
identity POST   /v1/devices                             AP        area
identity GET    /v1/devices                             PWOA      area
identity GET    /v1/devices/{device_id}                 PWOA      id:device
identity POST   /v1/devices/{device_id}/rotate          AP        id:device
identity POST   /v1/devices/{device_id}/revoke          AP        id:device
identity POST   /v1/rosters                             AP        -
identity POST   /v1/rosters/rejected                    AP        -
identity POST   /v1/residents                           signed_in -
identity GET    /v1/residents/me                        resident  own
identity GET    /v1/residents                           P         area
identity GET    /v1/residents/{resident_id}             PWO       id:resident
identity POST   /v1/residents/{resident_id}/verify      P         id:resident
identity POST   /v1/residents/{resident_id}/reject      P         id:resident
identity POST   /v1/residents/{resident_id}/remove      PWO       id:resident
identity POST   /v1/residents/{resident_id}/reveal      WO        id:resident
gate     POST   /v1/exits                               resident  own
gate     GET    /v1/exits                               resident  own
gate     GET    /v1/exits/quota                         resident  own
gate     GET    /v1/exits/{exit_id}                     resident  id:exit
gate     POST   /v1/exits/{exit_id}/cancel              resident  id:exit
gate     GET    /v1/passes/keys                         anyone    -
gate     GET    /v1/passes/revocations                  GDP*      area
gate     POST   /v1/passes/revoke                       WO        -
gate     GET    /v1/passes/{pass_id}                    resident  id:pass
gate     GET    /v1/passes/{pass_id}/qr.svg             resident  id:pass
gate     GET    /v1/passes/{pass_id}/qr.png             resident  id:pass
gate     GET    /v1/passes/{pass_id}/print              resident  id:pass
gate     POST   /v1/gates                               AP        area
gate     GET    /v1/gates                               GPWVOA    own
gate     GET    /v1/gates/{gate_id}/offline-data        GD        id:gate
gate     POST   /v1/heartbeats                          GD        -
gate     GET    /v1/outings                             GPWVOA    area
gate     POST   /v1/scans                               GD        -
gate     POST   /v1/scans/batch                         GD        -
gate     POST   /v1/lookups                             GD        -
health   POST   /v1/temperatures                        WO        -
health   GET    /v1/temperatures                        WO        area
health   GET    /v1/fevers                              WO        area
health   GET    /v1/fevers/{fever_id}                   WO        id:fever
health   POST   /v1/fevers/{fever_id}/confirm           WO        id:fever
health   POST   /v1/fevers/{fever_id}/dismiss           WO        id:fever
health   POST   /v1/fevers/{fever_id}/hand-over         WO        id:fever
health   POST   /v1/fevers/{fever_id}/close             WO        id:fever
health   GET    /v1/holds/me                            resident  own
health   GET    /v1/holds                               WO        area
health   POST   /v1/holds                               O         -
health   POST   /v1/holds/{hold_id}/clear               WO        id:hold
reports  POST   /v1/clues                               signed_in -
reports  GET    /v1/clues/mine                          signed_in own
reports  GET    /v1/clues/{clue_id}/photos/{number}     signed_in id:clue
reports  GET    /v1/clues                               WO        area
reports  GET    /v1/clues/{clue_id}                     WO        id:clue
reports  POST   /v1/clues/{clue_id}/verify              WO        id:clue
reports  POST   /v1/clues/{clue_id}/reject              WO        id:clue
reports  POST   /v1/clues/{clue_id}/assign              WO        id:clue
reports  POST   /v1/clues/{clue_id}/resolve             WO        id:clue
reports  GET    /v1/figures                             WO        area
reports  GET    /v1/figures/hours                       WO        area
reports  GET    /v1/figures/buildings                   WO        area
alerts   GET    /v1/alerts/stream                       WOP       area
alerts   GET    /v1/alerts                              WOP       area
alerts   GET    /v1/alerts/{alert_id}                   WOP       id:alert
alerts   POST   /v1/alerts/{alert_id}/acknowledge       WOP       id:alert
alerts   POST   /v1/alerts/{alert_id}/assign            WOP       id:alert
alerts   POST   /v1/alerts/{alert_id}/resolve           WOP       id:alert
alerts   POST   /v1/subscriptions                       WOP       area
alerts   GET    /v1/subscriptions                       WOP       own
alerts   DELETE /v1/subscriptions/{subscription_id}     WOP       id:subscription
alerts   POST   /v1/channels                            WO        area
alerts   GET    /v1/channels                            WO        own
alerts   DELETE /v1/channels/{channel_id}               WO        id:channel
alerts   POST   /v1/channels/{channel_id}/test          WO        id:channel
alerts   GET    /v1/channels/{channel_id}/deliveries    WO        id:channel
alerts   POST   /v1/channels/{channel_id}/replay        WO        id:channel
"""
"""A star: a role that does not fit is answered like an area that does not fit, 404."""

ROWS = [tuple(line.split()) for line in TABLE.strip().splitlines()]

BODIES = {
    "/v1/areas": {"id": "{area}.x1", "name": "x"},
    "/v1/areas/{area_id}/settings": {"settings": [{"key": "exit.max_hours", "value": 3}]},
    "/v1/staff/{account_id}/grants": {"grants": [{"role": "guard", "area": "{area}"}]},
    "/v1/devices": {"kind": "reader", "gate": "gate_01KGT0000000000000000000G1", "area": "{area}"},
    "/v1/residents/{resident_id}/reject": {"reason": "x"},
    "/v1/residents/{resident_id}/remove": {"reason": "x"},
    "/v1/residents/{resident_id}/reveal": {"reason": "to call back"},
    "/v1/gates": {"area": "{area}", "name": "x"},
    "/v1/holds/{hold_id}/clear": {"basis": "medical_note", "note": "x"},
    "/v1/clues/{clue_id}/assign": {"to": "acc_01KGT0000000000000000000Z9"},
    "/v1/clues/{clue_id}/resolve": {"outcome": "x"},
    "/v1/alerts/{alert_id}/assign": {"to": "acc_01KGT0000000000000000000Z9"},
    "/v1/alerts/{alert_id}/resolve": {"outcome": "handled"},
    "/v1/subscriptions": {"area": "{area}", "kinds": ["gate_silent"]},
    "/v1/channels": {"kind": "webhook", "url": "https://example.com/hook", "area": "{area}", "kinds": ["fever"]},
    "/v1/channels/{channel_id}/replay": {"since": datetime.now(UTC).isoformat()},
}
"""A body that is right in form, where the route looks at the area only after the body."""
