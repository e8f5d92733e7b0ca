// What can be shown of a frame, one entry each: whether a run has it, how it is drawn, and what it tells.
const absent = (what) => `${what} was not recorded`;
const frameWords = (run, f, words) => (f < 0 ? "No frame yet." : words());
const onlyDifferences = (run) => !run.alone;

// How scores become colours, as in pictures: a probability for logits, else a range symmetric about where the discriminator
// cannot tell. Where only differences of scores count, that is the middle between mean scores.
const toned = (middle, half) => ({ middle, half, colour: half === null ? (s) => Math.tanh((s - middle) / 2) : (s) => (s - middle) / half });
// What the field of a frame spans: its lowest and highest score, and how far from the middle all but a fiftieth of it lie.
const fieldSpan = (run, f) => (run.field.spans ??= [])[f] ??= (() => {
  const values = sorted(run.field.at(f)), far = sorted(values.map((s) => Math.abs(s - run.tone.centre[f])));
  return { low: values[0], high: values.at(-1), far: quantile(far, .98) };
})();
// Stretched, the colours reach over what the frame itself spans, however little that is.
const fieldScale = (run, f) => toned(run.tone.centre[f], state.stretch ? fieldSpan(run, f).far || 1 : run.tone.most);
const chance = (logit) => `${figures(100 / (1 + Math.exp(-logit)))} %`;
// Runs whose colours mean the same: all that are told as probabilities; each other run by itself.
const scaleGroups = (layer, epoch) => {
  const groups = new Map();
  for (const run of runs) {
    const f = frameAt(run, epoch);
    if (layer.has(run) !== true || f < 0) continue;
    const key = fieldScale(run, f).half === null ? `chance ${run.tone.is_middle}` : run.number;
    groups.set(key, [...(groups.get(key) ?? []), { run, f }]);
  }
  return [...groups.values()];
};
const namesOf = (group) => listWords(group.map(({ run }) => run.name));
// What is said of each scale, with the runs' names where there is more than one.
const everyScale = (words) => (layer, epoch) => {
  const groups = scaleGroups(layer, epoch);
  if (!groups.length) return ["No frame yet."];
  const short = groups.length > 1;
  return groups.map((group) => `${short ? `${namesOf(group)}: ` : ""}${words(group[0].run, group[0].f, group, short)}`);
};
const FIELD_IN_SHORT = "How each discriminator scores every place: green passes for real, purple for generated; no colour is where it cannot tell.";
// Where a frame's field lies.
const spanWords = (group) => group.map(({ run, f }) => {
  const { low, high } = fieldSpan(run, f), of = group.length > 1 ? ` (${run.name})` : "";
  return run.rule.logits && !run.tone.is_middle ? `from ${chance(low)} to ${chance(high)}${of}` : `from ${figures(low)} to ${figures(high)}${of}`;
}).join(", ");
// Without a field the scores of points say how far the colours reach.
const scoreScale = (run, f) => {
  if (run.tone) return fieldScale(run, f);
  const [train, , made] = run.scores.at(f), middle = run.rule.blind_score ?? (mean(train) + mean(made)) / 2;
  const far = sorted(run.scores.at(f).flatMap((list) => Array.from(list, (s) => Math.abs(s - middle))));
  return toned(middle, run.rule.logits ? null : quantile(far, .98) || 1);
};

const drawField = (plot, run, f) => {
  if (f < 0) return;
  const [rows, columns] = run.field.size, values = run.field.at(f), scale = fieldScale(run, f), colours = ramp(AREAS, "areas");
  const small = document.createElement("canvas");
  small.width = columns;
  small.height = rows;
  const context = small.getContext("2d"), image = context.createImageData(columns, rows);
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) {
    const t = Math.max(-1, Math.min(1, scale.colour(values[row * columns + column]))) || 0;
    // The first row is the lowest.
    const at = 4 * ((rows - 1 - row) * columns + column);
    image.data.set([...colours[Math.round((t + 1) / 2 * AREA_STEPS)], 255], at);
  }
  context.putImageData(image, 0, 0);
  const { x, y } = run.field.axes, left = plot.x(x[0]), top = plot.y(y[1]);
  plot.context.imageSmoothingEnabled = true;
  plot.context.imageSmoothingQuality = "high";
  plot.context.drawImage(small, left, top, plot.x(x[1]) - left, plot.y(y[0]) - top);
};

