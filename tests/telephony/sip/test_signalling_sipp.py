"""What trunks do around a call, against SIPp: credentials, forks, redirection, re-INVITE, PRACK, timers, transfer."""

from __future__ import annotations

from pathlib import Path

import pytest

from telephony.errors import NotNow
from telephony.legs import Answered, Digit, EarlyMedia, HangupCause, Ringing
from telephony.sip.alarms import Intervals
from telephony.sip.hop import Transport
from telephony.sip.identity import Privacy
from tests.ports import free_port
from tests.telephony.farend import hung_up, until
from tests.telephony.sip.house import NUMBER, dialer, trunk
from tests.telephony.sip.sipp import (
    REMEMBER,
    answer,
    described,
    expect,
    expect_answer,
    goodbye,
    pause,
    say,
    sipp,
)

INVITED = expect("INVITE", inside=REMEMBER)
INVITED_BY = INVITED.replace(  # for answers to it that come after other requests
    "</action>",
    '<ereg regexp="SIP/2.*" search_in="hdr" header="Via:" assign_to="branch"/>'
    '<ereg regexp="sip:.*" search_in="hdr" header="To:" assign_to="called"/></action>',
)
PICKED_UP = answer(200, sdp=described(), again=True) + expect("ACK")
FAST = Intervals(t1=0.05, t2=0.2, t4=0.2)


VERIFIED = (  # SIPp checks Authorization itself
    INVITED.replace("</action>", '<verifyauth assign_to="right" username="huifang" password="geheim"/></action>')
    + '<nop condexec="right" condexec_inverse="true"><action><error message="wrong credentials"/></action></nop>'
)


