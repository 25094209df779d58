"""The picture of a script as SVG: one file that needs nothing else, readable on A4 and on a 1366-pixel screen.

Everything that stands for a node or an answer carries it in `data-` attributes, so that a page can point at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from xml.sax.saxutils import escape, quoteattr

from bot.writing.graph import (
    HEAD,
    LANE_WIDTHS,
    LEADING,
    MARGIN,
    PAD,
    ROW_PAD,
    SMALL,
    TEXT,
    Card,
    Graph,
    NoteBox,
    Row,
    Wire,
    lane_left,
    text_width,
)
from bot.writing.passages import Kind, Weight

# Colours by what they are for. Within a page the picture follows the page's theme, alone that of who looks at it.
LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "ground": "#fff", "ink": "#343a40", "strong": "#212529", "faint": "#5c636a", "disc": "#495057", "digit": "#fff",
        "card": "#fff", "edge": "#868e96", "told": "#fff9db", "told-edge": "#b35c00", "end": "#f1f3f5",
        "note": "#f8f9fa", "note-edge": "#ced4da", "rule": "#e9ecef", "wire": "#737b83",
        "safe": "#237032", "risky": "#c92a2a", "mark": "#1864ab",
    }
)  # fmt: skip
DARK: Mapping[str, str] = MappingProxyType(
    {
        "ground": "#262626", "ink": "#dcdcdc", "strong": "#f8f9fa", "faint": "#b4b4b4", "disc": "#ced4da",
        "digit": "#262626", "card": "#303030", "edge": "#868686", "told": "#3a3420", "told-edge": "#f0a020",
        "end": "#3a3a3a", "note": "#2b2b2b", "note-edge": "#5a5a5a", "rule": "#484848", "wire": "#9a9a9a",
        "safe": "#69db7c", "risky": "#ff9b9b", "mark": "#74c0fc",
    }
)  # fmt: skip
STYLE = """
text { font-family: "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "SimHei", sans-serif;
  font-size: 13px; fill: var(--ink); }
