"""The messages of RFC 4475, written from its description of each.

Each has the RFC's own name and what its receiver does: takes it (None), answers with a status, or drops it (0).
"""

from __future__ import annotations

from dataclasses import dataclass

_SDP = """v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.3
s=-
c=IN IP4 192.0.2.4
t=0 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
"""


@dataclass(frozen=True, slots=True)
class Torture:
    """One message: its bytes, and the answer (None: taken, 0: dropped without one)."""

    name: str
    data: bytes
    answer: int | None


def _wire(text: str, body: str = "") -> bytes:
    head = text.strip("\n").replace("\n", "\r\n").encode()
    return head + b"\r\n\r\n" + body.replace("\n", "\r\n").encode()


def _invite(name: str, **changed: str) -> str:
    """A plain INVITE with single header lines replaced, or left out where the text is empty."""
    lines = {
        "start": "INVITE sip:user@example.com SIP/2.0",
        "Max-Forwards": "Max-Forwards: 70",
        "To": "To: sip:user@example.com",
        "From": "From: caller <sip:caller@example.net>;tag=8814",
        "Call-ID": f"Call-ID: {name}.0ha0isndaksdj",
        "CSeq": "CSeq: 8 INVITE",
        "Via": "Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw",
        "Contact": "Contact: <sip:caller@host1.example.com>",
        "Content-Length": "Content-Length: 0",
    }
    lines.update({key.replace("_", "-"): value for key, value in changed.items()})
    return "\n".join(line for line in lines.values() if line)


def _options(name: str, **changed: str) -> str:
    return _invite(name, **{"start": "OPTIONS sip:user@example.com SIP/2.0", "CSeq": "CSeq: 8 OPTIONS", **changed})


def _register(name: str, **changed: str) -> str:
    return _invite(name, **{"start": "REGISTER sip:example.com SIP/2.0", "CSeq": "CSeq: 8 REGISTER", **changed})


WSINV = r"""INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\""       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : 150
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \"\"" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33"""
_WSINV_BODY = _SDP[: _SDP.index("a=rtpmap")] + "a=rtpmap:31 LPC\n"

_LONG = "longvalue" * 30

