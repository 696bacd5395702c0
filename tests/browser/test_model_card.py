"""The page at `/model`, in a browser."""

from __future__ import annotations

from tests.browser.conftest import Visit, expect

FORBIDDEN = {"status": 403, "body": '{"message": "Forbidden"}'}


def test_it_says_what_the_model_is_in_both_languages(visit: Visit) -> None:
    page = visit.open("model")

    expect(page, "#verdict").to_contain_text("Promoted")
    expect(page, "#inputs").to_contain_text("3 to 16 % of full sun")
    expect(page, "#figures").to_contain_text("0.100 ± 0.010")
    expect(page, "#figures").to_contain_text("Kaplan-Meier by Tree")
    expect(page, "#figures").to_contain_text("apple (Malus domestica)-2.0")
    expect(page, "#figures").to_contain_text("3.0 points, apple (Malus domestica), day 20")
    expect(page, "#trust").to_contain_text("one new orchard")
    page.get_by_role("button", name="Español").click()
    expect(page, "#verdict").to_contain_text("Aprobado")
    expect(page, "#figures").to_contain_text("0,100 ± 0,010")
    expect(page, "#home").to_have_attribute("href", "./#.lang=es")
    assert visit.requests == ["/v1/model"]
    assert visit.faults == []


def test_without_a_key_it_shows_what_needs_none_and_the_rest_with_it(visit: Visit) -> None:
    visit.refuse = lambda request: None if request.headers.get("x-api-key") else FORBIDDEN
    page = visit.open("model")

    expect(page, "#key-fault").to_have_text("This service needs an API key.")
    expect(page, "#inputs").to_contain_text("pear (Pyrus communis)")
    expect(page, "#figures").to_be_empty()
    page.locator("#key").fill("k" * 40)
    page.locator("#key").press("Enter")
    expect(page, "#figures").to_contain_text("LogisticRegression")
    assert visit.requests == ["/v1/model"] * 2