// The levels of contours: nine, evenly, the middle one where the discriminator cannot tell.
const levels = (run, f) => {
  const { middle, half } = fieldScale(run, f);
  // Logits: at probabilities of 5, 10, 20, ... 95 per cent.
  return half === null ? [.05, .1, .2, .35, .5, .65, .8, .9, .95].map((p) => middle + Math.log(p / (1 - p))) : [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((i) => middle + (i / 4.5) * half);
};
const drawContours = (plot, run, f) => {
  if (f < 0) return;
  const [rows, columns] = run.field.size, values = run.field.at(f), { x, y } = run.field.axes, { context } = plot;
  const px = (column) => plot.x(x[0] + ((column + .5) / columns) * (x[1] - x[0]));
  const py = (row) => plot.y(y[0] + ((row + .5) / rows) * (y[1] - y[0]));
  levels(run, f).forEach((level, i) => {
    context.beginPath();
    for (let row = 0; row + 1 < rows; row++) for (let column = 0; column + 1 < columns; column++) {
      const at = row * columns + column;
      const corners = [values[at], values[at + 1], values[at + columns + 1], values[at + columns]];
      const places = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]];
      const cuts = [];
      for (let side = 0; side < 4; side++) {
        const a = corners[side], b = corners[(side + 1) % 4];
        if ((a < level) === (b < level)) continue;
        const t = (level - a) / (b - a), [from, to] = [places[side], places[(side + 1) % 4]];
        cuts.push([px(from[0] + t * (to[0] - from[0])), py(from[1] + t * (to[1] - from[1]))]);
      }
      // Four cuts are two lines; which two, a saddle leaves open.
      for (let k = 0; k + 1 < cuts.length; k += 2) { context.moveTo(...cuts[k]); context.lineTo(...cuts[k + 1]); }
    }
    context.strokeStyle = colour(i < 4 ? "made" : i > 4 ? "real" : "ink");
    context.globalAlpha = i === 4 ? .95 : .6;
    context.lineWidth = i === 4 ? 2 : 1;
    context.stroke();
    context.globalAlpha = 1;
  });
};

// An arrow as long as this stands for the length that all but one in ten forces stay below, over all frames.
const ARROW = 42, LONGEST_ARROW = 90;
const ownUnit = (run) => run.forces.unit ??= (() => {
  const lengths = run.epochs.flatMap((_, f) => { const { x, y } = run.forces.at(f); return Array.from(x, (_, i) => Math.hypot(x[i], y[i])); });
  return quantile(sorted(lengths), .9) || 1;
})();
// In a lesson a run's arrows may be drawn on the scale of another's, to be compared with them.
const forceUnit = (run) => ownUnit(runs[DATA.lesson?.arrows[run.number] ?? run.number]);
const unitWords = () => {
  const having = runs.filter((run) => run.forces);
  return listWords(having.map((run) => `${figures(forceUnit(run), 2)}${having.length > 1 ? ` in ${run.name}` : ""}`));
};
const drawForces = (plot, run, f) => {
  if (f < 0) return;
  const points = run.samples(f), forces = run.forces.at(f), unit = forceUnit(run), { context } = plot;
  const stretch = plot.box.width / (DATA.axes.x[1] - DATA.axes.x[0]), tall = plot.box.height / (DATA.axes.y[1] - DATA.axes.y[0]);
  context.beginPath();
  for (let i = 0; i < Math.min(points.x.length, forces.x.length); i++) {
    const x = plot.x(points.x[i]), y = plot.y(points.y[i]), strength = Math.hypot(forces.x[i], forces.y[i]);
    if (!plot.holds(x, y) || !(strength > 0)) continue;
    // The direction on the plot, whose axes may be stretched; the length says the strength.
    let [dx, dy] = [forces.x[i] * stretch, -forces.y[i] * tall];
    const length = Math.min(LONGEST_ARROW, (strength / unit) * ARROW), norm = Math.hypot(dx, dy);
    if (length < 1.5) continue;
    [dx, dy] = [dx / norm, dy / norm];
    const head = Math.min(6, length / 2), tip = [x + dx * length, y + dy * length];
    context.moveTo(x, y);
    context.lineTo(...tip);
    context.moveTo(tip[0] - head * (dx + dy * .55), tip[1] - head * (dy - dx * .55));
    context.lineTo(...tip);
    context.lineTo(tip[0] - head * (dx - dy * .55), tip[1] - head * (dy + dx * .55));
  }
  context.lineJoin = "round";
  context.strokeStyle = colour("sheet");
  context.lineWidth = 3.2;
  context.globalAlpha = .6;
  context.stroke();
  context.globalAlpha = 1;
  context.strokeStyle = colour("two");
  context.lineWidth = 1.4;
  context.stroke();
};

