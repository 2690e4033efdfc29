"""Answers by allow-list."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.picking import picker


class Inner(Schema):
    name = fields.String()


class Outer(Schema):
    plain = fields.Integer()
    one = fields.Nested(Inner, allow_none=True)
    many = fields.List(fields.Nested(Inner))
    by_name = fields.Dict(values=fields.Nested(Inner))
    anything = fields.Dict()


def test_only_what_is_named_is_picked_at_every_depth() -> None:
    secret = {"name": "Lan", "secret": 1}
    data = {
        "plain": 1,
        "one": secret,
        "many": [secret, secret],
        "by_name": {"a": secret},
        "anything": {"b": 2},
        "secret": 3,
    }
    assert picker(Outer())(data) == {
        "plain": 1,
        "one": {"name": "Lan"},
        "many": [{"name": "Lan"}, {"name": "Lan"}],
        "by_name": {"a": {"name": "Lan"}},
        "anything": {"b": 2},
    }


def test_what_is_absent_stays_absent_and_null_stays_null() -> None:
    assert picker(Outer())({"one": None}) == {"one": None}


def test_what_is_no_object_where_one_is_expected_does_not_pass() -> None:
    assert picker(Outer())({"one": "a secret", "many": ["a secret"]}) == {"one": None, "many": [None]}
