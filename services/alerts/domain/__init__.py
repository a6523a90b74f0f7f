"""The rules of alerts: how an alert moves, where a feed resumes, when a delivery is tried. Pure: no I/O, no clock."""

from services.alerts.domain.addresses import Network, check_webhook_url, may_reach, not_allowed
from services.alerts.domain.channels import (
    LEASE,
    SCHEDULE,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Outcome,
    Told,
)
from services.alerts.domain.entities import (
    MACHINE,
    Alert,
    AlertKind,
    AlertState,
    Change,
    Ending,
    Occurrence,
    ResolvedAs,
    What,
    above,
    alert_id,
)
from services.alerts.domain.feeds import Account, FeedRow, Subscription, resumes, subscription_id
from services.alerts.domain.sight import SEES, Sight

__all__ = [
    "LEASE",
    "MACHINE",
    "SCHEDULE",
    "SEES",
    "Account",
    "Alert",
    "AlertKind",
    "AlertState",
    "Change",
    "Channel",
    "ChannelKind",
    "Delivery",
    "DeliveryState",
    "Ending",
    "FeedRow",
    "Network",
    "Occurrence",
    "Outcome",
    "ResolvedAs",
    "Sight",
    "Subscription",
    "Told",
    "What",
    "above",
    "alert_id",
    "check_webhook_url",
    "may_reach",
    "not_allowed",
    "resumes",
    "subscription_id",
]
