// The charts: drawn on a canvas, for the page's policy lets nobody write styles; tables beside them say the same.
import { BarChart, HeatmapChart, LineChart } from "echarts/charts";
import {
	AriaComponent,
	GridComponent,
	LegendComponent,
	TooltipComponent,
	VisualMapComponent,
} from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { locale, words } from "../lib/page.js";

use([AriaComponent, BarChart, CanvasRenderer, GridComponent, HeatmapChart, LegendComponent, LineChart]);
use([TooltipComponent, VisualMapComponent]);

// Below this width the legend takes two lines.
const NARROW = 420;

const LIGHT = {
	text: "#3d4754",
	line: "#d5dae1",
	back: "#ffffff",
	out: "#1d4ed8",
	in: "#0b8a63",
	refused: "#b45309",
	temperatures: "#6b7280",
	fevers: "#c81e1e",
	heat: ["#eef1f5", "#fbc9b8", "#ef7d5b", "#b3231b"],
};
const DARK = {
	text: "#c2cad6",
	line: "#3a4453",
	back: "#1c2430",
	out: "#7aa5ff",
	in: "#4ccf9f",
	refused: "#ffb066",
	temperatures: "#9aa5b5",
	fevers: "#ff8a80",
	heat: ["#27303d", "#6e3a34", "#b8493c", "#ff8a80"],
};

export const hourChart = (element) => chart(element, hourOption);
export const heatChart = (element) => chart(element, heatOption);

/** A chart in an element: returns the function that gives it something to show. */
function chart(element, option) {
	const one = init(element, null, { renderer: "canvas", locale: locale.startsWith("zh") ? "ZH" : "EN" });
	const dark = matchMedia("(prefers-color-scheme: dark)");
	let shown = null;
	const draw = () => {
		if (!shown || !element.clientWidth) return;
		const narrow = element.clientWidth < NARROW;
		one.setOption(common(option, shown, dark.matches ? DARK : LIGHT, narrow), true);
	};
	new ResizeObserver(() => {
		if (!element.clientWidth) return;
		one.resize();
		draw();
	}).observe(element);
	dark.addEventListener("change", draw);
	return (next) => {
		shown = next;
		draw();
	};
}

function common(option, shown, colours, narrow) {
	return {
		animation: false,
		aria: { enabled: true },
		textStyle: { color: colours.text, fontFamily: getComputedStyle(document.body).fontFamily },
		...option(shown, colours, narrow),
	};
}

function tooltip(colours) {
	const textStyle = { color: colours.text };
	return { renderMode: "richText", backgroundColor: colours.back, borderColor: colours.line, textStyle };
}

function axes(colours) {
	const quiet = { axisLine: { lineStyle: { color: colours.line } }, axisTick: { show: false } };
	return { ...quiet, axisLabel: { color: colours.text, fontSize: 12, hideOverlap: true } };
}

function hourOption(hours, colours, narrow) {
	const series = (key, more) => ({
		name: words.hours[key],
		type: "bar",
		itemStyle: { color: colours[key] },
		data: hours.map((one) => one[key]),
		...more,
	});
	return {
		grid: { left: 8, right: 12, top: narrow ? 58 : 34, bottom: 4, containLabel: true },
		legend: { top: 0, textStyle: { color: colours.text }, itemWidth: 14, itemHeight: 10, itemGap: 14 },
		tooltip: { ...tooltip(colours), trigger: "axis" },
		xAxis: { ...axes(colours), type: "category", data: hours.map((one) => one.name) },
		yAxis: { ...axes(colours), type: "value", minInterval: 1, splitLine: { lineStyle: { color: colours.line } } },
		series: [
			series("out"),
			series("in"),
			series("refused"),
			series("temperatures", {
				type: "line",
				symbol: "circle",
				symbolSize: 5,
				lineStyle: { color: colours.temperatures, width: 2 },
				// Of an hour to come nothing is known, not even that it is none.
				data: hours.map((one) => (one.begun ? one.temperatures : null)),
			}),
			series("fevers", {
				type: "line",
				symbol: "diamond",
				symbolSize: 12,
				lineStyle: { width: 0 },
				label: { show: true, position: "top", color: colours.fevers, fontWeight: "bold" },
				data: hours.map((one) => one.fevers || null),
			}),
		],
	};
}

// One fever is to be seen beside a hundred, and is to look the same on every day.
const WARMEST = 4;
const warmth = (count) => Math.min(WARMEST, Math.ceil(Math.log2(count + 1)));
const short = (day) => day.slice(5).replace("-", "/");

function heatOption({ days, grid }, colours) {
	const cells = grid.flatMap((row, y) => row.fevers.map((count, x) => [x, y, warmth(count), count]));
	return {
		grid: { left: 4, right: 4, top: 4, bottom: 4, containLabel: true },
		tooltip: {
			...tooltip(colours),
			formatter: ({ value: [x, y, , count] }) => `${grid[y].name}\n${short(days[x])}: ${count}`,
		},
		xAxis: { ...axes(colours), type: "category", data: days.map(short) },
		yAxis: {
			...axes(colours),
			type: "category",
			inverse: true,
			data: grid.map((one) => one.name),
			axisLabel: { color: colours.text, fontSize: 12, width: 110, overflow: "truncate" },
		},
		visualMap: { show: false, dimension: 2, min: 0, max: WARMEST, inRange: { color: colours.heat } },
		series: [
			{
				type: "heatmap",
				data: cells,
				itemStyle: { borderColor: colours.back, borderWidth: 2, borderRadius: 3 },
				label: { show: true, formatter: ({ value }) => value[3] || "", fontWeight: "bold" },
			},
		],
	};
}
