/** Webhook: one HTTPS POST for each notice, signed, as plain JSON or as Slack and its likes take it. */

import { createHmac } from 'node:crypto'
import { wayLimits } from '../../limits.ts'
import type { Clock } from '../../seams.ts'
import { contentOf } from './content.ts'
import { deadline, wordsOf } from './waiting.ts'
import type { Notice, SendResult, Way } from './way.ts'
import { MARKS } from './words.ts'

export type WebhookSetting = {
  readonly id: string
  readonly url: string
  readonly style: 'json' | 'slack'
  /** Null: unsigned, where the receiver cannot check (Slack: its address is the secret). */
  readonly secret: string | null
  readonly gatewayId: string
  readonly patientData: boolean
  readonly clock: Clock
}

/**
 * What stands in `X-Vigil-Signature`: `v1=` and the hexadecimal HMAC-SHA256 (RFC 2104) of `timestamp.body`, keyed with the
 * shared secret; `timestamp` is `X-Vigil-Timestamp`, in seconds since 1970. Receivers refuse what is older than five minutes.
 */
export const signatureOf = (secret: string, timestamp: string, body: string): string => `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`

/** Slack's own escapes: `&`, `<` and `>` would make links of what stands between them. */
const slackText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

export function bodyOf(notice: Notice, { style, gatewayId, patientData }: Pick<WebhookSetting, 'style' | 'gatewayId' | 'patientData'>): string {
  if (style === 'json') return JSON.stringify(contentOf(notice, { gatewayId, patientData }))
  const over = notice.phase === 'end' || notice.phase === 'reset' ? ' (over)' : ''
  return JSON.stringify({ text: slackText(`${MARKS[notice.alert.priority]} ${notice.text}${over}`) })
}

/** Answers that say "this one never": whatever else is wrong may be put right at the far end. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422])

export function webhookWay(setting: WebhookSetting): Way {
  const { id, url, secret, clock, style } = setting
  return {
    id,
    // People read what Slack shows: each is told once. A program keeps its list.
    says: style === 'slack' ? 'calls' : 'all',
    async send(notice, stop): Promise<SendResult> {
      const body = bodyOf(notice, setting)
      const timestamp = String(Math.floor(clock.wall() / 1_000))
      using over = deadline(clock, wayLimits.sendMs, stop)
      try {
        const answer = await fetch(url, {
          method: 'POST',
          body,
          // A redirect would carry the alert where nobody configured it to go.
          redirect: 'error',
          signal: over.signal,
          headers: {
            'content-type': 'application/json; charset=utf-8',
            'x-vigil-delivery': notice.id,
            ...(secret === null ? {} : { 'x-vigil-timestamp': timestamp, 'x-vigil-signature': signatureOf(secret, timestamp, body) }),
          },
        })
        await answer.body?.cancel()
        if (answer.ok) return { kind: 'sent', messageId: notice.id }
        return { kind: REFUSALS.has(answer.status) ? 'refused' : 'trouble', why: `HTTP ${answer.status}` }
      } catch (error) {
        return over.signal.aborted ? { kind: 'trouble', why: 'no answer in time', mayHaveCome: true } : { kind: 'trouble', why: whyOf(error) }
      }
    },
  }
}

/** `fetch failed` says nothing; its cause does. */
const whyOf = (error: unknown): string => wordsOf(error instanceof Error && error.cause instanceof Error ? error.cause : error)
