"""The live page on which directions are moved: `gan-lab sefa explore`."""

import json
import re
import shlex
import signal
import subprocess

from browser import PHONE, WIDE, download, equal, expect, focus_away, until

HOSTILE = "</script><!--<script>"
READY = "/drawn in/.test(document.getElementById('said').textContent)"


class Served:
    """A gan-lab that serves the page."""

    def __init__(self, gan_lab, world, *words):
        self.process = subprocess.Popen(
            [gan_lab.binary, "sefa", "explore", *map(str, words)], cwd=world, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        found = re.match(r"live: (http://127\.0\.0\.1:\d+/\?token=[0-9a-f]{32})", self.process.stdout.readline())
        expect(found, f"gan-lab sefa explore {words} serves nothing")
        self.url = found.group(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def checks(gan_lab, world, root):
    fixtures = root / "tests/fixtures/checkpoints"
    style = fixtures / "layouts/stylegan2-nvidia.pkl"

    def opened(bench, served, hash="", size=WIDE, scheme="light"):
        context = bench.chromium.new_context(viewport=size, color_scheme=scheme, accept_downloads=True)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.wrong, page.asked = [], []
        page.on("console", lambda said: page.wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        bench.open.append((context, page))
        page.goto(served.url + hash)
        until(page, READY, "the first picture is drawn")
        return page

    def sound(bench, page, served):
        own = served.url.split("?")[0]
        for url in page.asked:
            expect(url.startswith((own, "data:", "blob:")), f"it asks for {url[:100]}")
        # What else holds of every page.
        page.asked[:] = ["data:"]
        bench.sound(page)

    def settled(page):
        until(page, "turn === done && !busy", "all is drawn")

    def shot(page, name="edited"):
        return page.locator(f"#shot-{name}").screenshot()

    def slide(page, i, presses, key="ArrowRight"):
        page.locator(f"[data-slider='{i}']").focus()
        for _ in range(presses):
            page.keyboard.press(key)
        settled(page)

    def command(page):
        return page.locator("#command").inner_text()

    def looks(bench):
        for name, words in (("explore", ()), ("explore-style", ("--checkpoint", style))):
            with Served(gan_lab, world, *words) as served:
                for width, size in (("1400", WIDE), ("400", PHONE)):
                    for scheme in ("light", "dark"):
                        page = opened(bench, served, "#move=0%3D1.4%2C1%3D-2", size, scheme)
                        settled(page)
                        sound(bench, page, served)
                        bench.shot(page, f"{name}-{width}-{scheme}")

    def sliders(bench):
        with Served(gan_lab, world) as served:
            page = opened(bench, served)
            settled(page)
            before = shot(page)
            slide(page, 0, 14)
            equal(page.input_value("[data-amount='0']"), "1.4", "its number")
            moved = shot(page)
            expect(moved != before, "the picture does not move")
            slide(page, 3, 10, "ArrowLeft")
            expect(shot(page) not in (before, moved), "a second slider adds nothing")
            equal(command(page), "gan-lab sefa edit --seed 0 --move 0=1.4,3=-1 --out seed0000_0=1.4_3=-1.png", "the command")
            expect("move=0%3D1.4%2C3%3D-1" in page.url, page.url)
            # Typed, beyond the slider's end.
            page.fill("[data-amount='1']", "-7.25")
            page.keyboard.press("Enter")
            settled(page)
            expect("1=-7.25" in command(page), command(page))
            page.fill("[data-amount='1']", "much")
            page.keyboard.press("Enter")
            expect("a distance is a number" in page.locator("#said").inner_text(), "what is no number is said")
            equal(page.input_value("[data-amount='1']"), "-7.25", "and taken back")
            focus_away(page)
            page.keyboard.press("0")
            settled(page)
            equal(shot(page), before, "reset")
            sound(bench, page, served)
            again = opened(bench, served, "#seed=4&move=2%3D1")
            settled(again)
            equal(command(again), "gan-lab sefa edit --seed 4 --move 2=1 --out seed0004_2=1.png", "from the address")
            for wrong in ("#seed=-1&move=x", "#seed=1e99&move=0%3DNaN", "#move=99999%3D1", "#range=0&view=%3Cb%3E"):
                page = opened(bench, served, wrong)
                settled(page)
                sound(bench, page, served)

    def views(bench):
        with Served(gan_lab, world) as served:
            page = opened(bench, served, "#move=0%3D3")
            settled(page)
            edited = shot(page)
            page.keyboard.press("2")
            settled(page)
            expect(not page.locator("#figure-edited").is_visible(), "one picture alone")
            plain = shot(page, "before")
            expect(plain != edited, "the unedited one looks the same")
            page.keyboard.press("3")
            settled(page)
            expect(page.locator("#figure-edited").is_visible() and page.locator("#figure-before").is_visible(), "both")
            page.keyboard.press("1")
            settled(page)
            equal(shot(page), edited, "the edited one again")
            page.keyboard.press("r")
            settled(page)
            expect(shot(page) != edited, "another seed looks the same")
            page.locator("#strip button").nth(2).click()
            settled(page)
            equal(page.input_value("#number"), "3", "a picture of the strip is taken")
            numbers = page.locator("#strip button").all_inner_texts()
            page.click("#next")
            settled(page)
            expect(page.locator("#strip button").all_inner_texts() != numbers, "other codes")
            looks = {page.locator("#strip button img").nth(i).screenshot() for i in range(4)}
            equal(len(looks), 4, "different pictures in the strip")
            page.fill("#number", "-3")
            page.keyboard.press("Enter")
            expect("whole number" in page.locator("#said").inner_text(), "a wrong seed is said")
            equal(page.input_value("#number"), "3", "and taken back")
            sound(bench, page, served)

    def saving(bench):
        with Served(gan_lab, world) as served:
            page = opened(bench, served, "#seed=7&move=0%3D1.4%2C3%3D-1")
            settled(page)
            name, bytes = download(page, lambda: page.click("#save"))
            equal(name, "seed0007_0=1.4_3=-1.png", "the picture's name")
            # The page's own command draws the same file.
            page.click("#copy")
            until(page, "document.getElementById('copied').textContent === 'copied'", "it says that it copied")
            line = page.evaluate("navigator.clipboard.readText()")
            gan_lab(*shlex.split(line)[1:])
            equal((world / name).read_bytes() == bytes, True, "the same bytes")
            page.click("#copy-film")
            until(page, "navigator.clipboard !== undefined", "the clipboard is there")
            page.wait_for_timeout(200)
            film = shlex.split(page.evaluate("navigator.clipboard.readText()"))
            equal(film[-2:], ["seed0007_0=1.4_3=-1.mp4", "--path"], "the film's command")
            gan_lab(*film[1:], "--steps", 3)
            page.fill("[data-label='0']", HOSTILE)
            page.fill("[data-label='2']", "collar")
            name, bytes = download(page, lambda: page.click("#save-labels"))
            equal((name, json.loads(bytes)), ("labels.json", {"0": HOSTILE, "2": "collar"}), "what is saved")
            page.reload()
            until(page, READY, "it is there again")
            equal(page.input_value("[data-label='0']"), HOSTILE, "the label after a reload")
            sound(bench, page, served)
            (world / "labels.json").write_bytes(bytes)
        gan_lab("sefa", "--n", 1, "--k", 3, "--steps", 3, "--viz-size", 32, "--traits", "none", "--labels", "labels.json", "--out", "job", "--quiet")
        expect("collar" in (world / "job/eigenvalues.csv").read_text(), "sefa takes the labels")
        with Served(gan_lab, world, "--labels", "labels.json") as served:
            equal(opened(bench, served).input_value("[data-label='2']"), "collar", "explore takes the labels")

    def layers(bench):
        with Served(gan_lab, world, "--checkpoint", style, "--noise", "random") as served:
            page = opened(bench, served, "#seed=5")
            settled(page)
            slide(page, 1, 20)
            whole = shot(page)
            page.click("[id='layers-2-5']")
            until(page, "state.layers === '2-5' && directions && document.querySelectorAll('.slider.moved').length === 0", "other directions")
            settled(page)
            slide(page, 1, 20)
            expect(shot(page) != whole, "other layers look the same")
            page.fill("#layers-own", "1,3")
            page.keyboard.press("Enter")
            until(page, "/--layers 1,3 /.test(document.getElementById('command').textContent)", "layers of one's own")
            page.fill("#layers-own", "1,99")
            page.keyboard.press("Enter")
            until(page, "/there is no layer 99/.test(document.getElementById('said').textContent)", "a wrong layer is said in words")
            page.click("[id='layers-all']")
            until(page, "state.layers === 'all' && turn === done", "all of them")
            before = shot(page)
            page.locator("#psi").focus()
            page.keyboard.press("Home")
            settled(page)
            expect("--truncation 0.0 " in command(page) and shot(page) != before, command(page))
            page.select_option("#noise", "none")
            settled(page)
            expect("--noise none" in command(page), command(page))
            page.fill("#depth", "2")
            page.keyboard.press("Enter")
            settled(page)
            expect("--truncation-layers 2" in command(page), command(page))
            name, bytes = download(page, lambda: page.click("#save"))
            gan_lab(*shlex.split(command(page))[1:])
            equal((world / name).read_bytes() == bytes, True, "the same bytes")
            # The browser tells its console of the answer about the wrong layer.
            page.wrong[:] = [words for words in page.wrong if "status of 400" not in words]
            sound(bench, page, served)

    def lost(bench):
        with Served(gan_lab, world) as served:
            page = opened(bench, served)
            settled(page)
            served.process.send_signal(signal.SIGINT)
            equal(served.process.wait(timeout=30), 0, "the exit code")
            page.keyboard.press("r")
            until(page, "/gan-lab has ended/.test(document.getElementById('said').textContent)", "it says that nobody answers")

    def phone(bench):
        with Served(gan_lab, world) as served:
            page = opened(bench, served, size=PHONE)
            settled(page)
            page.locator("[data-slider='7']").scroll_into_view_if_needed()
            box = page.locator("#shot-edited").bounding_box()
            expect(box["y"] >= 0 and box["y"] + box["height"] < PHONE["height"] * 0.6, f"the picture stays in sight: {box}")
            bench.shot(page, "explore-400-scrolled", whole=False)

    yield from (
        ("looks", looks), ("sliders add up", sliders), ("views, codes, strip", views), ("saves, labels, command", saving),
        ("layers, truncation, noise", layers), ("the end is told", lost), ("a phone", phone),
    )
