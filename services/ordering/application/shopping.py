"""Buying again: the lines of an old order or of a kept list, as they are sold now.

Nothing here orders anything. What comes out is a basket to look at and to ask a quote for.
"""

from __future__ import annotations

from services.ordering.application.ports import Transactions
from services.ordering.application.shopping_ports import Shelf
from services.ordering.domain.buying_again import Basket, Wanted, fill
from services.ordering.domain.commands import Actor
from services.ordering.domain.errors import CommandIdUsed, ListNotFound, OrderNotFound, TooManyLists
from services.ordering.domain.shopping_commands import ChangeList, CreateList
from services.ordering.domain.shopping_list import MOST_LISTS, ShoppingList
from shared.kernel.clock import Clock

_AT_ONCE = 100


def reorder(actor: Actor, order_id: str, *, transactions: Transactions, shelf: Shelf) -> Basket:
    """The goods of one's own order, whatever became of it, at present prices."""
    with transactions.single() as work:
        order = work.orders.find(order_id)
    if order is None or order.customer_id != actor.account_id:
        raise OrderNotFound
    wanted = [
        Wanted(
            listing_id=line.listing_id,
            quantity=line.quantity,
            name=line.name,
            list_name=line.list_name,
            if_missing=line.if_missing,
        )
        for store in order.stores
        for line in store.lines
    ]
    return fill(wanted, shelf.on_sale([line.listing_id for line in wanted]))


def basket_of(actor: Actor, list_id: str, *, transactions: Transactions, shelf: Shelf) -> Basket:
    """What is on a list, at present prices; its lines stay grouped under the list's name."""
    kept = one(actor, list_id, transactions=transactions)
    wanted = [
        Wanted(
            listing_id=line.listing_id,
            quantity=line.quantity,
            name=line.name,
            list_name=kept.name,
            if_missing=line.if_missing,
        )
        for line in kept.lines
    ]
    return fill(wanted, shelf.on_sale([line.listing_id for line in wanted]))


def create(command: CreateList, *, transactions: Transactions, clock: Clock) -> ShoppingList:
    """Keep a new list; the same ``list_id`` is the same list."""
    now = clock.now()
    with transactions.begin() as work:
        known = work.lists.lock(command.list_id)
        if known is not None:
            if known.customer_id != command.actor.account_id:
                raise CommandIdUsed
            return known
        if len(work.lists.of_customer(command.actor.account_id)) >= MOST_LISTS:
            raise TooManyLists(f"{MOST_LISTS} lists are enough; delete one first.")
        made = ShoppingList(
            list_id=command.list_id,
            customer_id=command.actor.account_id,
            name=command.name,
            lines=command.lines,
            created_at=now,
        )
        made.recur(command.recurrence, now)
        work.lists.save(made)
    return made


def change(command: ChangeList, *, transactions: Transactions, clock: Clock) -> ShoppingList:
    """Replace what a list says."""
    with transactions.begin() as work:
        kept = work.lists.lock(command.list_id)
        if kept is None or kept.customer_id != command.actor.account_id:
            raise ListNotFound
        kept.change(command.name, command.lines, command.recurrence, clock.now())
        work.lists.save(kept)
    return kept


def delete(actor: Actor, list_id: str, *, transactions: Transactions) -> None:
    """Forget a list."""
    with transactions.begin() as work:
        kept = work.lists.lock(list_id)
        if kept is None or kept.customer_id != actor.account_id:
            raise ListNotFound
        work.lists.delete(list_id)


def one(actor: Actor, list_id: str, *, transactions: Transactions) -> ShoppingList:
    with transactions.single() as work:
        kept = work.lists.find(list_id)
    if kept is None or kept.customer_id != actor.account_id:
        raise ListNotFound
    return kept


def remind(*, transactions: Transactions, clock: Clock) -> int:
    """Let the lists whose time has come say so; answers how many there were."""
    with transactions.single() as work:
        due = work.lists.due(clock.now(), _AT_ONCE)
    for list_id in due:
        with transactions.begin() as work:
            kept = work.lists.lock(list_id)
            if kept is not None:
                kept.remind(clock.now())
                work.lists.save(kept)
    return len(due)
