"""The JSON Schema of the rubric language, generated from its models; kept in step by a test.

``python -m qa_pipeline.rubric.jsonschema > rubrics/rubric.schema.json`` writes it again.
"""

from __future__ import annotations

import json
import sys


def schema_text() -> str:
    """The schema as indented JSON, for editors that check YAML while it is typed."""
    from qa_pipeline.rubric.language import RubricFile

    schema = RubricFile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "会鉴量规"
    # A rubric that extends another may leave out whatever it does not change; an entry is told by its id.
    schema["if"], schema["else"] = {"required": ["extends"]}, {"required": schema["required"]}
    schema["required"] = ["id", "version"]
    for name in ("CriticalRule", "DimensionWeight", "Item", "Point"):
        entry = schema["$defs"][name]
        entry["required"] = ["id"]
        entry["properties"]["remove"] = {"type": "boolean", "description": "从所扩展的量规里去掉这一条"}
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
