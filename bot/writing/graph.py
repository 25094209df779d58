"""A script as a picture: where each card, wire and note stands. Values only; `graph_svg` draws them.

The walk runs down the left lane, what lies off it down the right one, with the shared notes below. Each answer is
a row of its card; a row whose target has a card is wired to it. What any question may lead to (the fallbacks) is a
mark on its target instead of a wire from everywhere, and the goodbyes off the walk are told in a note.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.writing.passages import HABITS, Outline, Passage, Section, Way, Weight, leads_to, shown_by

# All lengths are in pixels of the picture.
MARGIN, GUTTER, LANE_WIDTHS = 44, 72, (410, 400)
PAD, TEXT, SMALL, LEADING = 12, 15, 13, 1.45  # inside a card; font sizes; line height per font size
HEAD, GAP, ROW_PAD = 26, 32, 6
CHANNEL = 9  # between two wires that run side by side
ANSWER_SHARE = 0.45  # of a row's width, for what the client says
TOP = 96  # title of the picture
OPENING, CLOSING = "（“《「", "，。、；：？！）”》」"


@dataclass(frozen=True, slots=True)
class Row:
    """One way out on its card; `top` counts from the picture's top."""

    way: Way
    heard: tuple[str, ...]
    then: tuple[str, ...]
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Card:
    """One node; `marks` are the answers that lead here from any question."""

    passage: Passage
    lane: int
    top: float
    height: float
    text: tuple[str, ...]
    rows: tuple[Row, ...]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wire:
    """A line from an answer to the card where it leads; its corners in order."""

    origin: str
    target: str
    weight: Weight
    label: str
    corners: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class NoteBox:
    """Something told once for the whole script: a heading and wrapped lines."""

    heading: str
    lane: int
    top: float
    height: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """The whole picture."""

    outline: Outline
    cards: tuple[Card, ...]
    wires: tuple[Wire, ...]
    notes: tuple[NoteBox, ...]
    width: float
    height: float


def lane_left(lane: int) -> float:
    """Where a lane begins."""
    return MARGIN + lane * (LANE_WIDTHS[0] + GUTTER)


def graph(outline: Outline) -> Graph:
    """The picture of an outline; the notes stand below the shorter lane."""
    cards = _cards(outline)
    ends = [max([TOP - GAP, *(_bottom(card) for card in cards.values() if card.lane == lane)]) for lane in (0, 1)]
    lane = int(ends[1] < ends[0])
    notes = _notes(outline, lane, ends[lane] + GAP)
    height = max(*ends, *(note.top + note.height for note in notes)) + MARGIN / 2
    width = lane_left(1) + LANE_WIDTHS[1] + MARGIN
    return Graph(outline, tuple(cards.values()), tuple(_wires(cards)), notes, width, height)


def wrap(text: str, size: float, width: float) -> tuple[str, ...]:
    """A text in lines of at most `width`; punctuation stays with what it opens or closes."""
    lines = [""]
    for character in text:
        if text_width(lines[-1] + character, size) > width and character not in CLOSING:
            kept = lines[-1].rstrip(OPENING)
            lines[-1:] = [kept, lines[-1][len(kept) :]]
        lines[-1] += character
    return tuple(lines)


def text_width(text: str, size: float) -> float:
    """About how wide a text is: Chinese characters fill a square, Latin ones little more than half of it."""
    return sum(size if ord(character) > 0x2000 else 0.58 * size for character in text)


def _cards(outline: Outline) -> dict[str, Card]:
    marks = {way.to: way.heard for way in outline.usual if way.to}
    cards: dict[str, Card] = {}
    for lane, section in enumerate((Section.MAIN, Section.SIDE)):
        top: float = TOP
        for passage in outline.section(section):
            origins = [card.top for card in cards.values() if any(way.to == passage.node for way in card.passage.ways)]
            card = _card(passage, lane, max([top, *origins[:1]]), marks.get(passage.node, ()))
            cards[passage.node] = card
            top = _bottom(card) + GAP
    return cards


def _card(passage: Passage, lane: int, top: float, marks: tuple[str, ...]) -> Card:
    width = LANE_WIDTHS[lane] - 2 * PAD
    text = wrap("".join(line.text for line in passage.lines if line.field in ("before", "ask", "say")), TEXT, width)
    rows_top = top + HEAD + bool(marks) * (SMALL * LEADING + 4) + len(text) * TEXT * LEADING + PAD
    rows = _rows(passage.ways, width, rows_top)
    height = rows_top - top + sum(row.height for row in rows) + (PAD / 2 if rows else 0)
    return Card(passage, lane, top, height, text, rows, marks)


