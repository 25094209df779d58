"""Builds the decoding graphs of a Vosk model from the corpora and jieba's dictionary; takes seconds, no training.

python -m speech_model.graph --model build/vosk-model-tiny-cn-espeak-8k

graph/HCLr.fst, graph/Gr.fst   lexicon with CTC topology, and the language model: Vosk joins them while it decodes and
                               swaps Gr for a grammar; [unk] is any syllables, at a price
static/graph/HCLG.fst          the same two joined beforehand, for free speech: shared by all decoders
graph/words.txt, graph/disambig_tid.int, graph/phones/word_boundary.int, conf/
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from pathlib import Path

import pywrapfst as fst

from speech_model import units
from speech_model.conf import write_conf
from speech_model.language import Fst, Language, NGram, add_arc, language
from speech_model.units import PHONES

# Input symbols of the lexicon: phone k is k + 1; what tells homophones apart, h, is HOMOPHONES + h.
HOMOPHONES = len(PHONES) + 1
_DYNAMIC_ORDER = 2  # that graph is copied into every decoder, and serves grammars in the first place


def pronunciations(known: Language) -> dict[tuple[int, ...], list[str]]:
    """Phones (from 1) with the words that sound so."""
    out: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for word in known.words:
        out[tuple(phone + 1 for phone in units.phones(units.syllables(word)))].append(word)
    return out


def word_loop(known: Language) -> Fst:
    """Phones to words, one path per word, from the root back to it; homophones end in a symbol of their own."""
    lexicon = fst.VectorFst()
    root = lexicon.add_state()
    lexicon.set_start(root)
    lexicon.set_final(root)
    for phones, words in pronunciations(known).items():
        for number, word in enumerate(words):
            path = [*phones, HOMOPHONES + number] if len(words) > 1 else list(phones)
            state = root
            for step, phone in enumerate(path):
                target = root if step == len(path) - 1 else lexicon.add_state()
                add_arc(lexicon, state, phone, 0 if step else known.ids[word], 0, target)
                state = target
    return lexicon


def dynamic_lexicon(known: Language, unk_cost: float) -> Fst:
    """The word loop as a tree, with [unk] beside it: any syllables, each at `unk_cost`."""
    lexicon = fst.determinize(word_loop(known))
    root, inside, between = lexicon.start(), lexicon.add_state(), lexicon.add_state()
    for number, (unit, place) in enumerate(PHONES):
        initial = unit in units.INITIALS
        if initial and place == "begin":
            add_arc(lexicon, root, number + 1, known.ids["[unk]"], unk_cost, inside)
        elif initial:
            add_arc(lexicon, between, number + 1, 0, unk_cost, inside)
        elif unit != units.BLANK:
            add_arc(lexicon, inside, number + 1, 0, 0, root if place == "end" else between)
    return lexicon.arcsort("ilabel")


def joined_lexicon(known: Language, grammar: Fst, back_off: int) -> Fst:
    """Lexicon and language model in one, determinised and minimised; back-off is a symbol of its own there."""
    marked = grammar.copy()
    relabel(marked, {0: known.ids["#0"]}, erase_output=True)
    lexicon = word_loop(known)
    add_arc(lexicon, lexicon.start(), back_off, known.ids["#0"], 0, lexicon.start())
    joined = fst.determinize(fst.compose(lexicon.arcsort("olabel"), marked.arcsort("ilabel")))
    encoding = fst.EncodeMapper("standard", encode_labels=True)
    joined.encode(encoding)
    joined.minimize()
    joined.decode(encoding)
    return joined.arcsort("ilabel")


def relabel(graph: Fst, inputs: dict[int, int], *, erase_output: bool = False) -> None:
    """Change input symbols in place."""
    for state in graph.states():
        arcs = graph.mutable_arcs(state)
        while not arcs.done():
            arc = arcs.value()
            if arc.ilabel in inputs:
                arc.ilabel = inputs[arc.ilabel]
                arc.olabel = 0 if erase_output else arc.olabel
                arcs.set_value(arc)
            arcs.next()


def topology(n_symbols: int) -> tuple[Fst, list[int]]:
    """Transition ids to phones: each phone is entered once and may stay, blanks are optional between phones.

    The second value is the transition ids of the `n_symbols` symbols that are no phones; they pass between words.
    """
    graph = fst.VectorFst()
    start, out, blank_out, inside, blank_in, end = (graph.add_state() for _ in range(6))
    graph.set_start(start)
    for state in (start, out, blank_out, end):
        graph.set_final(state)
    for state in (start, end):
        add_arc(graph, state, enter(0), 0, 0, blank_out)
        add_arc(graph, state, 0, 0, 0, out)
    for blank, target, number in ((blank_out, out, 0), (blank_in, inside, 1)):
        add_arc(graph, blank, stay(number), 0, 0, blank)
        add_arc(graph, blank, 0, 0, 0, target)
    for number, (unit, place) in enumerate(PHONES):
        if unit == units.BLANK:
            continue
        held = graph.add_state()
        add_arc(graph, out if place == "begin" else inside, enter(number), number + 1, 0, held)
        add_arc(graph, held, stay(number), 0, 0, held)
        add_arc(graph, held, 0, 0, 0, end if place == "end" else inside)
        if place != "end":
            add_arc(graph, held, enter(1), 0, 0, blank_in)
    symbols = [2 * len(PHONES) + 1 + number for number in range(n_symbols)]
    for number, symbol in enumerate(symbols):
        for state in (start, end):
            add_arc(graph, state, symbol, HOMOPHONES + number, 0, state)
    return graph.arcsort("olabel"), symbols


def stay(phone: int) -> int:
    """The transition id of a phone (from 0) that goes on."""
    return 2 * phone + 1


def enter(phone: int) -> int:
    """The transition id of a phone (from 0) that begins."""
    return 2 * phone + 2


def static_graph(known: Language, grammar: Fst, n_homophones: int) -> Fst:
    """Transition ids to words for free speech, weights moved as early as they go."""
    phones, symbols = topology(n_homophones + 1)
    joined = fst.compose(phones, joined_lexicon(known, grammar, HOMOPHONES + n_homophones))
    relabel(joined, dict.fromkeys(symbols, 0))
    return fst.push(joined, push_weights=True)


def write(known: Language, folder: Path, options: argparse.Namespace) -> None:
    """Write graph/, static/ and conf/ of a model folder."""
    n_homophones = max(map(len, pronunciations(known).values()))
    grammar = NGram(known, _DYNAMIC_ORDER, options.mix).acceptor(options.scale)
    longer = NGram(known, options.order, options.mix).acceptor(options.scale)
    phones, symbols = topology(n_homophones)
    dynamic = fst.compose(phones, dynamic_lexicon(known, options.unk)).arcsort("olabel")
    static = static_graph(known, longer, n_homophones)
    (folder / "graph/phones").mkdir(parents=True, exist_ok=True)
    (folder / "static/graph").mkdir(parents=True, exist_ok=True)
    for name, graph in (("graph/HCLr", dynamic), ("graph/Gr", grammar), ("static/graph/HCLG", static)):
        fst.convert(graph, "const").write(str(folder / f"{name}.fst"))
    write_lines(folder / "graph/words.txt", [f"{word} {number}" for word, number in known.ids.items()])
    write_lines(folder / "graph/disambig_tid.int", list(map(str, symbols)))
    places = [f"{number + 1} {place}" for number, (_, place) in enumerate(PHONES)]
    write_lines(folder / "graph/phones/word_boundary.int", places)
    link_static(folder / "static")
    write_conf(folder)
    sizes = f"HCLr {dynamic.num_states()}, Gr {grammar.num_states()}, HCLG {static.num_states()} states"
    print(len(known.words), "words,", len(known.lines), "sentences,", sizes + ", homophones up to", n_homophones)


def write_lines(path: Path, lines: list[str]) -> None:
    """A text file."""
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def link_static(folder: Path) -> None:
    """Make static/ a model folder of its own: all but the graph is shared with the one around it."""
    links = {"am": "../am", "conf": "../conf", "graph/words.txt": "../../graph/words.txt"}
    for name, target in (links | {"graph/phones": "../../graph/phones"}).items():
        (folder / name).unlink(missing_ok=True)
        os.symlink(target, folder / name)


def main() -> None:
    """Build the graphs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--words", type=int, default=9000)
    parser.add_argument("--chars", type=int, default=3500)
    parser.add_argument("--order", type=int, default=3, help="words that the ready-made graph looks at together")
    parser.add_argument("--mix", type=float, default=0.15, help="share of the general unigram")
    parser.add_argument("--scale", type=float, default=1.0, help="of the language model against the sound")
    parser.add_argument("--unk", type=float, default=4.0, help="cost of a syllable of [unk]")
    options = parser.parse_args()
    write(language(options.words, options.chars), options.model, options)


if __name__ == "__main__":
    main()
