"""The Merkle tree: that of RFC 6962, however it grows."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.audit import layout
from service.audit import verify as verifier
from service.audit.tree import Place, Tree, right_edge
from tests.audit.leaves import leaf_hash

# The leaves and roots that implementations of RFC 6962 are commonly tested with.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def by_the_rfc(leaves: list[bytes]) -> bytes:
    """The definition in RFC 6962, 2.1, word by word."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + by_the_rfc(leaves[:split]) + by_the_rfc(leaves[split:])).digest()


def grown(leaves: list[bytes], steps: list[int]) -> tuple[Tree, dict[Place, bytes]]:
    """The tree grown in steps, each from what was stored before, and all its tiles."""
    tiles: dict[Place, bytes] = {}
    tree, size = Tree(0, {}), 0
    for step in [*steps, len(leaves)]:
        tree = Tree(size, {place: tiles[place] for place in right_edge(size)})
        tree.grow(leaf_hash(leaf) for leaf in leaves[size : size + step])
        tiles |= tree.changed
        size = tree.size
    return tree, tiles


@pytest.mark.parametrize("size", ROOTS)
def test_it_has_the_roots_that_are_known(size: int) -> None:
    tree, _ = grown(LEAVES[:size], [])
    assert tree.root().hex() == ROOTS[size]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1200), st.lists(st.integers(1, 400), max_size=6))
def test_it_has_the_root_of_the_rfc_in_whatever_steps_it_grows(size: int, steps: list[int]) -> None:
    leaves = [str(number).encode() for number in range(size)]
    tree, _ = grown(leaves, steps)
    assert (tree.size, tree.root()) == (size, by_the_rfc(leaves))


def test_its_tiles_are_those_of_the_specification() -> None:
    leaves = [str(number).encode() for number in range(70_000)]
    tree, tiles = grown(leaves, [1, 255, 300, 65_000])
    assert tree.root() == by_the_rfc(leaves)
    widths = {place: len(hashes) // 32 for place, hashes in tiles.items()}
    whole = {(0, number): 256 for number in range(273)}
    assert widths == {**whole, (0, 273): 112, (1, 0): 256, (1, 1): 17, (2, 0): 1}


def test_a_tree_grows_on_from_its_right_edge_alone() -> None:
    leaves = [str(number).encode() for number in range(600)]
    _, tiles = grown(leaves[:500], [])
    again = Tree(500, {place: tiles[place] for place in right_edge(500)})
    again.grow(map(leaf_hash, leaves[500:]))
    assert again.root() == by_the_rfc(leaves)


def test_tiles_lie_where_the_specification_says() -> None:
    for path in (layout.tile, verifier.tile_path):
        assert path(0, 1234067, 256) == "tile/0/x001/x234/067"
        assert path(1, 5, 17) == "tile/1/005.p/17"
        assert path(2, 1000, 1) == "tile/2/x001/000.p/1"
