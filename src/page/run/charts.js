// Curves over epochs and histograms, as SVG in the page's pixels.
const RUN_COLOURS = ["one", "two", "three", "four", "five", "six"];
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "12 4", "4 2"];
const runColour = (run) => `var(--${RUN_COLOURS[run.number]})`;

// A chart's sides, and what is drawn where.
const frame = (width, height, left = 46) => ({ left, right: 8, top: 10, bottom: 22, width, height });
const scaleOf = (low, high, from, to, log = false) => {
  const f = log ? Math.log : (x) => x, a = f(low), b = f(high);
  return (x) => from + ((f(x) - a) / (b - a || 1)) * (to - from);
};
const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
const sample = (style, dash) => svg("svg", { viewBox: "0 0 24 10", "aria-hidden": "true" }, svg("path", { d: "M0 5 H24", stroke: style, "stroke-width": 2.5, "stroke-dasharray": dash, fill: "none" }));

const drawAxes = (root, f, xTicks, yTicks, x, y) => {
  const bottom = f.height - f.bottom;
  for (const at of yTicks) {
    root.append(svg("path", { d: `M${f.left} ${y(at).toFixed(1)} H${f.width - f.right}`, stroke: "var(--line)", "stroke-width": 1 }));
    root.append(svg("text", { x: f.left - 6, y: y(at) + 4, "text-anchor": "end" }, figures(at)));
  }
  for (const at of xTicks) root.append(svg("text", { x: Math.min(x(at), f.width - 14), y: bottom + 16, "text-anchor": "middle" }, figures(at, 6)));
  root.append(svg("path", { d: `M${f.left} ${bottom} H${f.width - f.right}`, stroke: "var(--edge)", "stroke-width": 1 }));
};

// Curves of runs over their epochs. `lines` are [name, run, [[epoch, value]…], colour, dash]; `bands` are what real points
// get; `levels` are lines to compare with.
class Chart {
  constructor({ id, title, words, lines, bands = [], levels = [], log = false, zero = false, most = null }) {
    Object.assign(this, { id, lines, bands, levels, log, zero, most });
    this.root = svg("svg", { role: "img", id: `chart-${id}` });
    this.keys = make("ul", { class: "keys" });
    this.readings = lines.map((line) => {
      const value = make("b", {});
      this.keys.append(make("li", {}, sample(line.colour, line.dash), `${line.name} `, value));
      return value;
    });
    bands.forEach((band) => this.keys.append(make("li", {}, sample(band.colour, ""), band.name)));
    this.title = title;
    this.node = make("section", { class: "sheet card", "aria-label": title }, make("h3", {}, title), this.root, this.keys, ...words.map((sentence) => make("p", {}, sentence)));
    const move = (event) => { if (event.buttons) goTo(nearest(this.epochAt(event.offsetX))); };
    this.root.addEventListener("pointerdown", (event) => { this.root.setPointerCapture?.(event.pointerId); move(event); });
    this.root.addEventListener("pointermove", move);
  }

  epochAt(x) { const { left, right, width } = this.f; return ((x - left) / (width - left - right)) * lastEpoch; }

