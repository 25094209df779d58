// Charts of the tables beside them, in the colours of the theme; the table is what a screen reader reads.
const TABLES = { funnel: "funnel", mix: "mix" };

// A colour of the style sheet as red, green and blue: the chart knows no newer notation.
function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const pen = document.createElement("canvas").getContext("2d");
  pen.fillStyle = getComputedStyle(probe).color;
  pen.fillRect(0, 0, 1, 1);
  probe.remove();
  const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
  return `rgb(${red},${green},${blue})`;
}

function rows(id) {
  return [...document.querySelectorAll(`#${id} tbody tr`)].flatMap((row) => {
    const head = row.querySelector("th"), count = row.querySelector("td:last-child");
    return head ? [{ name: head.textContent, value: Number(count.textContent) }] : [];
  });
}

function option(id) {
  const data = rows(id).reverse(), text = colour("--tblr-body-color"), faint = colour("--tblr-border-color");
  return {
    animation: false,
    grid: { left: 8, right: 48, top: 4, bottom: 4, containLabel: true },
    xAxis: { type: "value", minInterval: 1, axisLabel: { show: false }, splitLine: { show: false }, axisLine: { show: false } },
    yAxis: { type: "category", data: data.map((one) => one.name), axisTick: { show: false }, axisLine: { lineStyle: { color: faint } }, axisLabel: { color: text, interval: 0 } },
    series: [{
      type: "bar", data: data.map((one) => one.value), barMaxWidth: 22, itemStyle: { color: colour("--tblr-primary"), borderRadius: 3 },
      label: { show: true, position: "right", color: text },
    }],
  };
}

const charts = new Map();
// A window that changes, paper, a card that opens: the chart has the size of its place.
const sizes = new ResizeObserver((places) => { for (const place of places) window.echarts.getInstanceByDom(place.target)?.resize(); });

function draw() {
  for (const place of document.querySelectorAll("[data-chart]")) {
    const id = TABLES[place.dataset.chart];
    if (rows(id).length === 0) {
      place.hidden = true;
      continue;
    }
    place.hidden = false;
    const known = charts.get(id);
    if (known && known.getDom() !== place) known.dispose(); // the server has drawn the figures anew
    place.style.setProperty("--rows", rows(id).length);
    const chart = known && !known.isDisposed() ? known : window.echarts.init(place);
    charts.set(id, chart);
    sizes.observe(place);
    document.getElementById(id).classList.toggle("visually-hidden", id === "funnel");
    chart.setOption(option(id), true);
  }
}

draw();
document.addEventListener("figures", draw);
new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
