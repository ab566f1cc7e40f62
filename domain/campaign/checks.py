"""What can be wrong with a campaign's settings, whatever its status; everything is named at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from domain.campaign.events import AccountLimit, Settings
from domain.refusal import FieldError, Invalid
from domain.schedule import check_hours
from domain.sequence import Channel

MAX_DAILY_LIMIT: Final = 500


def check_settings(settings: Settings, channel: Channel, senders: Mapping[UUID, Channel] | None) -> None:
    """Raises ``Invalid`` for a limit out of range, hours that can't be, a sender unknown or of the other type.

    ``senders`` tells the channel of each sender account there is; None leaves the senders unchecked.
    """
    if settings.operating_hours is not None:
        check_hours(settings.operating_hours)
    errors = _limit_errors(settings)
    if senders is not None:
        errors += _sender_errors(settings.sender_account_ids, channel, senders)
    if errors:
        raise Invalid(*errors)


def _limit_errors(settings: Settings) -> list[FieldError]:
    limits = [("daily_limit", settings.daily_limit)] if settings.daily_limit is not None else []
    limits += [
        (f"account_limits[{index}].daily_limit", limit.daily_limit)
        for index, limit in enumerate(settings.account_limits)
    ]
    errors = [
        FieldError(path, f"A daily limit is between 1 and {MAX_DAILY_LIMIT}.")
        for path, value in limits
        if not 1 <= value <= MAX_DAILY_LIMIT
    ]
    return errors + _misplaced_limit_errors(settings.account_limits, settings.sender_account_ids)


def _misplaced_limit_errors(
    limits: tuple[AccountLimit, ...], sender_ids: tuple[UUID, ...]
) -> list[FieldError]:
    errors: list[FieldError] = []
    account_ids = [limit.account_id for limit in limits]
    for index, account_id in enumerate(account_ids):
        path = f"account_limits[{index}].account_id"
        if account_id not in sender_ids:
            errors.append(FieldError(path, "This is not a sender account of the campaign."))
        elif account_id in account_ids[:index]:
            errors.append(FieldError(path, "This sender account is named twice."))
    return errors


def _sender_errors(
    sender_ids: tuple[UUID, ...], channel: Channel, senders: Mapping[UUID, Channel]
) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, sender_id in enumerate(sender_ids):
        path = f"sender_account_ids[{index}]"
        if sender_id not in senders:
            errors.append(FieldError(path, "There is no such sender account."))
        elif senders[sender_id] != channel:
            errors.append(FieldError(path, f"This is no {channel} sender account."))
        elif sender_id in sender_ids[:index]:
            errors.append(FieldError(path, "This sender account is named twice."))
    return errors
