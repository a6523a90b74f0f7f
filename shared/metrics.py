"""Prometheus metrics, the same names in every service. Labels never hold anything a person typed."""

from prometheus_client import Counter, Gauge, Histogram

requests = Histogram("menshen_http_seconds", "Time to answer a request", ["method", "route", "status"])
events_published = Counter("menshen_events_published", "Events confirmed by the broker")
events_handled = Counter("menshen_events_handled", "Events taken effect", ["queue"])
events_retried = Counter("menshen_events_retried", "Events sent to wait for another try", ["queue"])
events_parked = Counter("menshen_events_parked", "Events given up on and kept for a person", ["queue", "reason"])
device_refusals = Counter("menshen_broker_refusals", "What the broker refused devices, by reason", ["reason"])
relay_heartbeat = Gauge("menshen_relay_heartbeat_seconds", "When the relay last found its outbox empty")
