// The page of runs: what is shown where, and what moves it.
const SPEEDS = [[".5", "half speed"], ["1", "normal speed"], ["2", "twice"], ["4", "four times"]];
const state = { epoch: timeline.at(-1) ?? 0, layers: new Set(), speed: "1", stretch: false };
const known = (id) => LAYERS.some((layer) => layer.id === id);
const available = (layer) => runs.some((run) => layer.has(run) === true);
const usual = () => new Set(LAYERS.filter((layer) => layer.on && available(layer)).map((layer) => layer.id));
const activeLayers = () => ORDER.filter((id) => state.layers.has(id)).map((id) => LAYERS.find((layer) => layer.id === id));
const nearest = (epoch) => timeline.reduce((best, at) => (Math.abs(at - epoch) < Math.abs(best - epoch) ? at : best), timeline[0]);

const recall = () => {
  const at = place.read();
  state.epoch = timeline.length ? nearest(at.epoch && Number.isFinite(Number(at.epoch)) ? Number(at.epoch) : timeline.at(-1)) : 0;
  state.layers = at.layers === undefined ? usual() : new Set(at.layers.split(" ").filter(known));
  state.speed = SPEEDS.some(([speed]) => speed === at.speed) ? at.speed : "1";
  state.stretch = at.stretch === "1";
};
const remember = () => {
  const plain = usual(), same = plain.size === state.layers.size && [...plain].every((id) => state.layers.has(id));
  place.write({
    epoch: state.epoch === (timeline.at(-1) ?? 0) ? "" : String(state.epoch),
    layers: same ? null : LAYERS.map((layer) => layer.id).filter((id) => state.layers.has(id)).join(" ") || " ",
    speed: state.speed === "1" ? "" : state.speed,
    stretch: state.stretch ? "1" : "",
  });
};
recall();

// --- what stands where ---
const plots = runs.map((run) => new Plot(run));
byId("plots").append(...plots.map((plot) => plot.node));
byId("plots").style.setProperty("--columns", COLUMNS);
byId("stage").classList.toggle("single", !several);
const charts = makeCharts();
byId("curves").append(...charts.map((chart) => chart.node));
const histograms = makeHistograms();
byId("histograms").append(...histograms.map((histogram) => histogram.node));

const index = () => Math.max(0, timeline.indexOf(state.epoch));
const iteration = (epoch) => valueAt(runs[0], "d_loss", epoch) === null ? null : runs[0].records.iteration[runs[0].records.epoch.findLastIndex((at) => at <= epoch)];
const timeWords = (i) => (timeline.length ? `epoch ${timeline[i]}, frame ${i + 1} of ${timeline.length}` : "no frame was recorded");
const scrubber = range({
  last: Math.max(0, timeline.length - 1), at: index(), ends: [String(timeline[0] ?? "-"), String(timeline.at(-1) ?? "-")],
  label: "frame", words: timeWords, moved: (i) => goTo(timeline[i]), attributes: { id: "scrubber" },
});
const step = (by) => goTo(timeline[Math.min(timeline.length - 1, Math.max(0, index() + by))]);
const play = player(() => {
  if (index() + 1 < timeline.length) return step(1);
  // At the end it rests; the next press begins again.
  play.toggle(false);
}, () => 300 / Number(state.speed) * (calm.matches ? 2 : 1));
const toggle = () => { if (!play.playing() && index() + 1 >= timeline.length && timeline.length > 1) goTo(timeline[0]); play.toggle(); };
// The button's own press would not begin again.
play.node.addEventListener("click", (event) => { event.stopImmediatePropagation(); toggle(); }, { capture: true });
const speed = make("select", { id: "speed", "aria-label": "speed" }, ...SPEEDS.map(([value, words]) => make("option", { value }, words)));
speed.addEventListener("change", () => { state.speed = speed.value; remember(); });
byId("controls").append(
  make("span", { class: "bar" }, play.node, button("\u2039", () => step(-1), { id: "before", "aria-label": "one frame back", title: "one frame back" }), button("\u203a", () => step(1), { id: "after", "aria-label": "one frame on", title: "one frame on" })),
  scrubber.node, make("span", { class: "bar" }, make("span", { id: "time" }), speed, button("Save PNG", () => savePicture(), { id: "save" })));