TORTURES = (
    # 3.1.1 Valid messages
    Torture("wsinv", _wire(WSINV, _WSINV_BODY), 481),
    Torture(
        "intmeth",
        _wire(
            "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:"
            "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\n"
            "Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\n"
            'To: "BEL:\x07 NUL:? DEL:\x7f" <sip:1_unusual.URI~(to-be!sure)&isn\'t+it$/crazy?,/;;*@example.com>\n'
            "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"работающий\";"
            "tag=_token~1'+`*%!-.\n"
            "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\n"
            "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\n"
            "Max-Forwards: 255\n"
            "extensionHeader-!.%*+_`'~:大停電\n"
            "Content-Length: 0"
        ),
        405,
    ),
    Torture(
        "esc01",
        _wire(
            _invite(
                "esc01",
                start="INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0",
                To="To: sip:%75se%72@example.com",
                From="From: <sip:I%20have%20spaces@example.net>;tag=938",
                Contact="Contact:\n <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>",
            )
        ),
        None,
    ),
    Torture(
        "escnull",
        _wire(
            _register(
                "escnull",
                To="To: sip:null-%00-null@example.com",
                From="From: sip:null-%00-null@example.com;tag=839923423",
                Contact="Contact: <sip:%00@host5.example.com>\nContact: <sip:%00%00@host5.example.com>",
            )
        ),
        405,
    ),
    Torture(
        "esc02",
        _wire(
            'RE%47IST%45R sip:registrar.example.com SIP/2.0\nTo: "%Z%45" <sip:resource@example.com>\n'
            'From: "%Z%45" <sip:resource@example.com>;tag=f232jadfj23\n'
            "Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf\n"
            "Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234\n"
            "CSeq: 29344 RE%47IST%45R\nMax-Forwards: 70\n"
            "Contact: <sip:alias1@host1.example.com>\nC%6Fntact: <sip:alias2@host2.example.com>\n"
            "Contact: <sip:alias3@host3.example.com>\nContent-Length: 0"
        ),
        405,
    ),
    Torture(
        "lwsdisp",
        _wire(
            _options(
                "lwsdisp",
                From="From: caller<sip:caller@example.com>;tag=323",
            )
        ),
        200,
    ),
    Torture(
        "longreq",
        _wire(
            _invite(
                "longreq",
                To='To: "I have a user name of extremeextreme proportion"<sip:user@example.com:6000;'
                f"unknownparam1={_LONG};longparam{'name' * 30}=shortvalue;verylong{'x' * 60}parametername>",
                From=(
                    f"F: sip:amazinglylongcallername{'e' * 80}@example.net;"
                    f"tag=12982982982{'424' * 10};unknownheaderparam{'a' * 40}={'b' * 60}"
                ),
                Via="\n".join(f"v: SIP/2.0/TCP sip{n}.example.com;branch=z9hG4bK{'v' * 60}{n}" for n in range(35)),
                Unknown=f"Unknown-{'Long' * 20}-Name: unknown-{'long' * 20}-value; unknown={'long' * 20}",
                Contact=f"m: <sip:amazinglylongcallername{'e' * 60}@host5.example.net>",
            )
        ),
        None,
    ),
    Torture(
        "dblreq",
        _wire(
            _register("dblreq"),
            "INVITE sip:joe@example.com SIP/2.0\nt: sip:joe@example.com\nContent-Length: 150\n\n" + _SDP,
        ),
        405,
    ),
    Torture(
        "semiuri",
        _wire(
            _invite(
                "semiuri",
                start="OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0",
                CSeq="CSeq: 8 OPTIONS",
                To="To: sip:j_user@example.com",
                From="From: sip:caller@example.org;tag=33242",
            )
        ),
        200,
    ),
    Torture(
        "transports",
        _wire(
            _options(
                "transports",
                Via=(
                    "Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\n"
                    "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\n"
                    "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj\n"
                    "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\n"
                    "Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee"
                ),
            )
        ),
        200,
    ),
    # 3.1.2 Invalid messages
    Torture("badinv01", _wire(_invite("badinv01", Via="Via: SIP/2.0/UDP 192.0.2.15;;,;,,")), 400),
    Torture("clerr", _wire(_invite("clerr", Content_Length="Content-Length: 9999"), _SDP), 400),
    Torture("ncl", _wire(_invite("ncl", Content_Length="Content-Length: -999"), _SDP), 400),
    Torture("scalar02", _wire(_register("scalar02", CSeq="CSeq: 36893488147419103232 REGISTER")), 400),
    Torture(
        "scalarlg",
        _wire(
            "SIP/2.0 503 Service Unavailable\n"
            "Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129\n"
            "To: <sip:user@example.com>\nFrom: <sip:other@example.net>;tag=2easdjfejw\n"
            "CSeq: 9292394834772304023312 OPTIONS\n"
            "Call-ID: scalarlg.noase0of0234hn2qofoaf0232aewf2394r\nRetry-After: 949302838503028349304023988\n"
            'Warning: 1812 overture "In Progress"\nContent-Length: 0'
        ),
        0,
    ),
    Torture("quotbal", _wire(_invite("quotbal", To='To: "Mr. J. User <sip:j.user@example.com>')), 400),
    Torture("ltgtruri", _wire(_invite("ltgtruri", start="INVITE <sip:user@example.com> SIP/2.0")), 400),
    Torture("lwsruri", _wire(_invite("lwsruri", start="INVITE sip:user@example.com; lr SIP/2.0")), 400),
    Torture("lwsstart", _wire(_invite("lwsstart", start="INVITE  sip:user@example.com  SIP/2.0")), 400),
    Torture("trws", _wire(_options("trws", start="OPTIONS sip:remote-target@example.com SIP/2.0  ")), 200),
    Torture(
        "escruri",
        _wire(_invite("escruri", start="INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0")),
        400,
    ),
    Torture(
        "regbadct",
        _wire(_register("regbadct", Contact="Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E")),
        400,
    ),
    Torture(
        "badaspec",
        _wire(
            _options(
                "badaspec",
                start="OPTIONS sip:user@example.org SIP/2.0",
                To='To: "Watson, Thomas" < sip:t.watson@example.org >',
            )
        ),
        400,
    ),
    Torture(
        "badvers",
        _wire(
            _options(
                "badvers",
                start="OPTIONS sip:t.watson@example.org SIP/7.0",
                Via="Via: SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw",
            )
        ),
        505,
    ),
    Torture("mismatch01", _wire(_invite("mismatch01", start="OPTIONS sip:user@example.com SIP/2.0")), 400),
    Torture("mismatch02", _wire(_invite("mismatch02", start="NEWMETHOD sip:user@example.com SIP/2.0")), 400),
    Torture("bigcode", _wire(_invite("bigcode", start="SIP/2.0 4294967301 better not break the receiver")), 0),
    # 3.2 and 3.3 Semantics
    Torture("badbranch", _wire(_options("badbranch", Via="Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK")), 200),
    Torture(
        "insuf",
        _wire(
            "INVITE sip:user@example.com SIP/2.0\nCSeq: 193942 INVITE\n"
            "Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\nContent-Length: 0"
        ),
        400,
    ),
    Torture(
        "unkscm", _wire(_options("unkscm", start="OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0")), 416
    ),
    Torture("novelsc", _wire(_options("novelsc", start="OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0")), 416),
    Torture("bext01", _wire(_invite("bext01", Require="Require: nothingSupportsThis, nothingSupportsThisEither")), 420),
    Torture(
        "invut",
        _wire(
            _invite("invut", Type="Content-Type: application/unknownformat", Content_Length="Content-Length: 36"),
            '<audio>\n <pcmu port="443"/>\n</audio>\n',
        ),
        415,
    ),
    Torture(
        "multi01",
        _wire(
            _invite("multi01", CSeq="CSeq: 5 INVITE\nCSeq: 59 INVITE", Call_ID="Call-ID: multi01.1\nCall-ID: multi01.2")
        ),
        400,
    ),
    Torture(
        "mcl01",
        _wire(
            _options("mcl01", Content_Length="Content-Length: 13\nContent-Length: 5"),
            "There's no way to know how many octets are supposed to be here.\n",
        ),
        400,
    ),
    Torture("zeromf", _wire(_options("zeromf", Max_Forwards="Max-Forwards: 0")), 200),
    Torture(
        "cparam01", _wire(_register("cparam01", Contact="Contact: sip:+19725552222@gw1.example.net;unknownparam")), 405
    ),
    Torture(
        "sdp01",
        _wire(
            _invite(
                "sdp01",
                Accept="Accept: text/nobodyKnowsThis",
                Type="Content-Type: application/sdp",
                Content_Length=f"Content-Length: {len(_SDP) + _SDP.count(chr(10))}",
            ),
            _SDP,
        ),
        None,
    ),
    Torture(
        "inv2543",
        _wire(
            _invite(
                "inv2543",
                start="INVITE sip:UserB@example.com SIP/2.0",
                Max_Forwards="",
                Via="Via: SIP/2.0/UDP iftgw.example.com",
                From="From: <sip:+13035551111@ift.client.example.net;user=phone>",
            )
        ),
        None,
    ),
)
