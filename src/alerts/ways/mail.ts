/** E-mail, through whatever carries it: nodemailer in the house, a list of messages in a test. */

import { wayLimits } from '../../limits.ts'
import type { Clock } from '../../seams.ts'
import { deadline, wordsOf } from './waiting.ts'
import type { SendResult, Way } from './way.ts'

export type Mail = { readonly from: string; readonly to: readonly string[]; readonly subject: string; readonly text: string; readonly messageId: string; readonly headers: Readonly<Record<string, string>> }

/** The part of nodemailer's transport that is used. Rejects when the mail was not taken; `responseCode` is that of SMTP. */
export interface MailTransport {
  sendMail(mail: Mail): Promise<unknown>
}

export type MailSetting = {
  readonly id: string
  readonly from: string
  readonly to: readonly string[]
  readonly gatewayId: string
  readonly transport: MailTransport
  readonly clock: Clock
}

export function mailWay({ id, from, to, gatewayId, transport, clock }: MailSetting): Way {
  return {
    id,
    says: 'calls',
    async send({ id: noticeId, alert, phase, text, at }, stop): Promise<SendResult> {
      const over = phase === 'end' || phase === 'reset' ? ' (over)' : ''
      const messageId = `<${noticeId}@${gatewayId}.vigil.invalid>`
      using limit = deadline(clock, wayLimits.sendMs, stop)
      const sending = transport.sendMail({
        from,
        to,
        subject: `[Vigil ${alert.priority}] ${text}${over}`.replaceAll(/[\r\n]+/gu, ' ').slice(0, wayLimits.subjectCharsMax),
        text: `${text}${over}\n\n${new Date(at).toISOString()}\nVigil is a second notification: the monitor at the bed stays the first.\n`,
        messageId,
        // RFC 3834: nobody's absence note is wanted.
        headers: { 'Auto-Submitted': 'auto-generated', ...(alert.priority === 'high' ? { Importance: 'high', 'X-Priority': '1' } : {}) },
      })
      const late = new Promise<never>((_, reject) => {
        limit.signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true })
      })
      try {
        await Promise.race([sending, late])
        return { kind: 'sent', messageId }
      } catch (error) {
        // RFC 5321, 4.2.1: 5xx is for good. Of the server itself (530, 535: not logged in) it is trouble, of this mail a refusal.
        const code = codeOf(error)
        return { kind: code !== null && code >= 550 ? 'refused' : 'trouble', why: code === null ? wordsOf(error) : `SMTP ${code}` }
      }
    },
  }
}

function codeOf(error: unknown): number | null {
  return typeof error === 'object' && error !== null && 'responseCode' in error && typeof error.responseCode === 'number' ? error.responseCode : null
}
