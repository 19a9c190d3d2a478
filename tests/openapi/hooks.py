"""Adjusts generated requests that the server should accept, where a schema cannot express a rule."""

import datetime
import json
import re
import unicodedata
import uuid
from urllib.parse import quote, unquote

import schemathesis
from schemathesis.generation.meta import CoverageScenario

# A cursor at the end of the list of deployments, from its Link header.
CURSOR = "AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
PAST = "2025-06-01T12:00:00Z"
# The categories of characters that names refuse, all of them or in some places.
REFUSED = ("Cn", "Co", "Cs", "Cf", "Mn", "Mc", "Me")
TAGS = r'\*|(W/)?"[\x21\x23-\x7e]*"( *, *(W/)?"[\x21\x23-\x7e]*")*'
LINE = {"component": "api", "environment": "staging", "version": "v1", "status": "succeeded", "occurredAt": PAST}


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.hook
def before_call(ctx, case, kwargs):
    new_key(case)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if isinstance(case.query, dict):
        case.query = printed(case.query)
    if case.path_parameters:
        case.path_parameters = {
            name: quote(printed(unquote(value)), safe="") if isinstance(value, str) else value
            for name, value in case.path_parameters.items()
        }
    if case.path == "/api/v1/deployments/latest":
        # A schema cannot describe that one of two parameters is required.
        query = case.query if isinstance(case.query, dict) else {}
        case.query = {"component": "api"} | {name: value for name, value in query.items() if name != "componentId"}
    if isinstance(case.query, dict) and "cursor" in case.query:
        # A cursor is opaque, replaces skip, and belongs to an order.
        case.query = {name: value for name, value in case.query.items() if name != "skip"}
        case.query |= {"cursor": CURSOR, "order": "created"}
    if not re.fullmatch(TAGS, (case.headers or {}).get("If-Match", "*")):
        # schemathesis takes this header from its own list and ignores the document.
        case.headers["If-Match"] = "*"
    sent_at = (case.headers or {}).get("Sent-At")
    if sent_at is not None and not is_past(sent_at):
        # The document describes this time as a text, see deploytrack-server/src/openapi/parameters.rs.
        case.headers["Sent-At"] = PAST
    if case.media_type == "application/x-ndjson":
        # A schema cannot describe the lines of a text.
        case.body = json.dumps(LINE) + "\n" + json.dumps(LINE | {"version": str(uuid.uuid4())}) + "\n"
    elif isinstance(case.body, dict):
        case.body = valid(case.body)
        if case.path == "/api/v1/deployments/import":
            case.body = with_known_names(case.body)
    elif isinstance(case.body, list) and case.path == "/api/v1/deployments/import":
        case.body = [with_known_names(valid(line)) if isinstance(line, dict) else line for line in case.body]


def new_key(case):
    """A repeated key replays the first answer even if the resource has changed since, which the checks report as a fault."""
    if leaves_out(case):
        # This request tests a missing header; after a change here, it would be sent with all headers.
        return
    headers = case.headers or {}
    key = headers.get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        headers["Idempotency-Key"] = str(uuid.uuid4())


def leaves_out(case):
    return case.meta is not None and getattr(case.meta.phase.data, "scenario", None) == CoverageScenario.MISSING_PARAMETER


def valid(body):
    """The body with times in the past, and metadata within the limits."""
    body = printed(body)
    for name in ("occurredAt", "startedAt", "finishedAt"):
        if isinstance(body.get(name), str) and not is_past(body[name]):
            body[name] = PAST
    if isinstance(body.get("metadata"), dict) and not is_within_limits(body["metadata"]):
        body["metadata"] = {}
    return body


def printed(value):
    """The value without characters that names refuse and that the pattern of a name would be too long to list."""
    if isinstance(value, dict):
        return {name: printed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [printed(inner) for inner in value]
    if not isinstance(value, str):
        return value
    text = "".join(letter for letter in value if unicodedata.category(letter) not in REFUSED).strip()
    return text if text or not value else "x"


def with_known_names(line):
    """The line with names instead of ids, and a deployment instead of an undeployment: a line about unknown ones is refused."""
    named = {"componentId": None, "component": "api", "environmentId": None, "environment": "staging"}
    # A schema cannot describe which entries of a history fit together, and the words of other programs for a status.
    return LINE if "event" in line or line.get("history") else line | named | {"status": "succeeded"}


def is_past(time):
    try:
        return datetime.datetime.fromisoformat(time.upper().replace("Z", "+00:00")) < datetime.datetime.now(datetime.UTC)
    except ValueError:
        return False


def is_within_limits(metadata):
    text = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8", "surrogatepass")) <= 16 * 1024 and fits(metadata, 16)


def fits(value, levels):
    if isinstance(value, dict):
        return levels > 0 and all("\0" not in key and fits(inner, levels - 1) for key, inner in value.items())
    if isinstance(value, list):
        return levels > 0 and all(fits(inner, levels - 1) for inner in value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    return "\0" not in value if isinstance(value, str) else True
