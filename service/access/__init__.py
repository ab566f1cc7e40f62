"""Who may call the service: workspaces and their API keys."""

from service.access.keys import ApiKey, ApiKeys, IssuedKey, NewKey, Scope
from service.access.uses import KeyUses
from service.access.workspaces import Workspaces

__all__ = ["ApiKey", "ApiKeys", "IssuedKey", "KeyUses", "NewKey", "Scope", "Workspaces"]