const drawLattice = (plot, run, f) => {
  if (f < 0) return;
  const { x, y } = run.lattice.at(f), side = run.lattice.side, { context } = plot;
  const at = (i) => [plot.x(x[i]), plot.y(y[i])];
  const made = colour("made").match(/\d+/g).slice(0, 3).map(Number);
  if (run.lattice.dims === 1) {
    context.beginPath();
    for (let i = 0; i < x.length; i++) context.lineTo(...at(i));
    context.strokeStyle = rgb(made, .8);
    context.lineWidth = 2;
    context.stroke();
    // Evenly among the codes: where dots are near each other, many samples are.
    plot.dots({ x: x.filter((_, i) => i % 10 === 0), y: y.filter((_, i) => i % 10 === 0) }, 2.4, rgb(made));
    return;
  }
  const quads = [];
  for (let row = 0; row + 1 < side; row++) for (let column = 0; column + 1 < side; column++) {
    const corners = [row * side + column, row * side + column + 1, (row + 1) * side + column + 1, (row + 1) * side + column].map(at);
    let doubled = 0;
    corners.forEach(([px, py], i) => { const [qx, qy] = corners[(i + 1) % 4]; doubled += px * qy - qx * py; });
    quads.push({ corners, area: Math.abs(doubled) / 2 });
  }
  // Each holds the same share of the samples: its ink is spread over its area.
  const usual = plot.box.width * plot.box.height / quads.length / 4;
  for (const { corners, area } of quads) {
    context.beginPath();
    corners.forEach((corner) => context.lineTo(...corner));
    context.closePath();
    context.fillStyle = rgb(made, Math.max(.06, Math.min(.8, .3 * Math.sqrt(usual / Math.max(area, 1e-6)))));
    context.fill();
    context.strokeStyle = rgb(made, .35);
    context.lineWidth = .6;
    context.stroke();
  }
};

const drawJudged = (plot, run, f) => {
  if (f < 0) return;
  const [, held, made] = run.scores.at(f), scale = scoreScale(run, f), colours = ramp(DOTS, "dots"), { context } = plot;
  const radius = plot.dotSize();
  const of = (points, scores, filled) => {
    for (let i = 0; i < Math.min(points.x.length, scores.length); i++) {
      const x = plot.x(points.x[i]), y = plot.y(points.y[i]);
      if (!plot.holds(x, y) || !Number.isFinite(scores[i])) continue;
      const t = Math.max(-1, Math.min(1, scale.colour(scores[i])));
      // The middle is stretched: small differences from "cannot tell" are seen.
      const style = rgb(colours[Math.round((Math.sign(t) * Math.sqrt(Math.abs(t)) + 1) / 2 * AREA_STEPS)]);
      context.beginPath();
      context.arc(x, y, filled ? radius + .8 : radius + .4, 0, 2 * Math.PI);
      if (filled) { context.fillStyle = style; context.fill(); context.strokeStyle = colour("sheet"); context.lineWidth = .7; } else { context.strokeStyle = style; context.lineWidth = 1.8; }
      context.stroke();
    }
  };
  if (run.rule.pack > 1) return;
  of(run.real, held, false);
  of(run.samples(f), made, true);
};

const marks = {
  ring: (style) => svg("circle", { cx: 8, cy: 8, r: 4.5, fill: "none", stroke: `var(--${style})`, "stroke-width": 2 }),
  dot: (style) => svg("circle", { cx: 8, cy: 8, r: 4.5, fill: `var(--${style})` }),
  line: (style) => svg("path", { d: "M1 12 Q8 -2 15 8", fill: "none", stroke: `var(--${style})`, "stroke-width": 2 }),
  arrow: (style) => svg("path", { d: "M2 13 L13 3 M7 3 H13 V9", fill: "none", stroke: `var(--${style})`, "stroke-width": 2 }),
  sheet: (style) => svg("path", { d: "M2 5 L9 2 L14 9 L6 14 Z M5.5 3.5 L10 11.5 M4 9.5 L11.5 5.5", fill: "none", stroke: `var(--${style})`, "stroke-width": 1.3 }),
  bars: (style) => svg("path", { d: "M2 14 V9 H6 V4 H10 V7 H14 V14 Z", fill: `var(--${style})` }),
  half: () => svg("g", {}, svg("rect", { x: 1, y: 2, width: 7, height: 12, fill: "var(--made)" }), svg("rect", { x: 8, y: 2, width: 7, height: 12, fill: "var(--real)" })),
};