  fit() {
    const width = Math.max(200, this.node.clientWidth - 2 * parseFloat(getComputedStyle(this.node).paddingLeft)), height = 190;
    const f = this.f = frame(width, height);
    set(this.root, { viewBox: `0 0 ${width} ${height}`, height });
    const values = this.lines.flatMap((line) => line.values.map(([, value]) => value)).filter((value) => Number.isFinite(value) && (!this.log || value > 0));
    const shown = sorted(values);
    // What is beyond the outermost hundredths does not flatten the rest.
    let [low, high] = [quantile(shown, .005), quantile(shown, .995)];
    for (const band of this.bands) if (!this.log || band.low > 0) { low = Math.min(low, band.low); high = Math.max(high, band.high); }
    for (const level of this.levels) { low = Math.min(low, level.at); high = Math.max(high, level.at); }
    if (this.zero) low = Math.min(low, 0);
    if (this.most !== null) high = this.most;
    if (!(low < high)) { const around = Math.abs(low) * .1 || 1; [low, high] = Number.isFinite(low) ? [low - around, low + around] : [0, 1]; }
    const margin = this.log ? 0 : (high - low) * .04;
    [low, high] = this.log ? [low / 1.15, high * 1.15] : [this.zero && low === 0 ? 0 : low - margin, this.most === null ? high + margin : high + margin / 2];
    const x = this.x = scaleOf(0, lastEpoch, f.left, width - f.right);
    const inside = scaleOf(low, high, height - f.bottom, f.top, this.log);
    const y = this.y = (value) => Math.max(f.top - 2, Math.min(height - f.bottom, inside(this.log ? Math.max(value, low) : value)));
    this.root.replaceChildren();
    drawAxes(this.root, f, ticks(0, lastEpoch, width / 90), this.log ? logTicks(low, high) : ticks(low, high, 5), x, y);
    for (const band of this.bands) {
      const top = y(band.high), bottom = y(Math.max(band.low, low));
      this.root.append(svg("rect", { x: f.left, y: top, width: width - f.left - f.right, height: Math.max(2, bottom - top), fill: band.colour, opacity: .22 }));
    }
    for (const level of this.levels) {
      this.root.append(svg("path", { d: `M${f.left} ${y(level.at)} H${width - f.right}`, stroke: "var(--ink)", "stroke-dasharray": "4 4", "stroke-width": 1 }));
      this.root.append(svg("text", { x: width - f.right - 2, y: y(level.at) - 5, "text-anchor": "end" }, level.words));
    }
    for (const line of this.lines) {
      const points = line.values.filter(([, value]) => Number.isFinite(value) && (!this.log || value > 0)).map(([epoch, value]) => [x(epoch), y(value)]);
      this.root.append(svg("path", { d: path(points), fill: "none", stroke: line.colour, "stroke-width": 1.6, "stroke-dasharray": line.dash, "stroke-linejoin": "round" }));
    }
    this.here = svg("path", { stroke: "var(--ink)", "stroke-width": 1.2, fill: "none" });
    this.dots = this.lines.map((line) => svg("circle", { r: 4, fill: line.colour, stroke: "var(--sheet)", "stroke-width": 1.5 }));
    this.root.append(this.here, ...this.dots);
  }

  mark(epoch) {
    const at = this.x(epoch).toFixed(1);
    set(this.here, { d: `M${at} ${this.f.top} V${this.f.height - this.f.bottom}` });
    const said = this.lines.map((line, i) => {
      let found = null;
      for (const pair of line.values) { if (pair[0] > epoch) break; if (Number.isFinite(pair[1])) found = pair; }
      set(this.dots[i], found ? { cx: this.x(found[0]).toFixed(1), cy: this.y(found[1]).toFixed(1), visibility: "visible" } : { visibility: "hidden" });
      this.readings[i].textContent = found ? figures(found[1]) : "-";
      return `${line.name} ${found ? figures(found[1]) : "not measured yet"}`;
    });
    const bands = this.bands.map((band) => `${band.name} ${figures(band.low)} to ${figures(band.high)}`);
    set(this.root, { "aria-label": `${this.title} at epoch ${epoch}: ${[...said, ...bands, ...this.levels.map((level) => level.words)].join("; ")}` });
  }
}

const pairs = (run, name, sign = 1) => run.records.epoch.map((epoch, i) => [epoch, run.column(name)[i]]).filter(([, value]) => value !== null).map(([epoch, value]) => [epoch, sign * value]);
const lineOf = (run, name, words, dash = "", sign = 1) => ({
  name: several ? `${run.name}${words ? `, ${words}` : ""}` : words || run.name, run, values: pairs(run, name, sign),
  colour: several ? runColour(run) : `var(--${dash ? "two" : "one"})`, dash: several ? dash || "" : "",
});
const bandsOf = (name) => {
  const found = runs.filter((run) => run.floor?.[name]);
  const same = found.every((run) => run.floor[name].mean === found[0].floor[name].mean);
  return (same ? found.slice(0, 1) : found).map((run) => {
    const { mean: middle, deviation } = run.floor[name], around = deviation ?? 0;
    return { low: middle - around, high: middle + around, mean: middle, colour: same ? "var(--real)" : runColour(run), name: `real against real${same ? "" : `, ${run.name}`}` };
  });
};
const isWide = (lines) => { const all = sorted(lines.flatMap((line) => line.values.map(([, value]) => value))); return all.length > 0 && all[0] > 0 && all.at(-1) / all[0] > 20; };

