"""The keys of a JSON file from its beginning."""

import gzip
import json

import pytest

from pipelines.json_shape import key_paths


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": [{"b": {"c": 1}, "d": [[{"e": 2}]], "f": 3}, {"g": "x"}], "h": 4}',
         {"a", "a.b", "a.b.c", "a.d", "a.d.e", "a.f", "a.g", "h"}),
        ('{"a": 1}\n{"b": {"c": 1}}\n', {"a", "b", "b.c"}),
        ('[{"a": "}]{ \\"b\\": 1"}, 3]', {"a"}),
        ('{"a" : {"b', {"a"}),
        ('{"\\u00e9\\n": 1}', {"é\n"}),
        ("", set()), ("]}{", set()), ('"a"', set()),
    ],
)  # fmt: skip
def test_keys_stand_after_those_around_them(tmp_path, text, expected):
    (tmp_path / "a.json").write_text(text)
    assert key_paths(tmp_path / "a.json") == expected


def test_any_nesting_gives_the_keys_that_parsing_gives(tmp_path):
    whole = [{"x": [[], {}, [{"y": {}}]], "z": {"x": None}}, {"w": [{"v": 1}, {"u": [2]}], "t": ":"}]
    (tmp_path / "a.json").write_text(json.dumps(whole, indent=2))
    assert key_paths(tmp_path / "a.json") == {"x", "x.y", "z", "z.x", "w", "w.v", "w.u", "t"}


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_content_says_how_a_file_is_read(tmp_path, name, encoding, packed):
    content = '{"data": [{"title": "Amélie"}]}'.encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    assert key_paths(tmp_path / name) == {"data", "data.title"}
