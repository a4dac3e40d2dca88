"""Documented test cards, and their payment method tokens.

A token that contains a card number stands for that card: `pm_4242424242424242`, `4242 4242 4242 4242`,
`pm_4000000000009995_second`. Assumed: the live service's tokens contain no number. A token without one stands for
4242 4242 4242 4242.
"""

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Outcome = Literal["succeeds", "declined", "challenged"]
_NUMBER = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){15}(?![0-9])")


class Card(Struct, frozen=True):
    """Test card and the outcomes of charging it. `code`, `message` and `decline_type` describe a decline.

    `outcome` is for a charge in the checkout, `later_outcome` for a later charge of the saved card.
    """

    number: str
    outcome: Outcome = "succeeds"
    later_outcome: Literal["succeeds", "declined"] = "succeeds"
    code: str = ""
    message: str = ""
    decline_type: Literal["SOFT_DECLINE", "HARD_DECLINE"] = "SOFT_DECLINE"

    @property
    def network(self) -> str:
        """Card network in the payment provider's spelling."""
        return {"4": "VISA", "5": "MASTERCARD"}.get(self.number[0], "OTHER")


def _declined(number: str, code: str, message: str, *, hard: bool = False) -> Card:
    return Card(number, "declined", "declined", code, message, "HARD_DECLINE" if hard else "SOFT_DECLINE")


_INSUFFICIENT_FUNDS = ("INSUFFICIENT_FUNDS", "Your card has insufficient funds.")
_GENERIC_DECLINE = ("ERROR", "Your card was declined.")
# The first eight are documented by FunnelFox, the others by its payment provider (facts §5).
# Assumed: all messages, and all codes except INSUFFICIENT_FUNDS and ERROR.
_TEST_CARDS = (
    Card("4242424242424242"),
    Card("5555555555554444"),
    _declined("4000000000009995", *_INSUFFICIENT_FUNDS),
    _declined("5200000000001005", *_INSUFFICIENT_FUNDS),
    _declined("4000000000009987", "LOST_CARD", "Your card was reported lost.", hard=True),
    _declined("4000000000000069", "EXPIRED_CARD", "Your card has expired.", hard=True),
    Card("4000002500003155", "challenged"),
    Card("4000002760003184", "challenged"),
    Card("4111111111111111"),
    Card("5252525252525258"),
    _declined("4000000000000002", *_GENERIC_DECLINE),
    _declined("5100000000000008", *_GENERIC_DECLINE),
    _declined("4000000000000010", *_GENERIC_DECLINE),
    _declined("5100000000000016", *_GENERIC_DECLINE),
    # Assumed, as at the payment provider: the first charge succeeds, every later one is declined.
    Card("4000000000000341", "succeeds", "declined", *_GENERIC_DECLINE),
)
CARDS: Mapping[str, Card] = {card.number: card for card in _TEST_CARDS}


def read_card(token: str) -> Card:
    """Return the card of a token. Numbers of real cards are declined in a test environment (documented)."""
    match = _NUMBER.search(token)
    if match is None:
        return CARDS["4242424242424242"]
    number = re.sub("[ -]", "", match[0])
    return CARDS.get(number) or _declined(number, "ERROR", "Real cards are not taken here; use a test card.", hard=True)
