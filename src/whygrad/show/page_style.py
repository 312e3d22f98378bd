"""The style sheet of the web page: one column, quiet, light and dark, on screen and on paper."""

from __future__ import annotations

from typing import Final

from whygrad.show.theme import DARK, LIGHT, Palette


def _variables(palette: Palette) -> str:
    names = (
        "paper",
        "raised",
        "ink",
        "quiet",
        "rule",
        "changed",
        "changed_paper",
        "right",
        "wrong",
        "accent",
    )
    return "".join(f"--{name.replace('_', '-')}:{getattr(palette, name)};" for name in names)


_SHEET: Final = """
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:1.0625rem/1.6 Charter,"Bitstream Charter","Iowan Old Style","Palatino Linotype",Palatino,Georgia,
"DejaVu Serif",serif}
main{max-width:62rem;margin:0 auto;padding:3.5rem 1.5rem 5rem}
math{font-family:"STIX Two Math","Latin Modern Math","Libertinus Math","Cambria Math","STIX Math",
"TeX Gyre Termes Math","Noto Sans Math",math;font-size:1.06em}
header{display:flex;flex-wrap:wrap;align-items:baseline;justify-content:space-between;gap:.25rem 2rem}
h1,h2,h3{font-weight:600;line-height:1.25;text-wrap:balance;margin:0}
h1{font-size:1.9rem;letter-spacing:-.01em}
h2{font-size:1.22rem}
h3{font-size:1.05rem}
header+*{margin-top:1rem}
header.level-1{padding-bottom:.75rem;border-bottom:1px solid var(--rule)}
header.level-2,header.level-3,.title{margin-top:2.5rem}
.aside{margin:0;color:var(--quiet);font-size:.95rem}
p{margin:.75rem 0;max-width:46rem;text-wrap:pretty}
.scroll{overflow-x:auto;overflow-y:hidden}
table{border-collapse:collapse}
table.rows{margin:.75rem 0;width:100%}
table.rows td,table.rows th{padding:.34rem 0;vertical-align:baseline;text-align:left;font-weight:400}
table.rows .label{width:1%;padding-right:1.1rem;color:var(--quiet);font-variant-numeric:tabular-nums;
font-size:.95rem;white-space:nowrap}
table.rows .left{width:1%;white-space:nowrap;text-align:right}
table.rows .relation{width:1%;padding:.34rem .5rem;text-align:center}
table.rows .right{width:1%;white-space:nowrap;padding-right:2.25rem}
table.rows .more{padding-left:1.5rem}
table.rows .reason{color:var(--quiet);font-size:.95rem;min-width:13rem;line-height:1.45}
table.rows .below{padding-top:0}
table.rows .note{color:var(--ink)}
.raw{font:.92rem/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}
tr:target>*{background:var(--raised)}
.label a{color:inherit;text-decoration:none}
.label a:hover{color:var(--accent);text-decoration:underline}
.changed{color:var(--changed);background:var(--changed-paper);border-radius:.2em}
.verdict{font-weight:600;color:var(--right)}
.verdict.wrong{color:var(--wrong)}
.evidence{font-style:italic}
details{margin:0 0 .25rem}
summary{width:max-content;cursor:pointer;color:var(--quiet);font-size:.82rem;line-height:1.3;list-style:none;border-radius:.2rem}
summary::-webkit-details-marker{display:none}
summary::before{content:"▸";display:inline-block;width:1.1em}
details[open]>summary::before{content:"▾"}
summary:hover{color:var(--accent);text-decoration:underline}
summary:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
details>.scroll{border-left:2px solid var(--rule);padding-left:1.1rem;margin:.3rem 0 .3rem .45rem}
details table.rows{margin:0}
table.rows tr.opens>td{padding:0}
.formula{margin:1.25rem 0;text-align:center}
.callout{margin:.45rem 0;padding-left:.9rem;border-left:3px solid var(--rule)}
.callout .kind{font-weight:600;margin-right:.35em}
.callout.proved{border-color:var(--right)}
.callout.proved .kind{color:var(--right)}
.callout.warning,.callout.mistake{border-color:var(--wrong)}
.callout.warning .kind,.callout.mistake .kind{color:var(--wrong)}
.callout.hint,.callout.convention{border-color:var(--accent)}
.callout.hint .kind,.callout.convention .kind{color:var(--accent)}
.callout.reading,.callout.next{color:var(--quiet)}
.callout:not(.callout+.callout){margin-top:1.75rem}
code{font:.88em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
background:var(--raised);padding:.1em .35em;border-radius:.25em;white-space:pre-wrap}
pre{margin:1rem 0;padding:.9rem 1.1rem;background:var(--raised);border-radius:.4rem;overflow-x:auto}
pre code{padding:0;background:none;white-space:pre}
table.data{margin:1rem 0;font-variant-numeric:tabular-nums}
table.data th{font-weight:600;text-align:left;border-bottom:1px solid var(--ink)}
table.data th,table.data td{padding:.4rem 1.75rem .4rem 0}
table.data td{border-bottom:1px solid var(--rule)}
.cases mtd{text-align:-webkit-left;text-align:left;padding-left:0;padding-right:.9em}
@media (max-width:46rem){
main{padding:1.75rem 1rem 3rem}
h1{font-size:1.5rem}
table.rows,table.rows>tbody{display:block}
table.rows>tbody>tr{display:grid;grid-template-columns:minmax(1.4rem,max-content) max-content max-content
minmax(0,1fr);align-items:baseline;padding:.3rem 0}
table.rows td,table.rows th{width:auto!important;padding-top:.1rem;padding-bottom:.1rem}
table.rows .label{padding-right:.5rem}
table.rows .right{overflow-x:auto;overflow-y:hidden;padding-right:0;max-width:100%}
table.rows .reason,table.rows tr.opens>td:last-child{grid-column:2/-1;min-width:0}
}
@media print{
@page{margin:18mm}
body{background:none;color:#000;font-size:10.5pt}
main{max-width:none;padding:0}
summary::before{content:""}
details::details-content{content-visibility:visible;display:block;height:auto}
tr,.callout,.formula{break-inside:avoid}
h1,h2,h3{break-after:avoid}
}
"""

STYLE_SHEET: Final = (
    f":root{{{_variables(LIGHT)}}}"
    f"@media (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}"
    f"@media print{{:root{{{_variables(LIGHT)}}}}}" + _SHEET
)
