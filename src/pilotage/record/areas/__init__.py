"""Areas of the record: each keeps its facts, commands, state and rules together in a module of its own. Pure.

`area.Area` says what an area is made of. `facts`, `commands`, `workload`, `fold` and `decide` take every area in from
`listing.AREAS`, `listing.AreaFact` and `listing.AreaCommand`.
"""
