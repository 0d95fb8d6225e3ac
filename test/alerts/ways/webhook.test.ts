import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contentOf } from '../../../src/alerts/ways/content.ts'
import { type Mail, mailWay } from '../../../src/alerts/ways/mail.ts'
import { signatureOf, webhookWay } from '../../../src/alerts/ways/webhook.ts'
import { wayLimits } from '../../../src/limits.ts'
import { fakeClock } from '../../fakes/clock.ts'
import { alertOf, AT, noticeOf, technical } from './alerts.ts'

const never = new AbortController().signal
type Posted = { readonly body: string; readonly headers: Readonly<Record<string, unknown>>; readonly path: string }
const posted: Posted[] = []
const NOTHING: Posted = { body: '', headers: {}, path: '' }
let status = 200
const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (text: string) => (body += text))
  request.on('end', () => {
    posted.push({ body, headers: request.headers, path: request.url ?? '' })
    if (status === 0) return
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('x'.repeat(10))
  })
})
let url = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/hook`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const clock = fakeClock(AT)
const way = (style: 'json' | 'slack', patientData = false, secret: string | null = 'key') => webhookWay({ id: 'hook', url, style, secret, gatewayId: 'vigil-1', patientData, clock })

describe('a webhook', () => {
  it('is signed as an independent HMAC-SHA256 has it', () => {
    // Computed with Python's hmac.
    expect(signatureOf('key', '1767225600', '{"a":1}')).toBe('v1=80f7b75f8618b9b24d72673996a625f1a43f7387a26b6739d667431724fe4d23')
    expect(signatureOf('key', '1', 'body')).not.toBe(signatureOf('key', '1', 'Body'))
    expect(signatureOf('key', '1', 'body')).not.toBe(signatureOf('key', '2', 'body'))
  })

  it('posts JSON with signature and time, without a word about the patient', async () => {
    status = 200
    expect(await way('json').send(noticeOf(alertOf('a')), never)).toEqual({ kind: 'sent', messageId: 'a' })
    const { body, headers } = posted.at(-1) ?? NOTHING
    expect(JSON.parse(body)).toEqual({
      schema: 'vigil.alert/1', notice: 'a', alert: 'a', gateway: 'vigil-1', phase: 'start', state: 'active', priority: 'high', severity: 'critical',
      type: 'physiological', acknowledged: false, audioPaused: false, bed: 'Bed 7', text: 'Bed 7: open Vigil', at: '2026-01-15T02:00:00.000Z', startedAt: '2026-01-15T02:00:00.000Z',
    })
    const timestamp = String(AT / 1_000)
    expect(headers).toMatchObject({ 'x-vigil-timestamp': timestamp, 'x-vigil-signature': signatureOf('key', timestamp, body), 'x-vigil-delivery': 'a' })
  })

  it('speaks to Slack in its way, and cannot be made to link', async () => {
    status = 200
    await way('slack', true, null).send(noticeOf(alertOf('a'), { text: 'Bed 7: <!channel> SpO₂ & more' }), never)
    const { body, headers } = posted.at(-1) ?? NOTHING
    expect(JSON.parse(body)).toEqual({ text: '*** Bed 7: &lt;!channel&gt; SpO₂ &amp; more' })
    expect(headers['x-vigil-signature']).toBeUndefined()
  })

  it.each([[500, 'trouble'], [429, 'trouble'], [404, 'trouble'], [401, 'trouble'], [400, 'refused'], [422, 'refused']] as const)('HTTP %i is %s', async (code, kind) => {
    status = code
    expect(await way('json').send(noticeOf(alertOf('a')), never)).toEqual({ kind, why: `HTTP ${code}` })
  })

  it('follows no redirect', async () => {
    status = 302
    const before = posted.length
    expect(await way('json').send(noticeOf(alertOf('a')), never)).toMatchObject({ kind: 'trouble' })
    expect(posted.slice(before).map(({ path }) => path)).toEqual(['/hook'])
  })

  it('that does not answer is given up in its time', async () => {
    status = 0
    const before = posted.length
    const sending = way('json').send(noticeOf(alertOf('a')), never)
    while (posted.length === before) await new Promise((resolve) => setImmediate(resolve))
    await clock.pass(wayLimits.sendMs)
    expect(await sending).toEqual({ kind: 'trouble', why: 'no answer in time', mayHaveCome: true })
  })
})

describe('a mail', () => {
  const mail = (sendMail: (mail: Mail) => Promise<unknown>) =>
    mailWay({ id: 'mail', from: 'vigil@h.example', to: ['a@h.example', 'b@h.example'], gatewayId: 'vigil-1', transport: { sendMail }, clock: fakeClock(AT) })

  it('says what may be said, to all at once, and that it was made by a machine', async () => {
    const mails: Mail[] = []
    const way = mail((one) => Promise.resolve(mails.push(one)))
    expect(await way.send(noticeOf(alertOf('a')), never)).toEqual({ kind: 'sent', messageId: '<a@vigil-1.vigil.invalid>' })
    expect(mails[0]).toMatchObject({ to: ['a@h.example', 'b@h.example'], subject: '[Vigil high] Bed 7: open Vigil', headers: { 'Auto-Submitted': 'auto-generated', Importance: 'high' } })
    expect(JSON.stringify(mails)).not.toMatch(/84|SpO/)
  })

  it('cannot be given further headers by the words of an alert', async () => {
    const mails: Mail[] = []
    await mail((one) => Promise.resolve(mails.push(one))).send(noticeOf(alertOf('a', technical), { text: 'x\r\nBcc: all@h.example' }), never)
    expect(mails[0]?.subject).toBe('[Vigil low] x Bcc: all@h.example')
  })

  it('that the server does not take for good is refused, all else is trouble', async () => {
    const answered = (responseCode?: number) => mail(() => Promise.reject(Object.assign(new Error('no'), { responseCode }))).send(noticeOf(alertOf('a')), never)
    expect(await answered(550)).toEqual({ kind: 'refused', why: 'SMTP 550' })
    expect(await answered(451)).toEqual({ kind: 'trouble', why: 'SMTP 451' })
    expect(await answered(535)).toEqual({ kind: 'trouble', why: 'SMTP 535' })
    expect(await answered()).toEqual({ kind: 'trouble', why: 'no' })
  })
})

describe('the content for programs', () => {
  it('names the condition only where it may, or where it is about no patient', () => {
    const facts = { gatewayId: 'g', patientData: false }
    expect(contentOf(noticeOf(alertOf('a')), facts)).not.toHaveProperty('condition')
    expect(contentOf(noticeOf(alertOf('a')), { ...facts, patientData: true }).condition).toBe('threshold/spo2-low')
    expect(contentOf(noticeOf(alertOf('a', technical)), facts).condition).toBe('technical/sync-behind')
  })
})
