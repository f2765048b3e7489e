"""The manifest: a line, and where pyarrow is installed a row of a Parquet file, for every file that is there."""

from __future__ import annotations

import io
import json
import tempfile
from typing import Any

from aetherist.batch.records import Journal
from aetherist.batch.stores import Store

MANIFEST = "manifest.jsonl"
PARQUET = "manifest.parquet"


def write_manifest(store: Store, journal: Journal) -> tuple[int, tuple[str, ...]]:
    """Write the manifest of what is recorded; return how many files it names, and where it is."""
    files = 0
    table = _Parquet()
    with tempfile.SpooledTemporaryFile(max_size=2**24) as text:
        for records in journal.shards():
            rows = [row for record in records for row in record.files]
            files += len(rows)
            text.write("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode())
            table.add(rows)
        text.seek(0)
        store.put(MANIFEST, text.read())
    data = table.finished()
    if data is None:
        return files, (MANIFEST,)
    store.put(PARQUET, data)
    return files, (MANIFEST, PARQUET)


class _Parquet:
    """The rows as Parquet, a row group a shard; attributes are a map."""

    def __init__(self) -> None:
        self._arrow: Any = None
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            return
        self._arrow = pyarrow
        kinds = pyarrow
        self._schema = kinds.schema(
            [
                ("path", kinds.string()),
                ("sha256", kinds.string()),
                ("bytes", kinds.int64()),
                ("width", kinds.int32()),
                ("height", kinds.int32()),
                ("name", kinds.string()),
                ("seed", kinds.int64()),
                ("psi", kinds.float64()),
                ("attributes", kinds.map_(kinds.string(), kinds.float64())),
                ("view", kinds.int32()),
                ("output", kinds.string()),
                ("unit", kinds.float64()),
                ("yaw", kinds.float64()),
                ("pitch", kinds.float64()),
                ("camera", kinds.list_(kinds.float32(), 25)),
                ("model", kinds.string()),
            ]
        )
        self._buffer = io.BytesIO()
        self._writer: Any = pyarrow.parquet.ParquetWriter(self._buffer, self._schema)

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Append rows."""
        if self._arrow is None or not rows:
            return
        mapped = [row | {"attributes": list(row["attributes"].items())} for row in rows]
        self._writer.write_table(self._arrow.Table.from_pylist(mapped, schema=self._schema))

    def finished(self) -> bytes | None:
        """Return the file, ``None`` without pyarrow."""
        if self._arrow is None:
            return None
        self._writer.close()
        return self._buffer.getvalue()
