/** Mail over SMTP, by nodemailer; loaded where a site sends mail. */

import { createTransport } from 'nodemailer'
import { wayLimits } from '../../limits.ts'
import type { MailServer } from './configured.ts'
import type { MailTransport } from './mail.ts'

export function smtpTransport({ host, port, security, username, secret }: MailServer): MailTransport {
  const transport = createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    connectionTimeout: wayLimits.sendMs,
    greetingTimeout: wayLimits.sendMs,
    socketTimeout: wayLimits.sendMs,
    ...(username !== undefined && secret !== null ? { auth: { user: username, pass: secret } } : {}),
  })
  return { sendMail: (mail) => transport.sendMail({ ...mail, to: [...mail.to] }) }
}
