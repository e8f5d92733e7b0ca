// Pictures: one at a time, and always the newest that is wanted.
const reader = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const pixelated = DATA.side < 256 ? " pixels" : "";
const shots = {}, frames = {};
for (const [key, words] of [["before", "as it is"], ["edited", "edited"]]) {
  shots[key] = make("img", { id: `shot-${key}`, alt: "", decoding: "async" });
  frames[key] = make("figure", { class: `shot${pixelated}`, id: `figure-${key}` }, make("figcaption", {}, words), shots[key]);
  byId("shots").append(frames[key]);
}
const say = (words, wrong = false) => { byId("said").textContent = words; byId("said").className = `small ${wrong ? "wrong" : "soft"}`; };
const put = (node, blob, words) => {
  const before = node.src;
  node.src = URL.createObjectURL(blob);
  set(node, { alt: words });
  if (before.startsWith("blob:")) URL.revokeObjectURL(before);
};

let turn = 0, done = 0, busy = false, took = DATA.took;
const picture = async (number, moves, at, spot, coarse = false) => {
  const more = { reader, turn: at, place: spot, ...(coarse ? { coarse: 1 } : {}) };
  const answer = await ask("picture", query(number, moves, more));
  return answer.status === 204 ? null : answer.blob();
};
const described = (moves) => `${DATA.model}, ${word} ${state.number}${moves ? `, moved ${moves}` : ", as it is"}`;
const wantedViews = () => (state.view === "both" ? ["edited", "before"] : [state.view]);
const current = { edited: "", before: "" };

const drawMain = async (now) => {
  const moves = { edited: movesText(), before: "" };
  for (const view of wantedViews()) {
    const id = query(state.number, moves[view]).toString();
    if (current[view] === id) continue;
    const node = shots[view];
    const wait = setTimeout(() => { node.classList.add("waits"); say("drawing\u2026"); }, 150);
    try {
      const begun = performance.now();
      if (DATA.coarse && took > 150) {
        const blob = await picture(state.number, moves[view], now, 0, true);
        if (now !== turn) return;
        if (blob) { current[view] = ""; put(node, blob, `${described(moves[view])}, coarse`); say("coarse; drawing\u2026"); }
      }
      const blob = await picture(state.number, moves[view], now, 0);
      // Somebody has moved on.
      if (now !== turn || !blob) return;
      put(node, blob, described(moves[view]));
      took = performance.now() - begun;
      current[view] = id;
      say(`${DATA.side} x ${DATA.side}, drawn in ${took < 1000 ? `${Math.max(1, Math.round(took))} ms` : `${figures(took / 1000)} s`}`);
    } finally {
      clearTimeout(wait);
      node.classList.remove("waits");
    }
  }
};
const draw = async () => {
  if (busy) return;
  busy = true;
  while (done !== turn) {
    const now = turn;
    try {
      await drawMain(now);
      if (now === turn) await showCommand(now);
      if (now === turn) await drawStrip(now);
    } catch (error) {
      if (now === turn) say(error.message, true);
    }
    if (now === turn) done = now;
  }
  busy = false;
};
const changed = () => { turn += 1; remember(); draw(); };

const showCommand = async (now) => {
  const words = await (await ask("command", query(state.number, movesText(), { name: fileName() }))).text();
  if (now === turn) byId("command").textContent = words.trim();
};

// Other codes with the same steps.
const strip = { first: isRow ? 0 : 1, count: took < 120 ? 8 : took < 600 ? 4 : 0, drawn: [] };
const stripNumbers = () => [...Array(strip.count).keys()].map((i) => strip.first + i).filter((number) => number <= LARGEST);
const layStrip = () => {
  strip.drawn = [];
  byId("strip").replaceChildren(...stripNumbers().map((number) => button("", () => choose(number), { "data-number": number, class: pixelated.trim(), title: `take ${word} ${number}` })));
  for (const node of byId("strip").children) node.append(make("img", { alt: "" }), make("span", {}, `${word} ${node.dataset.number}`));
};
const drawStrip = async (now) => {
  const moves = movesText();
  for (const [i, node] of [...byId("strip").children].entries()) {
    const number = Number(node.dataset.number), id = query(number, moves).toString();
    if (strip.drawn[i] === id) continue;
    // Of a large model the coarse picture is enough here.
    const blob = (DATA.coarse && (await picture(number, moves, now, i + 1, true))) || (await picture(number, moves, now, i + 1));
    if (now !== turn || !blob) return;
    put(node.querySelector("img"), blob, `${word} ${number}${moves ? ", moved alike" : ""}`);
    strip.drawn[i] = id;
  }
};
