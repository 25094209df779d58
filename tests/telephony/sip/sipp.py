"""SIPp as the far end: scenarios put together from steps, one process for each test."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port, is_taken

WAIT_SECONDS = 120.0
_STARTS = 4
_PATIENT = ("-watchdog_minor_maxtriggers", "1000000", "-watchdog_major_maxtriggers", "1000000")  # however late it runs
_ECHOED = "[last_Via:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n[last_CSeq:]"
_CONTACT = "Contact: <sip:[local_ip]:[local_port];transport=[transport]>"
SDP = """v=0
o=far 5365 2353 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio {port} RTP/AVP {formats}
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a={direction}"""
ECHO, STREAM = "[media_port]", "[rtpstream_audio_port]"


def expect(request: str, *, optional: bool = False, inside: str = "") -> str:
    """Wait for a request."""
    return f'<recv request="{request}"{" optional=" + chr(34) + "true" + chr(34) if optional else ""}>{inside}</recv>'


def expect_answer(status: int, inside: str = "", attributes: str = "") -> str:
    """Wait for the answer to a request of SIPp's."""
    return f'<recv response="{status}" {attributes}>{inside}</recv>'


def answer(
    status: int, *extra: str, sdp: str = "", tag: str = ";tag=far[call_number]", again: bool = False, phrase: str = "X"
) -> str:
    """Answer the request received last; `again` until it is acknowledged."""
    head = [f"SIP/2.0 {status} {phrase}", _ECHOED.format(tag=tag), _CONTACT, *extra]
    return _send([*head, *_body(sdp)], "retrans" if again else "")


def say(method: str, sequence: int, *extra: str, sdp: str = "", to: str = "13800000000") -> str:
    """Send a request in the dialog that an INVITE to SIPp has opened."""
    lines = [
        f"{method} [$target] SIP/2.0",
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
        f"From: <sip:{to}@[local_ip]:[local_port]>;tag=far[call_number]",
        "To: [$caller]",
        "[last_Call-ID:]", f"CSeq: {sequence} {method}", _CONTACT, "Max-Forwards: 70", *extra, *_body(sdp),
    ]  # fmt: skip
    return _send(lines, "retrans" if method != "ACK" else "")


def answer_to_invite(status: int, *, sdp: str = "") -> str:
    """Answer the INVITE after a CANCEL has come in between."""
    return answer(status, sdp=sdp, tag=";tag=far[call_number]", again=status < 300).replace(
        "[last_CSeq:]", "CSeq: 1 INVITE"
    )


REMEMBER = (  # who calls, for requests of our own
    '<action><ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>'
    '<ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="target"/></action>'
)


def caller(
    method: str, sequence: str, *, sdp: str = "", peer: str = "", again: bool = False, steps_back: int = 0
) -> str:
    """A request of SIPp as the calling side; `steps_back` is how far back the request lies whose branch it repeats."""
    branch = f"[branch-{steps_back}]" if steps_back else "[branch]"
    lines = [
        f"{method} sip:95500@[remote_ip]:[remote_port] SIP/2.0",
        f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}",
        "From: <sip:13800000000@[local_ip]:[local_port]>;tag=caller[call_number]",
        f"To: <sip:95500@[remote_ip]:[remote_port]>{peer}",
        "Call-ID: [call_id]", f"CSeq: {sequence}", _CONTACT, "Max-Forwards: 70", *_body(sdp),
    ]  # fmt: skip
    return _send(lines, "retrans" if method == "INVITE" or again else "")


def described(direction: str = "sendrecv", formats: str = "8 101", port: str = ECHO) -> str:
    """A description of SIPp's audio; the text of `port` decides what SIPp does with audio."""
    return SDP.format(direction=direction, formats=formats, port=port)


def play(wav: Path) -> str:
    """Play raw A-law from now on, once."""
    return f'<nop><action><exec rtp_stream="{wav},1,8"/></action></nop>'


def play_key(key: str) -> str:
    """Play a key as an RFC 4733 event from SIPp's captures."""
    return f'<nop><action><exec play_pcap_audio="/usr/share/sip-tester/dtmf_2833_{key}.pcap"/></action></nop>'