// What colours and arrows of a saved picture mean.
const legendOf = ({ run, frame: f }) => {
  const on = (id) => f >= 0 && state.layers.has(id) && LAYERS.find((layer) => layer.id === id).has(run) === true, said = [];
  if (on("real")) said.push("rings: real");
  if (on("made")) said.push("dots: generated");
  if (on("field")) said.push(`field: ${scaleEnds(run, f).join(" | ")}`);
  if (on("contours") && !on("field")) said.push(`contours about ${scaleEnds(run, f)[1]}`);
  if (on("forces")) said.push(`an arrow of ${ARROW} px: ${figures(forceUnit(run), 2)}`);
  return said.join("; ");
};
const savePicture = () => {
  const columns = COLUMNS, wide = Math.max(...plots.map((plot) => plot.canvas.width)), high = Math.max(...plots.map((plot) => plot.canvas.height)), title = 44 * (devicePixelRatio || 1);
  const sheet = make("canvas"), context = sheet.getContext("2d");
  sheet.width = wide * Math.min(columns, plots.length);
  sheet.height = (high + title) * Math.ceil(plots.length / columns);
  context.fillStyle = colour("sheet");
  context.fillRect(0, 0, sheet.width, sheet.height);
  plots.forEach((plot, i) => {
    const x = (i % columns) * wide, y = Math.floor(i / columns) * (high + title), font = (size) => `${(title * size) / 28}px system-ui, sans-serif`;
    context.fillStyle = colour("ink");
    context.font = font(14);
    context.fillText(`${plot.run.name}, epoch ${plot.frame < 0 ? "-" : plot.run.epochs[plot.frame]}`, x + title / 2, y + title * .55);
    context.fillStyle = colour("soft");
    context.font = font(11);
    context.fillText(legendOf(plot), x + title / 2, y + title * .95);
    context.drawImage(plot.canvas, x, y + title);
  });
  const name = document.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60);
  sheet.toBlob((blob) => save(blob, `${name}-epoch-${state.epoch}.png`));
};

// --- layers ---
const rows = LAYERS.map((layer) => {
  const why = available(layer) ? null : listWords([...new Set(runs.map((run) => layer.has(run)))].map(String));
  const node = button("", () => flip(layer), { id: `layer-${layer.id}`, "aria-pressed": "false" });
  node.append(svg("svg", { class: "mark", viewBox: "0 0 16 16", "aria-hidden": "true" }, layer.mark.cloneNode(true)), make("span", {}, layer.name), make("kbd", {}, layer.key));
  node.disabled = why !== null;
  const words = make("p", {}, why === null ? "" : `Not here: ${why}.`);
  const row = make("div", { class: "layer" }, node, words);
  if (layer.scale) row.append(make("div", { class: "scales" }), make("div", {}, button("Stretch the colours (s)", stretch, { id: "stretch", "aria-pressed": "false", title: "over what the field of each frame spans" })));
  if (layer.arrow) row.append(svg("svg", { width: ARROW + 8, height: 12, "aria-hidden": "true", class: "length" }, svg("path", { d: `M2 6 H${ARROW + 2} M${ARROW - 4} 2 L${ARROW + 2} 6 L${ARROW - 4} 10`, fill: "none", stroke: "var(--two)", "stroke-width": 1.6 })));
  return { layer, node, words, row, why };
});
byId("layers").append(...rows.map(({ row }) => row));
const flip = (layer) => {
  if (!available(layer)) return;
  if (state.layers.has(layer.id)) state.layers.delete(layer.id); else state.layers.add(layer.id);
  draw();
};
const showLayers = () => {
  set(byId("stretch"), { "aria-pressed": String(state.stretch) });
  for (const { layer, node, words, row, why } of rows) {
    if (why !== null) continue;
    const on = state.layers.has(layer.id), run = runs.find((one) => layer.has(one) === true), f = frameAt(run, state.epoch);
    set(node, { "aria-pressed": String(on) });
    const said = on ? (layer.every ? layer.every(layer, state.epoch) : [layer.words(run, f)]) : [];
    if (said.length > 1 && layer.general) said.unshift(layer.general);
    words.replaceChildren(...said.map((sentence, i) => make("span", {}, i ? make("br") : null, sentence)), on ? lacking(layer) : "");
    for (const extra of row.querySelectorAll(".scales, .length, #stretch")) extra.style.display = on && f >= 0 ? "" : "none";
    if (on && layer.scale) row.querySelector(".scales").replaceChildren(...scaleGroups(layer, state.epoch).map((group, _, all) => scaleOfColours(group, all.length > 1)));
  }
};
const lacking = (layer) => {
  const without = runs.filter((run) => layer.has(run) !== true);
  return without.length ? ` Not in ${listWords(without.map((run) => `${run.name} (${layer.has(run)})`))}.` : "";
};
const scaleEnds = (run, f) => {
  const { half, middle } = fieldScale(run, f), is_chance = run.rule.logits && !run.tone.is_middle;
  if (half === null) return ["0 % real", run.tone.is_middle ? "cannot tell" : "50 %", "100 % real"];
  return [middle - half, middle, middle + half].map(is_chance ? chance : (x) => figures(x));
};
const scaleOfColours = (group, named) => {
  const [low, middle, high] = [-1, 0, 1].map((t) => rgb(scoreColour(AREAS, t))), [{ run, f }] = group, bar = make("div", { class: "scale" });
  bar.style.background = `linear-gradient(90deg, ${low}, ${middle}, ${high})`;
  return make("div", {}, named ? make("p", {}, namesOf(group)) : null, bar, make("div", { class: "ends" }, ...scaleEnds(run, f).map((words) => make("span", {}, words))));
};
function stretch() {
  state.stretch = !state.stretch;
  draw();
}

