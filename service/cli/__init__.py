"""The command ``liftoff``: the operator's commands, and the API's operations as commands."""
