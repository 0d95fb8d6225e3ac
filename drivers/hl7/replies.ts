/** What a message is answered with, by what became of it. */

import { type AckResult, type Charset, type Outcome, type Reply, type Segment, ackCode, ackMessage, mllpFrame } from '#driver'

const RESULTS: readonly AckResult[] = ['accept', 'error', 'reject']

/** The acknowledgement that a believed message asks for; null where it asks for none whatever happens: its sender will not send it again. */
export const answer = (header: Segment, charset: Charset): Reply | null =>
  RESULTS.some((result) => ackCode(header, result) !== null) ? (outcome) => acknowledge(header, charset, outcome) : null

/** Kept or not, a message that is not understood is refused; only a store that failed asks for it again. */
export const rejection =
  (header: Segment, charset: Charset, why: string): Reply =>
  (outcome) =>
    acknowledge(header, charset, outcome.kind === 'retry' ? outcome : { kind: 'rejected', why })

function acknowledge(header: Segment, charset: Charset, outcome: Outcome): Uint8Array | null {
  const code = ackCode(header, resultOf(outcome))
  if (code === null) return null
  const text = outcome.kind === 'retry' || outcome.kind === 'rejected' ? outcome.why : ''
  // MSH-7 is required (2.6, 2.14.9.7); the message's own time keeps the answer a function of the message alone.
  return mllpFrame(ackMessage(header, { code, text, at: header.field(7) }, charset))
}

function resultOf(outcome: Outcome): AckResult {
  switch (outcome.kind) {
    case 'stored':
    case 'repeated':
      return 'accept'
    case 'retry':
      return 'error'
    case 'rejected':
      return 'reject'
  }
}
