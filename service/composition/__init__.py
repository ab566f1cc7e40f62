"""The composition root: the one place where the parts of the service are made and given to each other.

``parts`` makes them, area by area; ``assembly`` puts them together; ``working`` makes what only a worker has.
"""

from service.composition.assembly import Liftoff, assembled
from service.composition.events import EVENTS
from service.composition.pacing import connection_patience
from service.composition.working import new_readers, new_worker

__all__ = ["EVENTS", "Liftoff", "assembled", "connection_patience", "new_readers", "new_worker"]
