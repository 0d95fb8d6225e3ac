/** From the bytes of a request to JSON, within bounds: what is small when packed may be huge when unpacked. */

import { promisify } from 'node:util'
import { gunzip, zstdDecompress } from 'node:zlib'
import { centralLimits } from '../../src/limits.ts'

export type Refusal = { readonly status: number; readonly detail: string; readonly code?: string | undefined; readonly retryAfterSeconds?: number }

export type Unpacked = { readonly kind: 'json'; readonly json: unknown } | { readonly kind: 'refused'; readonly refusal: Refusal }

const gunzipped = promisify(gunzip)
const zstdUnpacked = promisify(zstdDecompress)

const refused = (status: number, detail: string): Unpacked => ({
  kind: 'refused',
  refusal: { status, detail, ...(status === 400 ? { code: 'ANALYTICS_001' } : {}) },
})

/** @param encoding Content-Encoding, in any case; empty or `identity` for none. */
export async function unpack(body: Uint8Array, encoding: string): Promise<Unpacked> {
  const bytes = await decompress(body, encoding.trim().toLowerCase())
  if (!(bytes instanceof Uint8Array)) return bytes
  if (bytes.length > centralLimits.unpackedBytesMax) return tooLarge
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return refused(400, 'The body is not JSON in UTF-8.')
  }
  return nestsAtMost(json, centralLimits.nestingLevelsMax) ? { kind: 'json', json } : refused(400, 'The body is nested too deeply.')
}

/** A message of a broker as JSON; null for what is none, or is nested too deeply. */
export function parsedText(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text)
    return nestsAtMost(json, centralLimits.nestingLevelsMax) ? json : null
  } catch {
    return null
  }
}

const tooLarge = refused(413, `The body unpacks to more than ${centralLimits.unpackedBytesMax} bytes.`)

/** Most batches are unpacked in one turn. */
const UNPACKED_AT_ONCE_BYTES = 131_072

async function decompress(body: Uint8Array, encoding: string): Promise<Uint8Array | Unpacked> {
  const options = { maxOutputLength: centralLimits.unpackedBytesMax, chunkSize: UNPACKED_AT_ONCE_BYTES }
  try {
    switch (encoding) {
      case '':
      case 'identity':
        return body
      case 'gzip':
        return await gunzipped(body, options)
      case 'zstd':
        return await zstdUnpacked(body, options)
      default:
        return refused(400, 'Content-Encoding is to be gzip, zstd or none.')
    }
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge : refused(400, `The body is not ${encoding}.`)
  }
}

/** Recursion goes no deeper than `levels`. Beyond it JSON.stringify and the database would overflow their stacks. */
function nestsAtMost(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  for (const inner of Array.isArray(value) ? value : Object.values(value)) if (!nestsAtMost(inner, levels - 1)) return false
  return true
}
