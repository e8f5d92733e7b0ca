// Samples along semantic directions.
const { page, frames, unedited, reduced } = DATA;
const steps = page.distances.length;
const nearestZero = page.distances.reduce((best, d, i) => (Math.abs(d) < Math.abs(page.distances[best]) ? i : best), 0);
const samples = [...Array(page.samples).keys()];
const distance = (step) => figures(page.distances[step]);
const signed = (step) => (page.distances[step] > 0 ? "+" : "") + distance(step);

// Labels: those of the job, and over them those that were written in this browser.
const given = page.directions.map((d) => d.label);
const labelsKey = `labels.${page.key}`;
const keptLabels = () => { try { return JSON.parse(kept.get(labelsKey)) || {}; } catch { return {}; } };
const labels = page.directions.map((d, k) => { const own = keptLabels()[d.index]; return typeof own === "string" ? own : given[k]; });
const keepLabels = () => {
  const own = Object.fromEntries(page.directions.map((d, k) => [d.index, labels[k]]).filter(([, label], k) => label !== given[k]));
  const words = Object.keys(own).length ? JSON.stringify(own) : null;
  byId("kept").textContent = kept.set(labelsKey, words)
    ? (words ? "Labels are kept in this browser." : "") : "This browser keeps no labels for this page: export them before you close it.";
};
// What a sample is called: its seed, or its row in a file.
const called = (s) => page.names[s] || `sample ${s}`;
const measured = page.traits;
const proposed = (k) => measured?.directions[k]?.proposed || "";
const name = (k) => labels[k] || proposed(k) || `semantic ${page.directions[k].index}`;

// What a step does, in standard deviations: a bar for each trait, all on one scale; within its band a random direction lies too.
const BARS = 5;
const widest = measured ? Math.max(0.1, ...measured.directions.flatMap((d) => d.effects.map((e, i) => (measured.traits[i].counts ? Math.abs(e.effect) : 0)))) : 1;
const share = (x) => Math.min(50, (50 * Math.abs(x)) / widest);
const plus = (x) => `${x < 0 ? "\u2212" : "+"}${Math.abs(x).toFixed(2)}`;
const bar = (trait, effect) => {
  const size = share(effect.effect), band = share(trait.floor.line);
  const words = `${plus(effect.effect)} \u00b1 ${effect.error.toFixed(2)}`;
  const title = `${trait.name}: ${words} standard deviations for a step of ${figures(measured.distance)}; back ${plus(effect.backward)}, forward ${plus(effect.forward)}; `
    + `${Math.round(100 * effect.agree)} % of the samples move that way; random directions ${trait.floor.mean.toFixed(2)} in the mean`
    + (trait.counts ? "" : "; it is not read well enough to count");
  return [make("dt", { class: trait.counts ? "" : "unread" }, trait.name.replaceAll("_", " ")),
    make("dd", { class: "track", title, role: "img", "aria-label": title },
      make("b", { style: `left: ${50 - band}%; width: ${2 * band}%` }),
      make("i", { class: effect.beyond && trait.counts ? "beyond" : "", style: `left: ${effect.effect < 0 ? 50 - size : 50}%; width: ${size}%` })),
    make("dd", { class: `value${trait.counts ? "" : " unread"}` }, words)];
};
const moves = (k) => {
  const row = measured?.directions[k];
  if (!row) return [];
  // What is beyond chance comes first, what does not count last.
  const rank = (i) => (measured.traits[i].counts ? 1 + Number(row.effects[i].beyond) : 0);
  const order = row.effects.map((_, i) => i).sort((a, b) => rank(b) - rank(a) || Math.abs(row.effects[b].effect) - Math.abs(row.effects[a].effect));
  const list = (some) => make("dl", { class: "traits" }, ...some.flatMap((i) => bar(measured.traits[i], row.effects[i])));
  const rest = order.slice(BARS);
  const words = proposed(k) ? `Proposed label: ${proposed(k)}` : "Nothing is moved beyond chance.";
  const nodes = [make("p", { class: "small soft" }, words), list(order.slice(0, BARS))];
  if (rest.length) nodes.push(make("details", { class: "moves" }, make("summary", {}, `${rest.length} more`), list(rest)));
  return nodes;
};

