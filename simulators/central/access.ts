/** Who may come in: whoever knows a token; and, for the pages alone, whoever sits at this machine. */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { OPERATOR } from './tenants.ts'
import type { Tenant } from './tenants.ts'

export type Access = {
  /** By an Authorization header of kind Bearer; null for nobody that is known. */
  readonly bearer: (authorization: string | undefined) => Tenant | null
  /** From this machine by a loopback name, or with a token as Basic password (any user), which browsers ask for. */
  readonly reader: (request: FastifyRequest) => Tenant | null
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const TOKEN_CHARACTERS_MIN = 16
const LOOPBACK_PEERS: readonly string[] = ['127.0.0.1', '::1', '::ffff:127.0.0.1']
/** The name matters too: a foreign page may resolve its own name to 127.0.0.1 and read on as the same origin. */
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

/**
 * @param token Of the operator, who sees and sends for everybody.
 * @param organizations Tokens by organisation, each of which sees and sends for itself alone.
 * @throws RangeError when a token is too short to keep anybody out, or two are the same.
 */
export function accessBy(token: string, organizations: ReadonlyMap<string, string>): Access {
  const tokens = [token, ...organizations.values()]
  if (tokens.some(known => known.length < TOKEN_CHARACTERS_MIN)) throw new RangeError(`a token of central is to have at least ${TOKEN_CHARACTERS_MIN} characters`)
  if (new Set(tokens).size < tokens.length) throw new RangeError('each organisation is to have a token of its own')
  const operator = digest(token)
  const tenants = new Map<string, Tenant>([...organizations].map(([name, own]) => [digest(own).toString('hex'), { kind: 'organization', name }]))
  // By digest: how long the comparison takes says nothing of a token.
  const whoKnows = (given: string): Tenant | null => {
    const hashed = digest(given)
    return timingSafeEqual(hashed, operator) ? OPERATOR : (tenants.get(hashed.toString('hex')) ?? null)
  }
  const basic = (authorization: string | undefined): Tenant | null => {
    const given = /^basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1]
    if (given === undefined) return null
    const pair = Buffer.from(given, 'base64').toString()
    return pair.includes(':') ? whoKnows(pair.slice(pair.indexOf(':') + 1)) : null
  }
  return {
    bearer(authorization) {
      const given = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
      return given === undefined ? null : whoKnows(given)
    },
    reader(request) {
      const isHere = LOOPBACK_PEERS.includes(request.socket.remoteAddress ?? '') && LOOPBACK_HOST.test(request.headers.host ?? '')
      return basic(request.headers.authorization) ?? (isHere ? OPERATOR : null)
    },
  }
}