// --- moving ---
const goTo = (epoch) => { if (epoch !== undefined && epoch !== state.epoch) { state.epoch = epoch; moved(); } };
const moved = () => {
  const i = index();
  scrubber.show(i);
  byId("time").textContent = timeline.length ? `epoch ${state.epoch}` : "no frames";
  const iterations = iteration(state.epoch);
  set(byId("time"), { title: iterations ? `iteration ${iterations}` : null });
  byId("before").disabled = i === 0;
  byId("after").disabled = i + 1 >= timeline.length;
  for (const plot of plots) plot.draw(state.epoch, activeLayers());
  for (const chart of charts) chart.mark(state.epoch);
  for (const histogram of histograms) if (isShown(histogram)) histogram.draw(state.epoch);
  showLayers();
  speed.value = state.speed;
  remember();
};
const isShown = (histogram) => state.layers.has(histogram.id === "gaps" ? "scores" : histogram.id);
const draw = () => {
  for (const histogram of histograms) histogram.node.hidden = !isShown(histogram);
  for (const plot of plots) plot.fit();
  for (const chart of charts) chart.fit();
  moved();
};

// --- words, tables, configs ---
document.title = several ? `${runs.length} runs` : first.name;
byId("title").textContent = several ? `${runs.length} runs side by side` : first.name;
const frames = (run) => `${run.recorded} frames${run.epochs.length < run.recorded ? `, of which ${run.epochs.length} are shown` : ""}`;
byId("facts").textContent = several
  ? `${DATA.same_data ? "The same held-out points" : "Other held-out points in each"}, ${DATA.same_codes ? "the same codes: a point under the pointer is marked in all" : "the codes are not the same in all"}; axes and scrubber are one.`
  : `${first.title}, seed ${first.seed}, on ${first.data}: ${first.status}, ${frames(first)}. The scrubber moves through the frames.`;
byId("top").append(theme(draw));

const table = ({ rows: [head, ...body] }, caption) => make("div", { class: "wide", tabindex: 0, role: "group", "aria-label": caption }, make("table", {},
  make("thead", {}, make("tr", {}, ...head.map((cell) => make("th", { scope: "col" }, cell.text)))),
  make("tbody", {}, ...body.map((row) => make("tr", {}, ...row.map((cell, i) => make(i ? "td" : "th", i ? { class: cell.best ? "best" : null } : { scope: "row" }, cell.text, cell.error ? ` \u00b1 ${cell.error}` : "")))))));