// What the two losses are, by the rule.
const lossWords = () => {
  const said = [];
  const of = (test) => runs.filter(test), capital = (words) => words[0].toUpperCase() + words.slice(1);
  const who = (list, words) => (several ? `${listWords(list.map((run) => run.name))}: ${words}` : capital(words));
  const wasserstein = of((run) => run.rule.wasserstein), logits = of((run) => run.rule.logits && run.alone && run.rule.name !== "paired");
  const others = runs.filter((run) => !wasserstein.includes(run) && !logits.includes(run));
  if (logits.length) said.push(who(logits, `the discriminator's loss D and the generator's loss G, each the mean over an epoch. D = 2 log 2 = 1.386 is what a discriminator loses that cannot tell real from generated; below it tells them apart. It does not say how good the points are: a weak discriminator rests there too, and G rises or falls as D gets better or worse.`));
  if (wasserstein.length) said.push(who(wasserstein, `the critic's loss D is its mean score of generated points minus that of real ones${wasserstein.some((run) => run.rule.penalty) ? ", plus its penalty" : ""}: a negative D near 0 is a critic that sees little difference. G is minus the mean score of generated points; as scores may all be shifted, its sign and size say nothing by themselves.`));
  if (others.length) said.push(who(others, `${others[0].rule.help}. D and G are each the mean over an epoch${others[0].rule.blind ? `; where all scores are equal D is ${figures(others[0].rule.blind[0])}` : ""}. Losses say who is ahead, not how good the points are.`));
  return said;
};

const summary = (run) => {
  const values = run.column("sliced_w2"), floor = run.floor?.sliced_w2?.mean;
  if (!values) return null;
  let best = -1, near = -1;
  values.forEach((value, i) => {
    if (value === null) return;
    if (best < 0 || value < values[best]) best = i;
    if (floor) near = value < 2 * floor ? (near < 0 ? i : near) : -1;
  });
  if (best < 0) return null;
  const floors = floor ? ` (${figures(values[best] / floor, 2)} floors)` : "";
  const settled = floor ? (near < 0 ? "; it does not stay below 2 floors" : `; below 2 floors from epoch ${run.records.epoch[near]} on`) : "";
  return `${several ? `${run.name}: b` : "B"}est ${figures(values[best])}${floors} at epoch ${run.records.epoch[best]}${settled}.`;
};

const FLOOR_WORDS = "The band is the same between training and held-out points, mean and deviation of a single draw: what a perfect generator would get. Within it points are as good as real.";
const thinned = () => runs.filter((run) => run.records.recorded > run.records.epoch.length).map((run) => `${several ? `${run.name}: ` : ""}${run.records.epoch.length} of ${run.records.recorded} epochs are drawn.`);

