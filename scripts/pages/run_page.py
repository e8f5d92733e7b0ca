"""The page of runs: what `gan-lab report` writes."""

import json
import os
import subprocess

from browser import PHONE, download, equal, expect, focus_away, pixels, until

# A small run of each way in which scores meet, and of each kind of critic.
SMALL = ["--data", "ring.npy", "--train-size", "400", "--batch-size", "50", "--epochs", "12", "--threads", "1", "--quiet"]
EVERY = ["--set", "frame_every=2"]
KEYS = dict(real="1", made="2", field="3", contours="4", forces="5", lattice="6", judged="7", scores="8", slopes="9", weights="0")
ON_THE_PLOT = ["real", "made", "field", "contours", "forces", "lattice", "judged"]
MOST_BYTES = 1_500_000


def checks(gan_lab, world, root):
    gan_lab("data", "make", "ring8", "--points", 700, "--out", "ring.npy")
    gan_lab("train", "gan", *SMALL, *EVERY, "--out", "gan")
    gan_lab("train", "wgan", *SMALL, "--set", "frame_every=3", "--out", "wgan")
    gan_lab("train", "wgan-gp", *SMALL, *EVERY, "--seed", 1, "--out", "gp")
    gan_lab("train", "--preset", "modes", *SMALL, *EVERY, "--out", "pairs")
    gan_lab("train", "gan", *SMALL, "--set", "frame_every=50", "--record", "none", "--out", "young")
    for out, runs in (("one", ["gan"]), ("critic", ["wgan"]), ("pairs", ["pairs"]), ("four", ["gan", "wgan", "gp", "pairs"])):
        gan_lab("report", *runs, "--out", f"{out}.html", "--repeats", 1, "--samples", 60, "--quiet")
    one, critic, pairs, four = (world / f"{name}.html" for name in ("one", "critic", "pairs", "four"))
    data = json.loads(next(line for line in one.read_text().splitlines() if line.startswith("const DATA = "))[13:-1])
    epochs = data["runs"][0]["epochs"]

    def plot(page, run=0):
        return pixels(page, f"#plot-{run}")

    def at(page):
        return page.locator("#time").inner_text()

    def pressed(page):
        return page.eval_on_selector_all(".layer > [aria-pressed=true]", "(all) => all.map((node) => node.id.slice(6))")

    def available(page):
        return page.eval_on_selector_all(".layer > button:enabled", "(all) => all.map((node) => node.id.slice(6))")

    def sizes(bench):
        for path, runs in ((one, 1), (critic, 1), (pairs, 1), (four, 4)):
            expect(path.stat().st_size < runs * MOST_BYTES, f"{path.name} has {path.stat().st_size} bytes")

    def looks(bench):
        bench.sizes_and_colours(one, "run")
        bench.sizes_and_colours(one, "run-layers", f"#epoch={epochs[2]}&layers={'+'.join(KEYS)}")
        bench.sizes_and_colours(critic, "run-critic")
        bench.sizes_and_colours(pairs, "run-pairs")
        bench.sizes_and_colours(four, "run-four")

    def largest(bench):
        page = bench.page(one)
        areas = page.eval_on_selector_all("canvas, svg", "(all) => all.map((node) => [node.id, node.clientWidth * node.clientHeight])")
        equal(max(areas, key=lambda one: one[1])[0], "plot-0", "the largest drawing")
        equal(page.locator("#scrubber").get_attribute("type"), "range", "the scrubber")
        equal(page.locator("#scrubber").get_attribute("max"), str(len(epochs) - 1), "its last place")

    def moving(bench):
        page = bench.page(one)
        equal(at(page), f"epoch {epochs[-1]}", "it opens at the end")
        last = plot(page)
        page.keyboard.press("ArrowLeft")
        equal(at(page), f"epoch {epochs[-2]}", "an arrow on the page")
        expect(plot(page) != last, "another frame has another picture")
        expect(f"epoch={epochs[-2]}" in page.url, page.url)
        page.keyboard.press("Home")
        equal(at(page), f"epoch {epochs[0]}", "Home")
        expect(page.locator("#before").is_disabled() and not page.locator("#after").is_disabled(), "there is none before the first")
        page.click("#after")
        focus_away(page)
        page.keyboard.press(".")
        equal(at(page), f"epoch {epochs[2]}", "a button and a point")
        page.focus("#scrubber")
        page.keyboard.press("ArrowRight")
        equal(at(page), f"epoch {epochs[3]}", "an arrow on the scrubber")
        equal(page.locator("#scrubber").get_attribute("aria-valuetext"), f"epoch {epochs[3]}, frame 4 of {len(epochs)}", "it says")
        expect(f"epoch {epochs[3]}" in page.locator("#plot-0").get_attribute("aria-label"), "the plot says where it is")
        page.keyboard.press("End")
        expect(plot(page) == last, "the same frame has the same picture")
        bench.sound(page)

    def curves(bench):
        page = bench.page(one)
        chart = page.locator("#chart-sliced_w2")
        before = chart.get_attribute("aria-label")
        expect("real against real" in before, before)
        expect(page.locator("#chart-sliced_w2 rect").count() == 1, "the band of real points")
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        page.mouse.click(box["x"] + 50, box["y"] + 60)
        equal(at(page), f"epoch {epochs[0]}", "a click on a curve's beginning")
        expect(chart.get_attribute("aria-label") != before, "the curve says the value there")
        values = data["runs"][0]["records"]
        column = next(column["values"] for column in values["columns"] if column["name"] == "sliced_w2")
        said = page.locator(".card", has=chart).locator(".keys b").first.inner_text()
        wanted = column[values["epoch"].index(epochs[0])]
        expect(abs(float(said) - wanted) < 0.01 * wanted, f"it says {said}, and is {wanted}")
        bench.sound(page)

    def address(bench):
        page = bench.page(one, f"#epoch={epochs[1]}&layers=real&speed=4")
        equal((at(page), pressed(page), page.input_value("#speed")), (f"epoch {epochs[1]}", ["real"], "4"), "from the address")
        page.evaluate(f"location.hash = '#epoch={epochs[3]}&layers=made'")
        until(page, f"document.getElementById('time').textContent === 'epoch {epochs[3]}'", "the address moves it")
        equal(pressed(page), ["made"], "the layers, too")
        page.keyboard.press("2")
        equal(pressed(page), [], "no layer")
        hash = page.evaluate("location.hash")
        again = bench.page(one, hash)
        equal((at(again), pressed(again)), (f"epoch {epochs[3]}", []), "no layer, from the address")
        odd = bench.page(one, "#epoch=nonsense&layers=%3Cscript%3E+real&speed=-1")
        equal((at(odd), pressed(odd)), (f"epoch {epochs[-1]}", ["real"]), "from an address that says little")
        bench.sound(odd)

    def layers(bench):
        page = bench.page(one, "#layers=")
        seen = {plot(page)}
        have = available(page)
        for layer in ("real", "made"):
            expect(layer in have, f"{layer} is there")
        for layer in have:
            page.keyboard.press(KEYS[layer])
            equal(pressed(page), [layer], f"key {KEYS[layer]}")
            expect(page.locator(f".layer:has(#layer-{layer}) p").inner_text(), f"{layer} says nothing")
            if layer in ON_THE_PLOT:
                shown = plot(page)
                expect(shown not in seen, f"{layer} is not drawn")
                seen.add(shown)
            else:
                figure = page.locator(f"[data-histogram={layer}]")
                expect(figure.is_visible(), f"{layer} has no histogram")
                expect(figure.locator("path").count() > 1, f"{layer}'s histogram is empty")
            bench.sound(page)
            page.click(f"#layer-{layer}")
            focus_away(page)
            equal(pressed(page), [], f"{layer} is off")
        for layer in set(KEYS) - set(have):
            text = page.locator(f".layer:has(#layer-{layer}) p").inner_text()
            expect(text.startswith("Not here: "), f"{layer} is not there and does not say why: {text!r}")

    def stretched(bench):
        page = bench.page(one, "#layers=field")
        def ends():
            return page.locator(".scales .ends span").all_inner_texts()
        before = plot(page)
        equal(ends(), ["0 % real", "50 %", "100 % real"], "the scale's ends")
        page.keyboard.press("s")
        expect(plot(page) != before, "stretched colours are others")
        low, middle, high = ends()
        equal(middle, "50 %", "the middle")
        expect(low != "0 % real" and low.endswith(" %") and high.endswith(" %"), f"the ends: {low}, {high}")
        expect(float(low[:-2]) < 50 < float(high[:-2]), f"the ends: {low}, {high}")
        again = bench.page(one, page.evaluate("location.hash"))
        equal(plot(again), plot(page), "the address keeps it")
        page.click("#stretch")
        equal(plot(page), before, "and back")
        bench.sound(page)

    def scales(bench):
        # A WGAN beside GANs: colours and axes of each are said.
        page = bench.page(four, "#layers=field+scores")
        expect(page.locator(".scales > div").count() >= 3, "each kind of score has a scale")
        said = page.locator(".layer:has(#layer-field)").inner_text()
        for name in page.locator("#plots h3 > span:first-child").all_inner_texts():
            expect(said.count(name) >= 2, f"{name} is not named with its words and its scale: {said}")
        equal(page.locator("[data-histogram=scores] p", has_text="The axis is this run's own.").count() > 0, True, "axes of their own")
        bench.sound(page)

    def playing(bench):
        page = bench.page(one, f"#epoch={epochs[0]}&speed=4")
        page.keyboard.press("Space")
        equal(page.locator("#play").get_attribute("aria-pressed"), "true", "playing")
        until(page, f"document.getElementById('time').textContent === 'epoch {epochs[-1]}'", "it comes to the end")
        until(page, "document.getElementById('play').textContent === 'Play'", "it rests at the end")
        page.click("#play")
        # In one go: on a busy machine it may be at its end again before another command comes.
        begun = f"document.getElementById('time').textContent !== 'epoch {epochs[-1]}'"
        until(page, f"{begun} && (document.getElementById('play').click(), true)", "it begins again, and is told to rest")
        stood = at(page)
        page.wait_for_timeout(500)
        equal(at(page), stood, "it rests")
        calm = bench.page(one, reduced_motion="reduce")
        calm.wait_for_timeout(300)
        equal((at(calm), calm.locator("#play").inner_text()), (f"epoch {epochs[-1]}", "Play"), "nothing moves by itself")
        bench.sound(page)

    def saving(bench):
        page = bench.page(one)
        name, bytes = download(page, lambda: page.click("#save"))
        equal((name, bytes[:8]), (f"gan-rmsprop-epoch-{epochs[-1]}.png", b"\x89PNG\r\n\x1a\n"), "the picture")
        expect(len(bytes) > 5000, "the picture is empty")
        bench.sound(page)

    def pointing(bench):
        page = bench.page(four)
        canvas = page.locator("#plot-0").bounding_box()
        place = page.evaluate("(() => { const p = plots[0].run.samples(plots[0].frame); const i = p.x.findIndex((x, i) => plots[0].holds(plots[0].x(x), plots[0].y(p.y[i]))); return [plots[0].x(p.x[i]), plots[0].y(p.y[i])]; })()")
        before = plot(page)
        page.mouse.move(canvas["x"] + place[0], canvas["y"] + place[1])
        words = page.locator(".said").all_inner_texts()
        expect(words[0].startswith("code "), f"the point is not named: {words[0]}")
        expect(not words[2].startswith("code "), "runs of other seeds have other codes")
        expect(plot(page) != before, "the point is not marked")
        page.mouse.move(2, 2)
        bench.sound(page)

    def four_runs(bench):
        page = bench.page(four)
        equal(page.locator("#plots canvas").count(), 4, "plots")
        tops = page.eval_on_selector_all("#plots canvas", "(all) => all.map((node) => Math.round(node.getBoundingClientRect().top))")
        expect(tops[0] == tops[1] < tops[2] == tops[3], f"two by two: {tops}")
        headings = page.locator("#tables h2").all_inner_texts()
        expect(any("Groups" in one for one in headings) and any("Runs" in one for one in headings), f"tables: {headings}")
        expect("floor (real against real)" in page.locator("#tables table").first.inner_text(), "the floor's row")
        # Runs with frames at other epochs move on one scrubber.
        page.keyboard.press("Home")
        words = page.locator(".plot h3 .value").all_inner_texts()
        equal(words[0], "epoch 2", "the first run's frame")
        equal(words[1], "no frame yet", "the second run's frame")
        before = [plot(page, run) for run in range(4)]
        page.keyboard.press("End")
        after = [plot(page, run) for run in range(4)]
        expect(all(a != b for a, b in zip(before, after)), "a plot stood still")
        bench.sound(page)
        phone = bench.page(four, size=PHONE)
        lefts = phone.eval_on_selector_all("#plots canvas", "(all) => all.map((node) => node.getBoundingClientRect().left)")
        equal(len(set(lefts)), 1, "on a phone plots stand below each other")

    def repeated(bench):
        page = bench.page(one)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        command = page.locator("#command-0").inner_text()
        expect(command.startswith("gan-lab train --preset lab-gan "), command)
        differ = page.locator("#configs table").first.inner_text()
        expect("data.train_size" in differ and "learning" not in differ, f"what differs: {differ}")
        page.click("#copy-0")
        until(page, "document.getElementById('copied').textContent", "it says that it copied")
        # The page's own command makes the same run again.
        shell = ["sh", "-ec", command.replace("gan-lab", '"$GAN_LAB"', 1)]
        done = subprocess.run(shell, cwd=world, capture_output=True, text=True, env={**os.environ, "GAN_LAB": str(gan_lab.binary)})
        equal(done.returncode, 0, done.stderr)
        for file in ("samples.npy", "generator.safetensors"):
            equal((world / "repeated" / file).read_bytes(), (world / "gan" / file).read_bytes(), file)
        bench.sound(page)

    def paper(bench):
        page = bench.page(one, scheme="dark")
        screen = plot(page)
        page.emulate_media(media="print")
        until(page, "getComputedStyle(document.documentElement).backgroundColor === 'rgb(251, 251, 250)'", "print is on light ground")
        page.wait_for_timeout(100)
        expect(plot(page) != screen, "the plot is still drawn for a dark page")
        expect(not page.locator("#controls").is_visible(), "controls are not printed")
        expect(len(page.pdf()) > 10000, "it prints")

    def young(bench):
        gan_lab("report", "young", "--out", "young.html", "--quiet")
        page = bench.page(world / "young.html")
        expect(page.locator("#scrubber").get_attribute("aria-valuetext"), "the scrubber says something")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Space")
        bench.sound(page)

    yield from (
        ("sizes", sizes), ("looks", looks), ("the plot is the largest", largest), ("moves", moving), ("curves", curves), ("address", address),
        ("layers", layers), ("stretches", stretched), ("scales", scales), ("plays", playing), ("saves", saving), ("points", pointing), ("four runs", four_runs), ("is repeated", repeated),
        ("print", paper), ("a run of one frame and nothing beside its points", young),
    )
