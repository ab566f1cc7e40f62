"""What forms say of sender accounts, as the vault keeps it. What is wrong is refused by the name of its field."""

from __future__ import annotations

from msgspec import UNSET
from msgspec.structs import fields

from domain.identity import normalise_email
from domain.refusal import FieldError, Invalid
from domain.sender.fields import require_fields_of
from service.channels import inbox as channel
from service.channels.inbox_url import InboxUrlError, parse_imap_url, parse_smtp_url
from service.senders.forms import InboxForm, NewSender, SenderUpdate
from service.texts import Inbox, SenderProfile


def given(form: NewSender | SenderUpdate) -> list[str]:
    """The fields that say something: a value that a field has anyway says nothing."""
    return [field.name for field in fields(form) if getattr(form, field.name) != field.default]


def profile_of(new: NewSender) -> SenderProfile:
    """Who a new account is. Raises ``Invalid``."""
    require_fields_of(new.type, given(new))
    address, account_id = "", ""
    if new.type == "email":
        address = _address(new)
    else:
        account_id = _account_id(new)
    return SenderProfile(
        email_address=address,
        provider_account_id=account_id,
        display_name=new.display_name,
        first_name=new.first_name,
        last_name=new.last_name,
        signature=new.signature,
    )


def _address(new: NewSender) -> str:
    if new.email_address is UNSET:
        raise Invalid(FieldError("email_address", "This field is required."))
    try:
        return normalise_email(new.email_address)
    except Invalid as invalid:
        raise Invalid(*(FieldError("email_address", error.message) for error in invalid.errors)) from None


def _account_id(new: NewSender) -> str:
    if new.provider_account_id is UNSET:
        raise Invalid(FieldError("provider_account_id", "This field is required."))
    account_id = new.provider_account_id.strip()
    if not account_id:
        raise Invalid(FieldError("provider_account_id", "Give the account's id at the LinkedIn provider."))
    return account_id


def inbox_of(form: InboxForm) -> Inbox:
    """An inbox that can be tried. Raises ``Invalid``, without repeating what may be a password."""
    inbox = Inbox(form.smtp_url, form.imap_url)
    errors: list[FieldError] = []
    for path, url, parse in (
        ("inbox.smtp_url", inbox.smtp_url, parse_smtp_url),
        ("inbox.imap_url", inbox.imap_url, parse_imap_url),
    ):
        try:
            if url is not None:
                parse(url)
        except InboxUrlError as error:
            errors.append(FieldError(path, str(error)))
    if errors:
        raise Invalid(*errors)
    return inbox


def parsed(inbox: Inbox) -> channel.Inbox:
    """An inbox as the channel tries it."""
    return channel.Inbox(
        parse_smtp_url(inbox.smtp_url), None if inbox.imap_url is None else parse_imap_url(inbox.imap_url)
    )
