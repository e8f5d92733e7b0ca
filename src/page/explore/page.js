// Sliders, settings, what is saved.
const sliderStep = () => state.range / 50;
const rounded = (x) => Number(x.toPrecision(6));
const amount = (x) => `${x > 0 ? "+" : ""}${figures(x, 4)}`;
const rows = [];

const move = (i, x) => {
  if (x === 0) state.moves.delete(i); else state.moves.set(i, x);
  showMove(i);
  changed();
};
const showMove = (i) => {
  const row = rows[i], x = state.moves.get(i) ?? 0;
  if (!row) return;
  row.show(Math.max(0, Math.min(100, Math.round(x / sliderStep()) + 50)));
  set(row.input, { "aria-valuetext": `${amount(x)}${labels[i] ? `, ${labels[i]}` : ""}` });
  if (document.activeElement !== row.amount) row.amount.value = String(x);
  row.node.classList.toggle("moved", x !== 0);
};
const makeRow = (i) => {
  const label = make("input", { type: "text", class: "label", "aria-label": `label of direction ${i}`, placeholder: "what it changes", "data-label": i });
  label.value = labels[i] || "";
  label.addEventListener("input", () => { keepLabel(i, label.value); showMove(i); });
  const typed = make("input", { type: "text", class: "amount", inputmode: "decimal", "aria-label": `distance along direction ${i}, exactly`, "data-amount": i });
  typed.addEventListener("change", () => {
    const x = Number(typed.value.replace(",", ".").replace("\u2212", "-"));
    if (typed.value.trim() !== "" && Number.isFinite(x) && Math.abs(x) <= 1e6) { typed.value = String(x); move(i, x); }
    else { typed.value = String(state.moves.get(i) ?? 0); say("a distance is a number, -1000000 to 1000000", true); }
  });
  const slider = range({
    last: 100, at: 50, ends: [figures(-state.range), `+${figures(state.range)}`], label: `distance along direction ${i}`, words: () => "",
    moved: (at) => move(i, rounded((at - 50) * sliderStep())), attributes: { "data-slider": i },
  });
  slider.node.classList.add("way");
  const share = directions.shares[i];
  const head = make("h3", {}, `Direction ${i}`, make("span", { class: "value", title: "its eigenvalue's share of all" }, `${figures(100 * share, 2)} %`));
  const node = make("div", { class: "slider" }, head, label, slider.node, typed);
  return { node, input: slider.input, show: slider.show, amount: typed };
};
const showSliders = () => {
  // Whatever is moved is seen.
  const last = Math.max(-1, ...state.moves.keys());
  shown = Math.min(directions.count, Math.max(shown, last + 1));
  rows.length = 0;
  for (let i = 0; i < shown; i += 1) rows.push(makeRow(i));
  byId("sliders").replaceChildren(...rows.map((row) => row.node));
  rows.forEach((_, i) => showMove(i));
  byId("more").hidden = shown >= directions.count;
  byId("more").textContent = `More directions (${shown} of ${directions.count} are here)`;
};
byId("more").addEventListener("click", () => { shown += 8; showSliders(); });

const showViews = () => {
  for (const [key] of VIEWS) set(byId(`view-${key}`), { "aria-pressed": String(key === state.view) });
  byId("shots").classList.toggle("both", state.view === "both");
  frames.edited.hidden = state.view === "before";
  frames.before.hidden = state.view === "edited";
};
const view = (key) => { state.view = key; showViews(); changed(); };
const choose = (number) => { state.number = number; byId("number").value = String(number); changed(); };
const random = () => choose(Math.floor(Math.random() * (Math.min(LARGEST, 999_999) + 1)));
const centre = () => { state.moves.clear(); rows.forEach((_, i) => showMove(i)); changed(); };

// Other layers have other directions: the sliders begin anew.
const load = async (keepMoves) => {
  try {
    const found = await (await ask("directions", query(state.number, ""))).json();
    directions = found;
    if (!keepMoves) state.moves.clear();
    for (const i of state.moves.keys()) if (i >= directions.count) state.moves.delete(i);
    readLabels();
    showSliders();
    showLayers();
    changed();
  } catch (error) { say(error.message, true); }
};
const showLayers = () => {
  for (const group of GROUPS) { const node = byId(`layers-${group}`); if (node) set(node, { "aria-pressed": String(group === state.layers) }); }
  const own = byId("layers-own");
  if (own && document.activeElement !== own) own.value = GROUPS.includes(state.layers) ? "" : state.layers;
};
const layers = (text) => { state.layers = text; load(false); };

