/** What a batch of the release lane says of itself: nothing of the ward, of its log, or of when it was cut. Pure. */

import { RELEASE_METHODS, type ReleaseMethod } from './release-time.ts'

export type ReleaseMarks = {
  /** The first instant of a year. */
  readonly timestamp: string
  /** Random, of this release alone. */
  readonly organizationId: string
  readonly gatewayId: string
  /** The release. */
  readonly keyEpoch: string
  readonly method: ReleaseMethod
  /** How many stays leave together; null where dead letters are sent again. */
  readonly stays: number | null
}

type Parts = { readonly size: number; readonly sha256: string; readonly source: string; readonly schemaVersion: number }

/** All of it is for a database: no ward screen waits for it. Counts stand where the live lane has numbers of its log. */
export const releaseMetadata = ({ timestamp, organizationId, gatewayId, keyEpoch, method, stays }: ReleaseMarks, { size, sha256, source, schemaVersion }: Parts): string =>
  JSON.stringify({
    timestamp, source, size, schemaVersion, organizationId, gatewayId, lane: 'release', method, keyEpoch,
    ...(stays === null ? {} : { stays }), historical: true, sha256,
  })

/** Of a batch that was cut before; undefined when it is of another lane. */
export function marksOf(metadata: object): ReleaseMarks | undefined {
  const { lane, timestamp, organizationId, gatewayId, keyEpoch, method: said, stays }: { readonly [Name in keyof ReleaseMarks | 'lane']?: unknown } = metadata
  const method = RELEASE_METHODS.find((known) => known === said)
  if (lane !== 'release' || method === undefined) return undefined
  return { timestamp: String(timestamp), organizationId: String(organizationId), gatewayId: String(gatewayId), keyEpoch: String(keyEpoch), method, stays: typeof stays === 'number' ? stays : null }
}
