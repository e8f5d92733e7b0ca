// The page's data, unpacked when they are needed.
const unpack = ({ low, high, data }) => {
  const words = atob(data), bytes = new Uint8Array(words.length);
  for (let i = 0; i < words.length; i++) bytes[i] = words.charCodeAt(i);
  const codes = new Uint16Array(bytes.buffer);
  // As packed.rs has it: the largest code is no number.
  return Float64Array.from(codes, (code) => (code === 65535 ? NaN : low * (1 - code / 65534) + high * (code / 65534)));
};
const cloud = ({ x, y }) => ({ x: unpack(x), y: unpack(y) });
// A list whose entries are unpacked once, and only those that are looked at.
const lazily = (list, read) => {
  const made = [];
  return list ? (i) => (list[i] === undefined ? null : (made[i] ??= read(list[i]))) : null;
};
const three = (packed) => packed.map(unpack);

const runs = DATA.runs.map((run, number) => ({
  ...run, number,
  // Whether a score says something by itself; else only differences count.
  alone: run.rule.blind_score !== null,
  real: cloud(run.real),
  samples: lazily(run.samples, cloud),
  field: run.field && { ...run.field, at: lazily(run.field.frames, unpack) },
  lattice: run.lattice && { ...run.lattice, at: lazily(run.lattice.frames, cloud) },
  forces: run.forces && { ...run.forces, at: lazily(run.forces.frames, cloud) },
  scores: run.scores && { ...run.scores, at: lazily(run.scores.frames, three) },
  slopes: run.slopes && { ...run.slopes, at: lazily(run.slopes.frames, three) },
  weights: run.weights && { ...run.weights, at: lazily(run.weights.frames, unpack) },
  column: (name) => run.records.columns.find((column) => column.name === name)?.values,
}));
const first = runs[0], several = runs.length > 1;

// Every epoch at which some run has a frame.
const timeline = [...new Set(runs.flatMap((run) => run.epochs))].sort((a, b) => a - b);
const lastEpoch = Math.max(1, ...runs.flatMap((run) => run.records.epoch));

// A run's frame at an epoch: the last one until then; -1 before its first.
const frameAt = (run, epoch) => {
  let found = -1;
  while (found + 1 < run.epochs.length && run.epochs[found + 1] <= epoch) found += 1;
  return found;
};
// A run's record at an epoch, or the last before it that has this number.
const valueAt = (run, name, epoch) => {
  const values = run.column(name);
  if (!values) return null;
  let found = null;
  for (let i = 0; i < values.length && run.records.epoch[i] <= epoch; i++) if (values[i] !== null) found = values[i];
  return found;
};

const mean = (list) => { let sum = 0, n = 0; for (const x of list) if (Number.isFinite(x)) { sum += x; n += 1; } return n ? sum / n : NaN; };
const share = (list, test) => { let sum = 0, n = 0; for (const x of list) if (Number.isFinite(x)) { n += 1; if (test(x)) sum += 1; } return n ? sum / n : NaN; };
const sorted = (list) => Float64Array.from(list).filter(Number.isFinite).sort();
const quantile = (ordered, q) => (ordered.length ? ordered[Math.min(ordered.length - 1, Math.max(0, Math.round(q * (ordered.length - 1))))] : NaN);
const percentWords = (x) => (Number.isFinite(x) ? `${Math.round(100 * x)} %` : "-");
const listWords = (list) => (list.length < 2 ? list.join("") : `${list.slice(0, -1).join(", ")} and ${list.at(-1)}`);

// Round numbers for an axis.
const ticks = (low, high, about) => {
  const rough = (high - low) / Math.max(1, about);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? rough;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9 && found.length < 40; i++) found.push(i * step);
  return found.map((x) => (Math.abs(x) < step * 1e-9 ? 0 : x));
};
const logTicks = (low, high) => {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const n of [1, 2, 5]) if (n * 10 ** power >= low * .999 && n * 10 ** power <= high * 1.001) found.push(n * 10 ** power);
  return found.length > 6 ? found.filter((x) => Math.abs(Math.log10(x) % 1) < 1e-9) : found;
};
