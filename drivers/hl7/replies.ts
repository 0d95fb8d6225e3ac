/** What a message is answered with, by what became of it. */

import { type AckResult, type Charset, type Outcome, type Reply, type Segment, ackCode, ackOf, mllpFrame } from '#driver'

/** The acknowledgement that a believed message asks for; null where it asks for none whatever happens: its sender will not send it again. */
export function answer(header: Segment, charset: Charset): Reply | null {
  const ack = acknowledging(header, charset)
  return ack === null ? null : (outcome) => ack(outcome)
}

/** Kept or not, a message that is not understood is refused; only a store that failed asks for it again. */
export function rejection(header: Segment, charset: Charset, why: string): Reply {
  const ack = acknowledging(header, charset)
  return (outcome) => ack?.(outcome.kind === 'retry' ? outcome : { kind: 'rejected', why }) ?? null
}

/** Reads of the header what an answer needs, for the message itself does not stay in memory while its answer waits for the disk. */
function acknowledging(header: Segment, charset: Charset): Reply | null {
  const codes = { accept: ackCode(header, 'accept'), error: ackCode(header, 'error'), reject: ackCode(header, 'reject') }
  if (codes.accept === null && codes.error === null && codes.reject === null) return null
  // MSH-7 is required (2.6, 2.14.9.7); the message's own time keeps the answer a function of the message alone.
  const ack = ackOf(header, header.field(7), charset)
  return (outcome) => {
    const code = codes[resultOf(outcome)]
    return code === null ? null : mllpFrame(ack(code, outcome.kind === 'retry' || outcome.kind === 'rejected' ? outcome.why : ''))
  }
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
