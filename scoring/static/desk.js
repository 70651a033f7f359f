// Draws the sections of a scorecard, and says when a page no longer updates itself. Every bar has its number and a pattern of its own, so that grey tells as much as colour.
"use strict";
(function () {
  function draw() {
    const place = document.getElementById("chart");
    if (!place || place.dataset.drawn || !window.echarts) return;
    place.dataset.drawn = "yes";
    const shown = JSON.parse(place.dataset.chart);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const font = { fontFamily: style.getPropertyValue("--font"), fontSize: 14, color: colour("--ink") };
    const chart = window.echarts.init(place, null, { renderer: "svg" });
    chart.setOption({
      animation: false,
      textStyle: font,
      grid: { left: 8, right: 36, top: 34, bottom: 4, containLabel: true },
      legend: { top: 0, left: 8, itemWidth: 22, textStyle: font },
      xAxis: { type: "value", max: 30, splitNumber: 3, splitLine: { lineStyle: { color: colour("--line") } }, axisLabel: font },
      yAxis: { type: "category", inverse: true, data: shown.names, axisTick: { show: false }, axisLabel: font },
      series: [
        {
          name: "得分", type: "bar", stack: "s", barWidth: 20, data: shown.scores,
          itemStyle: { color: colour("--brand") },
          label: { show: true, position: "insideLeft", color: colour("--on-brand"), fontWeight: "bold", formatter: (p) => (p.value ? p.value : "") },
        },
        {
          name: "已扣", type: "bar", stack: "s", data: shown.lost.map((points) => points || null),
          itemStyle: {
            color: colour("--bad-wash"), borderColor: colour("--bad"), borderWidth: 1,
            decal: { symbol: "rect", color: colour("--bad"), dashArrayX: [1, 0], dashArrayY: [2, 6], rotation: -Math.PI / 4 },
          },
          label: { show: true, position: "right", color: colour("--bad"), fontWeight: "bold", formatter: (p) => (p.value ? "−" + p.value : "") },
        },
      ],
    });
    new ResizeObserver(() => chart.resize()).observe(place);
  }
  function say(broken) {
    const notice = document.getElementById("offline");
    if (notice) notice.hidden = !broken;
  }
  document.addEventListener("htmx:sendError", () => say(true));
  document.addEventListener("htmx:responseError", () => say(true));
  document.addEventListener("htmx:afterSwap", () => say(false));
  document.addEventListener("DOMContentLoaded", draw);
  document.addEventListener("htmx:afterSettle", draw);
})();
