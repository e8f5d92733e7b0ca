"""The pages of lessons: what `gan-lab lesson` writes."""

import json
import time

from browser import PATIENCE, PHONE, equal, expect, pixels, until


def checks(gan_lab, world, root):
    lessons = json.loads(gan_lab("lesson", "--json"))["lessons"]
    names = [lesson["name"] for lesson in lessons]
    for name in names:
        gan_lab("lesson", name, "--quiet")
    pages = {name: world / "lesson" / f"{name}.html" for name in names}

    def at(page):
        return page.locator("#time").inner_text()

    def pressed(page):
        return set(page.eval_on_selector_all(".layer > [aria-pressed=true]", "(all) => all.map((node) => node.id.slice(6))"))

    def arrive(page, link, name):
        """Waits until the page is where a link says: two links may name one epoch, or the same layers."""
        wanted, end = asked(link), time.monotonic() + PATIENCE
        while (at(page), pressed(page)) != wanted and time.monotonic() < end:
            page.wait_for_timeout(20)
        equal((at(page), pressed(page)), wanted, f"{name}: what '{link.inner_text()}' shows")

    def asked(link):
        epoch, layers = link.get_attribute("href").removeprefix("#epoch=").split("&layers=")
        return f"epoch {epoch}", set(layers.split("+"))

    def sizes(bench):
        for lesson in lessons:
            size, most = pages[lesson["name"]].stat().st_size, 1_500_000 * len(lesson["runs"])
            expect(size < most, f"{lesson['name']} has {size} bytes")

    def looks(bench):
        for name in names:
            bench.sizes_and_colours(pages[name], f"lesson-{name}")

    def begins(bench):
        for lesson in lessons:
            page = bench.page(pages[lesson["name"]])
            equal(page.locator("h1").inner_text(), lesson["title"], "the title")
            equal(page.title(), lesson["title"], "the window's title")
            first = page.locator("#lesson a").first
            arrive(page, first, f"{lesson['name']} opens")
            equal(page.locator("#plots h3 > span:first-child").all_inner_texts(), lesson["runs"], "the runs")

    def followed(bench):
        for name in names:
            page = bench.page(pages[name])
            links = page.locator("#lesson a")
            for i in range(links.count()):
                link = links.nth(i)
                link.click()
                arrive(page, link, name)
                equal(link.get_attribute("aria-current"), "true", "the link that was followed")
                expect(page.locator("#lesson [aria-current]").count() == 1, "only that one")
                show = link.get_attribute("data-show")
                target = f"document.getElementById('{show or 'left'}').getBoundingClientRect()"
                until(page, f"{target}.height > 0 && {target}.top < innerHeight && {target}.bottom > 0", f"{name}: {show} is seen")
            bench.sound(page)

    def moves(bench):
        page = bench.page(pages["field"])
        links = page.locator("#lesson a")
        seen = {pixels(page, "#plot-0")}
        for i in range(1, 5):
            links.nth(i).click()
            arrive(page, links.nth(i), "field")
            shown = pixels(page, "#plot-0")
            expect(shown not in seen, f"'{links.nth(i).inner_text()}' shows nothing new")
            seen.add(shown)

    def beside(bench):
        page = bench.page(pages["collapse"])
        text, runs = (page.locator(id).bounding_box() for id in ("#lesson", "#seen"))
        expect(text["x"] + text["width"] <= runs["x"], "the runs stand beside the text")
        expect(not page.locator("#back").is_visible(), "no way back is needed")
        page.mouse.wheel(0, 900)
        page.wait_for_timeout(300)
        top = page.locator("#seen").bounding_box()["y"]
        expect(-1 <= top < 40, f"the runs stay in sight: {top}")
        for run in range(4):
            box = page.locator(f"#plot-{run}").bounding_box()
            expect(box["y"] + box["height"] <= 1000, f"plot {run} is below the window")
        phone = bench.page(pages["collapse"], size=PHONE)
        link = phone.locator("#lesson a").nth(1)
        link.click()
        until(phone, "Math.abs(document.getElementById('left').getBoundingClientRect().top) < 200", "on a phone the runs come into sight")
        phone.click("#back")
        until(phone, "(({ top, bottom }) => top > 0 && bottom < innerHeight)(document.querySelector('#lesson [aria-current]').getBoundingClientRect())", "and the text again")
        bench.sound(phone)

    def formulas(bench):
        for name in names:
            page = bench.page(pages[name])
            small = page.eval_on_selector_all("math", "(all) => all.filter((node) => node.getBoundingClientRect().height < (node.getAttribute('display') === 'block' ? 14 : 3)).length")
            expect(page.locator("math").count() > 1 and small == 0, f"{name}: formulas are drawn")
            wide = page.eval_on_selector_all("math", "(all) => all.filter((node) => node.scrollWidth > node.clientWidth + 1 && node.clientWidth).length")
            equal(wide, 0, f"{name}: formulas that are wider than the text")

    def printed(bench):
        page = bench.page(pages["strong"])
        page.emulate_media(media="print")
        page.wait_for_timeout(100)
        expect(page.locator("#lesson").is_visible() and page.locator("#plot-0").is_visible(), "text and plots are printed")
        expect(len(page.pdf()) > 10000, "it prints")

    return [
        ("sizes", sizes), ("looks", looks), ("opens where the text begins", begins), ("every link shows what it says", followed),
        ("links show other things", moves), ("runs beside the text", beside), ("formulas", formulas), ("print", printed),
    ]
