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
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
