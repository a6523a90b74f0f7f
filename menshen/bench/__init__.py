"""`menshen bench`: how fast, against what, and how it grows.

Each measurement is a ratio to a floor: the least that a machine must do for the same effect, measured on the same
machine in the same minute, round by round in turn. Nothing here asserts; what the figures mean stands in
`docs/performance.md`.

table.py      rows: medians, spreads, JSON, a picture
stage.py      a district of its own, and everybody's keys
town.py       residents and passes put where events would have put them
meter.py      processor time and memory of each process
fevers.py     people whose scan is an alert
audience.py   officials at their open streams
load.py       requests sent by `wrk`, which costs next to nothing itself
launch.py     `menshen up` as people start it
floors/       the programs that are measured against
cases/        one module for each part; the list is `cases/__init__.py`
"""
