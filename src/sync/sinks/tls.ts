/** What a connection to another machine needs: TLS 1.3, the authority that is trusted, and where wanted who we are. */

import { type Certificate, isLoopback } from './http.ts'

export type TlsSpec = {
  /** PEM; null for those that Node trusts. */
  readonly ca: string | null
  readonly certificate: Certificate | null
}

/** Options as node:tls takes them, which is how the client libraries take them too. */
export const tlsOptions = ({ ca, certificate }: TlsSpec) => ({ minVersion: 'TLSv1.3' as const, ...(ca === null ? {} : { ca }), ...certificate })

/** Host and port of `host:port`; IPv6 in brackets. @throws RangeError when it is none. */
export function placeOf(text: string, what: string): { readonly host: string; readonly port: number } {
  const match = /^(\[[0-9a-f:]+\]|[^:\s/]+):(\d{1,5})$/i.exec(text)
  const port = Number(match?.[2])
  if (match?.[1] === undefined || port === 0 || port > 65_535) throw new RangeError(`"${text}" is no address of ${what}: it looks like broker.example.org:9093`)
  return { host: match[1], port }
}

/** @throws RangeError when readings would go over a network in clear. */
export function mustBeSafe(hosts: readonly string[], tls: TlsSpec | null, what: string): void {
  const open = hosts.find((host) => !isLoopback(host))
  if (tls !== null || open === undefined) return
  throw new RangeError(`${what} at ${open} would be sent readings in clear: name its "tls", or an address of this machine (127.0.0.1)`)
}