const field = (words, ...nodes) => make("label", { class: "field" }, make("span", {}, words), ...nodes);
const typed = (value, act, attributes) => {
  const node = make("input", { type: "text", ...attributes });
  node.value = value;
  node.addEventListener("change", () => act(node));
  return node;
};
const select = (id, options, value, act) => {
  const node = make("select", { id }, ...options.map(([key, words]) => make("option", { value: key }, words)));
  node.value = value;
  node.addEventListener("change", () => act(node.value));
  return node;
};
const whole = (name, least, most, then) => (node) => {
  const x = Number(node.value);
  if (node.value.trim() !== "" && Number.isInteger(x) && x >= least && x <= most) return then(x);
  node.value = String(state[name]);
  return say(`it is a whole number, ${least} to ${most}`, true);
};
const buildSettings = () => {
  const bar = byId("settings");
  bar.append(field(isRow ? "Row" : "Seed", typed(String(state.number), whole("number", 0, LARGEST, choose), { id: "number", inputmode: "numeric" })),
    button("Random", random, { id: "random", title: `another ${word}` }));
  if (inW) {
    const own = typed("", (node) => { if (node.value.trim()) layers(node.value.trim()); }, { id: "layers-own", placeholder: "such as 0-3,7", "aria-label": "layers of your own" });
    bar.append(make("span", { class: "field" }, make("span", {}, "Layers"),
      make("span", { class: "set", role: "group", "aria-label": "Layers" }, ...GROUPS.map((group) => button(group, () => layers(group), { id: `layers-${group}` }))), own));
    const psi = range({
      last: 30, at: Math.round(Number(state.truncation) * 20), ends: ["0", "1.5"], label: "truncation psi", words: (i) => String(i / 20),
      moved: (i) => { state.truncation = String(i / 20); byId("psi-value").textContent = state.truncation; changed(); }, attributes: { id: "psi" },
    });
    bar.append(make("span", { class: "field" }, make("span", {}, "Truncation"), make("span", { id: "psi-value", class: "value" }, state.truncation), psi.node));
    bar.append(field("in the first", typed(state.truncation_layers, (node) => { const x = Number(node.value); if (Number.isInteger(x) && x >= 0 && x <= 65535 && node.value.trim()) { state.truncation_layers = String(x); changed(); } else { node.value = state.truncation_layers; say("it is a whole number of layers", true); } }, { id: "depth", inputmode: "numeric" }), make("span", {}, "layers")));
    bar.append(field("Noise", select("noise", DATA.noises.map((name) => [name, name]), state.noise, (value) => { state.noise = value; changed(); })));
  }
  if (DATA.classes > 0) {
    const all = [...Array(DATA.classes).keys()].map((i) => [String(i), String(i)]);
    bar.append(field("Class", select("class", all, state.class, (value) => { state.class = value; changed(); })));
  }
};
const buildBars = () => {
  byId("views").append(make("span", { class: "set", role: "group", "aria-label": "What is shown" }, ...VIEWS.map(([key, words]) => button(words, () => view(key), { id: `view-${key}` }))));
  byId("range").append(button("Reset sliders", centre, { id: "centre" }),
    field("Strength", select("strength", RANGES.map((x) => [String(x), `\u00b1${x}`]), String(state.range), (value) => { state.range = Number(value); showSliders(); remember(); })));
  byId("saves").append(button("Save PNG", savePicture, { id: "save", title: "at the model's own size" }),
    button("Save labels", saveLabels, { id: "save-labels", title: "a file for --labels" }));
  byId("others").append(make("h2", { style: "margin: 0" }, `Other ${word}s, moved alike`),
    field("show", select("count", [0, 4, 8, 12, 16].map((n) => [String(n), String(n)]), String(strip.count), (value) => { strip.count = Number(value); layStrip(); changed(); })),
    button("Others", () => { strip.first = strip.first + strip.count > LARGEST ? 0 : strip.first + strip.count; layStrip(); changed(); }, { id: "next" }));
  byId("copies").append(button("Copy", () => copy(byId("command").textContent), { id: "copy" }),
    button("Copy for a film", () => copy(byId("command").textContent.replace(/\.png('?)$/, ".mp4$1") + " --path"), { id: "copy-film", title: "the way from the code as it is, and back" }),
    make("span", { id: "copied", class: "small soft", role: "status" }));
};
const copy = async (words) => {
  try { await navigator.clipboard.writeText(words); byId("copied").textContent = "copied"; } catch { byId("copied").textContent = "this browser copies nothing; mark the command and copy it"; }
};
const savePicture = async () => {
  try {
    const [moves, name] = [state.view === "before" ? "" : movesText(), fileName(state.view === "before" ? "" : movesText())];
    const answer = await ask("picture", query(state.number, moves, { reader: `${reader}s`, turn: Date.now(), place: 0 }));
    save(await answer.blob(), `${name}.png`);
  } catch (error) { say(error.message, true); }
};
const saveLabels = () => {
  const all = Object.fromEntries(Object.entries(labels).filter(([, label]) => label));
  const of = inW && state.layers !== "all" ? `-layers-${state.layers.replaceAll(",", "_")}` : "";
  save(new Blob([`${JSON.stringify(all, null, 2)}\n`], { type: "application/json" }), `labels${of}.json`);
};

recall();
document.title = `${DATA.model}: directions`;
byId("title").textContent = `Directions of ${DATA.model}`;
byId("facts").textContent = `${DATA.network}, ${DATA.side} x ${DATA.side}. Sliders move a code along its semantic directions; they add up. `
  + (inW ? "Other layers have other directions." : "");
byId("top").append(theme(() => {}));
byId("hint").append("Keys: ", make("kbd", {}, "r"), " another code, ", make("kbd", {}, "0"), " reset, ", ...VIEWS.flatMap(([, words], i) => [make("kbd", {}, String(i + 1)), ` ${words.toLowerCase()}, `]),
  make("kbd", {}, "s"), " save. Arrows move a slider; its number can be typed. Everything is drawn by the gan-lab that serves this page; the address holds what is chosen.");
buildSettings();
buildBars();
showViews();
layStrip();
keys({ r: random, 0: centre, 1: () => view("edited"), 2: () => view("before"), 3: () => view("both"), s: savePicture });
addEventListener("hashchange", () => location.reload());
load(true);
