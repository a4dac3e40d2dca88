"""The documented test cards, and how a payment method token stands for one.

A token that holds the number of a card (`pm_4242424242424242`, `4242 4242 4242 4242`, `pm_4000000000009995_second`) stands for
it. Assumed: the live service's tokens say nothing of their card, so any token without a number stands for 4242 4242 4242 4242.
"""

import re
from collections.abc import Mapping
from typing import Literal

from refund_sandbox.frozen import frozen

Outcome = Literal["succeeds", "declined", "challenged"]
_NUMBER = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){15}(?![0-9])")


@frozen
class Card:
    """A card and what comes of charging it: with its owner there, and later without. The rest says why it is declined."""

    number: str
    outcome: Outcome = "succeeds"
    later: Literal["succeeds", "declined"] = "succeeds"
    code: str = ""
    message: str = ""
    decline_type: Literal["SOFT_DECLINE", "HARD_DECLINE"] = "SOFT_DECLINE"

    @property
    def network(self) -> str:
        """As the payment provider names it."""
        return {"4": "VISA", "5": "MASTERCARD"}.get(self.number[0], "OTHER")


def _declined(number: str, code: str, message: str, *, hard: bool = False) -> Card:
    return Card(number, "declined", "declined", code, message, "HARD_DECLINE" if hard else "SOFT_DECLINE")


_INSUFFICIENT = ("INSUFFICIENT_FUNDS", "Your card has insufficient funds.")
_GENERIC = ("ERROR", "Your card was declined.")
# Documented by FunnelFox, then by its payment provider (facts §5). Assumed: codes and messages, but for the first two codes.
_KNOWN = (
    Card("4242424242424242"),
    Card("5555555555554444"),
    _declined("4000000000009995", *_INSUFFICIENT),
    _declined("5200000000001005", *_INSUFFICIENT),
    _declined("4000000000009987", "LOST_CARD", "Your card was reported lost.", hard=True),
    _declined("4000000000000069", "EXPIRED_CARD", "Your card has expired.", hard=True),
    Card("4000002500003155", "challenged"),
    Card("4000002760003184", "challenged"),
    Card("4111111111111111"),
    Card("5252525252525258"),
    _declined("4000000000000002", *_GENERIC),
    _declined("5100000000000008", *_GENERIC),
    _declined("4000000000000010", *_GENERIC),
    _declined("5100000000000016", *_GENERIC),
    # Assumed, after the payment provider behind: taken once, declined at every charge that follows.
    Card("4000000000000341", "succeeds", "declined", *_GENERIC),
)
CARDS: Mapping[str, Card] = {card.number: card for card in _KNOWN}


def read_card(token: str) -> Card:
    """The card that a token stands for; real cards are refused in a test environment (documented)."""
    found = _NUMBER.search(token)
    if found is None:
        return CARDS["4242424242424242"]
    number = re.sub("[ -]", "", found[0])
    return CARDS.get(number) or _declined(number, "ERROR", "Real cards are not taken here; use a test card.", hard=True)
