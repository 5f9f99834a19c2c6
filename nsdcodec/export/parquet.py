"""parquet: one file in Hugging Face's convention, which `datasets` reads as columns of Image and ClassLabel."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.export import picture
from nsdcodec.export.base import about, chunks
from nsdcodec.system.packages import package


def write(dataset: NSDDataset, file: BinaryIO) -> None:
    """Columns: `image` {bytes: a PNG, path: NUMBER.png}, `label` int64 and, for soft labels, `soft_label` float32
    [classes]. Classes, mean, standard deviation and recipe are also in the schema's metadata, as JSON under `nsdcodec`.
    Raises InvalidSetting for images of other than 1 or 3 channels, and MissingData without pyarrow."""
    picture.check(dataset)
    arrow, parquet = package("pyarrow", "export"), package("pyarrow.parquet", "export")
    soft = dataset.labels.ndim == 2
    schema = _schema(arrow, dataset, soft)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for chunk in chunks(dataset):
            columns: dict[str, Any] = {
                "image": [
                    {"bytes": picture.png(pixels), "path": f"{chunk.start + i:06}.png"}
                    for i, pixels in enumerate(chunk.pixels)
                ],
                "label": chunk.labels,
            }
            if chunk.soft_labels is not None:
                columns["soft_label"] = list(chunk.soft_labels)
            writer.write_table(arrow.table(columns, schema))


def _schema(arrow: Any, dataset: NSDDataset, soft: bool) -> Any:
    fields = [
        ("image", arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])),
        ("label", arrow.int64()),
    ]
    features: dict[str, Any] = {
        "image": {"_type": "Image"},
        "label": {"names": list(dataset.classes), "_type": "ClassLabel"},
    }
    if soft:
        fields.append(("soft_label", arrow.list_(arrow.float32())))
        # "List" is what new versions of `datasets` write; "Sequence" is what old ones read as well.
        features["soft_label"] = {"feature": {"dtype": "float32", "_type": "Value"}, "_type": "Sequence"}
    metadata = {"huggingface": {"info": {"features": features}}, "nsdcodec": about(dataset)}
    return arrow.schema(fields, metadata={name: json.dumps(value) for name, value in metadata.items()})
