"""The page of semantic directions: index.html of a job of `gan-lab sefa`."""

import json

from browser import download, equal, expect, focus_away, pixels, until

STEPS, MIDDLE = 5, 2
HOSTILE = "</script><!--<script>"


def checks(gan_lab, world, root):
    checkpoint = root / "tests/fixtures/checkpoints/genforce-zip.pth"
    gan_lab("sefa", "--checkpoint", checkpoint, "--n", 3, "--k", 4, "--steps", STEPS, "--viz-size", 64, "--out", "job", "--quiet")
    path = world / "job/index.html"

    def captions(page, figure=0):
        return page.locator("figure").nth(figure).locator(".cells .value").all_inner_texts()

    def places(page):
        return page.eval_on_selector_all(".cell[data-k]", "(all) => all.map((node) => node.style.backgroundPosition)")

    def pressed(page):
        return page.eval_on_selector_all("[aria-pressed=true]", "(all) => all.map((node) => node.id)")

    def looks(bench):
        bench.sizes_and_colours(path, "sefa")
        bench.sizes_and_colours(path, "sefa-strip", "#view=strip")

    def opening(bench):
        page = bench.page(path)
        equal(captions(page), ["\u22122", "0", "+2"], "it opens on")
        left, middle, right = (page.locator(".cell").nth(i).screenshot() for i in range(3))
        expect(len({left, middle, right}) == 3, "the columns look the same")
        equal(page.locator("main section").count(), 4, "directions")
        equal(page.locator(".range").first.locator(".end").all_inner_texts(), ["\u22122", "+2"], "the slider's ends")
        bench.sound(page)

    def views(bench):
        page = bench.page(path)
        for key, view, cells, strips in (("3", "strip", 0, 12), ("2", "one", 12, 0), ("1", "ends", 36, 0)):
            page.keyboard.press(key)
            equal(pressed(page), [f"view-{view}", "by-semantic"], f"key {key}")
            equal((page.locator(".cell").count(), page.locator(".strip").count()), (cells, strips), f"pictures in {view}")
        page.click("#view-strip")
        page.click("#by-sample")
        equal(page.locator("main section").count(), 1 + 3, "sections by sample")
        expect("view=strip" in page.url and "by=sample" in page.url, page.url)
        bench.sound(page)
        again = bench.page(path, "#view=one&by=sample")
        equal(pressed(again), ["view-one", "by-sample"], "from the address")
        again.evaluate("location.hash = '#view=strip'")
        again.wait_for_selector(".strip")
        wrong = bench.page(path, "#view=%3Cb%3E&by=nothing")
        equal(pressed(wrong), ["view-ends", "by-semantic"], "from an address that says nothing")
        bench.sound(wrong)

    def sliders(bench):
        page = bench.page(path)
        slider = page.locator("[data-slider='1']")
        slider.focus()
        before = places(page)
        page.keyboard.press("ArrowRight")
        equal(slider.get_attribute("aria-valuetext"), "1", "the slider says")
        equal(captions(page, 3), ["\u22122", "+1", "+2"], "the middle column")
        moved = [i for i, (a, b) in enumerate(zip(before, places(page))) if a != b]
        equal(moved, [10, 13, 16], "the middle cells of the second direction alone")
        page.keyboard.press("End")
        equal(slider.get_attribute("aria-valuetext"), "2", "the slider's end")
        focus_away(page)
        page.keyboard.press("ArrowLeft")
        texts = page.eval_on_selector_all("[data-slider]", "(all) => all.map((node) => node.getAttribute('aria-valuetext'))")
        equal(texts, ["\u22121", "1", "\u22121", "\u22121"], "all moved by one")
        page.click("#centre")
        equal(set(page.locator("[data-distance]").all_inner_texts()), {"distance 0"}, "centred")
        bench.sound(page)

    def playing(bench):
        page = bench.page(path)
        page.keyboard.press("Space")
        equal(page.locator("#play").get_attribute("aria-pressed"), "true", "playing")
        until(page, "document.querySelector('[data-slider]').value !== '2'", "a slider moves")
        page.keyboard.press("Space")
        equal(page.locator("#play").inner_text(), "Play", "the button, when it rests")
        at = page.locator("[data-slider='0']").input_value()
        page.wait_for_timeout(400)
        equal(page.locator("[data-slider='0']").input_value(), at, "it rests")
        bench.sound(page)

    def labels(bench):
        page = bench.page(path)
        page.fill("[data-label='0']", HOSTILE)
        page.fill("[data-label='2']", "collar")
        equal(page.locator("#kept").inner_text(), "Labels are kept in this browser.", "it says")
        page.reload()
        equal(page.input_value("[data-label='0']"), HOSTILE, "the label after a reload")
        name, bytes = download(page, lambda: page.click("#export"))
        equal((name, json.loads(bytes)), ("labels.json", {"0": HOSTILE, "2": "collar"}), "what is exported")
        page.click("#by-sample")
        expect(page.locator("[data-name='0']").first.text_content() == HOSTILE, "the label is text")
        page.click("#forget")
        equal(page.input_value("[data-label='0']"), "", "the job's label")
        page.reload()
        equal(page.input_value("[data-label='0']"), "", "the job's label after a reload")
        bench.sound(page)

    def enlarging(bench):
        page = bench.page(path)
        page.locator(".cell").nth(2).click()
        words = page.locator("#large-words")
        until(page, "document.getElementById('large-words').textContent", "it is enlarged")
        equal(words.inner_text(), "Sample 0 (seed 0 no. 0), semantic 0, distance +2", "it says")
        expect(page.locator("#large-after").is_disabled(), "there is no step after the last")
        first = pixels(page, "#large-canvas")
        expect(first[1] > 20, "the enlarged picture is empty")
        page.keyboard.press("ArrowLeft")
        until(page, "document.getElementById('large-words').textContent.endsWith('+1')", "another step")
        expect(pixels(page, "#large-canvas") != first, "another step has another picture")
        bench.sound(page)
        bench.shot(page, "sefa-large-1400-light", whole=False)
        name, bytes = download(page, lambda: page.click("#large-save"))
        equal(name, "sample0_semantic0_step3.png", "the file's name")
        equal((bytes[:8], bytes[16:24]), (b"\x89PNG\r\n\x1a\n", b"\0\0\0\x40" * 2), "a picture of 64 x 64")
        page.keyboard.press("Escape")
        expect(not page.locator("#large").is_visible(), "it is closed")
        equal(page.locator("[data-slider='0']").input_value(), "3", "the slider went along")

    def strips(bench):
        page = bench.page(path, "#view=strip")
        strip = page.locator(".strip").first
        box = strip.bounding_box()
        expect(abs(box["width"] / box["height"] - STEPS) < 0.1, f"a strip of {STEPS} steps is {box}")
        strip.click(position={"x": box["width"] * 0.9, "y": 5})
        until(page, "document.getElementById('large-words').textContent.endsWith('+2')", "another step")
        page.click("#large-close")
        equal(strip.locator("i").evaluate("(node) => node.style.left"), "80%", "the mark")
        bench.sound(page)

    def paper(bench):
        page = bench.page(path, scheme="dark")
        page.emulate_media(media="print")
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        equal(ground, "rgb(251, 251, 250)", "print is on light ground")
        expect(not page.locator("#tools").is_visible(), "controls are not printed")
        expect(len(page.pdf()) > 5000, "it prints")
        page.emulate_media(media="screen", color_scheme="dark")
        page.click("#theme")
        page.click("#theme")
        equal(page.locator("#theme").inner_text(), "Colours: dark", "the button says")
        page.emulate_media(color_scheme="light")
        equal(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"), "rgb(20, 22, 26)", "dark was chosen")
        page.reload()
        equal(page.locator("#theme").inner_text(), "Colours: dark", "the choice is kept")
        bench.sound(page)

    yield from (
        ("looks", looks), ("opens on the ends", opening), ("views, groups, address", views), ("sliders", sliders),
        ("plays", playing), ("labels", labels), ("enlarges and saves", enlarging), ("strips", strips), ("print, colours", paper),
    )