const VIEWS = [["ends", "Ends", "the first, the chosen and the last step"], ["one", "One step", "the chosen step alone"], ["strip", "All steps", "every step side by side"]];
const GROUPS = [["semantic", "By semantic"], ["sample", "By sample"]];
const one = (list, word, otherwise) => (list.some(([key]) => key === word) ? word : otherwise);
const state = { view: "ends", by: "semantic", at: page.directions.map(() => nearestZero) };
const recall = () => { const at = place.read(); state.view = one(VIEWS, at.view, "ends"); state.by = one(GROUPS, at.by, "semantic"); };
recall();

// The pictures are given once, as classes; cells show parts of them.
document.head.append(make("style", {},
  frames.map((uri, k) => `.d${k} { background-image: url(${uri}); }`).join("\n") + `\n.plain { background-image: url(${unedited}); }`));
const percent = (i, n) => (n > 1 ? (100 * i) / (n - 1) : 0);

// Which step each cell of a triple shows: the chosen one is -1.
const shownSteps = () => (state.view === "one" || steps < 3 ? [-1] : [0, -1, steps - 1]);
const placeCell = (node) => {
  const { k, sample, step } = node.dataset;
  const at = k === undefined ? 0 : Number(step) < 0 ? state.at[k] : Number(step);
  node.style.backgroundSize = `${(k === undefined ? 1 : steps) * 100}% ${page.samples * 100}%`;
  node.style.backgroundPosition = `${k === undefined ? 0 : percent(at, steps)}% ${percent(Number(sample), page.samples)}%`;
  set(node, { "aria-label": k === undefined ? `${called(sample)}, unedited` : `${called(sample)}, ${name(k)}, distance ${distance(at)}` });
  if (node.nextSibling) node.nextSibling.textContent = k === undefined ? "unedited" : signed(at);
};
const cell = (k, sample, step) => {
  const node = button("", () => enlarge(k, sample, step < 0 ? state.at[k] : step), { class: `cell ${k === undefined ? "plain" : `d${k}`}` });
  if (k !== undefined) Object.assign(node.dataset, { k, step });
  node.dataset.sample = sample;
  const box = make("div", {}, node, make("div", { class: "value" }));
  placeCell(node);
  return box;
};
const placeStrip = (node) => {
  const { k, sample } = node.dataset;
  node.style.backgroundSize = `100% ${page.samples * 100}%`;
  node.style.backgroundPosition = `0 ${percent(Number(sample), page.samples)}%`;
  node.firstChild.style.left = `${(100 * state.at[k]) / steps}%`;
  set(node, { "aria-label": `${called(sample)}, ${name(k)}, all steps from ${distance(0)} to ${distance(steps - 1)}; ${distance(state.at[k])} is chosen` });
};
const strip = (k, sample) => {
  const node = button(make("i", { style: `width: ${100 / steps}%` }), (event) => {
    // A key's press has no place; it takes the chosen step.
    const at = event.detail === 0 ? state.at[k] : Math.floor((event.offsetX / node.clientWidth) * steps);
    state.at[k] = Math.min(steps - 1, Math.max(0, at));
    show(k);
    enlarge(k, sample, state.at[k]);
  }, { class: `strip d${k}`, style: `aspect-ratio: ${steps}; min-width: ${steps * 36}px` });
  Object.assign(node.dataset, { k, sample });
  placeStrip(node);
  return make("div", { class: "wide" }, node);
};
const figureOf = (k, sample, words) => {
  const caption = make("figcaption", {}, words());
  const inside = state.view === "strip" ? strip(k, sample) : make("div", { class: "cells" }, ...shownSteps().map((step) => cell(k, sample, step)));
  if (state.by === "sample") caption.dataset.name = k;
  return make("figure", {}, caption, inside);
};
const show = (k) => {
  for (const node of document.querySelectorAll(`.cell[data-k="${k}"]`)) placeCell(node);
  for (const node of document.querySelectorAll(`.strip[data-k="${k}"]`)) placeStrip(node);
  for (const node of document.querySelectorAll(`[data-name="${k}"]`)) node.textContent = name(k);
  for (const node of document.querySelectorAll(`[data-distance="${k}"]`)) node.textContent = `distance ${signed(state.at[k])}`;
  sliders[k]?.show(state.at[k]);
};
const showAll = () => page.directions.forEach((_, k) => show(k));
const sliders = [];
const head = (k) => {
  const d = page.directions[k];
  const label = make("input", { type: "text", placeholder: proposed(k) || "what does it change?", "aria-label": `label of semantic ${d.index}`, "data-label": k });
  label.value = labels[k];
  label.addEventListener("input", () => { labels[k] = label.value; keepLabels(); show(k); });
  sliders[k] = range({
    last: steps - 1, at: state.at[k], ends: [distance(0), signed(steps - 1)], label: `distance along semantic ${d.index}`,
    words: (i) => `${distance(i)}${labels[k] ? `, ${labels[k]}` : ""}`, moved: (i) => { state.at[k] = i; show(k); }, attributes: { "data-slider": k },
  });
  return make("div", { class: "head" }, make("h2", {}, `Semantic ${d.index}`), label, sliders[k].node,
    make("span", { class: "value small" }, make("span", { "data-distance": k }, `distance ${signed(state.at[k])}`),
      d.eigenvalue === null ? "" : `; eigenvalue ${figures(d.eigenvalue)}, ${figures(100 * d.share, 2)} % of all`));
};
const draw = () => {
  const box = (figures) => make("div", { class: `figures${state.view === "strip" ? " strips" : ""}` }, ...figures);
  const sections = state.by === "semantic"
    ? page.directions.map((d, k) => make("section", { "aria-label": `Semantic ${d.index}` }, head(k), ...moves(k), box(samples.map((s) => figureOf(k, s, () => called(s))))))
    : [make("section", { "aria-label": "Distances" }, ...page.directions.map((_, k) => head(k))),
       ...samples.map((s) => make("section", { "aria-label": `Sample ${s}` }, make("div", { class: "head" }, make("h2", {}, `Sample ${s}`), make("span", { class: "value small" }, page.names[s] || "")),
         box([make("figure", {}, make("figcaption", {}, "as it is"), make("div", { class: "cells" }, cell(undefined, s, 0))),
           ...page.directions.map((_, k) => figureOf(k, s, () => name(k)))])))];
  byId("main").replaceChildren(...sections);
  for (const [key] of VIEWS) set(byId(`view-${key}`), { "aria-pressed": String(key === state.view) });
  for (const [key] of GROUPS) set(byId(`by-${key}`), { "aria-pressed": String(key === state.by) });
  place.write({ view: state.view === "ends" ? "" : state.view, by: state.by === "semantic" ? "" : state.by });
};
const choose = (what, key) => { state[what] = key; draw(); };

