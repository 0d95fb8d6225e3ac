/** The default sink: `POST {base}/api/v1/analytics/batches`, gzip or zstd, Bearer token, Idempotency-Key, TLS 1.3 (contract with central, §2). */

import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'
import type { ClaimAnswer, Sink, SinkClaim } from '../../seams.ts'
import { type HttpSettings, type Unanswered, checkedUrl as urlWith, createPoster } from './http.ts'
import { type HttpAnswer, answerOf, claimAnswerOf } from './https-answer.ts'

export const HTTPS_BATCH = 'https-batch'

export type HttpsBatchSettings = HttpSettings & {
  /** Its name among several. */
  readonly id?: string
  /** gzip where nothing is said: every server reads it. */
  readonly compression?: 'gzip' | 'zstd'
  /** Drawn at each start of the gateway: by it central tells two boxes with one name apart. Null where nobody cares. */
  readonly instance?: string
}

const BATCHES = 'batches'
const GATEWAYS = 'gateways'
const PATH = `api/v1/analytics/${BATCHES}`
const gzipped = promisify(gzip)
const zstdPacked = promisify(zstdCompress)
/** Takes no longer than gzip here, and less comes out. */
const ZSTD_LEVEL = 9

/** Where batches go. @throws RangeError with a sentence when it is none, or would send readings over a network in clear. */
export const checkedUrl = (text: string): URL => urlWith(text, PATH)

export const packed = (body: Uint8Array, compression: 'gzip' | 'zstd'): Promise<Uint8Array> =>
  compression === 'gzip' ? gzipped(body) : zstdPacked(body, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } })

/** @throws RangeError for a wrong address or a token that no header can carry. */
export function createHttpsBatch({ id = HTTPS_BATCH, compression = 'gzip', instance, ...http }: HttpsBatchSettings): Sink & { close(): void } {
  const poster = createPoster(PATH, http)
  const named = instance === undefined ? {} : { 'vigil-instance': instance }

  async function call(path: string, body: Uint8Array, headers: Readonly<Record<string, string>>, stop: AbortSignal): Promise<HttpAnswer | Unanswered> {
    return poster.post({ path, body: await packed(body, compression), headers: { 'content-encoding': compression, ...named, ...headers } }, stop)
  }

  async function claim(asked: SinkClaim, stop: AbortSignal): Promise<ClaimAnswer> {
    const answer = await call(GATEWAYS, new TextEncoder().encode(JSON.stringify(asked)), {}, stop)
    return 'kind' in answer ? answer : claimAnswerOf(answer)
  }

  return {
    id,
    ...(instance === undefined ? {} : { claim }),
    async send(batch, stop) {
      const answer = await call(BATCHES, batch.body, { 'idempotency-key': batch.batchId }, stop)
      return 'kind' in answer ? answer : answerOf(answer, batch)
    },
    close: () => poster.close(),
  }
}
