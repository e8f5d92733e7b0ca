"""A browser that watches a page: what it logs, what it asks for, how its text stands out."""

import time
from pathlib import Path
from urllib.parse import urlsplit

WIDE = {"width": 1400, "height": 1000}
# Seconds that a page is given for what it does at once: a busy machine stops it now and then.
PATIENCE = 30
PHONE = {"width": 400, "height": 860}

# The contrast of every visible piece of text with what is behind it (WCAG 2, 1.4.3).
CONTRAST = """() => {
  const parse = (words) => {
    const found = words.match(/rgba?\\(([^)]+)\\)/);
    if (!found) return null;
    const [r, g, b, a = 1] = found[1].split(/[ ,/]+/).map(Number);
    return { r, g, b, a };
  };
  const over = (top, under) => Object.fromEntries("rgb".split("").map((c) => [c, top[c] * top.a + under[c] * (1 - top.a)]).concat([["a", 1]]));
  const light = ({ r, g, b }) => [r, g, b].map((c) => c / 255).map((c) => (c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const ground = parse(getComputedStyle(at).backgroundColor);
      if (ground && ground.a > 0) layers.push(ground);
      if (ground && ground.a === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
  };
  const bad = [], seen = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || ["SCRIPT", "STYLE", "NOSCRIPT", "OPTION"].includes(node.tagName)) continue;
    const style = getComputedStyle(node);
    if (!node.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const ink = parse(node.closest("svg") ? style.fill : style.color);
    if (!ink) { bad.push(`no colour: ${walk.currentNode.data.trim()}`); continue; }
    const ground = behind(node), shown = over(ink, ground);
    const [a, b] = [light(shown), light(ground)].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    seen.push(ratio);
    if (ratio < (large ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)}: ${walk.currentNode.data.trim().slice(0, 50)}`);
  }
  return { bad, seen: seen.length };
}"""

NAMES = """() => {
  const bad = [];
  for (const node of document.querySelectorAll("button, input, select, canvas, [role=img], dialog[open]")) {
    const labels = node.labels ? [...node.labels].map((label) => label.textContent).join("") : "";
    const named = node.getAttribute("aria-label") || node.getAttribute("aria-labelledby") || labels || (node.tagName === "BUTTON" && node.textContent);
    if (!named || !named.trim()) bad.push(node.outerHTML.slice(0, 90));
  }
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) bad.push(`two have the id ${id}`);
  return bad;
}"""


def expect(truth, words):
    if not truth:
        raise AssertionError(words)


def until(page, expression, what):
    """Waits until an expression is true. Playwright's own way is forbidden by the pages' policy for scripts.

    An expression that throws is not true yet: a frame of the live page is loaded anew now and then."""
    end = time.monotonic() + PATIENCE
    while not page.evaluate(f"(() => {{ try {{ return {expression}; }} catch {{ return false; }} }})()"):
        expect(time.monotonic() < end, f"in {PATIENCE} seconds it did not happen: {what}")
        page.wait_for_timeout(20)


def equal(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, not {wanted!r}")


class Bench:
    """Opens pages, and keeps pictures of them."""

    def __init__(self, chromium, out: Path):
        self.chromium, self.out, self.open = chromium, out, []

    def page(self, path: Path, hash="", size=WIDE, scheme="light", **options):
        context = self.chromium.new_context(viewport=size, color_scheme=scheme, accept_downloads=True, **options)
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.wrong, page.asked = [], []
        page.on("console", lambda said: page.wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        self.open.append((context, page))
        page.goto(path.resolve().as_uri() + hash)
        until(page, "document.readyState === 'complete'", "the page is complete")
        return page

    def sound(self, page):
        """What holds of every page, whatever was done to it."""
        equal(page.wrong, [], "the console says")
        own = urlsplit(page.url).path
        for url in page.asked:
            parts = urlsplit(url)
            is_own = parts.scheme in ("data", "blob") or (parts.scheme == "file" and parts.path == own)
            expect(is_own, f"it asks for {url[:100]}")
        expect(page.asked, "no request was seen, not even the page's own")
        page.evaluate("Promise.allSettled(document.getAnimations().map((motion) => motion.finished))")
        contrast = page.evaluate(CONTRAST)
        expect(contrast["seen"] > 10, f"only {contrast['seen']} pieces of text were seen")
        equal(contrast["bad"], [], "text with too little contrast")
        equal(page.evaluate(NAMES), [], "controls and pictures without a name")
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        expect(over <= 0, f"the page is {over} pixels wider than its window")

    def shot(self, page, name, whole=True):
        page.screenshot(path=self.out / f"{name}.png", full_page=whole)

    def sizes_and_colours(self, path, name, hash="", ready="true"):
        """Opens it on a desk and on a phone, light and dark, and keeps pictures."""
        for width, size in (("1400", WIDE), ("400", PHONE)):
            for scheme in ("light", "dark"):
                page = self.page(path, hash, size, scheme)
                until(page, ready, f"{name} is ready")
                self.sound(page)
                self.shot(page, f"{name}-{width}-{scheme}")

    def close_all(self):
        for context, _ in self.open:
            context.close()
        self.open = []


def download(page, act):
    """What a click saves: its name and its bytes."""
    with page.expect_download() as waiting:
        act()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def pixels(page, selector):
    """A digest of a canvas's pixels, and how many colours it has."""
    return tuple(page.evaluate("""(selector) => {
      const canvas = document.querySelector(selector);
      // A copy: the page's own canvas is not made for reading.
      const copy = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
      const context = copy.getContext('2d', { willReadFrequently: true });
      context.drawImage(canvas, 0, 0);
      const data = new Uint32Array(context.getImageData(0, 0, copy.width, copy.height).data.buffer);
      let hash = 0;
      for (const pixel of data) hash = (Math.imul(hash, 31) + pixel) | 0;
      return [hash, new Set(data).size];
    }""", selector))


def focus_away(page):
    page.evaluate("document.activeElement && document.activeElement.blur()")
