/** Who may knock: our own origin, our own cookie, and the headers that keep other pages out (OWASP ASVS 5.0, chapters 3 and 4). */

import { X509Certificate } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP, isIPv6 } from 'node:net'
import { apiLimits } from '../limits.ts'

/** `__Host-`: the browser takes it only with Secure and Path=/ and without Domain. Chromium does so on http://127.0.0.1 and http://localhost too. */
export const COOKIE = '__Host-vigil'

export const COOKIE_OPTIONS = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' } as const

export const COOKIE_SECONDS = apiLimits.sessionHoursMax * 3_600

/** Everything comes from here and nothing runs that we did not write: no inline script, no inline style. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "media-src 'self'",
  "manifest-src 'self'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** On every answer. HSTS for a year, ASVS 3.4.1, only where there is TLS to insist on. */
export const securityHeaders = (isTls: boolean): Readonly<Record<string, string>> => ({
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
  ...(isTls ? { 'strict-transport-security': 'max-age=31536000' } : {}),
})

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  const family = isIP(host)
  return family !== 0 && LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4')
}

export type OriginSetting = {
  readonly host: string
  /** The certificate says under which names this computer is known. */
  readonly cert: string | null
  /** Further whole origins, as behind a proxy that ends TLS: `https://ward3.hospital.example`. */
  readonly origins: readonly string[]
}

/** Tells whether a request comes from a page of ours: its Origin must be the address it was sent to, and one of our names. */
export function ownOrigin({ host, cert, origins }: OriginSetting): (headers: IncomingHttpHeaders) => boolean {
  const scheme = cert === null ? 'http' : 'https'
  const certificate = cert === null ? null : new X509Certificate(cert)
  const isOurName = (name: string): boolean => {
    // Checked even where the Host header agrees: a foreign name that was made to point here (DNS rebinding) agrees too.
    if (isLoopback(host) && isLoopback(name)) return true
    if (name === host) return true
    if (!certificate) return false
    return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined
  }
  return ({ origin, host: sentTo }) => {
    if (origin === undefined || sentTo === undefined) return false
    if (origins.includes(origin)) return true
    const url = URL.parse(origin)
    return url !== null && origin === `${scheme}://${sentTo.toLowerCase()}` && isOurName(url.hostname.replace(/^\[|\]$/g, ''))
  }
}

/** A form of another site can send text/plain, urlencoded and multipart without being asked; JSON it cannot. */
export const isJson = ({ 'content-type': type }: IncomingHttpHeaders): boolean => /^application\/json\s*(;|$)/i.test(type ?? '')

/** A browser that says the request comes from elsewhere is believed. */
export const isFromElsewhere = (headers: IncomingHttpHeaders): boolean => {
  const site = headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

/** How the address reads in a URL. */
export const urlHost = (host: string): string => (isIPv6(host) ? `[${host}]` : host)