const makeCharts = () => {
  const made = [], having = (name) => runs.filter((run) => run.column(name));
  const blind = runs.every((run) => run.rule.logits && run.alone && run.rule.blind) ? [{ at: runs[0].rule.blind[0], words: `D cannot tell: ${figures(runs[0].rule.blind[0], 4)}` }] : [];
  const words = [...lossWords(), ...thinned()], lost = having("d_loss");
  if (lost.length && !several) made.push(new Chart({ id: "losses", title: "Losses", lines: [lineOf(first, "d_loss", "D"), lineOf(first, "g_loss", "G", "5 3")], levels: blind, words }));
  if (lost.length && several) {
    made.push(new Chart({ id: "d_loss", title: "Discriminator's loss D", lines: lost.map((run) => lineOf(run, "d_loss", "")), levels: blind, words }));
    made.push(new Chart({ id: "g_loss", title: "Generator's loss G", lines: lost.map((run) => lineOf(run, "g_loss", "")), words: ["Of other rules and penalties losses have other scales: only the course of each can be looked at, and no two curves be compared."] }));
  }
  const distance = (name, title, words, options = {}) => {
    const lines = having(name).flatMap((run) => [lineOf(run, name, run.column(`generator_${name}`) ? "averaged generator" : several ? "" : title), ...(run.column(`generator_${name}`) ? [lineOf(run, `generator_${name}`, "generator", "5 3")] : [])]);
    if (lines.length) made.push(new Chart({ id: name, title, lines, bands: bandsOf(name), log: !options.most && isWide(lines), words, ...options }));
  };
  distance("sliced_w2", "Sliced W2", [`How far a frame's points are from the held-out ones, in the data's units: the Wasserstein-2 distance of their projections, over 512 directions. 0 is equal, smaller is nearer; it sees shares and shape together, and little of a few stray points. ${FLOOR_WORDS}`, ...runs.map(summary).filter(Boolean)]);
  distance("coverage", "Coverage", [`The share of held-out points that have a generated one nearer than their fifth nearest held-out neighbour. 1 is best; a mode that is lost pulls it down, points between modes do not. ${FLOOR_WORDS}`], { zero: true, most: 1 });
  distance("mode_tv", "Mode total variation", [`Half the sum of differences between the shares of the law's modes among generated points and the law's own; points in no mode are a class of their own. 0 is equal, 1 is nothing in common; it does not see the shape within a mode. ${FLOOR_WORDS}`], { zero: true, most: 1 });
  const critics = runs.filter((run) => run.rule.wasserstein && run.w1);
  if (critics.length) {
    const lines = critics.flatMap((run) => [
      { ...lineOf(run, "d_loss", run.critic ? "the critic's estimate" : "minus the critic's loss"), ...(run.critic ? { values: run.epochs.map((epoch, f) => [epoch, run.critic[f]]) } : { values: pairs(run, "d_loss", -1) }) },
      { name: several ? `${run.name}, true W1` : "true W1", run, values: run.epochs.map((epoch, f) => [epoch, run.w1.values[f]]), colour: several ? runColour(run) : "var(--two)", dash: "5 3" },
    ]);
    const floors = critics.filter((run) => run.w1.floor), n = critics[0].w1.points;
    const levels = floors.slice(0, 1).map((run) => ({ at: run.w1.floor, words: "true W1, real against real" }));
    made.push(new Chart({
      id: "critic", title: "The critic's estimate of W1", lines, levels, zero: true,
      words: [
        `${critics[0].critic ? "The critic's mean score of held-out points minus that of generated ones, without its penalty" : `Minus the critic's loss${critics.some((run) => run.rule.penalty) ? ", from which its penalty is subtracted" : ""}`}: an estimate of the Wasserstein-1 distance times how steep the critic may be. With a gradient penalty that is about 1; with clipping nobody knows it, and only the course counts. A critic that lags behind estimates too little.`,
        `The true W1 is exact, between ${n} generated and ${n} held-out points, in the networks' units as the critic has them. The line of real against real is the same between two halves of the held-out points, one draw.`,
      ],
    }));
  }
  const clips = having("clip_share");
  if (clips.length) made.push(new Chart({ id: "clip_share", title: "Weights at the clip", lines: clips.map((run) => lineOf(run, "clip_share", several ? "" : "share at the clip")), zero: true, most: 1, words: ["The share of the critic's parameters that clipping holds at its bound. 0 is clipping that does nothing; near 1 the critic is made of signs alone, and steep in few directions."] }));
  return made;
};

// --- histograms ---
const BINS = 48;
const KINDS = ["training", "held-out", "generated"];
const KIND_STYLES = [{ colour: "var(--real)", dash: "4 3" }, { colour: "var(--real)", dash: "" }, { colour: "var(--made)", dash: "" }];

// A range that fits all frames of all runs, so that pictures can be compared.
const commonRange = (lists, always = []) => {
  const all = sorted(lists.flatMap((list) => [...list]));
  let [low, high] = [Math.min(quantile(all, .005), ...always), Math.max(quantile(all, .995), ...always)];
  if (!(low < high)) [low, high] = [low - 1, low + 1];
  return [low, high];
};
const counts = (values, [low, high]) => {
  const found = new Float64Array(BINS);
  let n = 0;
  for (const x of values) {
    if (!Number.isFinite(x)) continue;
    found[Math.max(0, Math.min(BINS - 1, Math.floor(((x - low) / (high - low)) * BINS)))] += 1;
    n += 1;
  }
  return n ? found.map((count) => count / n) : found;
};
// Of percentiles: every two neighbours have a hundredth between them.
const countsOfPercentiles = (q, range) => {
  const fine = [];
  for (let i = 0; i + 1 < q.length; i++) for (let k = 0; k < 20; k++) fine.push(q[i] + ((k + .5) / 20) * (q[i + 1] - q[i]));
  return counts(fine, range);
};

