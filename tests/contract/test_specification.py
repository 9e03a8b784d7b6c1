"""The specification, and what is committed of it."""

from typing import Any

import flask_smorest
import pytest
from flask import Flask
from openapi_spec_validator import validate

from tests.contract.conftest import operations
from timebank import errors, specification
from timebank.identity.guards import DEVICE_TOKEN
from timebank.web.api import Api
from timebank.web.problems import MEDIA_TYPE

OF_DEVICES = {"/device", "/device/shifts", "/shifts/{shift_id}/code"}
"""What a device may ask for with nobody signed in."""


def test_the_committed_specification_is_what_the_code_says(app: Flask) -> None:
    """Drift is red: run `timebank openapi write`."""
    assert specification.write(app, check=True) == []


def test_writing_makes_both_files_and_leaves_them_alone_after(
    app: Flask, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check names what is missing, writes nothing, and is content afterwards."""
    monkeypatch.setattr(specification, "FOLDER", tmp_path)

    assert specification.write(app, check=True) == ["openapi.json", "problems.md"]
    assert list(tmp_path.iterdir()) == []
    assert specification.write(app) == []
    assert specification.write(app, check=True) == []


def test_every_refusal_is_in_the_catalogue(app: Flask) -> None:
    """Each code stands in problems.md with its status and both titles."""
    text = (specification.FOLDER / "problems.md").read_text(encoding="utf-8")
    for kind in errors.catalogue():
        assert f"`{kind.code}`" in text
        assert kind.title in text
        assert kind.title_en in text


def test_a_code_is_one_refusals() -> None:
    """Two refusals of one code would be told apart by nobody, and one of them would be missing from the catalogue."""

    def below(kind: type[errors.Refusal]) -> list[type[errors.Refusal]]:
        children = kind.__subclasses__()
        return [*children, *(one for child in children for one in below(child))]

    codes = [
        vars(kind)["code"]
        for kind in below(errors.Refusal)
        if kind.__module__.startswith("timebank.") and "code" in vars(kind)
    ]
    assert sorted(code for code in set(codes) if codes.count(code) > 1) == []


def test_the_document_is_valid_openapi_31(document: dict[str, Any]) -> None:
    """An independent validator reads it, references and all."""
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_every_operation_documents_its_errors_as_problems(document: dict[str, Any]) -> None:
    """The default answer of each is the one problem shape; so is 422 wherever values are read."""
    for path, method, operation in operations(document):
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}, (method, path)
        if "requestBody" in operation:
            assert operation["responses"]["422"] == {"$ref": "#/components/responses/UNPROCESSABLE_ENTITY"}
    for response in document["components"]["responses"].values():
        assert response["content"] == {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(document: dict[str, Any]) -> None:
    """Clients are generated from the names."""
    names = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(names) == len(set(names))
    assert all(operation["summary"] for _, _, operation in operations(document))


def test_every_guarded_operation_asks_for_the_token(document: dict[str, Any]) -> None:
    """Security is documented as it is enforced."""
    for path, method, operation in operations(document):
        asked = [name for way in operation["security"] for name in way]
        assert asked in ([], ["bearer"], ["device"], ["bearer", "device"]), (method, path)
        assert ("device" in asked) == (path.removeprefix("/api/v1") in OF_DEVICES), (method, path)
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["components"]["securitySchemes"]["device"]["name"] == DEVICE_TOKEN


def test_the_private_methods_of_flask_smorest_that_we_override_are_still_there() -> None:
    """They are no part of its interface: an upgrade that renames them must not pass unseen."""
    for name in ("_register_responses", "_register_pagination_header"):
        assert name in vars(Api)
        assert hasattr(flask_smorest.Api, name)
    assert isinstance(flask_smorest.Blueprint("x", "x")._prepare_doc_cbks, list)
