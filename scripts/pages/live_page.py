"""The page that grows: `gan-lab train --live` and `gan-lab watch`."""

import re
import signal
import subprocess
import threading
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from browser import WIDE, equal, expect, until

SMALL = ["--data", "ring.npy", "--train-size", "400", "--batch-size", "50", "--threads", "1", "--frame-every", "5"]


class Served:
    """A gan-lab that serves a page."""

    def __init__(self, gan_lab, world, *words):
        self.process = subprocess.Popen(
            [gan_lab.binary, *words], cwd=world, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.url = None
        for line in self.process.stderr:
            if found := re.search(r"live: (http://127\.0\.0\.1:\d+/\?token=[0-9a-f]{32})", line):
                self.url = found.group(1)
                break
        expect(self.url, f"gan-lab {' '.join(words)} serves nothing")
        # Whoever stops reading must not stop the writer.
        threading.Thread(target=lambda: [None for _ in self.process.stderr], daemon=True).start()

    def end(self, code):
        equal(self.process.wait(timeout=30), code, "the exit code")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def checks(gan_lab, world, root):
    gan_lab("data", "make", "ring8", "--points", 700, "--out", "ring.npy")

    def train(out, epochs):
        return Served(gan_lab, world, "train", "gan", *SMALL, "--epochs", str(epochs), "--out", out, "--live")

    def opened(bench, url, scheme="light", size=WIDE):
        context = bench.chromium.new_context(viewport=size, color_scheme=scheme)
        page = context.new_page()
        page.wrong, page.asked = [], []
        page.on("console", lambda said: page.wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        bench.open.append((context, page))
        page.goto(url)
        until(page, "document.querySelector('iframe.front')", "the first page is there")
        return page

    def inner(page, expression):
        return page.evaluate(f"(() => {{ const there = document.querySelector('iframe.front').contentDocument; return {expression}; }})()")

    def words(page):
        return page.locator("#words").inner_text()

    def epoch(page):
        return int(re.search(r"epoch (\d+)", words(page)).group(1))

    def grows(bench):
        with train("grows", 100_000) as served:
            page = opened(bench, served.url)
            until(page, "/epoch [1-9]/.test(document.getElementById('words').textContent)", "epochs are told")
            last = "Number(document.querySelector('iframe.front').contentDocument.getElementById('scrubber').max)"
            until(page, f"{last} > 2", "frames come")
            shown = inner(page, "there.getElementById('time').textContent")
            until(page, f"document.querySelector('iframe.front').contentDocument.getElementById('time').textContent !== {shown!r}",
                  "the newest frame is shown")
            # Who looks at an earlier frame keeps it, with the layers.
            inner(page, "(there.getElementById('scrubber').focus(), there.defaultView.location.hash = 'epoch=5&layers=real')")
            newest = page.evaluate("newest")
            until(page, f"shown > {newest} + 1", "two more pages came")
            equal(inner(page, "there.getElementById('time').textContent"), "epoch 5", "the frame that was looked at")
            equal(inner(page, "[...there.querySelectorAll('.layer > [aria-pressed=true]')].map((node) => node.id)"), ["layer-real"], "its layers")
            equal(page.wrong, [], "the console says")
            for url in page.asked:
                expect(url.startswith(served.url.split("?")[0]) or url == "about:blank", f"it asks for {url}")

    def controlled(bench):
        with train("controlled", 100_000) as served:
            page = opened(bench, served.url)
            page.click("#pause")
            until(page, "/waiting/.test(document.getElementById('words').textContent)", "the run waits")
            until(page, "/^Go on$/.test(document.getElementById('pause').textContent)", "the button says so")
            page.wait_for_timeout(1500)
            before = epoch(page)
            page.click("#step")
            until(page, f"document.getElementById('words').textContent.includes('epoch {before + 1} ')", "an epoch more")
            page.wait_for_timeout(1200)
            equal(epoch(page), before + 1, "and no further")
            page.click("#pause")
            until(page, f"Number(document.getElementById('words').textContent.match(/epoch (\\d+)/)[1]) > {before + 3}", "it goes on")
            # What was asked may be answered after the end is told.
            late = []
            page.route("**/do/stop*", lambda route: late.append((route, route.fetch())))
            page.click("#stop")
            while not late:
                page.wait_for_timeout(20)
            served.end(130)
            until(page, "/over/.test(document.getElementById('words').textContent)", "the end is told")
            [(route, answer)] = late
            route.fulfill(response=answer)
            page.wait_for_timeout(300)
            expect("over" in words(page), f"it is told no more: {words(page)}")
            expect(page.locator("#stop").is_disabled(), "nothing more can be asked")
            inner(page, "there.getElementById('before').click()")
            equal(page.wrong, [], "the console says")
        gan_lab("runs", "--check", "controlled")

    def ends(bench):
        with train("ends", 60) as served:
            page = opened(bench, served.url, "dark")
            served.end(0)
            until(page, "/over/.test(document.getElementById('words').textContent)", "the end is told")
            until(page, "document.querySelector('iframe.front').contentDocument.getElementById('time').textContent === 'epoch 60'", "the last frame")
            bench.shot(page, "live-1400-dark", whole=False)
            equal(page.wrong, [], "the console says")

    def filled(bench):
        (world / "later").mkdir()
        with Served(gan_lab, world, "watch", "later") as served:
            page = opened(bench, served.url)
            until(page, "/no run yet/.test(document.getElementById('words').textContent)", "it waits for a run")
            gan_lab("train", "gan", *SMALL, "--epochs", "10", "--out", "later/first", "--quiet")
            until(page, "document.querySelector('iframe.front').contentDocument.getElementById('time').textContent === 'epoch 10'", "the first run")
            served.process.send_signal(signal.SIGINT)
            served.end(0)

    def watched(bench):
        gan_lab("train", "gan", *SMALL, "--epochs", "10", "--out", "watched", "--quiet")
        with Served(gan_lab, world, "watch", "watched") as served:
            page = opened(bench, served.url)
            expect(page.locator("#pause").count() == 0, "another process's run cannot be asked for anything")
            gan_lab("train", "--resume", "--out", "watched", "--epochs", "20", "--quiet")
            until(page, "document.querySelector('iframe.front').contentDocument.getElementById('time').textContent === 'epoch 20'", "what came since")
            bench.shot(page, "watch-1400-light", whole=False)
            equal(page.wrong, [], "the console says")
            page.set_viewport_size({"width": 400, "height": 860})
            bench.shot(page, "watch-400-light", whole=False)
            served.process.send_signal(signal.SIGINT)
            served.end(0)

    def guarded(bench):
        with Served(gan_lab, world, "watch", ".") as served:
            bare = served.url.split("?")[0]

            def code(url, **headers):
                try:
                    return urlopen(Request(url, headers=headers)).status
                except HTTPError as error:
                    return error.code

            equal(code(served.url), 200, "with the token")
            equal(code(bare), 403, "without it")
            equal(code(served.url, Host="gan-lab.example"), 403, "by another name")
            equal(code(served.url, Host="localhost:9000"), 200, "through a tunnel")

    return [
        ("the page grows, and keeps what a reader looks at", grows),
        ("a run waits, steps, goes on and stops as it is asked", controlled),
        ("the end is told and the page stays", ends),
        ("a folder is watched before there is a run", filled),
        ("another process's run is watched", watched),
        ("only this machine and who has the address", guarded),
    ]
