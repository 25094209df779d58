"""Who calls, as the called side sees it: From, P-Asserted-Identity (RFC 3325), Privacy (RFC 3323)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sipmessage import URI, Address


class Privacy(StrEnum):
    """Whether the called side may see our number."""

    NONE = "none"  # shown
    ID = "id"  # asserted to the trunk, hidden from the called side


@dataclass(frozen=True, slots=True)
class CallerId:
    """A caller-id policy: the number, the name beside it, whether it is asserted, whether it is hidden.

    `asserted` is for trunks that trust us (RFC 3325 §9.1): without it they take the number from From.
    """

    number: str
    domain: str
    name: str = ""
    asserted: bool = True
    privacy: Privacy = Privacy.NONE

    def headers(self, tag: str) -> list[tuple[str, str]]:
        """From with our tag, and what goes beside it."""
        known = Address(URI("sip", self.domain, user=self.number), name=self.name)
        hidden = self.privacy is Privacy.ID
        shown = '"Anonymous" <sip:anonymous@anonymous.invalid>' if hidden else str(known)
        headers = [("From", f"{shown};tag={tag}")]
        if self.asserted:
            headers.append(("P-Asserted-Identity", str(known)))
        if hidden:
            headers.append(("Privacy", "id"))
        return headers
