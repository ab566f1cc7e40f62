"""The laws of sealing and of the keyed digests."""

from __future__ import annotations

from uuid import RFC_4122, UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from service.vault import MasterKey, SealBroken, Sealer, Vault, WrongMasterKey

MASTER_KEY = MasterKey(bytes(range(32)))
SEALER = Sealer(MASTER_KEY)
VAULT = Vault(MASTER_KEY)
PURPOSES = st.sampled_from(["idempotency-answer", "inbox", "cursor"])


@given(purpose=PURPOSES, context=st.binary(max_size=40), plaintext=st.binary(max_size=2_000))
def test_opening_what_was_sealed_gives_it_back(purpose: str, context: bytes, plaintext: bytes) -> None:
    sealed = SEALER.seal_value(purpose, context, plaintext)

    assert SEALER.open_value(purpose, context, sealed) == plaintext


@given(plaintext=st.binary(min_size=1, max_size=100), at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_any_flipped_bit_is_noticed(plaintext: bytes, at: int, bit: int) -> None:
    sealed = bytearray(SEALER.seal_value("inbox", b"here", plaintext))
    sealed[at % len(sealed)] ^= 1 << bit

    with pytest.raises((SealBroken, WrongMasterKey)):
        SEALER.open_value("inbox", b"here", bytes(sealed))


@given(plaintext=st.binary(max_size=100), length=st.integers(min_value=0))
def test_a_value_cut_short_is_noticed(plaintext: bytes, length: int) -> None:
    sealed = SEALER.seal_value("inbox", b"here", plaintext)

    with pytest.raises(SealBroken):
        SEALER.open_value("inbox", b"here", sealed[: length % len(sealed)])


def test_a_value_opens_only_for_its_purpose_and_in_its_place() -> None:
    sealed = SEALER.seal_value("inbox", b"here", b"secret")

    with pytest.raises(SealBroken):
        SEALER.open_value("inbox", b"there", sealed)
    with pytest.raises(SealBroken):
        SEALER.open_value("cursor", b"here", sealed)


def test_a_value_of_another_master_key_is_named_as_such() -> None:
    sealed = SEALER.seal_value("inbox", b"here", b"secret")

    with pytest.raises(WrongMasterKey):
        Sealer(MasterKey(b"x" * 32)).open_value("inbox", b"here", sealed)


def test_the_same_text_is_never_sealed_twice_alike() -> None:
    assert SEALER.seal_value("inbox", b"", b"text") != SEALER.seal_value("inbox", b"", b"text")


def test_a_master_key_of_the_wrong_length_is_refused_and_a_right_one_is_never_shown() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKey(b"short")
    assert bytes(range(32)).hex() not in repr(MASTER_KEY)


@given(secret=st.binary(min_size=32, max_size=32), purpose=st.text(), owner=st.uuids(), salt=st.binary())
def test_keys_are_those_that_hkdf_expand_derives(
    secret: bytes, purpose: str, owner: UUID, salt: bytes
) -> None:
    def expanded(info: bytes) -> bytes:
        return HKDFExpand(algorithm=SHA256(), length=32, info=info).derive(secret)

    key, workspace = MasterKey(secret), UUID(int=1)
    document = b"liftoff:document" + workspace.bytes + owner.bytes + salt

    assert key.derive(purpose) == expanded(f"liftoff/{purpose}".encode())
    assert key.document_key(workspace, owner, salt) == expanded(document)


@given(workspace=st.uuids(), channel=st.sampled_from(["email", "linkedin"]), identity=st.binary(max_size=80))
def test_an_identity_digest_is_a_uuid_of_version_8_and_always_the_same(
    workspace: UUID, channel: str, identity: bytes
) -> None:
    digest = VAULT.identity_digest(workspace, channel, identity)

    assert (digest.version, digest.variant) == (8, RFC_4122)
    assert digest == Vault(MASTER_KEY).identity_digest(workspace, channel, identity)


def test_identity_digests_differ_by_workspace_channel_identity_and_master_key() -> None:
    one, two = UUID(int=1), UUID(int=2)
    digests = {
        VAULT.identity_digest(one, "email", b"a@example.com"),
        VAULT.identity_digest(two, "email", b"a@example.com"),
        VAULT.identity_digest(one, "linkedin", b"a@example.com"),
        VAULT.identity_digest(one, "email", b"b@example.com"),
        Vault(MasterKey(b"x" * 32)).identity_digest(one, "email", b"a@example.com"),
    }

    assert len(digests) == 5


def test_content_digests_are_equal_for_equal_texts_of_one_workspace_only() -> None:
    one, two = UUID(int=1), UUID(int=2)

    assert VAULT.content_digest(one, b"text") == VAULT.content_digest(one, b"text")
    assert VAULT.content_digest(one, b"text") != VAULT.content_digest(two, b"text")
    assert VAULT.content_digest(one, b"text") != VAULT.content_digest(one, b"other")
    assert len(bytes.fromhex(VAULT.content_digest(one, b"text"))) == 32