.ground { fill: var(--ground); }
.title { font-size: 22px; font-weight: bold; } .about { fill: var(--faint); }
.says { font-size: 15px; fill: var(--strong); } .head { fill: var(--faint); }
.disc { fill: var(--disc); } .number { font-weight: bold; fill: var(--digit); }
.card rect.face { fill: var(--card); stroke: var(--edge); }
.card.statement rect.face { fill: var(--told); stroke: var(--told-edge); }
.card.goodbye rect.face { fill: var(--end); }
.note rect { fill: var(--note); stroke: var(--note-edge); } .note .heading { font-weight: bold; }
.way.safe text { fill: var(--safe); font-weight: bold; } .way.risky text { fill: var(--risky); }
.rule { stroke: var(--rule); } .wire { fill: none; stroke: var(--wire); stroke-width: 1.4; }
.wire.safe { stroke: var(--safe); stroke-width: 3; } .wire.risky { stroke: var(--risky); stroke-dasharray: 5 3; }
.tip { fill: var(--wire); } .tip.safe { fill: var(--safe); } .tip.risky { fill: var(--risky); }
.label { paint-order: stroke; stroke: var(--ground); stroke-width: 4px; }
.label.safe { fill: var(--safe); font-weight: bold; }
.label.risky, .must { fill: var(--risky); } .must { font-weight: bold; } .mark { fill: var(--mark); }
"""
LEGEND = (
    (Weight.SAFE, "主线：安全的回答"),
    (Weight.RISKY, "有风险的回答：作标记，（高）立即转人工，（中）说完以后跟进"),
    (Weight.PLAIN, "其他"),
)


def svg(graph: Graph) -> str:
    """The picture as an SVG document."""
    about = graph.outline
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {graph.width:g} {graph.height:.0f}" '
        f'width="{graph.width:g}" height="{graph.height:.0f}" lang="zh-CN" role="img">',
        f"<title>{escape(about.title)}</title><style>{_style()}</style><defs>{''.join(map(_tip, Weight))}</defs>",
        '<rect class="ground" width="100%" height="100%"/>',
        _text(MARGIN, 34, about.title, "title"),
        _text(graph.width - MARGIN, 34, f"{about.name} · 校验值 {about.hash[:12]}", "about", "end"),
        _text(MARGIN, 56, about.clause, "about"),
        *_legend(),
        *map(_wire, graph.wires),
        *map(_card, graph.cards),
        *map(_label, graph.wires),
        *map(_note, graph.notes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _style() -> str:
    light, dark = ("".join(f"--{name}: {colour}; " for name, colour in each.items()) for each in (LIGHT, DARK))
    return f":root {{ {light}}}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark}}} }}{STYLE}"


def _tip(weight: Weight) -> str:
    return (
        f'<marker id="tip-{weight}" viewBox="0 0 8 8" refX="7.5" refY="4" markerUnits="userSpaceOnUse" '
        f'markerWidth="10" markerHeight="10" orient="auto"><path class="tip {weight}" d="M0 0 8 4 0 8z"/></marker>'
    )


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'


def _texts(x: float, top: float, lines: Sequence[str], size: float, kind: str = "", anchor: str = "start") -> str:
    step = size * LEADING
    return "".join(_text(x, top + number * step + size, line, kind, anchor) for number, line in enumerate(lines))


def _legend() -> Iterator[str]:
    x: float = MARGIN
    for weight, meaning in LEGEND:
        yield f'<path class="wire {weight}" d="M{x:g} 75h26" marker-end="url(#tip-{weight})"/>'
        yield _text(x + 32, 80, meaning)
        x += 32 + text_width(meaning, SMALL) + 22


def _card(card: Card) -> str:
    passage, left, width = card.passage, lane_left(card.lane), LANE_WIDTHS[card.lane]
    head = f"{passage.node}{' · 仅限本人' if passage.private else ''}"
    radius = card.height / 2 if passage.kind is Kind.GOODBYE and card.height < 60 else 8
    kind = passage.ending or ("必须听完" if passage.must_hear else "仅供统计" if passage.survey else "")
    return "".join(
        [
            f'<g class="card {passage.kind}" data-node={quoteattr(passage.node)}>',
            f'<rect class="face" x="{left:g}" y="{card.top:.1f}" width="{width}" height="{card.height:.1f}" '
            f'rx="{radius:g}"/>',
            f'<circle cx="{left + 20:g}" cy="{card.top + 16:.1f}" r="11" class="disc"/>',
            _text(left + 20, card.top + 20.5, str(passage.number), "number", "middle"),
            _text(left + 38, card.top + 20.5, head, "head"),
            _text(left + width - PAD, card.top + 20.5, kind, "must" if passage.must_hear else "head", "end"),
            _says(card, left + PAD),
            *(_row(card, row) for row in card.rows),
            "</g>",
        ]
    )


def _says(card: Card, left: float) -> str:
    """What the card says, below the answers that lead to it from anywhere."""
    if not card.marks:
        return _texts(left, card.top + HEAD + 4, card.text, TEXT, "says")
    mark = f"任何问题答“{'、'.join(card.marks)}”都到这里"
    below = card.top + HEAD + SMALL * LEADING
    return _text(left, below, mark, "mark") + _texts(left, below + 8, card.text, TEXT, "says")


def _row(card: Card, row: Row) -> str:
    left, width, way = lane_left(card.lane), LANE_WIDTHS[card.lane], row.way
    said = f"先说“{way.say}”" if way.say else ""
    return (
        f'<g class="way {way.weight}" data-from={quoteattr(card.passage.node)} data-to={quoteattr(way.to)} '
        f"data-answers={quoteattr(' '.join(way.answers))}>{f'<title>{escape(said)}</title>' if said else ''}"
        f'<path class="rule" d="M{left + PAD:g} {row.top:.1f}h{width - 2 * PAD}"/>'
        f"{_texts(left + PAD, row.top + ROW_PAD / 2, row.heard, SMALL)}"
        f"{_texts(left + width - PAD, row.top + ROW_PAD / 2, row.then, SMALL, '', 'end')}</g>"
    )


def _wire(wire: Wire) -> str:
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in wire.corners)
    return f'<path class="wire {wire.weight}" d="{path}" marker-end="url(#tip-{wire.weight})"/>'


def _label(wire: Wire) -> str:
    (x, top), (_, bottom) = wire.corners[0], wire.corners[-1]
    return _text(x + 8, (top + bottom) / 2 + 4, wire.label, f"label {wire.weight}") if wire.label else ""


def _note(note: NoteBox) -> str:
    left, width = lane_left(note.lane), LANE_WIDTHS[note.lane]
    return (
        f'<g class="note"><rect x="{left:g}" y="{note.top:.1f}" width="{width}" height="{note.height:.1f}" '
        f'rx="8"/>{_text(left + PAD, note.top + 19, note.heading, "heading")}'
        f"{_texts(left + PAD, note.top + HEAD, note.lines, SMALL)}</g>"
    )
