"""What a program makes at its start whatever it is started for: made by importing this, before it is forked.

That is the router of the API: half of what a start takes of a processor.
"""

from __future__ import annotations

import gc
from typing import cast

from service.clock import SystemClock
from service.composition.assembly import assemble
from service.composition.parts import ground
from service.database.pool import Pool
from service.http.routes import api
from service.metrics import new_registry
from service.settings import Settings
from service.vault import MasterKey

NO_DATABASE = cast("Pool", None)

api(assemble(ground(Settings(), NO_DATABASE, MasterKey(bytes(32)), SystemClock())), new_registry())
gc.freeze()  # a collection would copy all of it into each process