class Histogram {
  constructor({ id, title, has, range, bars, levels, says, words }) {
    Object.assign(this, { id, title, has, bars, levels, says });
    this.runs = runs.filter(has);
    // One range for all, so that pictures can be compared; a run that would fill little of it has its own.
    const common = this.runs.length ? range(this.runs) : [0, 1], width = ([low, high]) => high - low;
    this.ranges = new Map(this.runs.map((run) => [run, common]));
    if (this.runs.length > 1) for (const run of this.runs) {
      const own = range([run]);
      if (width(own) < width(common) / 6) this.ranges.set(run, own);
    }
    this.common = common;
    this.parts = this.runs.map((run) => ({ run, root: svg("svg", { role: "img", id: `${id}-${run.number}`, "aria-label": title }), said: make("p", {}) }));
    const kinds = id === "weights" ? [] : [make("ul", { class: "keys" }, ...(id === "gaps" ? [] : KINDS.map((name, i) => make("li", {}, sample(KIND_STYLES[i].colour, KIND_STYLES[i].dash), name))))];
    this.node = make("section", { class: "sheet card still", "aria-label": title, "data-histogram": id }, make("h3", {}, title), ...kinds,
      ...this.parts.flatMap(({ run, root, said }) => [several ? make("p", {}, run.name) : null, root, said]), make("p", {}, words));
  }

  draw(epoch) {
    const width = Math.max(200, this.node.clientWidth - 2 * parseFloat(getComputedStyle(this.node).paddingLeft)), height = several ? 110 : 160;
    for (const { run, root, said } of this.parts) {
      const f = { ...frame(width, height, 8), top: 6 }, at = frameAt(run, epoch);
      set(root, { viewBox: `0 0 ${width} ${height}`, height });
      root.replaceChildren();
      const shown = this.ranges.get(run), [low, high] = shown, x = scaleOf(low, high, f.left, width - f.right);
      const bars = at < 0 ? [] : this.bars(run, at, shown);
      const most = Math.max(1e-9, ...bars.flatMap((bar) => [...bar.counts]));
      const y = scaleOf(0, most, height - f.bottom, f.top);
      drawAxes(root, f, ticks(low, high, width / 80), [], x, y);
      for (const level of this.levels(run)) if (level.at >= low && level.at <= high) {
        root.append(svg("path", { d: `M${x(level.at)} ${f.top} V${height - f.bottom}`, stroke: "var(--ink)", "stroke-dasharray": "4 4", "stroke-width": 1 }));
        const right = x(level.at) > .7 * width;
        root.append(svg("text", { x: x(level.at) + (right ? -4 : 4), y: f.top + 10, "text-anchor": right ? "end" : "start" }, level.words));
      }
      for (const bar of bars) {
        const steps = [[f.left, height - f.bottom], ...[...bar.counts].flatMap((count, i) => [[x(low + (i / BINS) * (high - low)), y(count)], [x(low + ((i + 1) / BINS) * (high - low)), y(count)]]), [width - f.right, height - f.bottom]];
        root.append(svg("path", { d: path(steps), fill: bar.fill ? bar.colour : "none", "fill-opacity": .25, stroke: bar.colour, "stroke-width": 1.6, "stroke-dasharray": bar.dash }));
      }
      said.textContent = at < 0 ? "No frame yet." : `${this.says(run, at)}${shown === this.common ? "" : " The axis is this run's own."}`;
      set(root, { "aria-label": `${this.title}, ${run.name}, epoch ${at < 0 ? epoch : run.epochs[at]}: ${said.textContent}` });
    }
  }
}

const threeBars = (of) => (run, f, range) => of(run).at(f).map((list, i) => ({ counts: counts(list, range), ...KIND_STYLES[i], fill: i === 2 }));
const everyFrame = (of) => (list) => list.flatMap((run) => run.epochs.flatMap((_, f) => of(run).at(f)));
const ends = "The outermost bars hold what lies beyond.";

