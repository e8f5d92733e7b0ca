// A run's plot: a canvas with axes, on which layers draw.
const isDark = () => {
  const [r, g, b] = colour("ground").match(/\d+/g).map(Number);
  return r + g + b < 382;
};
const mix = (a, b, t) => a.map((x, i) => Math.round(x + (b[i] - x) * t));
const rgb = (c, alpha = 1) => `rgba(${c.join(",")},${alpha})`;
// Colours of a score: purple for generated, the ground's for neither, green for real. `t` is -1 to 1.
const AREAS = { light: [[186, 140, 202], [250, 250, 248], [140, 206, 156]], dark: [[98, 45, 116], [28, 31, 37], [30, 92, 52]] };
const DOTS = { light: [[100, 25, 118], [176, 176, 176], [8, 100, 42]], dark: [[226, 172, 246], [112, 118, 128], [126, 228, 158]] };
const scoreColour = (scales, t) => {
  const [low, middle, high] = scales[isDark() ? "dark" : "light"];
  return t < 0 ? mix(middle, low, Math.min(1, -t)) : mix(middle, high, Math.min(1, t));
};
const AREA_STEPS = 256;
const ramps = {};
const ramp = (scales, key) => {
  const name = `${key}${isDark()}`;
  return ramps[name] ??= Array.from({ length: AREA_STEPS + 1 }, (_, i) => scoreColour(scales, (2 * i) / AREA_STEPS - 1));
};

// Plots beside each other, and how high one of them may be: in a lesson all of them are seen at once.
const COLUMNS = several ? (runs.length > 4 ? 3 : 2) : 1;
const tallest = () => (DATA.lesson ? Math.max(190, (innerHeight - 110) / Math.ceil(runs.length / COLUMNS) - 110) : Math.max(260, .74 * innerHeight));

class Plot {
  constructor(run) {
    this.run = run;
    this.canvas = make("canvas", { role: "img", id: `plot-${run.number}`, "data-run": run.number });
    this.said = make("p", { class: "said" });
    this.now = make("span", { class: "value small" });
    this.node = make("section", { class: "sheet plot", "aria-label": run.name }, make("h3", {}, make("span", {}, run.name), this.now), this.canvas, this.said);
    this.picked = null;
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerdown", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => pick(null));
  }

  fit() {
    const width = Math.max(160, Math.floor(this.node.clientWidth - 2 * parseFloat(getComputedStyle(this.node).paddingLeft)));
    const left = 46, right = 8, top = 8, bottom = DATA.names ? 40 : 26;
    const inside = Math.min((width - left - right) / DATA.axes.aspect, tallest());
    const height = Math.round(inside + top + bottom), ratio = devicePixelRatio || 1;
    this.canvas.style.height = `${height}px`;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.ratio = ratio;
    // A plot that is not as wide as its place stands in its middle.
    const wide = Math.min(width - left - right, inside * DATA.axes.aspect);
    this.box = { left: left + (width - left - right - wide) / 2, top, width: wide, height: inside };
    this.size = { width, height };
  }

  x(value) { const [low, high] = DATA.axes.x; return this.box.left + ((value - low) / (high - low)) * this.box.width; }
  y(value) { const [low, high] = DATA.axes.y; return this.box.top + (1 - (value - low) / (high - low)) * this.box.height; }
  holds(x, y) { const { left, top, width, height } = this.box; return x >= left - 6 && x <= left + width + 6 && y >= top - 6 && y <= top + height + 6; }

