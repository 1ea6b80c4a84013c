// Draws the figures that the page holds as data, once each comes into view. A click on a point leads to the cases
// behind it; where there is no mouse the first tap shows what the point says, and a second one leads there.

const touch = matchMedia("(hover: none)").matches;
const narrow = matchMedia("(max-width: 860px)").matches;
const still = { displayModeBar: false, responsive: true, showTips: false, doubleClick: "reset", scrollZoom: false };
let tapped = "";

function leadTo(plot, data) {
  if (data === undefined || data === null || data === "") return "";
  const values = Array.isArray(data) ? data : [data];
  const names = plot.dataset.asks.split(" ");
  if (values.some((value) => value === "")) return "";
  const target = new URL(plot.dataset.cases, location.href);
  names.forEach((name, at) => target.searchParams.set(name, values[at]));
  return target.href;
}

function draw(plot) {
  const { data, layout } = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
  if (narrow) {
    layout.font.size = 11;
    for (const [name, axis] of Object.entries(layout)) {
      if (name.startsWith("xaxis") && axis.nticks) axis.nticks = 4;
      if (name.startsWith("yaxis") && axis.title && axis.type !== "category") axis.title.text = "";
    }
  }
  // Fingers move the page, not the axes.
  if (touch) layout.dragmode = false;
  plot.classList.add("drawn");
  Plotly.newPlot(plot, data, layout, still);
  if (!plot.dataset.cases) return;
  plot.classList.add("leads");
  plot.on("plotly_click", (event) => {
    const target = leadTo(plot, event.points[0].customdata);
    if (!target) return;
    if (touch && tapped !== target) tapped = target;
    else location.href = target;
  });
}

if (window.Plotly) {
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(entry.target.querySelector(".plot"));
    }
  }, { rootMargin: "400px" });
  for (const figure of document.querySelectorAll(".picture")) seen.observe(figure);
  // Paper knows no scrolling.
  addEventListener("beforeprint", () => document.querySelectorAll(".plot:not(.drawn)").forEach(draw));
  document.querySelectorAll(".hint-line").forEach((hint) => {
    if (touch && hint.dataset.touch) hint.textContent = hint.dataset.touch;
    hint.hidden = false;
  });
}