const aimsAtOne = (run) => ["wgan-gp", "wgan-lp", "dragan"].includes(run.rule.penalty);
const makeHistograms = () => [
  new Histogram({
    id: "scores", title: "Scores of points", has: (run) => run.scores, range: (list) => commonRange(everyFrame((run) => run.scores)(list), list.flatMap((run) => run.rule.blind_score ?? [])),
    bars: threeBars((run) => run.scores), levels: (run) => (onlyDifferences(run) ? [] : [{ at: run.rule.blind_score, words: "cannot tell" }]),
    says: (run, f) => {
      const lists = run.scores.at(f), each = (tell) => KINDS.map((kind, i) => `${kind} ${tell(lists[i])}`).join(", ");
      return `Mean score: ${each((list) => figures(mean(list)))}. ${onlyDifferences(run) ? "" : `Above ${figures(run.rule.blind_score)}: ${each((list) => percentWords(share(list, (x) => x > run.rule.blind_score)))}.`}`;
    },
    words: `Right is taken for real. Training and held-out points apart: the discriminator knows its training points by heart. Generated ones where held-out ones are: it cannot tell. Where only differences of scores count, so do only distances between the curves, not where they stand. ${ends}`,
  }),
  new Histogram({
    id: "gaps", title: "Held-out minus generated score", has: (run) => run.scores && run.rule.pairs, range: (list) => commonRange(list.flatMap((run) => run.epochs.map((_, f) => gaps(run, f))), [0]),
    bars: (run, f, range) => [{ counts: counts(gaps(run, f), range), colour: "var(--one)", dash: "", fill: true }], levels: () => [{ at: 0, words: "cannot tell" }],
    says: (run, f) => `Mean ${figures(mean(gaps(run, f)))}; above 0 in ${percentWords(share(gaps(run, f), (x) => x > 0))} of pairs.`,
    words: `What a rule of pairs looks at: r - f of a held-out and a generated point. All at the right: the discriminator is sure of every pair, and gradients die. Around 0: it cannot tell. ${ends}`,
  }),
  new Histogram({
    id: "slopes", title: "Slopes of the score", has: (run) => run.slopes, range: (list) => [0, commonRange(everyFrame((run) => run.slopes)(list), list.some(aimsAtOne) ? [0, 1.05] : [0])[1]],
    bars: threeBars((run) => run.slopes), levels: (run) => (aimsAtOne(run) ? [{ at: 1, words: "penalty's aim: 1" }] : []),
    says: (run, f) => `Mean slope: ${KINDS.map((kind, i) => `${kind} ${figures(mean(run.slopes.at(f)[i]))}`).join(", ")}.`,
    words: `The norm of the score's gradient at points, by the networks' units. 0 at generated points: the generator learns nothing there. A critic whose scores estimate W1 has slopes of about 1; a discriminator of logits may be as steep as it likes without a penalty. ${ends}`,
  }),
  new Histogram({
    id: "weights", title: "Discriminator's parameters", has: (run) => run.weights,
    range: (list) => commonRange(list.flatMap((run) =>
      // But for the least and the largest.
      run.epochs.map((_, f) => run.weights.at(f).slice(1, -1))), list.flatMap((run) => (run.rule.clip ? [-run.rule.clip * 1.1, run.rule.clip * 1.1] : []))),
    bars: (run, f, range) => [{ counts: countsOfPercentiles(run.weights.at(f), range), colour: several ? runColour(run) : "var(--one)", dash: "", fill: true }],
    levels: (run) => (run.rule.clip ? [{ at: run.rule.clip, words: "clip" }, { at: -run.rule.clip, words: "clip" }] : []),
    says: (run, f) => {
      const q = run.weights.at(f), clipped = valueAt(run, "clip_share", run.epochs[f]);
      return `Half of them lie between ${figures(q[25])} and ${figures(q[75])}; the largest is ${figures(Math.max(-q[0], q[100]))}.${clipped === null ? "" : ` ${percentWords(clipped)} are at the clip.`}`;
    },
    words: `All weights and biases of the discriminator. Two heaps at the clip: the critic is made of signs alone. Tails that grow without end: nothing holds it. ${ends}`,
  }),
].filter((histogram) => histogram.runs.length > 0);

const gaps = (run, f) => { const [, held, made] = run.scores.at(f); return Array.from({ length: Math.min(held.length, made.length) }, (_, i) => held[i] - made[i]); };
