"""Drafting a campaign: what the client writes becomes texts in the vault and events that name them, together or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from msgspec import UNSET, UnsetType
from msgspec.structs import asdict, replace

from domain import sequence
from domain.campaign.decide import Create, Delete, Edit, create, decide, require_draft
from domain.campaign.events import AccountLimit, Settings, SettingsChange, TextRef
from domain.campaign.state import Campaign
from domain.refusal import Refused
from domain.sequence import Channel, Node, Nodes
from service.caller import Caller
from service.campaigns.drafts import (
    AccountLimitDraft,
    CampaignChange,
    ListedNode,
    NewCampaign,
    NewNode,
    NodeChange,
    NodeDraft,
)
from service.campaigns.repository import Campaigns, Change, Expect, any_version
from service.campaigns.texts import Manuscript
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.ids import new_id
from service.senders.repository import Senders
from service.texts import NodeWords, unpack
from service.vault import Vault

_queries: Any = statements(Path(__file__).with_name("names.sql"))

Reorder: TypeAlias = Callable[[Campaign, Manuscript], Nodes]
"""The sequence as it is to be; texts it has not yet go into the manuscript."""


class Drafting:
    """Writes campaigns. Every method that takes ``expect`` raises what it raises, and ``Refused`` ``not-found``."""

    def __init__(self, pool: Pool, campaigns: Campaigns, senders: Senders, vault: Vault) -> None:
        self._pool = pool
        self._campaigns = campaigns
        self._senders = senders
        self._vault = vault

    # --- The campaign ---

    async def create(self, caller: Caller, new: NewCampaign) -> Campaign:
        """Begin a draft. Raises ``Invalid``, and ``Refused`` ``name-taken``."""
        campaign_id = new_id()
        manuscript = Manuscript(self._vault, caller.workspace_id, campaign_id)
        command = Create(
            campaign_id=campaign_id,
            channel=new.type,
            settings=_settings(new, manuscript),
            senders=await self._channels(caller, new.sender_account_ids),
            node_ids=(new_id(), new_id()),
        )

        async def beside(connection: Connection, draft: Campaign) -> None:
            await manuscript.seal(connection)
            await _claim_name(connection, caller.workspace_id, draft)

        return await self._campaigns.begin(caller, campaign_id, Change(events=create(command), beside=beside))

    async def edit(
        self, caller: Caller, campaign_id: UUID, change: CampaignChange, expect: Expect = any_version
    ) -> Campaign:
        """Change settings, and the whole sequence if it is given. Raises ``Invalid`` and ``Refused``."""
        senders = await self._channels(caller, change.sender_account_ids or ())

        async def plan(campaign: Campaign) -> Change:
            manuscript = Manuscript(self._vault, caller.workspace_id, campaign_id, campaign)
            nodes = None
            if change.sequence_nodes is not UNSET:
                nodes = _listed(campaign, change.sequence_nodes, manuscript)
            command = Edit(change=_settings_change(change, manuscript), nodes=nodes, senders=senders)

            async def beside(connection: Connection, after: Campaign) -> None:
                await manuscript.seal(connection)
                if after.settings.name != campaign.settings.name:
                    await _claim_name(connection, caller.workspace_id, after)

            return Change(events=decide(campaign, command), beside=beside)

        return await self._campaigns.revise(caller, campaign_id, plan, expect)

    async def delete(self, caller: Caller, campaign_id: UUID, expect: Expect = any_version) -> Campaign:
        """Throw a draft away; its name is free again. Raises ``Refused`` ``campaign-not-draft``."""

        async def beside(connection: Connection, _: Campaign) -> None:
            await _queries.release_name(connection, workspace_id=caller.workspace_id, campaign_id=campaign_id)

        async def plan(campaign: Campaign) -> Change:
            return Change(events=decide(campaign, Delete()), beside=beside)

        return await self._campaigns.revise(caller, campaign_id, plan, expect)

    # --- Its sequence ---

    async def insert_node(
        self, caller: Caller, campaign_id: UUID, new: NewNode, expect: Expect = any_version
    ) -> Campaign:
        """Put a node into the sequence. Raises ``Invalid``, and ``Refused`` ``campaign-not-draft``."""
        node_id = new_id()

        def reorder(campaign: Campaign, manuscript: Manuscript) -> Nodes:
            node = _node(node_id, new, manuscript)
            return sequence.insert(campaign.channel, campaign.nodes, node, new.position)

        return await self._reorder(caller, campaign_id, reorder, expect)

    async def move_node(
        self, caller: Caller, campaign_id: UUID, node_id: UUID, to: int, expect: Expect = any_version
    ) -> Campaign:
        """Move a node. Raises ``Invalid``, and ``Refused`` ``campaign-not-draft`` or ``node-not-found``."""
        return await self._reorder(
            caller, campaign_id, lambda campaign, _: sequence.move(campaign.nodes, node_id, to), expect
        )

    async def remove_node(
        self, caller: Caller, campaign_id: UUID, node_id: UUID, expect: Expect = any_version
    ) -> Campaign:
        """Take a node out. Raises ``Invalid``, and ``Refused`` ``campaign-not-draft`` or ``node-not-found``."""
        return await self._reorder(
            caller, campaign_id, lambda campaign, _: sequence.remove(campaign.nodes, node_id), expect
        )

    async def edit_node(
        self,
        caller: Caller,
        campaign_id: UUID,
        node_id: UUID,
        change: NodeChange,
        expect: Expect = any_version,
    ) -> Campaign:
        """Change a node. Raises ``Invalid``, and ``Refused`` ``campaign-not-draft`` or ``node-not-found``."""

        async def plan(campaign: Campaign) -> Change:
            require_draft(campaign)
            present = campaign.nodes[sequence.position_of(campaign.nodes, node_id)]
            draft = _changed(await self._drafted(caller, present), change)
            return self._revision(
                caller,
                campaign,
                lambda campaign, manuscript: sequence.replace(
                    campaign.channel, campaign.nodes, _node(node_id, draft, manuscript)
                ),
            )

        return await self._campaigns.revise(caller, campaign_id, plan, expect)

    async def _reorder(self, caller: Caller, campaign_id: UUID, reorder: Reorder, expect: Expect) -> Campaign:
        async def plan(campaign: Campaign) -> Change:
            require_draft(campaign)
            return self._revision(caller, campaign, reorder)

        return await self._campaigns.revise(caller, campaign_id, plan, expect)

    def _revision(self, caller: Caller, campaign: Campaign, reorder: Reorder) -> Change:
        manuscript = Manuscript(self._vault, caller.workspace_id, campaign.id, campaign)
        command = Edit(change=SettingsChange(), nodes=reorder(campaign, manuscript))
        return Change(
            events=decide(campaign, command), beside=lambda connection, _: manuscript.seal(connection)
        )

    async def _drafted(self, caller: Caller, node: Node) -> NodeDraft:
        """A node as it would be written today."""
        words = NodeWords()
        if node.text is not None:
            async with self._pool.acquire() as connection:
                document = await self._vault.open(connection, caller.workspace_id, node.text.document_id)
            words = unpack(document, NodeWords)
        return NodeDraft(
            type=node.type,
            subject=words.subject,
            body=words.body,
            is_reply=node.is_reply,
            include_message=node.include_message,
            delay_days=node.delay_days,
            delay_hours=node.delay_hours,
            delay_minutes=node.delay_minutes,
            ai_node=node.ai_node,
        )

    async def _channels(self, caller: Caller, sender_ids: Iterable[UUID]) -> dict[UUID, Channel]:
        found = await self._senders.load_many(caller.workspace_id, sender_ids)
        return {id_: sender.channel for id_, sender in found.items()}


async def _claim_name(connection: Connection, workspace_id: UUID, campaign: Campaign) -> None:
    await _queries.lock_names(connection, workspace_id=workspace_id)
    claimed = await _queries.claim_name(
        connection,
        workspace_id=workspace_id,
        campaign_id=campaign.id,
        name_digest=campaign.settings.name.digest,
    )
    if not claimed:
        raise Refused("name-taken", "Another campaign of this workspace has this name; choose another.")


# --- From drafts to the domain's values ------------------------------------------------------------------------------


def _settings(new: NewCampaign, manuscript: Manuscript) -> Settings:
    return Settings(
        name=manuscript.words(new.name.strip()),
        signature=None if new.signature is None else manuscript.words(new.signature),
        daily_limit=new.daily_limit,
        account_limits=_limits(new.account_limits),
        operating_hours=new.operating_hours,
        stop_on_reply=new.stop_on_reply,
        open_tracking=new.open_tracking,
        skip_other_campaigns=new.skip_other_campaigns,
        sender_account_ids=new.sender_account_ids,
    )


def _settings_change(change: CampaignChange, manuscript: Manuscript) -> SettingsChange:
    signature: TextRef | UnsetType | None = UNSET
    if change.signature is not UNSET:
        signature = None if change.signature is None else manuscript.words(change.signature)
    return SettingsChange(
        name=UNSET if change.name is UNSET else manuscript.words(change.name.strip()),
        signature=signature,
        daily_limit=change.daily_limit,
        account_limits=UNSET if change.account_limits is UNSET else _limits(change.account_limits),
        operating_hours=change.operating_hours,
        stop_on_reply=change.stop_on_reply,
        open_tracking=change.open_tracking,
        skip_other_campaigns=change.skip_other_campaigns,
        sender_account_ids=change.sender_account_ids,
    )


def _limits(limits: Iterable[AccountLimitDraft]) -> tuple[AccountLimit, ...]:
    return tuple(AccountLimit(limit.account_id, limit.daily_limit) for limit in limits)


def _listed(campaign: Campaign, listed: Iterable[ListedNode], manuscript: Manuscript) -> Nodes:
    """A whole sequence. A node that the campaign has stays that node, any other is a new one."""
    known = {node.id for node in campaign.nodes}
    return tuple(
        _node(node.id if node.id is not None and node.id in known else new_id(), node, manuscript)
        for node in listed
    )


def _node(node_id: UUID, draft: NodeDraft, manuscript: Manuscript) -> Node:
    return Node(
        id=node_id,
        type=draft.type,
        text=manuscript.node(draft.subject, draft.body),
        is_reply=draft.is_reply,
        include_message=draft.include_message,
        delay_days=draft.delay_days,
        delay_hours=draft.delay_hours,
        delay_minutes=draft.delay_minutes,
        ai_node=draft.ai_node,
    )


def _changed(draft: NodeDraft, change: NodeChange) -> NodeDraft:
    given = {name: value for name, value in asdict(change).items() if value is not UNSET}
    if change.type is not UNSET and change.type != draft.type:
        return NodeDraft(**given)
    return replace(draft, **given)
