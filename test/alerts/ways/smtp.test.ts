/** The mail way against a mail server of a few lines, over a socket. */

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { smtpTransport } from '../../../src/alerts/ways/smtp.ts'

/** RFC 5321, as much of it as one mail needs. `refuses`: its answer to a recipient. */
async function mailServer(refuses: string | null = null) {
  const heard: string[] = []
  const server = createServer((socket) => {
    let inText = false
    let pending = ''
    socket.write('220 mail.test ESMTP\r\n')
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      pending += bytes.toString()
      for (let end = pending.indexOf('\r\n'); end !== -1; end = pending.indexOf('\r\n')) {
        const line = pending.slice(0, end)
        pending = pending.slice(end + 2)
        heard.push(line)
        if (inText) {
          if (line !== '.') continue
          inText = false
          socket.write('250 taken\r\n')
        } else if (line.startsWith('EHLO')) socket.write('250-mail.test\r\n250 AUTH PLAIN\r\n')
        else if (line.startsWith('AUTH')) socket.write('235 in\r\n')
        else if (line.startsWith('RCPT') && refuses !== null) socket.write(`${refuses}\r\n`)
        else if (line.startsWith('DATA')) {
          inText = true
          socket.write('354 go on\r\n')
        } else if (line.startsWith('QUIT')) socket.end('221 bye\r\n')
        else socket.write('250 ok\r\n')
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, heard, [Symbol.asyncDispose]: async () => void (await new Promise((resolve) => server.close(resolve))) }
}

const MAIL = { from: 'vigil@ward.test', to: ['nurse@ward.test', 'charge@ward.test'], subject: '[Vigil high] Bed 7: open Vigil', text: 'Bed 7: open Vigil', messageId: '<n1@gw.vigil.invalid>', headers: { 'Auto-Submitted': 'auto-generated' } }
const serverOf = (port: number) => ({ kind: 'mail', id: 'mail', host: '127.0.0.1', port, security: 'none', username: 'vigil', secret: 'word', from: MAIL.from, to: [...MAIL.to] }) as unknown as Parameters<typeof smtpTransport>[0]

it('hands a mail to a server, logged in, to each recipient', async () => {
  await using server = await mailServer()
  await smtpTransport(serverOf(server.port)).sendMail(MAIL)
  expect(server.heard).toEqual(expect.arrayContaining([
    `AUTH PLAIN ${Buffer.from('\0vigil\0word').toString('base64')}`, 'MAIL FROM:<vigil@ward.test>', 'RCPT TO:<nurse@ward.test>', 'RCPT TO:<charge@ward.test>',
    'Subject: [Vigil high] Bed 7: open Vigil', 'Message-ID: <n1@gw.vigil.invalid>', 'Auto-Submitted: auto-generated', 'Bed 7: open Vigil',
  ]))
})

it('says with the code of SMTP why a mail was not taken', async () => {
  await using server = await mailServer('550 no such nurse')
  await expect(smtpTransport(serverOf(server.port)).sendMail(MAIL)).rejects.toMatchObject({ responseCode: 550 })
})
