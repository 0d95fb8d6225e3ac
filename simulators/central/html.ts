/** Pages as text. Everything from a batch is escaped; no script, nothing loaded. */

/** Nothing is loaded and nothing runs. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Text that has been escaped, or is ours. */
export type Html = { readonly html: string }

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
export const escaped = (text: string): string => text.replace(/[&<>"']/g, character => ESCAPES[character] ?? character)
export type Cell = string | number | null | Date | Html

const cell = (value: Cell): string => {
  if (value === null) return '–'
  if (value instanceof Date) return escaped(value.toISOString())
  if (typeof value === 'object') return value.html
  return escaped(String(value))
}

export const table = (heads: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  rows.length === 0
    ? '<p>None yet.</p>'
    : `<div class="scroll"><table><thead><tr>${heads.map(head => `<th>${escaped(head)}</th>`).join('')}</tr></thead><tbody>${rows
        .map(row => `<tr>${row.map(value => `<td>${cell(value)}</td>`).join('')}</tr>`)
        .join('')}</tbody></table></div>`

export const section = (title: string, content: string): string => `<section><h2>${escaped(title)}</h2>${content}</section>`

/** Beginnings of surrogates differ, and 32 digits side by side nobody reads. */
const SHORT_CHARACTERS = 10
export const short = (name: string): string => (name.length > SHORT_CHARACTERS + 2 ? `${name.slice(0, SHORT_CHARACTERS)}…` : name)

const hrefOf = (subject: string): string => `/subjects/${escaped(encodeURIComponent(subject))}`
export const subjectLink = (subject: string): Html => ({ html: `<a href="${hrefOf(subject)}">${escaped(subject)}</a>` })
export const shortLink = (subject: string): Html => ({ html: `<a href="${hrefOf(subject)}" title="${escaped(subject)}">${escaped(short(subject))}</a>` })

/** What a lane's times are worth stands beside whatever is plotted over time. */
export const laneMark = (lane: string | null): string => (lane === 'release' ? ' <span class="lane">released: times of nobody</span>' : '')

/** Bytes, for people. */
export const size = (bytes: number): string => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`)

const SHOWN_CHARACTERS_MAX = 2_000
export const json = (value: unknown): Html => {
  const text = JSON.stringify(value)
  return { html: `<code>${escaped(text.slice(0, SHOWN_CHARACTERS_MAX))}</code>${text.length > SHOWN_CHARACTERS_MAX ? ' …' : ''}` }
}

/** How long, for people. */
export function lasting(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h`
  return `${Math.round(seconds / 86_400)} days`
}

const STYLE = `body{font:15px/1.4 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#fff}main{padding:0 1.5rem 3rem}
.banner{background:#8a1020;color:#fff;padding:.7rem 1.5rem;font-weight:600}h1{font-size:1.4rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
table{border-collapse:collapse}th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #ddd}
th,td{vertical-align:top;font-variant-numeric:tabular-nums;white-space:nowrap}td:has(code){white-space:normal;min-width:20rem}
.scroll{overflow-x:auto}nav a{margin-right:1.2rem}p.note{color:#555;margin:.2rem 0 .5rem;max-width:60rem}
code{font-size:12px;overflow-wrap:anywhere}svg{display:block}svg text{font:12px system-ui,sans-serif}
.key span{display:inline-block;margin-right:1rem}.key i{display:inline-block;width:.9rem;height:.9rem;vertical-align:-.1rem;margin-right:.3rem;border:1px solid #777}
@media(min-width:90rem){.beside{display:grid;grid-template-columns:auto 1fr;gap:0 4rem}}.beside>section{min-width:0}.beside p.note{max-width:34rem}svg.strip{max-width:42vw}
.late{color:#8a1020;font-weight:600}.lane{background:#eee;border:1px solid #777;border-radius:.2rem;padding:0 .3rem;font-size:.85em;font-weight:400}
svg.strip{background:#f7f7f7}
@media(max-width:40rem){main{padding:0 .7rem 2rem}.banner{padding:.6rem .7rem}svg.strip{width:6.5rem}th,td{padding-right:.5rem}}`

export const whole = (title: string, content: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="10">
<title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><div class="banner" role="note">Reference central of Vigil: demo data, not for clinical use. Subjects are pseudonyms; rows are shown as they came.</div>
<main><h1>${escaped(title)}</h1>${content}</main></body></html>`
