"""Lists as spreadsheets: UTF-8 CSV that Excel opens, no cell taken for a formula, every export in the audit log."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from fastapi import Request, Response

from campaign.exporting import neutral
from console.access import signed_in
from console.desk import desk_of
from models.audit import Act, note


def spreadsheet(request: Request, name: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """A file `name`.csv; who exported it is written down."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    with desk_of(request).database.write() as session:
        note(session, signed_in(request).staff_id, Act.EXPORTED, name)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}.csv"}
    data = codecs.BOM_UTF8 + out.getvalue().encode()
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)