for (const one of DATA.tables)
  byId("tables").append(make("section", { class: "sheet more" }, make("h2", {}, one.title), make("p", { class: "small soft" }, one.words), table(one, one.title)));
if (DATA.notes.length) byId("tables").append(make("section", { class: "sheet more" }, make("h2", {}, "Remarks"), make("ul", {}, ...DATA.notes.map((note) => make("li", {}, note)))));

const copy = (node) => async () => {
  try { await navigator.clipboard.writeText(node.textContent); byId("copied").textContent = "Copied."; } catch {
    getSelection().selectAllChildren(node);
    byId("copied").textContent = "It is marked: copy it with Ctrl+C.";
  }
};
const settings = (list, differing) => make("div", { class: "wide", tabindex: 0, role: "group", "aria-label": differing ? "settings that differ" : "all settings" }, make("table", {},
  make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "setting"), make("th", { scope: "col", class: "left" }, "here"), make("th", { scope: "col", class: "left" }, "preset"), make("th", { scope: "col", class: "left" }, "what it is"))),
  make("tbody", {}, ...list.map((one) => make("tr", { class: !differing && one.preset !== null ? "differs" : null },
    make("th", { scope: "row" }, make("code", {}, one.key)), make("td", { class: "left" }, one.value), make("td", { class: "left" }, one.preset ?? ""), make("td", { class: "help" }, one.help))))));
for (const run of runs) {
  const { preset, preset_help: help, settings: all, command } = run.repeat, differ = all.filter((one) => one.preset !== null);
  const code = make("code", { id: `command-${run.number}` }, command);
  byId("configs").append(make("section", { class: "sheet more", "aria-label": `Config of ${run.name}` },
    make("h2", {}, several ? run.name : "Again"),
    make("p", { class: "small soft" }, `${run.title}, seed ${run.seed}: ${run.status}, ${frames(run)}; in ${run.path}. The same seed gives the same bytes, where the data are the same: ${run.data}${run.data_sha256 ? `, SHA-256 of the points ${run.data_sha256.slice(0, 16)}\u2026` : ""}.`),
    make("pre", {}, code), button("Copy the command", copy(code), { id: `copy-${run.number}` }),
    preset ? make("h3", {}, `Against the preset ${preset}`) : null,
    preset ? make("p", { class: "small soft" }, `${help.replaceAll("`", "")}. ${differ.length ? `Of all presets the config is most like this one; ${differ.length === 1 ? "one setting differs" : `${differ.length} settings differ`}.` : "The config is that preset's."}`) : null,
    differ.length ? settings(differ, true) : null,
    make("details", {}, make("summary", {}, `All ${all.length} settings`), settings(all, false))));
}
byId("configs").append(make("p", { id: "copied", class: "small soft", role: "status" }));
byId("foot").append("Keys: ", make("kbd", {}, "\u2190"), " ", make("kbd", {}, "\u2192"), " a frame, ", make("kbd", {}, "Home"), " ", make("kbd", {}, "End"), " the first and the last, ", make("kbd", {}, "space"), " plays, ",
  make("kbd", {}, "1"), " to ", make("kbd", {}, "0"), ` layers. What is shown is in the address and can be linked to. Made by ${DATA.program}; this file is all there is, nothing is loaded.`);

draw();
keys({
  ArrowLeft: () => step(-1), ArrowRight: () => step(1), ",": () => step(-1), ".": () => step(1), PageUp: () => step(-10), PageDown: () => step(10),
  Home: () => goTo(timeline[0]), End: () => goTo(timeline.at(-1)), " ": toggle,
  s: () => { if (state.layers.has("field") || state.layers.has("contours") || state.layers.has("judged")) stretch(); },
  ...Object.fromEntries(LAYERS.map((layer) => [layer.key, () => flip(layer)])),
});
addEventListener("hashchange", () => { recall(); draw(); });
let resized = null;
addEventListener("resize", () => { cancelAnimationFrame(resized); resized = requestAnimationFrame(draw); });
