"""The documented bodies of the provider's answers and of its webhooks."""

from __future__ import annotations

from typing import Any

from tests.linkedin.network import OWN_ID, Account, Person, Said

Body = dict[str, Any]


def trouble(status: int, kind: str, title: str, detail: str) -> Body:
    """An error."""
    return {"status": status, "type": f"errors/{kind}", "title": title, "detail": detail}


def account(of: Account) -> Body:
    """A connected account."""
    return {
        "object": "Account",
        "type": "LINKEDIN",
        "id": of.id,
        "name": of.id,
        "created_at": "2030-01-01T00:00:00.000Z",
        "connection_params": {"im": {"id": OWN_ID, "username": of.id, "publicIdentifier": None}},
        "sources": [{"id": f"{of.id}_MESSAGING", "status": of.status}],
    }


def profile(person: Person, seen_by: Account, nameless: bool) -> Body:
    """A person as an account sees them."""
    waiting = person.name in seen_by.invitations
    return {
        "object": "UserProfile",
        "provider": "LINKEDIN",
        "provider_id": None if nameless else person.provider_id,
        "public_identifier": None if nameless else person.name,
        "first_name": person.name,
        "last_name": None,
        "network_distance": "FIRST_DEGREE" if person.name in seen_by.relations else "SECOND_DEGREE",
        "invitation": {"type": "SENT", "status": "PENDING"} if waiting else None,
    }


def invitations(people: list[Person], nameless: bool, cursor: str | None) -> Body:
    """A page of the invitations sent; with ``nameless`` nothing says whom the first one invites."""
    items: list[Body] = [
        {
            "object": "InvitationSent",
            "id": f"inv-{person.provider_id}",
            "invited_user": person.name,
            "invited_user_id": person.provider_id,
            "invited_user_public_id": person.name,
            "invitation_text": None,
        }
        for person in people
    ]
    if nameless and items:
        items[0] |= {"invited_user": None, "invited_user_id": None, "invited_user_public_id": None}
    return {"object": "InvitationList", "items": items, "cursor": cursor}


def relations(people: list[Person], nameless: bool, cursor: str | None) -> Body:
    """A page of the relations; with ``nameless`` the first one has no name."""
    items: list[Body] = [
        {
            "object": "UserRelation",
            "first_name": person.name,
            "last_name": "",
            "headline": "",
            "member_id": person.provider_id,
            "public_identifier": person.name,
            "public_profile_url": f"https://www.linkedin.com/in/{person.name}",
            "created_at": 1893456000000,
        }
        for person in people
    ]
    if nameless and items:
        items[0] |= {"member_id": None, "public_identifier": None, "public_profile_url": None}
    return {"object": "UserRelationsList", "items": items, "cursor": cursor}


def invited(person: Person, nameless: bool) -> Body:
    """An invitation was sent."""
    return {
        "object": "UserInvitationSent",
        "invitation_id": None if nameless else f"inv-{person.provider_id}",
    }


def chat_started(chat_id: str, said: Said, nameless: bool) -> Body:
    """A message was sent."""
    ids = {"chat_id": chat_id, "message_id": said.id}
    return {"object": "ChatStarted"} | (dict.fromkeys(ids) if nameless else ids)


def chats(chat_ids: list[str], nameless: bool) -> Body:
    """The conversations with somebody."""
    items = [{"object": "Chat", "id": None if nameless else id_, "type": 0} for id_ in chat_ids]
    return {"object": "ChatList", "items": items, "cursor": None}


def messages(said: list[Said]) -> Body:
    """What was said in a conversation."""
    items = [{"object": "Message", "id": m.id, "text": m.text, "is_sender": int(m.own)} for m in said]
    return {"object": "MessageList", "items": items, "cursor": None}


# --- Webhooks --------------------------------------------------------------------------------------------------------


def new_relation(of: Account, person: Person) -> Body:
    """An invitation was accepted."""
    return {
        "event": "new_relation",
        "account_id": of.id,
        "account_type": "LINKEDIN",
        "webhook_name": "",
        "user_full_name": person.name,
        "user_provider_id": person.provider_id,
        "user_public_identifier": person.name,
        "user_profile_url": f"https://www.linkedin.com/in/{person.name}/",
    }


def message_received(of: Account, person: Person, said: Said) -> Body:
    """Something was said; the sender is named by the provider's id only, as the documentation shows it."""
    sender_id = OWN_ID if said.own else person.provider_id
    return {
        "event": "message_received",
        "account_id": of.id,
        "account_type": "LINKEDIN",
        "account_info": {"type": "LINKEDIN", "feature": "classic", "user_id": OWN_ID},
        "webhook_name": "",
        "chat_id": f"{of.id}-{person.name}",
        "timestamp": "2030-01-31T09:00:00.000Z",
        "message_id": said.id,
        "message": said.text,
        "sender": {
            "attendee_id": f"att-{sender_id}",
            "attendee_name": person.name,
            "attendee_provider_id": sender_id,
            "attendee_profile_url": f"https://www.linkedin.com/in/{sender_id}/",
        },
    }


def account_status(of: Account) -> Body:
    """What the provider says of an account has changed."""
    message = "DELETED" if of.status == "GONE" else of.status
    return {"AccountStatus": {"account_id": of.id, "account_type": "LINKEDIN", "message": message}}
