// A page that grows: the newest page is loaded behind the one that is seen, and takes its place when nobody is in the middle of something.
const views = ["first", "second"].map((name) => make("iframe", { id: name, title: "the run's page" }));
byId("views").append(...views);
let front = 0, loading = false, newest = 0, shown = 0, over = false;

const inside = (view) => { try { return view.contentWindow.document; } catch { return null; } };
const held = new WeakSet();
const watch = (view) => {
  const there = view.contentWindow;
  there.addEventListener("pointerdown", () => held.add(view));
  for (const name of ["pointerup", "pointercancel", "blur"]) there.addEventListener(name, () => held.delete(view));
};
// Whether a reader drags something, or watches the page play.
const busy = () => held.has(views[front]) || inside(views[front])?.getElementById("play")?.getAttribute("aria-pressed") === "true";

const load = () => {
  if (loading || newest === shown) return;
  loading = true;
  const number = newest, back = views[1 - front];
  const at = inside(views[front])?.location.hash || location.hash;
  back.onload = () => settle(back, number);
  back.contentWindow.location.replace(`page?token=${DATA.token}&n=${number}${at}`);
};
const settle = (back, number) => {
  const there = inside(back);
  // The first load of an empty frame is no page.
  if (!there || there.location.href === "about:blank") return;
  back.onload = null;
  const swap = () => {
    if (shown && busy()) return setTimeout(swap, 200);
    const before = inside(views[front]);
    if (before && before.location.href !== "about:blank") {
      if (before.location.hash !== there.location.hash) there.location.hash = before.location.hash;
      back.contentWindow.scrollTo(views[front].contentWindow.scrollX, views[front].contentWindow.scrollY);
    }
    const focused = before?.activeElement?.id;
    views[front].classList.remove("front");
    front = views.indexOf(back);
    back.classList.add("front");
    watch(back);
    // The bar has its own.
    const colours = there.getElementById("theme");
    if (colours) colours.hidden = true;
    if (focused) there.getElementById(focused)?.focus({ preventScroll: true });
    history.replaceState(null, "", `${location.pathname}${location.search}${there.location.hash}`);
    document.title = `${there.title} - live`;
    [shown, loading] = [number, false];
    load();
  };
  swap();
};

// --- the bar ---
const act = (word) => async () => {
  try {
    const answer = await fetch(`do/${word}?token=${DATA.token}`, { method: "POST" });
    if (answer.ok) say({ state: (await answer.json()).state });
  } catch { lost(); }
};
const controls = DATA.controls
  ? [["pause", "Pause", "waits after the epoch that is at work, and saves"], ["step", "One epoch", "goes on for an epoch and waits"], ["stop", "Stop and save", "ends the run so that --resume goes on"]]
    .map(([id, words, title]) => button(words, () => act(id === "pause" && state === "waiting" ? "go" : id)(), { id, title }))
  : [];
let state = "", words = "";
const bar = byId("bar");
const OVER = "over; the page stays as it is";
const say = (news) => {
  // An answer may come after the news of the end.
  state = over ? OVER : news.state ?? state;
  words = news.words ?? words;
  set(bar, { "data-state": state || "watching" });
  byId("words").textContent = [words, state].filter(Boolean).join(", ");
  for (const node of controls) {
    node.disabled = over || state === "stopping";
    if (node.id === "pause") node.textContent = state === "waiting" ? "Go on" : "Pause";
  }
};
const lost = () => say({ state: "no answer; trying again" });
bar.append(...controls, theme(() => {
  for (const view of views) {
    const there = inside(view)?.documentElement;
    if (!there) continue;
    if (document.documentElement.dataset.theme) there.dataset.theme = document.documentElement.dataset.theme; else delete there.dataset.theme;
    view.contentWindow.dispatchEvent(new Event("resize"));
  }
}));

const events = new EventSource(`events?token=${DATA.token}`);
const hear = (event) => {
  const news = JSON.parse(event.data);
  newest = news.number;
  say(news);
  load();
};
events.addEventListener("page", hear);
events.addEventListener("end", (event) => {
  over = true;
  events.close();
  hear(event);
});
events.addEventListener("error", lost);
addEventListener("hashchange", () => { const there = inside(views[front]); if (there) there.location.hash = location.hash; });
say({});