let way = 1;
const centre = () => { state.at = state.at.map(() => nearestZero); showAll(); };
const moveAll = (by) => { state.at = state.at.map((at) => Math.min(steps - 1, Math.max(0, at + by))); showAll(); };
const play = player(() => {
  if (steps < 2) return;
  const now = state.at[0];
  if (now + way < 0 || now + way >= steps) way = -way;
  state.at = state.at.map(() => now + way);
  showAll();
}, () => (calm.matches ? 500 : 120));

// The enlarged picture: as it is in this file, to look at and to save.
const large = { k: 0, sample: 0, step: 0, turn: 0 };
const image = (uri) => new Promise((done, fail) => { const node = new Image(); node.onload = () => done(node); node.onerror = fail; node.src = uri; });
const enlarge = async (k, sample, step) => {
  Object.assign(large, { k, sample, step });
  const turn = ++large.turn;
  if (!byId("large").open) byId("large").showModal();
  const whole = await image(k === undefined ? unedited : frames[k]);
  // Another one was asked for meanwhile.
  if (turn !== large.turn) return;
  const side = whole.naturalHeight / page.samples, canvas = byId("large-canvas");
  canvas.width = canvas.height = side;
  canvas.getContext("2d").drawImage(whole, (k === undefined ? 0 : step) * side, sample * side, side, side, 0, 0, side, side);
  const words = `Sample ${sample} (${called(sample)}), ${k === undefined ? "unedited" : `${name(k)}, distance ${signed(step)}`}`;
  byId("large-words").textContent = words;
  set(canvas, { "aria-label": words });
  byId("large-before").disabled = k === undefined || step === 0;
  byId("large-after").disabled = k === undefined || step === steps - 1;
};
const along = (by) => {
  const step = large.step + by;
  if (large.k === undefined || step < 0 || step >= steps) return;
  state.at[large.k] = step;
  show(large.k);
  enlarge(large.k, large.sample, step);
};
const fileName = () => `sample${large.sample}${large.k === undefined ? "" : `_semantic${page.directions[large.k].index}_step${large.step}`}.png`;
byId("large-bar").append(
  button("\u2190 step", () => along(-1), { id: "large-before" }), button("step \u2192", () => along(1), { id: "large-after" }),
  button("Save PNG", () => byId("large-canvas").toBlob((blob) => save(blob, fileName())), { id: "large-save" }),
  button("Close", () => byId("large").close(), { id: "large-close" }));