  draw(epoch, layers) {
    const context = this.canvas.getContext("2d");
    this.context = context;
    this.frame = frameAt(this.run, epoch);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.size.width, this.size.height);
    const { left, top, width, height } = this.box;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    for (const layer of layers) if (layer.draw && layer.has(this.run) === true) layer.draw(this, this.run, this.frame);
    if (this.picked !== null) this.ring(this.picked);
    context.restore();
    this.axes(context);
    this.words(epoch, layers);
  }

  axes(context) {
    const { left, top, width, height } = this.box;
    context.strokeStyle = colour("edge");
    context.lineWidth = 1;
    context.strokeRect(left + .5, top + .5, width - 1, height - 1);
    context.fillStyle = colour("soft");
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const value of ticks(...DATA.axes.x, width / 90)) {
      const x = this.x(value);
      context.fillRect(Math.round(x), top + height, 1, 4);
      context.fillText(figures(value), Math.min(x, this.size.width - 12), top + height + 7);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of ticks(...DATA.axes.y, height / 60)) {
      const y = this.y(value);
      context.fillRect(left - 4, Math.round(y), 4, 1);
      context.fillText(figures(value), left - 7, Math.min(Math.max(y, 7), top + height - 5));
    }
    if (!DATA.names) return;
    context.textAlign = "center";
    context.textBaseline = "bottom";
    context.fillText(DATA.names[0], left + width / 2, this.size.height);
    context.save();
    context.translate(10, top + height / 2);
    context.rotate(-Math.PI / 2);
    context.textBaseline = "middle";
    context.fillText(DATA.names[1], 0, 0);
    context.restore();
  }

  // Marks of points, all in one path: thousands of single ones are slow.
  dots(points, radius, style, { ring = false, count = points.x.length } = {}) {
    const { context } = this;
    context.beginPath();
    for (let i = 0; i < count; i++) {
      const x = this.x(points.x[i]), y = this.y(points.y[i]);
      if (!this.holds(x, y)) continue;
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    if (ring) { context.strokeStyle = style; context.lineWidth = 1.2; context.stroke(); } else { context.fillStyle = style; context.fill(); }
  }

  dotSize() { return Math.max(1.6, Math.min(3, this.box.width / 310)) * (several ? .9 : 1); }

  ring(index) {
    const points = this.frame >= 0 && this.run.samples(this.frame);
    if (!points || index >= points.x.length) return;
    const { context } = this;
    context.beginPath();
    context.arc(this.x(points.x[index]), this.y(points.y[index]), 8, 0, 2 * Math.PI);
    context.strokeStyle = colour("ink");
    context.lineWidth = 2;
    context.stroke();
  }

  // The generated point under the pointer.
  point(event) {
    const points = this.frame >= 0 && this.run.samples(this.frame);
    if (!points) return;
    const x = event.offsetX, y = event.offsetY;
    let best = null, near = 12 ** 2;
    for (let i = 0; i < points.x.length; i++) {
      const far = (this.x(points.x[i]) - x) ** 2 + (this.y(points.y[i]) - y) ** 2;
      if (far < near) { near = far; best = i; }
    }
    pick(best, this);
  }

  words(epoch, layers) {
    const { run, frame } = this;
    const at = frame < 0 ? "no frame yet" : `epoch ${run.epochs[frame]}`;
    this.now.textContent = at;
    const numbers = [["sliced_w2", "sliced W2"], ["coverage", "coverage"], ["mode_tv", "mode TV"]].flatMap(([name, words]) => {
      const value = frame < 0 ? null : valueAt(run, name, run.epochs[frame]), floor = run.floor?.[name];
      if (value === null) return [];
      const floors = name === "sliced_w2" && floor?.mean > 0 ? ` (${figures(value / floor.mean, 2)} floors)` : "";
      return [`${words} ${figures(value)}${floors}`];
    });
    const outside = frame < 0 ? 0 : this.outside(run.samples(frame));
    if (outside) numbers.push(`${outside} outside of the axes`);
    const points = this.frame >= 0 && this.run.samples(this.frame);
    const picked = this.picked !== null && points && this.picked < points.x.length
      ? `code ${this.picked}: ${figures(points.x[this.picked])}, ${figures(points.y[this.picked])}` : "";
    this.said.textContent = picked || numbers.join(", ");
    const shown = layers.filter((layer) => layer.draw && layer.has(run) === true).map((layer) => layer.name.toLowerCase());
    set(this.canvas, { "aria-label": `${run.name}, ${at}: ${listWords(shown) || "no layer"}. ${numbers.join(", ")}` });
  }

  outside({ x, y }) {
    const within = (value, [low, high]) => value >= low && value <= high;
    let count = 0;
    for (let i = 0; i < x.length; i++) if (!within(x[i], DATA.axes.x) || !within(y[i], DATA.axes.y)) count += 1;
    return count;
  }
}

// The same code's point is marked in every run that has the same codes.
const pick = (index, plot) => {
  for (const other of plots) {
    const wanted = index === null || (other !== plot && !DATA.same_codes) ? null : index;
    if (other.picked !== wanted) { other.picked = wanted; other.draw(state.epoch, activeLayers()); }
  }
};
