// What is chosen: a code, steps along directions, and how pictures are made.
const isRow = DATA.rows !== null;
const word = isRow ? "row" : "seed";
const inW = DATA.layers > 1;
const LARGEST = isRow ? DATA.rows - 1 : Number.MAX_SAFE_INTEGER;
const GROUPS = ["all", "0-1", "2-5", "6-13", `14-${DATA.layers - 1}`].map((group) => {
  if (group === "all") return group;
  const [first, last] = group.split("-").map(Number);
  if (first >= DATA.layers) return null;
  const end = Math.min(last, DATA.layers - 1);
  return end > first ? `${first}-${end}` : `${first}`;
}).filter((group, i, all) => group !== null && all.indexOf(group) === i);
const RANGES = [1, 2, 3, 5, 10, 15, 20, 30];
const VIEWS = [["edited", "Edited"], ["before", "As it is"], ["both", "Both"]];

const state = {
  number: DATA.number, moves: new Map(), range: DATA.range, view: "edited",
  ...DATA.settings,
};
const SETTINGS = Object.keys(DATA.settings);
const usual = { ...state, moves: new Map() };

// Directions of the layers that are chosen; the program says them.
let directions = null;
let shown = 8;

const movesText = (moves = state.moves) => [...moves].filter(([, x]) => x !== 0).sort(([a], [b]) => a - b).map(([i, x]) => `${i}=${x}`).join(",");
const recall = () => {
  const at = place.read();
  const number = Number(at[word]);
  if (at[word] !== undefined && Number.isInteger(number) && number >= 0 && number <= LARGEST) state.number = number;
  for (const name of SETTINGS) if (at[name] !== undefined) state[name] = at[name];
  if (RANGES.includes(Number(at.range))) state.range = Number(at.range);
  if (VIEWS.some(([key]) => key === at.view)) state.view = at.view;
  const moves = (at.move || "").split(",").map((one) => one.split("=")).map(([i, x]) => [Number(i), Number(x)]);
  state.moves = new Map(moves.filter(([i, x]) => Number.isInteger(i) && i >= 0 && Number.isFinite(x) && x !== 0));
};
const remember = () => place.write({
  [word]: state.number, move: movesText(),
  ...Object.fromEntries(SETTINGS.map((name) => [name, state[name] === usual[name] ? "" : state[name]])),
  range: state.range === usual.range ? "" : state.range, view: state.view === "edited" ? "" : state.view,
});

// What the program is asked for a picture of this code.
const query = (number, moves, more = {}) => new URLSearchParams({
  token: DATA.token, number, move: moves, ...Object.fromEntries(SETTINGS.map((name) => [name, state[name]])), ...more,
});
const ask = async (path, details) => {
  let answer;
  try { answer = await fetch(`${path}?${details}`); } catch { throw new Error("no answer: gan-lab has ended; start it again, and open the address that it prints"); }
  if (answer.ok) return answer;
  throw new Error((await answer.text()).trim());
};
const fileName = (moves = movesText()) => `${word}${String(state.number).padStart(4, "0")}${moves ? `_${moves.replaceAll(",", "_")}` : ""}`;

// Labels: those that the program was given, over them those that were written in this browser. Each choice of layers has its own.
const labels = {};
const keptLabels = () => { try { return JSON.parse(kept.get(`labels.${directions.key}`)) || {}; } catch { return {}; } };
const readLabels = () => {
  for (const i of Object.keys(labels)) delete labels[i];
  Object.assign(labels, directions.given, Object.fromEntries(Object.entries(keptLabels()).filter(([, label]) => typeof label === "string")));
};
const keepLabel = (i, label) => {
  labels[i] = label;
  const own = Object.fromEntries(Object.entries(labels).filter(([i, label]) => label !== (directions.given[i] || "")));
  const done = kept.set(`labels.${directions.key}`, Object.keys(own).length ? JSON.stringify(own) : null);
  byId("kept").textContent = done ? "Labels are kept in this browser; Save labels makes a file for --labels." : "This browser keeps no labels: save them before you close the page.";
};
