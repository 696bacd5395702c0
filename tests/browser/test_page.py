"""The page at `/`, in a browser: answers, fields, keyboard, comparison, keys, any study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from functions.api.app import create_app
from functions.artefact import read_artefact
from functions.scoring import Scorer
from tests.browser.conftest import OpenTab, Visit, expect
from tests.functions.conftest import Client, Listener
from tests.functions.models import STUDIES

if TYPE_CHECKING:
    from playwright.sync_api import Request

KEY = "k" * 40


def test_it_answers_in_a_sentence_with_dots_in_both_languages(visit: Visit) -> None:
    page = visit.open("#species=Quercus+rubra&day=60")

    expect(page, "#sentence").to_contain_text("will be dead by day 60")
    assert page.locator("#dots circle").count() == 100
    page.get_by_role("button", name="Español").click()
    expect(page, "#sentence").to_contain_text("habrán muerto para el día 60")
    assert page.locator("html").get_attribute("lang") == "es"
    page.reload()
    expect(page, "#sentence").to_contain_text("habrán muerto para el día 60")
    assert visit.faults == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_typing_sends_one_request_when_it_pauses(visit: Visit) -> None:
    page = visit.open()
    expect(page, "#sentence").to_contain_text("of 100", ignore_case=True)
    visit.requests.clear()
    page.locator("#time").fill("")
    page.locator("#time").press_sequentially("60.5")
    expect(page, "#sentence").to_contain_text("day 60.5")

    assert visit.requests == ["/v1/predict"]


def test_dates_and_days_follow_each_other_and_stay_after_a_reload(visit: Visit) -> None:
    page = visit.open()
    page.locator("#start").fill("2027-06-01")
    page.locator("#target").fill("2027-08-01")

    expect(page, "#time").to_have_value("61")
    expect(page, "#sentence").to_contain_text("by 1 August 2027, day 61")
    page.reload()
    expect(page, "#target").to_have_value("2027-08-01")


def test_a_bad_field_is_named_beside_it_and_the_last_result_stays_dimmed(visit: Visit) -> None:
    page = visit.open()
    expect(page, "#sentence").to_contain_text("will be dead")
    visit.requests.clear()
    page.locator("#time").fill("900")

    expect(page, "#time-fault").to_have_text("Enter a number from 0 to 115.5.")
    expect(page, "#answer").to_have_class("stale")
    expect(page, "#sentence").to_contain_text("will be dead")
    assert visit.requests == []


def test_the_keyboard_reads_the_curve(visit: Visit) -> None:
    page = visit.open("#day=60")
    expect(page, "#readout").to_contain_text("day 60:")
    page.locator("#curve").press("End")
    expect(page, "#readout").to_contain_text("day 115.5:")
    page.locator("#curve").press("ArrowLeft")
    expect(page, "#curve").to_have_attribute("aria-valuenow", "112")


def test_all_levels_of_a_factor_are_compared(visit: Visit, folder: Path) -> None:
    page = visit.open("#.compare=soil")
    levels = read_artefact(folder).factors[1].levels

    expect(page, ".bars tbody tr").to_have_count(len(levels))
    assert visit.requests == ["/v1/predict", "/v1/predict/batch"]


def test_a_key_is_used_when_it_is_complete_and_kept_for_the_tab(visit: Visit) -> None:
    def refuse(request: Request) -> dict[str, object] | None:
        forbidden = {"status": 403, "body": '{"message": "Forbidden"}'}
        return None if request.headers.get("x-api-key") == KEY else forbidden

    visit.refuse = refuse
    page = visit.open()
    expect(page, "#key-fault").to_have_text("This service needs an API key.")
    page.locator("#key").press_sequentially(KEY)
    page.locator("#key").press("Enter")
    expect(page, "#sentence").to_contain_text("will be dead")
    assert len(visit.requests) == 2
    page.reload()
    expect(page, "#sentence").to_contain_text("will be dead")
    assert len(visit.requests) == 3


def test_a_busy_service_is_waited_for(visit: Visit) -> None:
    busy = {"status": 429, "headers": {"retry-after": "1"}, "body": "{}"}
    visit.refuse = lambda _: busy if len(visit.requests) == 1 else None
    page = visit.open()

    expect(page, "#messages").to_contain_text("next try in 1 s")
    expect(page, "#sentence").to_contain_text("will be dead")
    expect(page, "#messages").to_be_empty()
    assert len(visit.requests) == 2


@pytest.mark.parametrize("name", STUDIES)
def test_any_study_is_answered_without_an_error(
    open_tab: OpenTab, name: str, tmp_path: Path
) -> None:
    sketch = STUDIES[name]
    client = Client(create_app(Scorer(read_artefact(sketch.write(tmp_path / "model"))), Listener()))
    visit = open_tab(client, locale="es")
    page = visit.open()

    expect(page, "#sentence").to_contain_text(f"De cada 100 {sketch.rows}")
    assert page.locator("[data-name]").count() == 1 + len(sketch.factors) + len(sketch.numbers)
    assert (page.locator("#curve .stand").count() == 1) == sketch.stand
    assert visit.faults == []
