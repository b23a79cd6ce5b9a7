"""A damaged JSON text is read up to the damage, as Trino reads it."""

import json

import pytest

from scripts.sandbox.damaged_json import read_damaged


@pytest.mark.parametrize(
    ("text", "sound", "whole"),
    [
        ('{"a": 1, "b": "cut', {"a": 1}, {"a": 1}),
        ('{"a": [1, 2], "b": oops}', {"a": [1, 2]}, {"a": [1, 2]}),
        ('{"a": [{"b": 1}, {"b":', {"a": [{"b": 1}, {}]}, {}),
        ('{"a": {"b": [1], "c": [2', {"a": {"b": [1], "c": [2]}}, {"a": {"b": [1]}}),
        ('{"a": 1} x', {"a": 1}, {"a": 1}),
        ('{"a": 1, "a": 2, "b"', {"a": 1}, {"a": 1}),
        ('{"a": 1, "b": NaN, "c": 2}', {"a": 1}, {"a": 1}),
        ('{"a": [1,], "c": 2}', {"a": [1]}, {}),
        ('{"a": "\\ud800"}', {"a": "?"}, {"a": "?"}),
        ("{oops", {}, {}),
    ],
)
def test_what_stands_before_the_damage_is_read(text: str, sound: object, whole: object) -> None:
    remains = read_damaged(text)
    assert remains is not None
    assert (json.loads(remains.sound), json.loads(remains.whole)) == (sound, whole)


@pytest.mark.parametrize("text", [None, "", " ", "oops", '{"a": "NaN"}', "[]", "null", "\ufeff{}"])
def test_nothing_is_mended_where_all_or_nothing_can_be_read(text: str | None) -> None:
    assert read_damaged(text) is None
