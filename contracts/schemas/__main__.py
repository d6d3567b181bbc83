"""Write every JSON Schema beside this file."""

from contracts.schemas import FOLDER, PUBLISHED, schema_text

for name in PUBLISHED:
    (FOLDER / f"{name}.json").write_text(schema_text(name), "utf-8")
