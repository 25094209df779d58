"""A template for every kind of file that a firm hands in: the header to fill in, and what belongs under it."""

from __future__ import annotations

import csv
import io

from campaign.imports.forms import COLUMNS, KIND_WORDS, Kind
from campaign.imports.workbook import template_workbook


def template(kind: Kind, *, excel: bool = False) -> tuple[str, bytes]:
    """The name and the content of a template: a CSV file of one line, or a workbook that also explains the columns."""
    word = KIND_WORDS[kind][0]
    columns = [(one.name, one.needed, one.about, one.sample) for one in COLUMNS[kind]]
    if excel:
        return f"{word}导入模板.xlsx", template_workbook(word, columns)
    out = io.StringIO(newline="")
    csv.writer(out).writerow([name for name, *_ in columns])
    return f"{word}导入模板.csv", out.getvalue().encode("utf-8-sig")