const LAYERS = [
  {
    id: "real", key: "1", name: "Real points", mark: marks.ring("real"), on: true, has: () => true,
    draw: (plot, run) => plot.dots(run.real, plot.dotSize() * .85, colour("real"), { ring: true }),
    words: (run) => `Rings: ${run.real.x.length === run.held_out ? "the" : `the first ${run.real.x.length} of`} ${run.held_out} held-out points. None of them trained: they are what the generator is to match.`,
  },
  {
    id: "made", key: "2", name: "Generated points", mark: marks.dot("made"), on: true, has: (run) => run.epochs.length > 0 || "no frame was recorded",
    draw: (plot, run, f) => f >= 0 && plot.dots(run.samples(f), plot.dotSize(), colour("made")),
    words: (run, f) => frameWords(run, f, () => `Dots: what the generator makes of the same ${run.samples(f).x.length} codes in every frame${run.averaged ? ", by the averaged generator" : ""}.`),
  },
  {
    id: "field", key: "3", name: "Discriminator's field", mark: marks.half(), on: true, has: (run) => Boolean(run.field) || run.why || absent("the field"),
    draw: drawField, scale: true,
    general: FIELD_IN_SHORT,
    every: everyScale((run, f, group, short) => {
      const { half, middle } = fieldScale(run, f), here = ` In this frame it lies ${spanWords(group)}.`;
      if (short) return `${half === null ? "a probability;" : `full colour is ${figures(half)} from ${figures(middle)}${run.tone.is_middle ? ", the middle between mean scores" : ""};`} it lies ${spanWords(group)} here.`;
      const of = run.tone.is_middle ? ` Only differences of scores count: no colour is ${figures(middle)}, the middle between the mean scores of training and of generated points.` : "";
      return half === null
        ? `How the discriminator scores every place, as a probability: green passes for real, purple for generated. Where it cannot tell there is no colour: over a perfect generator, and as well if it has learnt too little.${here}${of}`
        : `The ${run.rule.wasserstein ? "critic's value" : "discriminator's score"} at every place: green is high, for real, purple low. Full colour is ${figures(half)} away from no colour, in ${state.stretch ? "this frame alone: colours are stretched" : "all frames"}${of ? "" : `; no colour is ${figures(middle)}, where it cannot tell`}.${here}${of} Its slope is what drives the generator.`;
    }),
  },
  {
    id: "contours", key: "4", name: "Contours", mark: marks.line("ink"), has: (run) => Boolean(run.field) || run.why || absent("the field"), draw: drawContours,
    every: everyScale((run, f, _, short) => {
      const { half, middle } = fieldScale(run, f);
      if (short && half === null) return "5, 10, 20, 35, 50, 65, 80, 90 and 95 %.";
      return half === null ? "Lines of the same probability: 5, 10, 20, 35, 50, 65, 80, 90 and 95 %; the thick one is 50 %, where the discriminator cannot tell."
        : `Lines of the same score, ${figures(half / 4.5, 2)} apart; the thick one is ${figures(middle)}. Where they are close, its slope is steep.`;
    }),
  },
  {
    id: "forces", key: "5", name: "Forces on points", mark: marks.arrow("two"), has: (run) => Boolean(run.forces) || run.why || absent("the force on each point"), draw: drawForces, arrow: true,
    words: (run, f) => frameWords(run, f, () => `Where the generator's loss pulls each of the first ${run.forces.at(f).x.length} points: minus its gradient. An arrow as long as the one below is ${unitWords()}; it says direction and strength, not where the point will be: one step moves all of them.`),
  },
  {
    id: "lattice", key: "6", name: "Manifold (lattice)", mark: marks.sheet("made"), has: (run) => Boolean(run.lattice) || run.why_no_lattice || absent("the generator's lattice"), draw: drawLattice,
    words: (run, f) => frameWords(run, f, () => run.lattice.dims === 1
      ? "The line of all codes as the generator lays it. Dots stand evenly among the codes: where they are close, many samples are."
      : "The sheet of codes as the generator lays it. Every cell holds the same share of samples: strong colour is many samples on little area. Folds, and bridges between modes, are seen here."),
  },
  {
    id: "judged", key: "7", name: "Points by score", mark: marks.half(), has: (run) => (run.scores ? !(run.rule.pack > 1) || "packs of points have one score together" : run.why || absent("the points' scores")), draw: drawJudged,
    words: (run, f) => frameWords(run, f, () => `The first ${run.scores.at(f)[2].length} generated points (dots) and held-out points (rings) in the colour of their own score: which of them pass for real.`),
  },
  { id: "scores", key: "8", name: "Scores", mark: marks.bars("real"), on: true, has: (run) => Boolean(run.scores) || run.why || absent("the points' scores"), histogram: true, words: () => "A histogram below: how the discriminator scores training, held-out and generated points." },
  { id: "slopes", key: "9", name: "Slopes", mark: marks.bars("two"), has: (run) => Boolean(run.slopes) || run.why || absent("the scores' gradients"), histogram: true, words: () => "A histogram below: how steep the score is at points, as a gradient penalty sees it." },
  { id: "weights", key: "0", name: "Weights", mark: marks.bars("one"), has: (run) => Boolean(run.weights) || absent("the discriminator's parameters"), histogram: true, words: () => "A histogram below: the discriminator's parameters, and what of them is at the clip." },
];
// What lies under what.
const ORDER = ["field", "lattice", "contours", "real", "made", "judged", "forces"];
