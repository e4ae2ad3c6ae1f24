// The report's style sheet: one column on a phone, two on a desk, light or dark as the reader has it.
#pragma once

namespace wengert::training {

inline constexpr const char* style = R"css(
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#14181f;--soft:#5b6472;--faint:#8b94a3;--line:#e3e6eb;
--axis:#b3bac5;--bad:#b42318;--bad-soft:#fdeceb;--chip:#eef1f5;
--c0:#2563eb;--c1:#d9480f;--c2:#0f8a5f;--c3:#9333ea;--c4:#b7791f;--c5:#db2777;--c6:#0e7490;--c7:#64748b}
@media(prefers-color-scheme:dark){:root{--page:#0e1116;--card:#171b22;--ink:#e8ebf0;--soft:#a3adbb;--faint:#7a8494;
--line:#272d37;--axis:#4a5361;--bad:#ff9a8f;--bad-soft:#3a1d1b;--chip:#222832;
--c0:#7aa7ff;--c1:#ff9a5c;--c2:#4fd1a1;--c3:#c79bff;--c4:#e6bd5c;--c5:#ff8cc0;--c6:#5fc9de;--c7:#a8b3c4}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main{max-width:1160px;margin:0 auto;padding:32px 20px 64px}
header{margin-bottom:24px}
h1{font-size:30px;line-height:1.2;letter-spacing:-.015em;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:17px;line-height:1.3;margin:0;letter-spacing:-.005em;overflow-wrap:anywhere}
p{margin:0}
.soft{color:var(--soft)}
.note{color:var(--soft);font-size:14px;margin-top:4px;max-width:68ch}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(165px,1fr));gap:12px;margin:0 0 16px}
.tile,.card{background:var(--card);border:1px solid var(--line);border-radius:12px}
.tile{padding:12px 14px}
.tile .name{font-size:13px;color:var(--soft);overflow-wrap:anywhere;line-height:1.35}
.tile .value{font-size:25px;font-weight:650;line-height:1.3;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.tile .best{font-size:13px;color:var(--soft);font-variant-numeric:tabular-nums}
.cards{display:grid;grid-template-columns:1fr 1fr;gap:16px}
.card{padding:18px 20px;min-width:0}
.card.full{grid-column:1/-1}
svg{display:block;width:100%;height:auto;font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
svg text{fill:var(--soft);font-variant-numeric:tabular-nums}
.chart{margin-top:12px}
.chart .narrow{display:none}
.grid{stroke:var(--line);fill:none}
.axis{stroke:var(--axis);fill:none}
polyline{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
polyline.s0{stroke:var(--c0)}polyline.s1{stroke:var(--c1)}polyline.s2{stroke:var(--c2)}polyline.s3{stroke:var(--c3)}
polyline.s4{stroke:var(--c4)}polyline.s5{stroke:var(--c5)}polyline.s6{stroke:var(--c6)}polyline.s7{stroke:var(--c7)}
circle.s0{fill:var(--c0)}circle.s1{fill:var(--c1)}circle.s2{fill:var(--c2)}circle.s3{fill:var(--c3)}
circle.s4{fill:var(--c4)}circle.s5{fill:var(--c5)}circle.s6{fill:var(--c6)}circle.s7{fill:var(--c7)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:8px;font-size:14px;line-height:1.4}
.legend span{display:inline-flex;align-items:center;gap:7px}
.legend i{width:16px;height:4px;border-radius:2px;background:currentColor;flex:none}
.legend b{font-weight:600;font-variant-numeric:tabular-nums}
.k0{color:var(--c0)}.k1{color:var(--c1)}.k2{color:var(--c2)}.k3{color:var(--c3)}.k4{color:var(--c4)}.k5{color:var(--c5)}.k6{color:var(--c6)}.k7{color:var(--c7)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:6px 28px;margin:12px 0 0;font-size:15px}
dl div{display:flex;justify-content:space-between;gap:12px;border-bottom:1px solid var(--line);padding:3px 0}
dt{color:var(--soft);overflow-wrap:break-word;flex:none;max-width:55%}dd{margin:0;min-width:0;font-weight:550;text-align:right;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.strips{display:grid;grid-template-columns:minmax(0,max-content) minmax(120px,1fr) max-content;gap:7px 14px;align-items:center;margin-top:14px;font-size:14px}
.strips .row{display:contents}
.strips .name{overflow-wrap:anywhere;font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px}
.strips .last{font-variant-numeric:tabular-nums;color:var(--soft);text-align:right}
.strips svg{height:20px;border-radius:4px;background:var(--chip)}
.strips rect{fill:var(--c0)}
.scale{display:flex;align-items:center;gap:8px;font-size:13px;color:var(--soft);margin-top:12px;font-variant-numeric:tabular-nums}
.scale i{width:120px;height:10px;border-radius:3px;background:linear-gradient(90deg,var(--chip),var(--c0))}
.matrix{border-collapse:separate;border-spacing:2px;margin-top:12px;width:100%;table-layout:fixed;font-variant-numeric:tabular-nums;font-size:14px;line-height:1.2}
.matrix th{font-weight:500;color:var(--soft);padding:2px;overflow:hidden;text-overflow:ellipsis}
.matrix td{text-align:center;padding:0;height:32px;border-radius:4px;background:var(--chip)}
.matrix td.zero{color:var(--faint)}
.matrix td.right,.matrix td.wrong{font-weight:600}
.matrix td.right.deep{color:#fff}.matrix td.wrong{color:var(--ink)}
.full .matrix{max-width:640px}
.classes{margin-top:10px;font-size:14px;color:var(--soft)}
.samples{display:grid;grid-template-columns:repeat(auto-fill,minmax(80px,1fr));gap:10px;margin-top:14px}
.samples.named{grid-template-columns:repeat(auto-fill,minmax(108px,1fr))}
.named small{display:block}
figure{margin:0;border:1px solid var(--line);border-radius:9px;overflow:hidden;text-align:center;font-size:14px;line-height:1.35;font-variant-numeric:tabular-nums}
figure img{display:block;width:100%;image-rendering:pixelated;background:#000}
figcaption{padding:5px 4px 6px;overflow-wrap:anywhere}
figcaption small{color:var(--soft);font-size:13px}
figure.wrong{border-color:var(--bad);background:var(--bad-soft)}
figure.wrong .is{color:var(--bad);font-weight:600;display:block}
.tape{max-width:680px;position:relative;margin-top:14px;font-size:14px}
.tape svg{position:absolute;left:0;top:0;height:auto}
.tape .arc{fill:none;stroke:var(--axis);stroke-width:1.3}
.tape .arc.grad{stroke:var(--c0);stroke-opacity:.65}
.tape .op{fill:var(--card);stroke:var(--c0);stroke-width:2}
.tape .fixed{stroke:var(--axis)}
.tape .leaf{fill:var(--c1)}
.tape .const{fill:var(--axis)}
.tape .r{display:flex;gap:10px;align-items:center;height:26px;white-space:nowrap}
.tape .what{font-weight:600;flex:none;max-width:46%;overflow:hidden;text-overflow:ellipsis}
.tape .what.leafname{color:var(--c1)}
.tape .what.constname{color:var(--soft);font-weight:500}
.tape .dims{color:var(--soft);flex:none;font-variant-numeric:tabular-nums}
.tape .at{color:var(--faint);margin-left:auto;overflow:hidden;text-overflow:ellipsis;font-size:13px;min-width:0}
.tape .scope{color:var(--soft);font-size:13px;font-style:italic}
.tape .scope b{font-weight:600;font-style:normal;background:var(--chip);border-radius:5px;padding:1px 7px}
.key{display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:8px;font-size:14px;color:var(--soft)}
.key span{display:inline-flex;gap:7px;align-items:center}
.key svg{width:14px;height:14px;flex:none}
footer{margin-top:28px;font-size:14px;color:var(--soft)}
@media(max-width:820px){.cards{grid-template-columns:1fr}}
@media(max-width:520px){main{padding:20px 12px 40px}h1{font-size:25px}.card{padding:15px 14px}
.chart .wide{display:none}.chart .narrow{display:block}
.tiles{grid-template-columns:1fr 1fr;gap:8px}.tile{padding:10px 12px}.tile .value{font-size:22px}
.strips{grid-template-columns:1fr max-content;gap:3px 10px}.strips .strip{grid-column:1/-1;order:3;margin-bottom:7px}.strips .row{display:grid;grid-template-columns:1fr max-content;grid-column:1/-1;gap:3px 10px}
.matrix{border-spacing:1px;font-size:13px}.matrix td{height:28px}.tape .r{gap:8px}
.samples{grid-template-columns:repeat(auto-fill,minmax(76px,1fr));gap:8px}.samples.named{grid-template-columns:repeat(auto-fill,minmax(96px,1fr))}}
@media print{body{background:#fff}.card,.tile{break-inside:avoid}}
)css";

}  // namespace wengert::training
