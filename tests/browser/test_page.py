"""The page at `/`, in a browser: answers, fields, keyboard, comparison, keys, any study."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import OpenTab, Visit, client_of, expect
from tests.browser.orchard import OBSERVED, VISITS, write_orchard
from tests.functions.models import STUDIES

if TYPE_CHECKING:
    from playwright.sync_api import Request

KEY = "k" * 40
PEAR = {"tree": "Pyrus communis", "soil": "loam", "light": 0.05}
ADDRESS = "#tree=Pyrus+communis&soil=loam&light=0.05&day=40"


def answer_to(visit: Visit, body: dict[str, Any]) -> tuple[int, list[int], list[int]]:
    """Percentages as a sentence has them: the average, and both intervals."""
    answer = visit.send("POST", "/v1/predict", json.dumps(body).encode()).json()
    average, stand = answer["interval_90"], answer["stand_interval_90"]
    return round(answer["mortality_percent"]), [*map(round, average)], [*map(round, stand)]


def test_a_sentence_answers_in_english_and_in_spanish(visit: Visit) -> None:
    percent, (low, high), (lowest, highest) = answer_to(visit, {**PEAR, "day": 40})
    page = visit.open(ADDRESS)

    expect(page, "#sentence").to_have_text(
        f"Of 100 pear saplings planted on 1 June, about {percent} will be dead by 11 July "
        f"({low} to {high}; one new orchard may lie between {lowest} and {highest})."
    )
    expect(page, "#rest").to_have_text("Soil: loam; light: 5 % of full sun")
    assert page.locator("#dots circle").count() == 100
    assert page.locator("#dots .out").count() == percent
    page.get_by_role("button", name="Español").click()
    expect(page, "#sentence").to_have_text(
        f"De cada 100 plantones de peral plantados el 1 de junio, alrededor de {percent} habrán "
        f"muerto para el 11 de julio (entre {low} y {high}; en un huerto nuevo pueden ser entre "
        f"{lowest} y {highest})."
    )
    assert page.locator("html").get_attribute("lang") == "es"
    assert visit.faults == []


def test_the_browser_s_language_is_taken_and_kept_in_the_address(open_tab: OpenTab) -> None:
    page = open_tab(locale="es-MX").open()

    expect(page, "#sentence").to_contain_text("De cada 100")
    page.get_by_role("button", name="English").click()
    page.reload()
    expect(page, "#sentence").to_contain_text("Of 100")


def test_a_model_without_dates_percent_and_observations_is_shown_plainly(
    open_tab: OpenTab, tmp_path: Path
) -> None:
    visit = open_tab(client_of(write_orchard(tmp_path / "model", plain=True)))
    page = visit.open(ADDRESS)

    expect(page, "#sentence").to_contain_text(
        "Of 100 saplings (tree: pear (Pyrus communis); soil: loam; light: 0.05), "
    )
    expect(page, "#sentence").to_contain_text("will be dead by day 40 (")
    assert page.locator("#curve .observed").count() == 0
    assert visit.faults == []


def test_a_number_is_read_and_sent_in_two_units(visit: Visit) -> None:
    sent: list[dict[str, Any]] = []
    visit.refuse = lambda request: sent.append(json.loads(request.post_data or "{}"))
    page = visit.open()
    light = page.get_by_label("Light (% of full sun)").first
    page.get_by_role("button", name="deep shade · 5").click()
    expect(page, "#input2").to_have_value("5")
    expect(page, "#rest").to_contain_text("light: 5 % of full sun")
    light.fill("8.6")
    expect(page, "#rest").to_contain_text("light: 8.6 % of full sun")

    assert [each["light"] for each in sent][-2:] == [0.05, 0.086]
    assert "light=0.086" in page.url
    light.fill("101")
    expect(page, "#input2-fault").to_have_text("Enter a number from 0 to 100.")
    expect(page, ".seen + .help").to_have_text("Green: range of the study, 3 to 16 % of full sun")


def test_outside_the_range_of_the_study_it_warns(visit: Visit) -> None:
    page = visit.open("#light=0.5")

    expect(page, "#warnings").to_have_text(
        "Light: outside the range of the study, 3 to 16 % of full sun; "
        "this is the prediction for 16 % of full sun."
    )


def test_typing_sends_one_request_when_it_pauses(visit: Visit) -> None:
    page = visit.open()
    expect(page, "#sentence").to_contain_text("Of 100")
    visit.requests.clear()
    page.locator("#time").fill("")
    page.locator("#time").press_sequentially("30.5")
    expect(page, "#sentence").to_contain_text("by 1 July")

    assert visit.requests == ["/v1/predict"]


def test_a_dragged_slider_sends_few_requests_and_one_at_a_time(visit: Visit) -> None:
    page = visit.open()
    expect(page, "#sentence").to_contain_text("Of 100")
    visit.requests.clear()
    page.locator("input[type=range]").first.focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    expect(page, "#answer").not_to_have_class("stale")

    assert len(visit.requests) <= 3


def test_the_state_is_kept_by_a_reload(visit: Visit) -> None:
    page = visit.open()
    page.get_by_label("Tree").select_option("Pyrus communis")
    page.get_by_label("Planting date").fill("2027-05-01")
    page.get_by_label("By which date").fill("2027-05-31")
    page.locator("#comparison summary").click()
    page.get_by_label("All levels of").select_option("soil")
    expect(page, "#time").to_have_value("30")
    expect(page, ".bars tbody tr").to_have_count(3)
    page.reload()
    expect(page, "#sentence").to_contain_text("Of 100 pear saplings planted on 1 May")
    expect(page, "#target").to_have_value("2027-05-31")
    expect(page, ".bars tbody tr").to_have_count(3)

    before = page.url
    page.get_by_label("Planting date").fill("")
    expect(page, "#sentence").to_contain_text("by day 30")
    page.reload()
    expect(page, "#sentence").to_contain_text("by day 30")
    assert page.url != before


@pytest.mark.parametrize(
    ("control", "text", "fault"),
    [
        ("#time", "900", "Enter a number from 0 to 60. Choose a date from 1 June to 31 July."),
        ("#time", "", "Enter a number."),
        ("#input2", "-1", "Enter a number from 0 to 100."),
        ("#target", "", "Enter a number."),
    ],
)
def test_a_fault_is_named_beside_its_field_and_the_last_result_stays_dimmed(
    visit: Visit, control: str, text: str, fault: str
) -> None:
    page = visit.open()
    expect(page, "#sentence").to_contain_text("will be dead")
    visit.requests.clear()
    page.locator(control).fill(text)

    named = "#time" if control == "#target" else control
    expect(page, f"{named}-fault").to_have_text(fault)
    expect(page, named).to_have_attribute("aria-invalid", "true")
    expect(page, "#answer").to_have_class("stale")
    expect(page, "#sentence").to_contain_text("will be dead")
    assert visit.requests == []


def test_a_field_that_the_service_refuses_is_named_beside_it(visit: Visit) -> None:
    problem = {"detail": "The body has 1 invalid field.", "errors": [{"field": "light"}]}
    visit.refuse = lambda _: {"status": 422, "body": json.dumps(problem)}
    page = visit.open()

    expect(page, "#input2-fault").to_have_text("The service does not accept this value.")


def test_the_keyboard_reads_the_curve(visit: Visit) -> None:
    page = visit.open("#day=30")
    expect(page, "#readout").to_contain_text("day 30, 1 July:")
    page.locator("#curve").press("End")
    expect(page, "#readout").to_contain_text("day 60, 31 July:")
    page.locator("#curve").press("ArrowLeft")
    expect(page, "#curve").to_have_attribute("aria-valuenow", "50")


def test_the_mouse_reads_the_curve(visit: Visit) -> None:
    page = visit.open("#day=60")
    expect(page, "#readout").to_contain_text("day 60")
    page.locator("#curve").hover(position={"x": 100, "y": 100})
    expect(page, "#readout").to_contain_text("day 10")
    page.mouse.move(0, 0)
    expect(page, "#readout").to_contain_text("day 60")


def test_a_finger_reads_the_curve(open_tab: OpenTab) -> None:
    page = open_tab(has_touch=True).open("#day=60")
    expect(page, "#readout").to_contain_text("day 60")
    box = page.locator("#curve").bounding_box()
    assert box is not None
    page.evaluate(
        """([x, y]) => document.getElementById("curve").dispatchEvent(
             new PointerEvent("pointerdown", {clientX: x, clientY: y, pointerType: "touch"}))""",
        [box["x"] + 100, box["y"] + 50],
    )
    expect(page, "#readout").to_contain_text("day 10")


def test_everything_is_done_by_keyboard_alone(visit: Visit) -> None:
    page = visit.open("#day=60")
    expect(page, "#sentence").to_contain_text("Of 100 apple saplings")
    reached: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "(document.activeElement.id || document.activeElement.textContent.trim()).slice(0, 20)"
        )
        if name == "input0":
            page.keyboard.press("ArrowDown")
        if name == "Compare":
            page.keyboard.press("Enter")
        if name == "compare":
            page.keyboard.press("ArrowDown")
        reached.append(name)

    expect(page, "#sentence").to_contain_text("Of 100 pear saplings")
    expect(page, ".bars tbody tr").to_have_count(2)
    expected = ("English", "input0", "input2", "start", "target", "time", "curve", "Copy link")
    places = [reached.index(each) for each in (*expected, "Compare", "compare", "card")]
    assert places == sorted(places)


def test_the_table_holds_the_curve_with_both_intervals_and_what_was_observed(visit: Visit) -> None:
    page = visit.open()
    expect(page, "#sentence").to_contain_text("Of 100")
    page.locator("#table summary").click()

    headings = page.locator("#table th").all_text_contents()
    assert headings == [
        *("day", "date", "mortality, %", "90 % interval", "one new orchard", "observed, %"),
    ]
    last = [
        row.locator("td").all_text_contents()[-1] for row in page.locator("#table tr").all()[1:]
    ]
    assert last == ["\N{EN DASH}" if each is None else f"{each:.1f}" for each in OBSERVED]


def test_what_was_observed_is_drawn_for_the_level_that_has_it(visit: Visit) -> None:
    page = visit.open()
    expect(page, "#legend").to_contain_text(
        "Grey: observed in the study, apple (123), whatever their other values."
    )
    assert page.locator("#curve .observed").count() == 1
    page.get_by_label("Tree").select_option("Pyrus communis")
    expect(page, "#legend").not_to_contain_text("Grey")
    assert page.locator("#curve .observed").count() == 0


def test_all_levels_of_a_factor_are_compared(visit: Visit) -> None:
    page = visit.open("#.compare=soil&soil=sand")

    expect(page, ".bars tbody tr").to_have_count(3)
    expect(page, ".bars [aria-current]").to_contain_text("sand")
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
    page.locator("#card").click()
    expect(page, "#verdict").to_contain_text("Promoted")
    assert visit.requests[-1] == "/v1/model"


def test_a_busy_service_is_waited_for(visit: Visit) -> None:
    busy = {"status": 429, "headers": {"retry-after": "1"}, "body": "{}"}
    visit.refuse = lambda _: busy if len(visit.requests) == 1 else None
    page = visit.open()

    expect(page, "#messages").to_contain_text("next try in 1 s")
    expect(page, "#sentence").to_contain_text("will be dead")
    expect(page, "#messages").to_be_empty()
    assert len(visit.requests) == 2


def test_a_failure_is_said_and_can_be_tried_again(visit: Visit) -> None:
    visit.refuse = lambda _: {"status": 500, "body": "{}"} if len(visit.requests) == 1 else None
    page = visit.open()
    expect(page, "#messages").to_contain_text("The service failed (500).")
    page.get_by_role("button", name="Try again").click()
    expect(page, "#sentence").to_contain_text("will be dead")


def test_the_curve_is_downloaded_as_csv(visit: Visit, tmp_path: Path) -> None:
    page = visit.open(ADDRESS)
    expect(page, "#sentence").to_contain_text("will be dead")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    download.value.save_as(tmp_path / "curve.csv")
    rows = list(csv.DictReader((tmp_path / "curve.csv").read_text("utf-8-sig").splitlines()))

    assert download.value.suggested_filename == "mortality_percent.csv"
    assert [float(row["day"]) for row in rows] == list(VISITS)
    assert {row["light"] for row in rows} == {"0.05"}


def test_a_link_is_copied(visit: Visit) -> None:
    page = visit.open(ADDRESS)
    # The clipboard exists on secure origins alone, and the test's is not one.
    page.evaluate(
        """Object.defineProperty(navigator, "clipboard",
             {value: {writeText: async (text) => { window.copied = text; }}})"""
    )
    page.get_by_role("button", name="Copy link").click()
    expect(page, "#actions [role=status]").to_have_text("Copied.")

    assert page.evaluate("window.copied") == page.url


def test_a_print_holds_the_answer_and_its_table_and_no_form(visit: Visit) -> None:
    page = visit.open(ADDRESS)
    expect(page, "#sentence").to_contain_text("will be dead")
    page.emulate_media(media="print")
    page.evaluate('dispatchEvent(new Event("beforeprint"))')

    expect(page, "#inputs").to_be_hidden()
    expect(page, "#actions").to_be_hidden()
    for shown in ("#sentence", "#rest", "#dots", "#curve", "#trust", "#table td >> nth=0"):
        expect(page, shown).to_be_visible()


@pytest.mark.parametrize("name", STUDIES)
def test_any_study_is_answered_without_an_error(
    open_tab: OpenTab, name: str, tmp_path: Path
) -> None:
    sketch = STUDIES[name]
    visit = open_tab(client_of(sketch.write(tmp_path / "model")), locale="es")
    page = visit.open()

    expect(page, "#sentence").to_contain_text(f"De cada 100 {sketch.rows}")
    assert page.locator("[data-name]").count() == 1 + len(sketch.factors) + len(sketch.numbers)
    assert page.locator("#curve .stand-band").count() == sketch.stand
    # The band along the curve is made by the page, and must be what the API answers at its time.
    for time in (sketch.visits[-1], sketch.visits[len(sketch.visits) // 2], sketch.visits[1]):
        page.locator("#time").fill(f"{time:g}")
        expect(page, "#curve").to_have_attribute("aria-valuenow", f"{time:g}")
        drawn, answered = page.evaluate(
            """() => { const { answer } = shown, at = answer[facts.time];
               const [low, high] = answer.interval_90;
               return [standInterval({ at, percent: percentOf(answer), low, high }),
                       answer.stand_interval_90]; }"""
        )
        assert drawn == (answered and pytest.approx(answered, abs=0.1))
    visit.open("model")
    expect(page, "#inputs td >> nth=0").to_be_visible()
    assert visit.faults == []
