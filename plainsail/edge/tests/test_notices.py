"""Every notice of the edge leads on, where there is somewhere to go."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from plainsail.edge import notices

NOTICES = [
    notices.bad_request,
    notices.method_not_allowed,
    notices.broken_link,
    notices.unreadable,
    notices.length_required,
    notices.too_slow,
    notices.busy,
    notices.not_stored,
    notices.web_away,
    notices.web_failed,
    notices.web_too_slow,
]
PASSING = [notices.busy, notices.web_away, notices.not_stored]


def told(notice: Any, *, method: str = "GET") -> str:
    """The page of a notice."""
    answers: list[bytes] = []
    request = SimpleNamespace(
        method=method,
        path="/a-page",
        id="0123456789abcdef",
        headers={"accept": "text/html"},
        answer=lambda status, headers, body: answers.append(body),
    )
    notice(request)
    return answers[0].decode()


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.__name__)
def test_each_notice_has_a_way_on(notice: Any):
    assert told(notice).count("<a href=") == 1


@pytest.mark.parametrize("notice", PASSING, ids=lambda notice: notice.__name__)
def test_what_passes_is_asked_for_again_but_never_sent_again(notice: Any):
    assert '<a href="">Try again</a>' in told(notice)
    assert '<a href="/">Go to the start</a>' in told(notice, method="POST")


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.__name__)
def test_whoever_comes_to_the_api_is_told_in_a_problem_document_without_asking_for_one(notice: Any):
    kinds: list[str] = []
    request = SimpleNamespace(
        method="POST",
        path=f"{notices.API_PATH}contacts",
        id="0123456789abcdef",
        headers={"accept": "*/*"},
        answer=lambda status, headers, body: kinds.append(dict(headers)["content-type"]),
    )
    notice(request)
    assert kinds == ["application/problem+json"]


def test_where_no_site_lives_no_link_leads_in_a_circle():
    assert "<a " not in told(notices.unknown_host)
