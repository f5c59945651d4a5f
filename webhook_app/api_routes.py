"""A group of routes of the HTTP API, each served and described in the OpenAPI document at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Response
from flask_smorest import Blueprint  # type: ignore[import-untyped]  # it comes without types
from marshmallow import Schema

from webhook_app.api_reading import Reader

View = Callable[..., Response | tuple[Response, int]]
#: A schema, and an example of what it describes.
Described = tuple[type[Schema] | Mapping[str, Any], object]

_ALWAYS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE)
_WITH_BODY = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


class Routes(Blueprint):  # type: ignore[misc]  # it comes without types
    """Views of one subject."""

    ARGUMENTS_PARSER = Reader()

    def serve(
        self,
        route: str,
        view: View,
        *,
        answers: Mapping[int, Described],
        refusals: tuple[int, ...] = (),
        query: type[Schema] | None = None,
        body: Described | None = None,
        parameters: list[dict[str, Any]] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Serve a view at a route such as ``GET /v1/messages``; its docstring says in the document what it does.

        What ``query`` or ``body`` reads becomes the view's argument. All else describes what the view does anyway:
        its ``answers``, the statuses of its ``refusals``, its path's ``parameters``, and what ``more`` there is to say.
        """
        method, path = route.split(" ")
        name = view.__name__
        if query is not None:
            view = self.arguments(query, location="query")(view)
        if body is not None:
            schema, example = body
            view = self.arguments(schema, example=example)(view)
        for status, (schema, example) in answers.items():
            view = self.response(status, schema, example=example)(view)
        for status in (*_ALWAYS, *refusals, *(_WITH_BODY if method in {"POST", "PUT"} else ())):
            view = self.alt_response(status, HTTPStatus(status).name)(view)
        view = self.doc(operationId=f"{self.name}_{name}", **(more or {}))(view)
        self.add_url_rule(path, endpoint=name, view_func=view, methods=[method], parameters=parameters)
