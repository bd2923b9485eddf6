/** The style of a report's page; light and dark, wide and narrow. */

export const style = `
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #1d2125; --soft: #5b646d; --line: #d9d6cd; --card: #fff; --ok: #2b6c4f; --bad: #b3261e; --bar: #3b7ea1; --sea: #e4eff4; --land: #cbd6c8; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181b; --ink: #e8e6e1; --soft: #9aa4ad; --line: #353b41; --card: #1e2226; --ok: #7fc8a4; --bad: #ff8a80; --bar: #6fb3d6; --sea: #17222a; --land: #33413a; } }
@media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --card: #fff; --ok: #2b6c4f; --bad: #b3261e; --bar: #3b7ea1; --sea: #eef4f7; --land: #d4dcd1; } * { print-color-adjust: exact; } .card, .group, .chart, .map, li, tr { break-inside: avoid; } h2 { break-after: avoid; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { overflow-wrap: anywhere; font-size: 1.4rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 2.2rem 0 .6rem; }
p { margin: 0; overflow-wrap: anywhere; }
.soft, .names { color: var(--soft); }
.totals { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0 0; padding: 0; list-style: none; }
.totals li { flex: 1 1 7rem; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .5rem .8rem; }
.totals b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; font-weight: 600; }
.ok.some b { color: var(--ok); }
.some.failed b, .some.pending b, .failed, .pending { color: var(--bad); }
.totals li.failed, .totals li.pending { color: inherit; }
.chart, .map { display: block; width: 100%; max-width: 45rem; height: auto; }
.map { background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
.chart rect { fill: var(--bar); }
.chart line, .map line { stroke: var(--line); }
.chart text, .map text { fill: var(--soft); font-size: 12px; }
.map circle { fill: var(--bar); fill-opacity: .75; stroke: var(--card); }
.map { background: var(--sea); }
.map .land { fill: var(--land); stroke: none; }
.map .city { fill: var(--soft); font-size: 11px; }
.map circle.city { fill-opacity: 1; stroke: none; }
.map + p { font-size: .75rem; margin-top: .2rem; }
.verdict { font-weight: 600; }
.verdict.ok { color: var(--ok); }
.verdict.bad { color: var(--bad); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
ul.next { margin: 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
.help { margin-top: .4rem; }
.tallies { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.tallies > div { flex: 1 1 16rem; min-width: 0; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .3rem .8rem .6rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 400; overflow-wrap: anywhere; width: 99%; }
thead th { color: var(--soft); font-size: .82rem; }
td, thead th + th { text-align: right; padding-left: .8rem; vertical-align: top; width: 1%; overflow-wrap: normal; }
.bar { display: block; width: 100%; height: 4px; margin-bottom: .2rem; }
.bar rect { fill: var(--bar); }
.bar rect.all { fill: var(--line); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem .9rem; margin: 0 0 .6rem; padding: 0; list-style: none; font-size: .85rem; overflow-wrap: anywhere; }
.swatch { width: .8em; height: .8em; margin-right: .35em; vertical-align: -.05em; }
.swatch rect { stroke: #0008; }
@media (max-width: 34rem) { .chart text, .map text { font-size: 24px; } .map circle { r: 10px; } }
details, .group { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .5rem .8rem; margin: .5rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b, .group b { font-variant-numeric: tabular-nums; }
code { font: .92em ui-monospace, monospace; }
ul.examples { margin: .4rem 0 0; padding-left: 1.2rem; }
ul.examples li { margin: .25rem 0; overflow-wrap: anywhere; }
ul.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(9rem, 100%), 1fr)); gap: .8rem; margin: 0; padding: 0; list-style: none; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; font-size: .82rem; padding-bottom: .5rem; }
.card p { padding: .1rem .6rem 0; }
.card .cut { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden; padding-bottom: 0; margin: 0 .6rem; padding-inline: 0; }
.origin { font-weight: 600; }
.look { aspect-ratio: 4 / 3; display: flex; flex-direction: column; align-items: center; justify-content: center; overflow: hidden; border-bottom: 1px solid var(--line); margin-bottom: .3rem; background: color-mix(in srgb, var(--line) 35%, var(--card)); }
.look svg, .look img { width: 100%; height: 100%; object-fit: contain; }
.group .sheet { margin-top: .5rem; }
.look rect, .look polygon, .look circle { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; filter: drop-shadow(0 0 1px #000); }
.look rect.masked { fill: inherit; fill-opacity: .55; stroke: none; filter: none; }
.look text { font-weight: 600; paint-order: stroke; stroke: #000; stroke-width: .25em; }
.look .excerpt { align-self: stretch; flex: 1; padding-top: .4rem; white-space: pre-wrap; overflow: hidden; font-family: ui-serif, serif; mask-image: linear-gradient(#000 calc(100% - 2em), transparent); }
.sign { font-size: 1rem; }
`;
