"""Every order in which launches, workers, zombies and crashes can come, at small scope.

A state is the log folded by the real ``evolve``, the rows that stand beside it, and what each process holds in memory.
Every decision is made by the real ``decide``. ``search`` visits all states there are; ``promises`` must hold in each.
"""
