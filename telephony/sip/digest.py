"""Digest authentication (RFC 7616; in SIP RFC 3261 §22 and RFC 8760): MD5 and SHA-256, with and without qop.

Challenges are read here because commas in quoted values (`qop="auth,auth-int"`) are common and must not split them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sipmessage import Request, Response

_PARAMETER = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,\s*|$)')
_ALGORITHMS: Mapping[str, Callable[[bytes], str]] = {
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "sha-256": lambda data: hashlib.sha256(data).hexdigest(),
}
_CHALLENGES = 8  # in one response
_ANSWERS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One Digest challenge; `algorithm` is as it was spelt, MD5 where it was left out."""

    realm: str
    nonce: str
    algorithm: str = ""
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False

    @property
    def supported(self) -> bool:
        """Whether we can answer it."""
        return _base(self.algorithm) in _ALGORITHMS and (not self.qop or bool({"auth", "auth-int"} & set(self.qop)))


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are to a registrar or trunk."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Account({self.user!r})"


def parse_challenge(value: str) -> Challenge | None:
    """A Digest challenge; None for other schemes and for what cannot be read."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    fields: dict[str, str] = {}
    rest, position = rest.strip(), 0
    while position < len(rest):
        found = _PARAMETER.match(rest, position)
        if found is None:
            return None
        text = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3]
        fields[found[1].lower()] = text
        position = found.end()
    if "realm" not in fields or "nonce" not in fields:
        return None
    qop = tuple(each.strip().lower() for each in fields.get("qop", "").split(",") if each.strip())
    stale = fields.get("stale", "").lower() == "true"
    return Challenge(fields["realm"], fields["nonce"], fields.get("algorithm", ""), qop, fields.get("opaque"), stale)


def answer_to(
    challenge: Challenge, account: Account, method: str, uri: str, *, count: int, cnonce: str, body: bytes = b""
) -> str:
    """The value of (Proxy-)Authorization (RFC 7616 §3.4); `count` is how often this nonce was used, from 1."""
    digest = _ALGORITHMS[_base(challenge.algorithm)]
    qop = "auth" if "auth" in challenge.qop else "auth-int" if "auth-int" in challenge.qop else ""
    secret = digest(f"{account.user}:{challenge.realm}:{account.password}".encode())
    if challenge.algorithm.lower().endswith("-sess"):
        secret = digest(f"{secret}:{challenge.nonce}:{cnonce}".encode())
    action = f"{method}:{uri}" + (f":{digest(body)}" if qop == "auth-int" else "")
    middle = f"{challenge.nonce}:{count:08x}:{cnonce}:{qop}" if qop else challenge.nonce
    response = digest(f"{secret}:{middle}:{digest(action.encode())}".encode())
    parts = [f"username={_quoted(account.user)}", f"realm={_quoted(challenge.realm)}"]
    parts += [f"nonce={_quoted(challenge.nonce)}", f"uri={_quoted(uri)}", f'response="{response}"']
    if challenge.algorithm:
        parts.append(f"algorithm={challenge.algorithm}")
    if challenge.opaque is not None:
        parts.append(f"opaque={_quoted(challenge.opaque)}")
    if qop:
        parts += [f"qop={qop}", f"nc={count:08x}"]
    if qop or challenge.algorithm.lower().endswith("-sess"):
        parts.append(f'cnonce="{cnonce}"')
    return "Digest " + ", ".join(parts)


class Authenticator:
    """Answers challenges for one account and remembers their nonces; one per trunk."""

    def __init__(self, account: Account | None, chance: Callable[[], str]) -> None:
        self._account, self._chance = account, chance
        self._known: dict[str, tuple[Challenge, int]] = {}  # by the header that answers

    def learn(self, request: Request, response: Response) -> bool:
        """Take the challenges of a 401 or 407 to `request`; whether it is worth sending again.

        It is not where there is no account, no challenge of a kind that we know, or where the same credentials were
        refused although their nonce was not stale.
        """
        asked, answered = _ANSWERS[response.code]
        values = response.headers.getlist(asked)[:_CHALLENGES]
        challenges = [each for value in values if (each := parse_challenge(value)) and each.supported]
        if self._account is None or not challenges:
            return False
        challenge = challenges[0]  # the topmost that is supported (RFC 8760 §2.4)
        tried = request.headers.get(answered)
        if tried is not None and not challenge.stale:
            known = self._known.get(answered)
            if known is None or known[0].nonce == challenge.nonce or known[0].realm == challenge.realm:
                return False
        self._known[answered] = (challenge, 0)
        return True

    def sign(self, request: Request) -> None:
        """Add credentials for the challenges that are known."""
        if self._account is None:
            return
        for header, (challenge, count) in self._known.items():
            self._known[header] = (challenge, count + 1)
            value = answer_to(
                challenge, self._account, request.method, str(request.uri),
                count=count + 1, cnonce=self._chance(), body=request.body,
            )  # fmt: skip
            request.headers.set(header, value)


def _base(algorithm: str) -> str:
    return (algorithm.lower() or "md5").removesuffix("-sess")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
