"""Verifying a chain: what was done to it is found, and named by the first link that does not hold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from services.commission.application.verification import PAGE, Link, Unsealed, verify
from services.commission.domain.chain import NOTHING_SEALED, Head, seals_after
from tests.commission.unit.test_chain import a_transaction, an_entry


@dataclass
class KeptChain:
    """A chain in a list."""

    kept: list[Link] = field(default_factory=list)
    waiting: Unsealed = field(default_factory=lambda: Unsealed(transactions=0, entries=0))
    smuggled: list[tuple[str, str]] = field(default_factory=list)

    def links(self, after: int, limit: int) -> list[Link]:
        return [link for link in self.kept if link.seal.position > after][:limit]

    def unsealed(self) -> Unsealed:
        return self.waiting

    def written(self) -> Unsealed:
        there = [link.written for link in self.kept if link.written is not None]
        return Unsealed(
            transactions=len(there) + self.waiting.transactions + len(self.smuggled),
            entries=sum(len(each.entries) for each in there) + self.waiting.entries,
        )

    def strangers(self, limit: int) -> list[tuple[str, str]]:
        return self.smuggled[:limit]

    def change(self, position: int, link: Link | None) -> None:
        self.kept = [kept for kept in self.kept if kept.seal.position != position]
        if link is not None:
            self.kept.append(link)
            self.kept.sort(key=lambda kept: kept.seal.position)

    def anchor(self, position: int) -> Head:
        return Head(position=position, hash=self.kept[position - 1].seal.hash)


def a_chain(length: int = 5) -> KeptChain:
    written = [a_transaction(number) for number in range(1, length + 1)]
    seals = seals_after(NOTHING_SEALED, written)
    return KeptChain([Link(seal=seal, written=each) for seal, each in zip(seals, written, strict=True)])


def test_an_untouched_chain_holds() -> None:
    chain = a_chain(2 * PAGE + 3)
    seen: list[int] = []
    found = verify(chain, [chain.anchor(7), chain.anchor(PAGE)], seen.append)
    assert found.holds
    assert (found.sealed, found.head.position, found.anchors) == (2 * PAGE + 3, 2 * PAGE + 3, 2)
    assert seen == [PAGE, 2 * PAGE, 2 * PAGE + 3]


def test_an_empty_chain_holds() -> None:
    assert verify(KeptChain()).holds


def test_a_changed_amount_is_found_where_it_is() -> None:
    chain = a_chain()
    written = a_transaction(
        3, entries=(an_entry(6, "cash:provider", 499), an_entry(7, "liability:orders", -499))
    )
    chain.change(3, replace(chain.kept[2], written=written))
    broken = verify(chain).broken
    assert broken is not None
    assert (broken.position, broken.transaction_id, broken.problem) == (
        3,
        "t-3",
        "it does not say what was sealed",
    )


def test_a_transaction_that_is_gone_is_found() -> None:
    chain = a_chain()
    chain.change(2, replace(chain.kept[1], written=None))
    broken = verify(chain).broken
    assert broken is not None
    assert (broken.position, broken.problem) == (2, "the transaction is gone")


def test_an_entry_that_is_gone_is_found() -> None:
    chain = a_chain()
    chain.change(2, replace(chain.kept[1], written=a_transaction(2, entries=(an_entry(4, "cash:bank", 1),))))
    broken = verify(chain).broken
    assert broken is not None
    assert broken.problem == "1 of its 2 entries are there"


def test_a_seal_that_is_gone_is_found() -> None:
    chain = a_chain()
    chain.change(4, None)
    broken = verify(chain).broken
    assert broken is not None
    assert (broken.position, broken.problem) == (4, "the seal is gone; the next one is 5")


def test_two_that_changed_places_are_found() -> None:
    chain = a_chain()
    second, third = chain.kept[1], chain.kept[2]
    chain.kept[1] = replace(second, seal=replace(third.seal, position=2), written=third.written)
    chain.kept[2] = replace(third, seal=replace(second.seal, position=3), written=second.written)
    broken = verify(chain).broken
    assert broken is not None
    assert broken.position == 2


def test_an_end_that_was_cut_off_is_found_by_an_anchor_alone() -> None:
    chain = a_chain()
    anchor = chain.anchor(5)
    chain.change(5, None)
    assert verify(chain).holds
    broken = verify(chain, [anchor]).broken
    assert broken is not None
    assert broken.problem == "the end is missing: the chain ends at 4, an anchor was taken at 5"


def test_a_chain_that_was_sealed_anew_is_found_by_an_anchor_alone() -> None:
    anchor = a_chain().anchor(3)
    written = [a_transaction(number, rate_plan=9) for number in range(1, 6)]
    seals = seals_after(NOTHING_SEALED, written)
    chain = KeptChain([Link(seal=seal, written=each) for seal, each in zip(seals, written, strict=True)])
    assert verify(chain).holds
    broken = verify(chain, [anchor]).broken
    assert broken is not None
    assert broken.position == 3
    assert "sealed anew" in broken.problem


def test_what_waits_to_be_sealed_breaks_nothing() -> None:
    chain = a_chain()
    chain.waiting = Unsealed(transactions=2, entries=7)
    found = verify(chain)
    assert found.holds
    assert found.unsealed == 2


def test_what_was_put_beside_the_chain_is_found() -> None:
    chain = a_chain()
    chain.smuggled = [("t-9", "it is neither sealed nor waits for it")]
    found = verify(chain)
    assert not found.holds
    assert found.strangers == chain.smuggled
