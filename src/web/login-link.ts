/** One-time links carry their token behind the `#`, which browsers never send to a server. */

/** The token of `#token=…` or `#…`; null when there is none. */
export function tokenIn(hash: string): string | null {
  const text = hash.replace(/^#/, '')
  const token = new URLSearchParams(text).get('token') ?? text
  return token === '' ? null : token
}
