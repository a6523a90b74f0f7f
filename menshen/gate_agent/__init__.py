"""The small box at a gate, which goes on deciding while the gate has no network.

Readers talk to it as they would to the service. It asks the service while it can, decides by the service's own rules
while it cannot, and delivers later what happened, in order.
"""