def pause(ms: int) -> str:
    return f'<pause milliseconds="{ms}"/>'


def goodbye() -> str:
    """Wait for BYE and answer it."""
    return expect("BYE") + answer(200, tag="")


def _send(lines: list[str], attribute: str) -> str:
    retrans = ' retrans="500"' if attribute else ""
    text = "\n".join(lines)
    return f"<send{retrans}><![CDATA[\n\n{text}\n\n]]></send>"


def _body(sdp: str) -> list[str]:
    if not sdp:
        return ["Content-Length: 0"]
    return ["Content-Type: application/sdp", "Content-Length: [len]", "", sdp]


@dataclass(slots=True)
class Sipp:
    """One SIPp process."""

    port: int
    process: asyncio.subprocess.Process
    folder: Path

    async def finished(self) -> None:
        """Wait until it has carried its calls; its scenario must have gone as written."""
        async with asyncio.timeout(WAIT_SECONDS):
            status = await self.process.wait()
        assert status == 0, f"SIPp says {status}\n{self.errors()}"

    def messages(self) -> str:
        """Everything that was sent and received."""
        path = self.folder / "messages.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def errors(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in sorted(self.folder.glob("errors.log")))

    def received(self, method: str, *, repeated: bool = False) -> list[str]:
        """The requests of a method that it received, as text.

        `repeated`: one that came again word for word counts again. Over UDP that is what half a second without an
        answer brings about, wherever a machine is busy.
        """
        pieces = self.messages().split("-----------------------------------------------")
        start = f"\n{method} sip"
        texts = [each[each.index(start) + 1 :] for each in pieces if " received " in each and start in each]
        return texts if repeated else list(dict.fromkeys(texts))


@asynccontextmanager
async def sipp(
    folder: Path,
    *steps: str,
    calls: int = 1,
    options: tuple[str, ...] = (),
    transport: str = "u1",
    echo: bool = True,
    target: int | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[Sipp]:
    """Run a scenario until its calls are over, or the test is; `target` is the port that SIPp calls, where it does."""
    named = [each for each in ("caller", "target", "branch", "called") if f'assign_to="{each}"' in "".join(steps)]
    unused = f'<Reference variables="{",".join(named)}"/>' if named else ""
    (folder / "scenario.xml").write_text(
        '<?xml version="1.0" encoding="ISO-8859-1" ?><!DOCTYPE scenario SYSTEM "sipp.dtd">'
        f'<scenario name="far end">{"".join(steps)}{unused}</scenario>'
    )
    more = [*(("-rtp_echo",) if echo else ()), *options, *((f"127.0.0.1:{target}",) if target is not None else ())]
    far = await _started(folder, [*more, "-m", str(calls), "-t", transport], transport, host)
    try:
        yield far
    finally:
        if far.process.returncode is None:
            far.process.kill()
        await far.process.wait()


async def _started(folder: Path, more: list[str], transport: str, host: str) -> Sipp:
    """Start SIPp; where another program was quicker at a port, with other ports."""
    for _ in range(_STARTS):
        port, media = free_port(), free_port()
        process = await asyncio.create_subprocess_exec(
            "sipp", "-sf", str(folder / "scenario.xml"), "-i", host, "-mi", host, "-p", str(port),
            "-mp", str(media), "-nostdin", "-trace_msg", "-message_file", str(folder / "messages.log"), "-trace_err",
            "-error_file", str(folder / "errors.log"), "-timeout", f"{int(WAIT_SECONDS)}s", "-timeout_error",
            *_PATIENT, *more,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        if await _listening(port, transport, process):
            return Sipp(port, process, folder)
    raise AssertionError("SIPp does not start")


async def _listening(port: int, transport: str, process: asyncio.subprocess.Process) -> bool:
    """Until the port is taken, which is the sign that SIPp has it; False when it has ended before."""
    kind = socket.SOCK_DGRAM if transport.startswith("u") else socket.SOCK_STREAM
    for _ in range(3000):
        if process.returncode is not None:
            return process.returncode == 0
        if is_taken(port, kind):
            return True
        await asyncio.sleep(0.02)
    process.kill()
    await process.wait()
    return False