def _rows(ways: Iterable[Way], width: float, top: float) -> tuple[Row, ...]:
    rows = []
    for way in ways:
        heard = wrap("、".join(way.heard), SMALL, width * ANSWER_SHARE)
        used = max(text_width(line, SMALL) for line in heard)
        then = _consequence_lines(way, width - used - 2 * PAD)
        height = max(len(heard), len(then)) * SMALL * LEADING + ROW_PAD
        rows.append(Row(way, heard, then, top, height))
        top += height
    return tuple(rows)


def _consequence_lines(way: Way, width: float) -> tuple[str, ...]:
    """In one line where it fits, else where it leads in lines of its own."""
    shown, leads = shown_by(way), leads_to(way)
    whole = f"{shown} {leads}".strip()
    if text_width(whole, SMALL) <= width:
        return (whole,)
    return (*(wrap(shown, SMALL, width) if shown else ()), *wrap(leads, SMALL, width))


def _bottom(card: Card) -> float:
    return card.top + card.height


def _wires(cards: Mapping[str, Card]) -> Iterable[Wire]:
    """A wire for every answer that leads to a card; side by side, those with one target share a channel."""
    below = {one.passage.node: two.passage.node for one, two in _neighbours(cards)}
    channels: dict[tuple[int, ...], list[str]] = {}
    for card in cards.values():
        node, x = card.passage.node, lane_left(card.lane) + 3 * PAD
        for row in card.rows:
            target = cards.get(row.way.to)
            if target is None:
                continue
            weight = _wire_weight(card, target, row.way)
            if below.get(node) == row.way.to:
                label = "、".join(row.way.heard)
                yield Wire(node, row.way.to, weight, label, ((x, _bottom(card)), (x, target.top)))
                x += text_width(label, SMALL) + 4 * PAD
            else:
                used = channels.setdefault(tuple({card.lane, target.lane}), [])
                used += [row.way.to] if row.way.to not in used else []
                yield Wire(node, row.way.to, weight, "", _across(card, row, target, used.index(row.way.to)))


def _wire_weight(card: Card, target: Card, way: Way) -> Weight:
    """As the answer weighs; where no answer is weighed, the walk itself is the safe way."""
    weighed = any(way.weight is not Weight.PLAIN for way in card.passage.ways)
    on_the_walk = card.passage.section is target.passage.section is Section.MAIN
    return Weight.SAFE if on_the_walk and not weighed else way.weight


def _neighbours(cards: Mapping[str, Card]) -> Iterable[tuple[Card, Card]]:
    listed = list(cards.values())
    return ((one, two) for one, two in zip(listed, listed[1:], strict=False) if one.lane == two.lane)


def _across(card: Card, row: Row, target: Card, channel: int) -> tuple[tuple[float, float], ...]:
    """From the side of a row by a channel to the head of the target."""
    y, goal = row.top + row.height / 2, target.top + HEAD / 2 + 3
    left = [lane_left(lane) for lane in (0, 1)]
    right = [lane_left(lane) + LANE_WIDTHS[lane] for lane in (0, 1)]
    if card.lane != target.lane:
        x = right[0] + 2 * CHANNEL + channel * CHANNEL
        start, end = (right[0], left[1]) if card.lane == 0 else (left[1], right[0])
    elif card.lane == 0:
        x, start, end = left[0] - (channel + 2) * CHANNEL, left[0], left[0]
    else:
        x, start, end = right[1] + (channel + 2) * CHANNEL, right[1], right[1]
    return ((start, y), (x, y), (x, goal), (end, goal))


def _notes(outline: Outline, lane: int, top: float) -> tuple[NoteBox, ...]:
    usual = [f"{'、'.join(way.heard)} {leads_to(way)}" for way in outline.usual]
    endings = [f"{one.number} {one.ending}：{one.says}" for one in outline.section(Section.ENDING)]
    told = {"每个问题都这样应对": [*usual, *HABITS], "其他结束语": endings}
    notes = []
    for heading, texts in told.items():
        lines = tuple(line for text in texts for line in wrap(text, SMALL, LANE_WIDTHS[lane] - 2 * PAD))
        height = HEAD + len(lines) * SMALL * LEADING + PAD
        notes.append(NoteBox(heading, lane, top, height, lines))
        top += height + GAP / 2
    return tuple(notes)
