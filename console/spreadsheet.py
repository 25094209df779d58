"""Lists as spreadsheets: UTF-8 CSV that Excel opens, no cell taken for a formula, every export in the audit log."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from fastapi import Request, Response

from campaign.exporting import csv_lines
from console.access import signed_in
from console.desk import desk_of
from models.audit import Act, note

MOST_ROWS = 10_000  # of one export


def spreadsheet(request: Request, name: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """A file `name`.csv; who exported it is written down."""
    data = codecs.BOM_UTF8 + csv_lines((heads, *rows))
    with desk_of(request).database.write() as session:
        note(session, signed_in(request).staff_id, Act.EXPORTED, name)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}.csv"}
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)
