/**
 * Draws the wall times of the first table on stdin as an SVG of bars:
 *
 *   npm run bench -- --link 200mbit --sets large | node bench/src/chart.mjs "1,000 images of 900 KB over 200 Mbit/s" > docs/link.svg
 */

import { text } from "node:stream/consumers";

const [title = "Wall time"] = process.argv.slice(2);
const lines = (await text(process.stdin)).split("\n");
const start = lines.findIndex((line) => line.startsWith("| contender"));
const rows = [];
for (const line of lines.slice(start + 2)) {
  if (!line.startsWith("|")) break;
  const [, name, wall] = line.split("|").map((cell) => cell.trim());
  const seconds = Number.parseFloat(wall);
  if (seconds > 0) rows.push({ name: name.replaceAll("*", ""), isOurs: name.includes("**"), seconds });
}
if (rows.length === 0)
  throw new Error("there is no table on stdin: pipe the output of `npm run bench` into this script");
rows.sort((one, other) => one.seconds - other.seconds);

const [left, right, rowHeight, top] = [260, 110, 30, 44];
const width = 760;
const longest = Math.max(...rows.map(({ seconds }) => seconds));
const escaped = (value) => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const bars = rows.map(({ name, isOurs, seconds }, index) => {
  const y = top + index * rowHeight;
  const length = Math.round(((width - left - right) * seconds) / longest);
  return `  <text x="${left - 10}" y="${y + 15}" text-anchor="end"${isOurs ? ' font-weight="bold"' : ""}>${escaped(name)}</text>
  <rect x="${left}" y="${y}" width="${length}" height="20" fill="${isOurs ? "#1f6feb" : "#8b949e"}"/>
  <text x="${left + length + 8}" y="${y + 15}">${seconds.toFixed(1)} s</text>`;
});
const height = top + rows.length * rowHeight + 6;
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14" fill="#57606a" role="img" aria-label="${escaped(title)}">
  <text x="12" y="24" font-size="15" font-weight="bold">${escaped(title)}</text>
${bars.join("\n")}
</svg>
`);
