/** Who may come in: whoever knows the token; and, for the pages alone, whoever sits at this machine. */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

export type Access = {
  /** By an Authorization header of kind Bearer. */
  readonly isBearer: (authorization: string | undefined) => boolean
  /** From this machine by a loopback name, or with the token as Basic password (any user), which browsers ask for. */
  readonly mayRead: (request: FastifyRequest) => boolean
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const LOOPBACK_PEERS: readonly string[] = ['127.0.0.1', '::1', '::ffff:127.0.0.1']
/** The name matters too: a foreign page may resolve its own name to 127.0.0.1 and read on as the same origin. */
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

/** @throws RangeError when the token is too short to keep anybody out. */
export function accessBy(token: string): Access {
  if (token.length < 16) throw new RangeError('the token of central is to have at least 16 characters')
  const expected = digest(token)
  const isToken = (given: string): boolean => timingSafeEqual(digest(given), expected)
  const isBearer = (authorization: string | undefined): boolean => {
    const given = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    return given !== undefined && isToken(given)
  }
  const isBasic = (authorization: string | undefined): boolean => {
    const given = /^basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1]
    if (given === undefined) return false
    const pair = Buffer.from(given, 'base64').toString()
    return pair.includes(':') && isToken(pair.slice(pair.indexOf(':') + 1))
  }
  return {
    isBearer,
    mayRead: request =>
      (LOOPBACK_PEERS.includes(request.socket.remoteAddress ?? '') && LOOPBACK_HOST.test(request.headers.host ?? '')) || isBasic(request.headers.authorization),
  }
}