byId("large").addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by) { event.preventDefault(); along(by); }
});
byId("large").addEventListener("click", (event) => { if (event.target === byId("large")) byId("large").close(); });

byId("tools").append(make("div", { class: "bar" },
  make("span", { class: "set", role: "group", "aria-label": "What of a direction is shown" },
    ...VIEWS.map(([key, words, title]) => button(words, () => choose("view", key), { id: `view-${key}`, title }))),
  make("span", { class: "set", role: "group", "aria-label": "How pictures are sorted" },
    ...GROUPS.map(([key, words]) => button(words, () => choose("by", key), { id: `by-${key}` }))),
  play.node, button("Centre", centre, { id: "centre" }),
  button("Export labels", () => {
    const all = Object.fromEntries(page.directions.map((d, k) => [d.index, labels[k]]).filter(([, label]) => label));
    save(new Blob([`${JSON.stringify(all, null, 2)}\n`], { type: "application/json" }), "labels.json");
  }, { id: "export" }),
  button("Labels as in the job", () => { given.forEach((label, k) => { labels[k] = label; }); keepLabels(); draw(); }, { id: "forget" }),
  make("span", { id: "kept", class: "small soft", role: "status" })));

document.title = page.title;
byId("title").textContent = `Semantic directions of ${page.model}`;
const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
byId("facts").textContent = `${count(page.samples, "sample")} (${page.codes}), ${count(page.directions.length, "direction")}, ${count(steps, "step")} from `
  + `${distance(0)} to ${distance(steps - 1)}. A slider moves all samples along its direction; 0 is the sample as it is.`;
byId("hint").append("A click enlarges a picture and can save it. Keys: ", make("kbd", {}, "\u2190"), " ", make("kbd", {}, "\u2192"), " move all, ",
  make("kbd", {}, "space"), " plays, ", make("kbd", {}, "1"), " ", make("kbd", {}, "2"), " ", make("kbd", {}, "3"), " choose the view.",
  reduced > 1 ? ` Pictures are at 1/${reduced} of their size, to keep this file small; images/ beside it has them whole.` : "");
if (measured) {
  const unread = measured.traits.filter((t) => !t.counts).map((t) => t.name.replaceAll("_", " "));
  byId("measured").hidden = false;
  byId("measured-words").textContent = `A bar is by how many ${measured.unit} a step of ${figures(measured.distance)} moves a trait, in the mean over ${measured.samples} samples `
    + `of their own, with its standard error. The grey band is what chance does: of ${measured.random_directions} random directions one in twenty has any bar beyond its band. `
    + "Coloured bars are beyond it, and from them come the labels that are proposed. "
    + (measured.law ? "A small network reads the traits; it was fitted on drawings, whose traits are known. " : "The scores were given to the job. ")
    + (unread.length ? `Less than half of the variance is read, even in drawings, of ${unread.join(", ")}: these count for nothing. ` : "")
    + (measured.far > 0.05 ? `${Math.round(100 * measured.far)} % of the samples are farther from the drawings than 99 % of drawings are; there the reader may be wrong.` : "");
}
byId("top").append(theme(() => {}));
// Directions that were found elsewhere have none.
const eigenvalues = page.eigenvalues;
byId("eigenvalues").hidden = eigenvalues.length === 0;
if (eigenvalues.length > 0) {
  const largest = Math.max(...eigenvalues), chosen = new Set(page.directions.map((d) => d.index));
  byId("sum").textContent = `${eigenvalues.length} in all, sum ${figures(eigenvalues.reduce((a, b) => a + b, 0), 4)}`;
  set(byId("chart"), { "aria-label": `${eigenvalues.length} eigenvalues from ${figures(largest)} down to ${figures(eigenvalues.at(-1))}; those of the directions above are coloured` });
  byId("chart").append(...eigenvalues.map((value, i) => make("i",
    { title: `${i}: ${figures(value)}`, class: chosen.has(i) ? "shown" : "", style: `height: ${largest > 0 ? (100 * value) / largest : 0}%` })));
}
keepLabels();
draw();
keys({
  ArrowLeft: () => moveAll(-1), ArrowRight: () => moveAll(1), " ": () => play.toggle(),
  1: () => choose("view", "ends"), 2: () => choose("view", "one"), 3: () => choose("view", "strip"),
});
addEventListener("hashchange", () => { recall(); draw(); });
