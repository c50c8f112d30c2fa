// The convolution stepper, shown by anywidget in Jupyter and by the book's host script in a page with no kernel.
// First the arithmetic, which node tests against NumPy; then the picture.

export const LIMITS = { rows: [1, 7], columns: [1, 7], stride: [1, 7], padding: [0, 6] };

export const PRESETS = {
  "Identity": (h, w) => fill(h, w, (i, j) => Number(i === (h - 1) >> 1 && j === (w - 1) >> 1)),
  "Blur": (h, w) => fill(h, w, () => 1 / (h * w)),
  "Sobel x": () => [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
  "Sobel y": () => [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
  "Sharpen": () => [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
  "Laplacian": () => [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
};

export function fill(h, w, value) {
  return Array.from({ length: h }, (_, i) => Array.from({ length: w }, (_, j) => value(i, j)));
}

export function shape(matrix) {
  return [matrix.length, matrix[0].length];
}

export function outputSize(size, kernelSize, stride, padding) {
  return Math.floor((size + 2 * padding - kernelSize) / stride) + 1;
}

export function pad(image, padding) {
  const [h, w] = shape(image);
  return fill(h + 2 * padding, w + 2 * padding, (i, j) => image[i - padding]?.[j - padding] ?? 0);
}

export function flip(kernel) {
  return kernel.map((row) => [...row].reverse()).reverse();
}

export function patchAt(padded, [kh, kw], stride, row, column) {
  return fill(kh, kw, (i, j) => padded[row * stride + i][column * stride + j]);
}

export function respond(patch, kernel) {
  return patch.flat().reduce((sum, pixel, at) => sum + pixel * kernel.flat()[at], 0);
}

export function correlate(image, kernel, stride, padding) {
  const [h, w] = shape(image), [kh, kw] = shape(kernel), padded = pad(image, padding);
  return fill(outputSize(h, kh, stride, padding), outputSize(w, kw, stride, padding),
    (i, j) => respond(patchAt(padded, [kh, kw], stride, i, j), kernel));
}

// A number as a person writes it: 1/9, −0.5, 3. Anything else gives NaN.
export function parseNumber(text) {
  const part = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
  const found = text.trim().replace("\u2212", "-").match(RegExp(`^(${part})(?:\\s*/\\s*(${part}))?$`, "i"));
  const value = found ? Number(found[1]) / Number(found[2] ?? 1) : NaN;
  return Number.isFinite(value) ? value : NaN;
}

// The reverse: short decimals as they are, ninths as ninths (but for `fractions` = false), the rest to four figures.
export function format(value, fractions = true) {
  value = Number(value.toPrecision(12));
  let text = String(value);
  if (value !== Number(value.toFixed(4))) {
    const whole = (below) => Number.isInteger(Number((value * below).toFixed(9)));
    const below = fractions && Array.from({ length: 49 }, (_, i) => i + 1).find(whole);
    text = below && Math.abs(value) > 1e-6 ? `${Math.round(value * below)}/${below}` : String(Number(value.toPrecision(4)));
  }
  return text.replace("-", "\u2212");
}

// For a cell of a grid: as many decimals as there is room for.
export function short(value, decimals) {
  return format(Number(value.toFixed(Math.max(0, Math.abs(value) < 10 ? decimals : decimals - 1))), false);
}

export function arithmetic(patch, kernel) {
  return patch.map((row, i) => row.map((pixel, j) => `${format(pixel)}×${bracket(kernel[i][j])}`));
}

// What stops this state from being shown, in one line; "" when nothing does.
export function problem({ image, kernel, stride, padding, rows = kernel.length, columns = kernel[0].length }) {
  const [h, w] = shape(image).map((size) => size + 2 * padding);
  for (const [name, value] of Object.entries({ rows, columns, stride, padding })) {
    const [low, high] = LIMITS[name], what = { rows: "Kernel rows", columns: "Kernel columns" }[name] ?? name;
    if (!Number.isInteger(value) || value < low || value > high) {
      return `${what[0].toUpperCase() + what.slice(1)} must be a whole number from ${low} to ${high}.`;
    }
  }
  if (!kernel.flat().every(Number.isFinite)) return "The kernel takes numbers, such as 2, −0.5 or 1/9.";
  if (rows > h || columns > w) return `A ${rows} × ${columns} kernel does not fit into the ${h} × ${w} padded image.`;
  return "";
}

// Formula with the numbers put in, and what the stride leaves over.
export function formula(size, kernelSize, stride, padding) {
  const out = outputSize(size, kernelSize, stride, padding);
  const rest = (size + 2 * padding - kernelSize) % stride;
  return [`⌊(${size} + 2·${padding} − ${kernelSize}) / ${stride}⌋ + 1 = ${out}`, rest];
}

function bracket(value) {
  const text = format(value);
  return value < 0 || text.includes("/") ? `(${text})` : text;
}

const GREY = [[0, 0, 0], [255, 255, 255]];
const SIGNED = [[0, 114, 178], [247, 247, 247], [213, 94, 0]];

// The colours of plots.py: fraction 0 to 1 along the scale -> background, and black or white to write on it.
function paint(scale, fraction) {
  const at = fraction * (scale.length - 1), low = Math.min(Math.floor(at), scale.length - 2);
  const rgb = scale[low].map((a, i) => Math.round(a + (scale[low + 1][i] - a) * (at - low)));
  const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return `background:rgb(${rgb});color:${0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff"}`;
}

function shades(matrix) {
  const low = Math.min(...matrix.flat()), high = Math.max(...matrix.flat()), most = Math.max(-low, high) || 1;
  if (low < 0) return (value) => paint(SIGNED, (value / most + 1) / 2);
  return (value) => paint(GREY, high > low ? (value - low) / (high - low) : Number(high > 0));
}

function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

const SHARED = ["image", "kernel", "stride", "padding", "flip", "position", "title"];
let figures = 0;

function render({ model, el }) {
  const read = () => Object.fromEntries(SHARED.map((name) => [name, model.get(name)]));
  const id = `conv-stepper-${++figures}`;
  let state = read(), timer = null, writing = false, quiet = true, mouse = "";
  let used, padded, output, cells = [], pane = null, inputs = [];

  // The parts that stay.
  const button = (label, onclick, more = {}) => h("button", { type: "button", onclick, ...more }, label);
  const field = (name, label) => h("input", {
    type: "number", id: `${id}-${name}`, min: LIMITS[name][0], max: LIMITS[name][1], inputmode: "numeric", "aria-label": label,
    oninput: (event) => resize(name, event.target, false), onchange: (event) => resize(name, event.target, true),
  });
  const labelled = (name, text, ...inside) => h("span", { class: "cs-field" }, h("label", { for: `${id}-${name}` }, text), ...inside);
  const panel = (name) => {
    const size = h("span", { class: "cs-size" }), body = h("div", { class: "cs-scroll" }), note = h("p", { class: "cs-note" });
    const heading = h("div", { class: "cs-name" }, h("b", {}, name), " ", size);
    return { size, body, note, node: h("div", { class: "cs-panel" }, heading, body, note) };
  };
  const fields = {
    rows: field("rows", "Kernel rows"), columns: field("columns", "Kernel columns"),
    stride: field("stride", "Stride"), padding: field("padding", "Padding"),
  };
  const flipButton = button("Flip kernel", () => update({ flip: !state.flip }));
  const presets = Object.entries(PRESETS).map(([name, make]) => button(name, () => {
    const size = ["Blur", "Identity"].includes(name) ? shape(state.kernel) : [3, 3];
    update({ kernel: make(...size) });
  }));
  const picture = panel("Image"), weights = panel("Kernel"), result = panel("Output");
  const back = button("‹", () => jump(state.position - 1), { "aria-label": "Step back" });
  const forward = button("›", () => jump(state.position + 1), { "aria-label": "Step forward" });
  const play = button("Play", () => (timer ? stop() : start()), { class: "cs-play" });
  const slider = h("input", {
    type: "range", min: 0, "aria-label": "Position of the kernel", oninput: () => jump(Number(slider.value)),
  });
  const title = h("div", { class: "cs-title" }), count = h("span", { class: "cs-count" }), sizes = h("div", { class: "cs-sizes" });
  const where = h("div", { class: "cs-where" }), terms = h("div", { class: "cs-terms" });
  const error = h("p", { class: "cs-error", role: "alert" }), live = h("p", { class: "cs-live", "aria-live": "polite" });
  const root = h("section", { class: "conv-stepper" },
    h("style", {}, STYLE),
    title,
    h("div", { class: "cs-controls" },
      labelled("rows", "Kernel size", fields.rows, "×", fields.columns),
      labelled("stride", "Stride", fields.stride), labelled("padding", "Padding", fields.padding), flipButton),
    h("div", { class: "cs-controls cs-presets", role: "group", "aria-label": "Kernels to try" }, ...presets),
    error,
    h("div", { class: "cs-stage" }, picture.node, weights.node, result.node),
    h("div", { class: "cs-controls cs-player" }, back, play, forward, slider, count),
    h("div", { class: "cs-sum" }, where, terms), sizes, live);

  // Every change of settings passes here: shown and sent to the kernel when possible, refused in one line when not.
  function update(change) {
    const next = { ...state, ...change }, trouble = problem(next);
    error.textContent = trouble;
    if (trouble) return false;
    const [ih, iw] = shape(next.image), [kh, kw] = shape(next.kernel), width = output[0].length;
    const last = [[ih, kh], [iw, kw]].map(([size, reach]) => outputSize(size, reach, next.stride, next.padding) - 1);
    const row = Math.min(Math.floor(state.position / width), last[0]), column = Math.min(state.position % width, last[1]);
    next.position = row * (last[1] + 1) + column;  // the same place where it still exists
    send(next);
    rebuild();
    return true;
  }

  function send(next) {
    writing = true;
    for (const name of Object.keys(next)) if (next[name] !== state[name]) model.set(name, next[name]);
    writing = false;
    state = next;
    model.save_changes();
  }

  function resize(name, input, finished) {
    stop();
    const value = parseNumber(input.value), [rows, columns] = shape(state.kernel);
    if (input.value.trim() === "" && !finished) return;
    const size = { rows, columns, [name]: value };
    error.textContent = problem({ ...state, ...size });
    if (!error.textContent) {  // new weights are 0
      const kernel = fill(size.rows, size.columns, (i, j) => state.kernel[i]?.[j] ?? 0);
      update(name in state ? { [name]: value } : { kernel });
    }
    mark(input, !error.textContent);
  }

  function weigh(input, i, j, finished) {
    stop();
    if (!finished && /^[+\-\u2212.]?$|[/e.]$/i.test(input.value.trim())) return;  // still being typed
    const kernel = state.kernel.map((row) => [...row]);
    kernel[i][j] = parseNumber(input.value);
    mark(input, update({ kernel }));
  }

  function mark(input, good) {
    if (good) input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
  }

  function start() {
    if (state.position >= cells.length - 1) go(0);
    const every = Math.max(150, Math.min(700, 15000 / cells.length));
    timer = setInterval(() => {
      if (!el.isConnected || state.position >= cells.length - 1) stop();
      else go(state.position + 1);
    }, every);
    show();
  }

  function stop() {
    if (!timer) return;
    clearInterval(timer);
    timer = null;
    show();
  }

  function go(position, focus = false) {
    position = Math.max(0, Math.min(position, cells.length - 1));
    if (position !== state.position) send({ ...state, position });
    show();
    if (focus) cells[position].focus();
  }

  function jump(position) {
    stop();
    go(position);
  }

  function grid(matrix, role, decimals, style, label, more) {
    const cell = (value, i, j) => {
      const text = short(value, decimals), room = `;--length:${Math.max(3, text.length)}`;
      const attributes = { role: role === "grid" ? "gridcell" : "cell", style: style(value, i, j) + room, ...more(text, i, j) };
      return h("div", attributes, h("span", {}, text));
    };
    const rows = matrix.map((row, i) => h("div", { role: "row" }, ...row.map((value, j) => cell(value, i, j))));
    return h("div", { role, "aria-label": label, class: "cs-grid" }, ...rows);
  }

  // Everything that depends on the settings; `show` does what depends on the position alone.
  function rebuild() {
    const { image, kernel, stride, padding } = state, [ih, iw] = shape(image), [kh, kw] = shape(kernel);
    used = state.flip ? flip(kernel) : kernel;
    padded = pad(image, padding);
    output = correlate(image, used, stride, padding);
    const [ph, pw] = shape(padded), [oh, ow] = shape(output);
    const decimals = pw <= 8 ? 2 : 1, grey = shades(image);
    const border = (i, j) => i < padding || j < padding || i >= ih + padding || j >= iw + padding;
    picture.size.textContent = `${ih} × ${iw}` + (padding ? `, padded to ${ph} × ${pw}` : "");
    const badge = (weight) => h("span", {}, pw <= 12 ? h("i", {}, format(weight)) : "");
    pane = h("div", { class: "cs-pane", "aria-hidden": "true", style: `--wide:${kw}` }, ...used.flat().map(badge));
    const pixels = grid(padded, "table", decimals, (v, i, j) => (border(i, j) ? "" : grey(v)), "Image, with its border of zeros",
      (text, i, j) => ({ class: border(i, j) && "cs-border" }));
    picture.body.replaceChildren(h("div", { class: "cs-under" }, pixels, pane));

    weights.size.textContent = `${kh} × ${kw}`;
    weights.note.textContent = state.flip
      ? "Turned by 180° before it slides: true convolution." : "Slides as it is written: cross-correlation.";
    if (inputs.length !== kh || inputs[0].length !== kw) {
      inputs = fill(kh, kw, (i, j) => h("input", {
        type: "text", "aria-label": `Kernel row ${i + 1}, column ${j + 1}`, autocomplete: "off", spellcheck: "false",
        oninput: (event) => weigh(event.target, i, j, false), onchange: (event) => weigh(event.target, i, j, true),
        onfocus: (event) => event.target.select(),
      }));
      weights.body.replaceChildren(h("div", { class: "cs-weights", style: `--wide:${kw}` }, ...inputs.flat()));
    }

    const focused = result.body.contains(document.activeElement);
    result.size.textContent = `${oh} × ${ow}`;
    result.note.textContent = output.flat().some((v) => v < 0)
      ? "Blue is negative, white 0, orange positive." : "The darkest is the least, the lightest the most.";
    const board = grid(output, "grid", decimals, shades(output), "Output. The arrow keys move the kernel.",
      (text, i, j) => ({ "data-at": i * ow + j, "aria-label": `row ${i + 1}, column ${j + 1}: ${text}` }));
    cells = [...board.querySelectorAll("[data-at]")];
    result.body.replaceChildren(board);

    const [rows, below] = formula(ih, kh, stride, padding), [columns, beside] = formula(iw, kw, stride, padding);
    const some = (rest, what) => (rest ? [`${rest} ${what}${rest > 1 ? "s" : ""}`] : []);
    const over = [...some(below, "row"), ...some(beside, "column")];
    const line = (label, text) => [h("span", { class: "cs-label" }, label), h("span", {}, text)];
    const rest = over.length ? [h("span", { class: "cs-over" }, `The stride leaves ${over.join(" and ")} at the end uncovered.`)] : [];
    sizes.replaceChildren(...line("Output rows", rows), ...line("Output columns", columns), ...rest);

    title.textContent = state.title;
    root.setAttribute("aria-label", state.title);
    flipButton.setAttribute("aria-pressed", state.flip);
    Object.values(PRESETS).forEach((make, at) => {
      presets[at].setAttribute("aria-pressed", JSON.stringify(make(kh, kw)) === JSON.stringify(kernel));
    });
    settle();
    measure();
    show();
    if (focused) cells[state.position].focus();
  }

  // The largest cells with which the three grids stand side by side, else those that let the image fit alone.
  function measure() {
    const room = root.clientWidth - 2 * 16, [, pw] = shape(padded), [, kw] = shape(used), [, ow] = shape(output), gap = 26, note = 150;
    if (room <= 0) return;
    const fits = (cell) => pw * cell + Math.max(note, kw * 47 + 12) + Math.max(note, ow * cell) + 2 * gap < room;
    let cell = 42;
    while (cell > 26 && !fits(cell)) cell -= 1;
    if (!fits(cell)) cell = Math.max(24, Math.min(Math.floor((room - 2) / pw), pw <= 8 ? 36 : pw <= 12 ? 30 : 26));
    root.style.setProperty("--cell", `${cell}px`);
    for (const { body } of [picture, weights, result]) {  // what scrolls can be reached with the keyboard
      if (body.scrollWidth > body.clientWidth && !body.querySelector("[tabindex='0'], input")) body.tabIndex = 0;
      else body.removeAttribute("tabindex");
    }
  }

  // The fields say what is shown, except the one being typed in.
  function settle(event) {
    const [rows, columns] = shape(state.kernel), now = { rows, columns, stride: state.stride, padding: state.padding };
    const all = inputs.flat().map((input, at) => [input, format(state.kernel.flat()[at])]);
    for (const name of Object.keys(fields)) all.push([fields[name], String(now[name])]);
    for (const [input, text] of all) {
      if (input === document.activeElement && !event) continue;
      if (input.value !== text) input.value = text;
      input.removeAttribute("aria-invalid");
    }
  }

  function show() {
    const [, ow] = shape(output), at = state.position, i = Math.floor(at / ow), j = at % ow, { stride } = state;
    const [kh, kw] = shape(used), patch = patchAt(padded, [kh, kw], stride, i, j), value = output[i][j];
    pane.style.setProperty("--x", j * stride);
    pane.style.setProperty("--y", i * stride);
    const unit = pane.offsetWidth / kw;  // where a grid scrolls, the current place is brought to its middle
    if (!result.body.matches(":hover")) result.body.scrollLeft = (j + 0.5) * unit - result.body.clientWidth / 2;
    picture.body.scrollLeft = (j * stride + kw / 2) * unit - picture.body.clientWidth / 2;
    cells.forEach((cell, k) => {
      cell.classList.toggle("cs-pending", Boolean(timer) && k > at);
      cell.setAttribute("aria-selected", k === at);
      cell.tabIndex = k === at ? 0 : -1;
    });
    slider.max = cells.length - 1;
    slider.value = at;
    slider.setAttribute("aria-valuetext", `output row ${i + 1}, column ${j + 1}`);
    count.textContent = `${at + 1} of ${cells.length}`;
    play.textContent = timer ? "Pause" : "Play";
    back.setAttribute("aria-disabled", at === 0);  // not `disabled`, which would drop the focus
    forward.setAttribute("aria-disabled", at === cells.length - 1);
    const written = format(value, false), exact = Math.abs(parseNumber(written) - value) < 1e-9;
    where.textContent = `Output at row ${i + 1}, column ${j + 1}: pixel × weight, added up`;
    const lines = arithmetic(patch, used).map((row, y) => h("div", {}, ...row.flatMap((term, x) => {
      const [pixel, weight] = term.split("×");
      return [h("span", { class: "cs-term" }, y + x ? "+ " : "", pixel, "×", h("em", {}, weight)), " "];
    })));
    terms.replaceChildren(...lines, h("div", { class: "cs-total" }, `${exact ? "=" : "≈"} `, h("strong", {}, written)));
    if (timer || quiet) return;  // a reader who listens is not talked over
    const span = (what, from, size) => (size > 1 ? `${what}s ${from + 1} to ${from + size}` : `${what} ${from + 1}`);
    live.textContent = `Output row ${i + 1}, column ${j + 1} is ${written}, from ${span("row", i * stride, kh)} and `
      + `${span("column", j * stride, kw)} of the ${state.padding ? "padded " : ""}image.`;
  }

  function keys(event) {
    const [oh, ow] = shape(output), at = state.position, column = at % ow, row = (at - column) / ow, { key } = event;
    const to = {
      ArrowLeft: column > 0 ? at - 1 : at, ArrowRight: column < ow - 1 ? at + 1 : at,
      ArrowUp: row > 0 ? at - ow : at, ArrowDown: row < oh - 1 ? at + ow : at,
      Home: event.ctrlKey ? 0 : row * ow, End: event.ctrlKey ? oh * ow - 1 : row * ow + ow - 1,
    }[key];
    if (to === undefined || event.altKey || event.metaKey) return;
    event.preventDefault();
    stop();
    go(to, true);
  }

  function point(event) {
    const at = event.target.closest("[data-at]")?.dataset.at;
    if (at !== undefined) jump(Number(at));
  }

  function hover(event) {
    if (event.pointerType !== "mouse") return;
    const seen = mouse;
    mouse = `${event.clientX} ${event.clientY}`;
    if (mouse !== seen) point(event);  // a page that scrolls under a resting mouse reports a move too
  }

  // The kernel, or another view of this figure, changed something.
  function changed() {
    const next = read();
    if (writing || problem(next)) return;
    const settings = SHARED.some((name) => name !== "position" && next[name] !== state[name]);
    state = next;
    if (settings) rebuild();
    else show();
  }

  SHARED.forEach((name) => model.on(`change:${name}`, changed));
  for (const [name, listener] of Object.entries({ pointermove: hover, click: point, focusin: point, keydown: keys })) {
    result.body.addEventListener(name, listener);
  }
  root.addEventListener("focusout", settle);
  root.addEventListener("keydown", (event) => event.stopPropagation());  // JupyterLab's shortcuts are not for these keys
  el.append(root);
  rebuild();
  quiet = false;
  const observer = new ResizeObserver(measure);
  observer.observe(root);
  return () => {
    stop();
    observer.disconnect();
    SHARED.forEach((name) => model.off(`change:${name}`, changed));
  };
}

const DARK = `--ground: #1b1f24; --text: #e6edf3; --quiet: #a5b0bb; --line: #4a535d; --raised: #2a3037; --kernel: #c8adff;
  --badge: #7c3aed; --error: #ff9a91; --hatch: #323941; color-scheme: dark;`;

const STYLE = `
.conv-stepper { --ground: #fcfcfb; --text: #1d232b; --quiet: #56606b; --line: #c6ccd3; --raised: #eff1f4; --kernel: #6d28d9;
  --badge: #6d28d9; --error: #b3261e; --hatch: #e4e7eb; color-scheme: light;
  --cell: 32px;
  container-type: inline-size; box-sizing: border-box; max-width: 60rem; margin: 1rem 0; padding: 16px; overflow: hidden;
  border: 1px solid var(--line); border-radius: 12px; background: var(--ground); color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; }
@media (prefers-color-scheme: dark) {
  html:not([data-theme], [theme]) body:not([data-jp-theme-light], [data-vscode-theme-kind]) .conv-stepper { ${DARK} } }
html[data-theme=dark] .conv-stepper, html[theme=dark] .conv-stepper, body[data-jp-theme-light=false] .conv-stepper,
body[data-vscode-theme-kind=vscode-dark] .conv-stepper { ${DARK} }
.conv-stepper *, .conv-stepper *::before { box-sizing: border-box; }
.conv-stepper p { margin: 0; }
.conv-stepper .cs-title { font-weight: 650; font-size: 1.1em; margin-bottom: .6rem; }
.conv-stepper .cs-controls { display: flex; flex-wrap: wrap; align-items: center; gap: .45rem .9rem; margin: .45rem 0; }
.conv-stepper .cs-field { display: inline-flex; align-items: center; gap: .35rem; }
.conv-stepper .cs-presets { gap: .4rem; }
.conv-stepper :is(label, .cs-size, .cs-note, .cs-label, .cs-where, .cs-count) { color: var(--quiet); }
.conv-stepper button, .conv-stepper input:not([type=range]) { font: inherit; color: inherit; background: var(--raised); margin: 0;
  border: 1px solid var(--line); border-radius: 7px; min-height: 32px; padding: 0 .65rem; }
.conv-stepper button { cursor: pointer; min-width: 32px; }
.conv-stepper button:hover { border-color: var(--kernel); }
.conv-stepper button[aria-pressed=true] { background: var(--badge); border-color: var(--badge); color: #fff; }
.conv-stepper button[aria-disabled=true] { opacity: .5; cursor: default; }
.conv-stepper .cs-play { min-width: 5.2em; font-weight: 600; background: var(--badge); border-color: var(--badge); color: #fff; }
.conv-stepper input[type=number] { width: 3.4rem; padding: 0 .2rem 0 .5rem; }
.conv-stepper input[aria-invalid=true] { border-color: var(--error); outline: 1px solid var(--error); }
.conv-stepper input[type=range] { flex: 1 1 8rem; min-width: 6rem; min-height: 28px; margin: 0; accent-color: var(--badge); }
.conv-stepper .cs-count { min-width: 5.5em; text-align: right; }
.conv-stepper :focus-visible { outline: 3px solid var(--kernel); outline-offset: 2px; }
.conv-stepper .cs-error { color: var(--error); font-weight: 600; }
.conv-stepper .cs-live { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.conv-stepper .cs-stage { display: flex; flex-wrap: wrap; gap: 1rem 26px; align-items: flex-start; margin: .9rem 0; }
.conv-stepper .cs-panel { min-width: 0; max-width: 100%; }
.conv-stepper .cs-panel .cs-note { width: 0; min-width: max(100%, 150px); }
.conv-stepper .cs-name { margin-bottom: .35rem; }
.conv-stepper .cs-note { font-size: .85em; margin-top: .5rem; }
.conv-stepper .cs-scroll { overflow-x: auto; padding: 4px; margin: -4px; }
.conv-stepper .cs-under { position: relative; width: max-content; }
.conv-stepper .cs-grid { width: max-content; border: 1px solid var(--line); }
.conv-stepper [role=row] { display: flex; }
.conv-stepper [role=cell], .conv-stepper [role=gridcell] { position: relative; width: var(--cell); height: var(--cell); display: grid;
  place-items: center; font-size: min(calc(var(--cell) * .2 + 6.5px), calc(var(--cell) * 1.4 / var(--length))); line-height: 1; }
.conv-stepper .cs-under [role=cell] span { translate: calc(var(--cell) * -.09) calc(var(--cell) * -.1); }
.conv-stepper .cs-border { color: var(--quiet); background: repeating-linear-gradient(135deg, transparent 0 4px, var(--hatch) 4px 5px); }
.conv-stepper [role=gridcell] { cursor: pointer; }
.conv-stepper [aria-selected=true] { z-index: 1; box-shadow: 0 0 0 3px var(--badge), 0 0 0 4px #fff; border-radius: 3px; }
.conv-stepper [role=gridcell]:focus-visible { outline-offset: 4px; z-index: 2; }
.conv-stepper .cs-pending { background: transparent !important; }
.conv-stepper .cs-pending span { visibility: hidden; }
.conv-stepper .cs-pane { position: absolute; left: 1px; top: 1px; display: grid; grid-template-columns: repeat(var(--wide), var(--cell));
  grid-auto-rows: var(--cell); pointer-events: none; border-radius: 3px; box-shadow: 0 0 0 3px var(--badge), 0 0 0 4px #fff;
  transform: translate(calc(var(--x) * var(--cell)), calc(var(--y) * var(--cell))); transition: transform .25s ease; }
.conv-stepper .cs-pane span { position: relative; }
.conv-stepper .cs-pane i { position: absolute; right: 1px; bottom: 1px; padding: 1px 2px; border-radius: 3px;
  background: #6d28d9; color: #fff; font: 600 max(9px, calc(var(--cell) * .28))/1 system-ui, sans-serif; }
.conv-stepper .cs-weights { display: grid; grid-template-columns: repeat(var(--wide), 2.75rem); gap: 3px; width: max-content;
  padding: 3px; border-radius: 9px; border: 3px solid var(--badge); }
.conv-stepper .cs-weights input { width: 100%; min-height: 36px; padding: 0; text-align: center; font-weight: 600; color: var(--kernel); }
.conv-stepper .cs-sum { margin-top: .8rem; padding: .7rem .9rem; border-radius: 9px; background: var(--raised); }
.conv-stepper .cs-where { font-size: .85em; margin-bottom: .2rem; }
.conv-stepper .cs-terms { font-size: 1.05em; }
.conv-stepper .cs-term { white-space: nowrap; }
.conv-stepper em { font-style: normal; font-weight: 600; color: var(--kernel); }
.conv-stepper .cs-total strong { font-size: 1.25em; }
.conv-stepper .cs-sizes { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; margin-top: .7rem; font-size: .92em; }
.conv-stepper .cs-sizes .cs-over { grid-column: 1 / -1; color: var(--quiet); }
@container (max-width: 26rem) { .conv-stepper .cs-sizes { grid-template-columns: 1fr; } }
@media (forced-colors: active) { .conv-stepper :is(.cs-grid, .cs-pane, button[aria-pressed=true]) { forced-color-adjust: none; } }
@media (prefers-reduced-motion: reduce) { .conv-stepper .cs-pane { transition: none; } }
`;

export default { render };