@pytest.mark.parametrize(
    ("status", "challenge"),
    [
        (401, 'WWW-Authenticate: Digest realm="trunk", nonce="n1", algorithm=MD5, qop="auth"'),
        (401, 'WWW-Authenticate: Digest realm="trunk", nonce="n1"'),
        (407, 'Proxy-Authenticate: Digest realm="trunk", nonce="n1", qop="auth,auth-int"'),
    ],
)
async def test_credentials_are_given_when_asked_for(tmp_path: Path, status: int, challenge: str) -> None:
    again = VERIFIED if status == 401 else INVITED
    steps = (INVITED, answer(status, challenge), expect("ACK"), again, PICKED_UP, goodbye())
    async with (
        sipp(tmp_path, *steps) as far,
        dialer(tmp_path, trunk(far.port, user="huifang", password="geheim")) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        await leg.hang_up()
        await far.finished()
        first, second = far.received("INVITE")
        assert "Authorization:" not in first
        header = "Authorization" if status == 401 else "Proxy-Authorization"
        assert f'\n{header}: Digest username="huifang", realm="trunk"' in second
        assert f"\n{header}: Digest" in far.received("ACK")[1]  # as the INVITE (RFC 3261 §22.1)


async def test_wrong_credentials_are_our_own_fault_and_are_not_tried_for_ever(tmp_path: Path) -> None:
    challenge = 'WWW-Authenticate: Digest realm="trunk", nonce="n[cseq]"'
    refused = answer(401, challenge) + expect("ACK")
    async with (
        sipp(tmp_path, INVITED, refused, INVITED, refused) as far,
        dialer(tmp_path, trunk(far.port, user="huifang", password="falsch")) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        ended = await hung_up(leg)
        assert (ended.cause, ended.sip_status) == (HangupCause.OWN_LINE, 401)
        await far.finished()


async def test_of_forked_answers_the_first_wins_and_the_second_is_ended(tmp_path: Path) -> None:
    second = answer(200, sdp=described(), tag=";tag=other[call_number]").replace("[last_CSeq:]", "CSeq: 1 INVITE")
    late = second.replace("[last_Via:]", "Via: [$branch]").replace("[last_To:]", "To: <[$called]")
    steps = (
        INVITED_BY, answer(180), answer(180, tag=";tag=other[call_number]"),
        PICKED_UP, late, expect("ACK"), goodbye(), pause(200), say("BYE", 1), expect_answer(200),
    )  # fmt: skip
    async with sipp(tmp_path, *steps) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        assert (await hung_up(leg)).cause is HangupCause.NORMAL
        await far.finished()
        (bye,) = far.received("BYE")
        assert "tag=other1" in bye


async def test_a_redirection_is_followed(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    async with sipp(tmp_path / "second", INVITED, PICKED_UP, goodbye()) as second:
        contact = f"Contact: <sip:{NUMBER}@127.0.0.1:{second.port}>"
        moved = answer(302, contact).replace("Contact: <sip:[local_ip]:[local_port];transport=[transport]>\n", "")
        async with (
            sipp(tmp_path, INVITED, moved, expect("ACK")) as first,
            dialer(tmp_path, trunk(first.port)) as calls,
        ):
            leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
            await until(leg, Answered)
            await leg.hang_up()
            await first.finished()
            await second.finished()


async def test_a_call_of_a_trunk_that_refuses_goes_to_the_next(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    async with (
        sipp(tmp_path / "second", INVITED, PICKED_UP, goodbye()) as second,
        sipp(tmp_path, INVITED, answer(503), expect("ACK")) as first,
        dialer(tmp_path, trunk(first.port, name="first"), trunk(second.port, name="second")) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        await leg.hang_up()
        await first.finished()
        await second.finished()


async def test_a_trunk_that_is_not_there_is_our_own_line(tmp_path: Path) -> None:
    async with dialer(tmp_path, trunk(free_port()), intervals=FAST) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        ended = await hung_up(leg)
        assert (ended.cause, ended.sip_status) == (HangupCause.OWN_LINE, None)


async def test_reliable_provisional_answers_are_acknowledged(tmp_path: Path) -> None:
    early = answer(183, "Require: 100rel", "RSeq: 7001", sdp=described())
    steps = (
        INVITED_BY,
        early,
        expect("PRACK"),
        answer(200, tag=""),
        pause(100),
        after_prack(),
        expect("ACK"),
        goodbye(),
    )
    async with sipp(tmp_path, *steps) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, EarlyMedia)
        await until(leg, Answered)
        await leg.hang_up()
        await far.finished()
        (prack,) = far.received("PRACK")
        assert "RAck: 7001 1 INVITE" in prack


def after_prack() -> str:
    """The 200 to the INVITE, where the request before it was the PRACK."""
    answered = answer(200, sdp=described(), again=True, tag="").replace("[last_CSeq:]", "CSeq: 1 INVITE")
    return answered.replace("[last_Via:]", "Via: [$branch]")


async def test_the_far_end_holds_and_resumes(tmp_path: Path) -> None:
    held = say("INVITE", 1, sdp=described("sendonly")) + expect_answer(200) + ack(1)
    resumed = say("INVITE", 2, sdp=described()) + expect_answer(200) + ack(2)
    steps = (INVITED, PICKED_UP, pause(100), held, pause(300), resumed, pause(100), say("BYE", 3), expect_answer(200))
    async with sipp(tmp_path, *steps) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        assert (await hung_up(leg)).cause is HangupCause.NORMAL
        await far.finished()
        answers = [each for each in far.messages().split("-------") if " received " in each and "SIP/2.0 200" in each]
        assert "a=recvonly" in answers[0] and "a=sendrecv" in answers[1]


def ack(sequence: int) -> str:
    return say("ACK", sequence)


async def test_we_hold_and_resume(tmp_path: Path) -> None:
    held = expect("INVITE") + answer(200, sdp=described("recvonly"), tag="", again=True) + expect("ACK")
    resumed = expect("INVITE") + answer(200, sdp=described(), tag="", again=True) + expect("ACK")
    async with (
        sipp(tmp_path, INVITED, PICKED_UP, held, resumed, key(1), goodbye()) as far,
        dialer(tmp_path, trunk(far.port)) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        with pytest.raises(NotNow):
            await leg.hold()
        await until(leg, Answered)
        await leg.hold()
        await leg.resume()
        await until(leg, lambda event: isinstance(event, Digit))  # SIPp's sign that it has been taken back
        await leg.hang_up()
        await far.finished()
        first, second, third = far.received("INVITE")
        assert "a=sendrecv" in first and "a=sendonly" in second and "a=sendrecv" in third
        assert "\no=- " in second  # and its version grows (RFC 3264 §8)


async def test_an_interval_that_is_too_small_is_lengthened(tmp_path: Path) -> None:
    steps = (INVITED, answer(422, "Min-SE: 3600"), expect("ACK"), INVITED, PICKED_UP, goodbye())
    async with sipp(tmp_path, *steps) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        await leg.hang_up()
        await far.finished()
        assert "Session-Expires: 3600" in far.received("INVITE")[1] and "Min-SE: 3600" in far.received("INVITE")[1]


async def test_requests_in_the_call_are_answered(tmp_path: Path) -> None:
    info = say("INFO", 1, "X-Test: 1") + expect_answer(200)
    options = say("OPTIONS", 3) + expect_answer(200)
    update = say("UPDATE", 4, sdp=described()) + expect_answer(200)
    unknown = say("SUBSCRIBE", 5) + expect_answer(405)
    steps = (INVITED, PICKED_UP, info, key(2), options, update, unknown, say("BYE", 6), expect_answer(200))
    async with sipp(tmp_path, *steps) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        pressed = (await until(leg, Digit))[-1]
        assert isinstance(pressed, Digit) and pressed.key == "5"
        assert (await hung_up(leg)).cause is HangupCause.NORMAL
        await far.finished()


def key(sequence: int) -> str:
    """The key 5 in an INFO."""
    head = "Content-Type: application/dtmf-relay\nContent-Length: [len]"
    body = "Signal=5\nDuration=160"
    return say("INFO", sequence).replace("Content-Length: 0", f"{head}\n\n{body}") + expect_answer(200)


async def test_a_blind_transfer_goes_through_and_one_is_declined(tmp_path: Path) -> None:
    def notify(sequence: int, fragment: str, state: str) -> str:
        plain = say("NOTIFY", sequence, "Event: refer", f"Subscription-State: {state}")
        return plain.replace(
            "Content-Length: 0", f"Content-Type: message/sipfrag\nContent-Length: [len]\n\n{fragment}"
        ) + expect_answer(200)

    declined = expect("REFER") + answer(603, tag="")
    taken = (
        expect("REFER") + answer(202, tag="")
        + notify(1, "SIP/2.0 100 Trying", "active;expires=60")
        + notify(2, "SIP/2.0 200 OK", "terminated;reason=noresource")
    )  # fmt: skip
    async with (
        sipp(tmp_path, INVITED, PICKED_UP, declined, taken, goodbye()) as far,
        dialer(tmp_path, trunk(far.port)) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        first = await leg.transfer("sip:8001@127.0.0.1")
        assert (first.status, first.done) == (603, False)
        second = await leg.transfer("sip:8001@127.0.0.1")
        assert (second.status, second.done) == (200, True)
        await leg.hang_up()
        await far.finished()
        assert "Refer-To: <sip:8001@127.0.0.1>" in far.received("REFER")[0]


async def test_an_attended_transfer_names_the_call_that_it_replaces(tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir()
    taken = expect("REFER") + answer(202, "Refer-Sub: false", tag="")
    async with (
        sipp(tmp_path / "agent", INVITED, PICKED_UP, goodbye()) as agent,
        sipp(tmp_path, INVITED, PICKED_UP, taken, goodbye()) as far,
        dialer(tmp_path, trunk(agent.port)) as to_agent,
        dialer(tmp_path, trunk(far.port)) as calls,
    ):
        client = await calls.dial("1-1", NUMBER, ring_seconds=60)
        person = await to_agent.dial("2-1", "8001", ring_seconds=60)
        await until(client, Answered)
        await until(person, Answered)
        assert (await client.transfer("sip:8001@127.0.0.1", replacing=person)).done
        await client.hang_up()
        await person.hang_up()
        await far.finished()
        await agent.finished()
        (invite,), (refer,) = agent.received("INVITE"), far.received("REFER")
        name, ours = invite.split("Call-ID: ")[1].split()[0], invite.split(";tag=")[1].split()[0]
        assert f"?Replaces={name}%3Bto-tag%3Dfar1%3Bfrom-tag%3D{ours}>" in refer


async def test_the_caller_id_policy_is_kept(tmp_path: Path) -> None:
    hidden = {"privacy": Privacy.ID, "caller_name": "华夏安信"}
    async with (
        sipp(tmp_path, INVITED, answer(486), expect("ACK")) as far,
        dialer(tmp_path, trunk(far.port, **hidden)) as calls,
    ):
        await hung_up(await calls.dial("1-1", NUMBER, ring_seconds=60))
        await far.finished()
        (invite,) = far.received("INVITE")
        assert 'From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=' in invite
        assert 'P-Asserted-Identity: "华夏安信" <sip:95500@127.0.0.1>' in invite
        assert "Privacy: id" in invite


async def test_only_so_many_calls_at_once(tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, INVITED, answer(180), expect("CANCEL"), answer(200, tag="")) as far,
        dialer(tmp_path, trunk(far.port, calls=1)) as calls,
    ):
        first = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(first, Ringing)
        second = await calls.dial("1-2", NUMBER, ring_seconds=60)
        assert (await hung_up(second)).cause is HangupCause.OWN_LINE
        await first.hang_up()


async def test_a_call_over_tcp(tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, INVITED, answer(180), PICKED_UP, goodbye(), transport="t1") as far,
        dialer(tmp_path, trunk(far.port, transport=Transport.TCP)) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        await leg.hang_up()
        await far.finished()
        assert "Via: SIP/2.0/TCP" in far.received("INVITE")[0]
