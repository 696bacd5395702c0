// Drawing: dots, the curve with its band, and bars. Nothing here sends or keeps anything.
const shape = (name, attributes, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
};

function drawDots(svg, percent) {
  svg.replaceChildren(...Array.from({ length: 100 }, (_, i) => {
    const [x, y] = [10 + (i % 20) * 20, 8 + Math.floor(i / 20) * 16];
    return shape("circle", { cx: x, cy: y, r: 5.5, ...(i < Math.round(percent) ? { class: "out" } : {}) });
  }));
}

// Round figures for an axis, six at most.
function ticks(end) {
  const rough = end / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough);
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => i * step);
}

// points: {at, percent, low, high, stand, observed} of each visit; cursor: one of them, or null.
function drawCurve(svg, { points, horizon, steps, at, percent, average, stand, label, unit, cursor, number }) {
  // Drawn at the width it has, so that its letters keep their size on a phone.
  const [width, height] = [svg.clientWidth || 640, svg.clientHeight || 300];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const [left, right, top, bottom] = [34, width - 14, 26, height - 38];
  const x = (time) => left + (time / horizon) * (right - left);
  const y = (value) => bottom - (value / 100) * (bottom - top);
  const parts = [shape("text", { x: 0, y: 12 }, `${label}, %`)];
  for (const each of [0, 25, 50, 75, 100]) {
    parts.push(shape("line", { class: "grid", x1: left, x2: right, y1: y(each), y2: y(each) }));
    parts.push(shape("text", { x: left - 6, y: y(each) + 4, "text-anchor": "end" }, each));
  }
  for (const each of ticks(horizon)) {
    parts.push(shape("text", { x: x(each), y: bottom + 17, "text-anchor": "middle" }, number(each)));
  }
  parts.push(shape("text", { x: right, y: bottom + 34, "text-anchor": "end" }, unit));
  // Where subjects were seen at visits only, the share stays what it was until the next one.
  const path = (value, known = points) => known.flatMap((point, i) => {
    const here = `${x(point.at)},${y(value(point))}`;
    return steps && i ? [`${x(point.at)},${y(value(known[i - 1]))}`, here] : [here];
  });
  const band = (name, low, high) => shape("polygon", { class: name, points: [...path(high), ...path(low).reverse()].join(" ") });
  if (stand) parts.push(band("stand-band", (point) => point.stand[0], (point) => point.stand[1]));
  parts.push(band("band", (point) => point.low, (point) => point.high));
  if (stand) {
    parts.push(shape("rect", { class: "stand", x: x(at) - 5, width: 10, y: y(stand[1]), height: y(stand[0]) - y(stand[1]) }));
  }
  const observed = points.filter((point) => point.observed !== null);
  if (observed.length > 1) parts.push(shape("polyline", { class: "observed", points: path((point) => point.observed, observed).join(" ") }));
  parts.push(shape("polyline", { class: "line", points: path((point) => point.percent).join(" ") }));
  parts.push(shape("path", { class: "whisker", d: `M${x(at)} ${y(average[0])}V${y(average[1])}` }));
  parts.push(shape("circle", { class: "dot", cx: x(at), cy: y(percent), r: 6 }));
  if (cursor) {
    parts.push(shape("line", { class: "cursor", x1: x(cursor.at), x2: x(cursor.at), y1: top, y2: bottom }));
    parts.push(shape("circle", { class: "dot", cx: x(cursor.at), cy: y(cursor.percent), r: 4 }));
  }
  svg.replaceChildren(...parts);
  return (pixel) => ((pixel - left) / (right - left)) * horizon;
}

function drawBar({ percent, average, stand }) {
  const svg = shape("svg", { viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" });
  if (stand) svg.append(shape("rect", { class: "stand", x: stand[0], width: stand[1] - stand[0], y: 1, height: 18 }));
  svg.append(shape("rect", { class: "line", x: 0, width: percent, y: 5, height: 10 }));
  svg.append(shape("path", { class: "whisker", d: `M${average[0]} 10H${average[1]}M${average[0]} 6V14M${average[1]} 6V14` }));
  return svg;
}
