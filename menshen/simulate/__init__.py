"""`menshen simulate`: a whole district with a fixed seed, as load and as proof.

plan, people   pure: what a simulated day holds, the same for the same seed
world          areas, staff, gates, devices and rosters, made through the API
residents, desks, officials   the actors; lines   how devices speak; client   requests until their outcome is known
play, clock    everything at its time; display   what one sees of it
ledger, evidence, invariants  what was sent, what the stores hold, and the queries over both
"""
