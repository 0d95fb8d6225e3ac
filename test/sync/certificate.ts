/** A self-signed certificate for 127.0.0.1, made when a test needs one: no key lies in the repository. X.509 v3, DER by hand. */

import { generateKeyPairSync, sign } from 'node:crypto'

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const value = Buffer.concat(parts)
  const length = value.length < 128 ? [value.length] : value.length < 256 ? [0x81, value.length] : [0x82, value.length >> 8, value.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), value])
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts)
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
/** 1.2.840.10045.4.3.2, ecdsa-with-SHA256. */
const ECDSA_SHA256 = sequence(tlv(0x06, hex('2a8648ce3d040302')))
const COMMON_NAME = hex('550403')
const SUBJECT_ALT_NAME = hex('551d11')
const BASIC_CONSTRAINTS = hex('551d13')

export function loopbackCertificate(): { readonly cert: string; readonly key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const name = sequence(tlv(0x31, sequence(tlv(0x06, COMMON_NAME), tlv(0x0c, Buffer.from('vigil test')))))
  const validity = sequence(tlv(0x17, Buffer.from('200101000000Z')), tlv(0x17, Buffer.from('491231235959Z')))
  const alternatives = sequence(tlv(0x06, SUBJECT_ALT_NAME), tlv(0x04, sequence(tlv(0x87, Buffer.from([127, 0, 0, 1])), tlv(0x82, Buffer.from('localhost')))))
  const authority = sequence(tlv(0x06, BASIC_CONSTRAINTS), tlv(0x01, Buffer.from([255])), tlv(0x04, sequence(tlv(0x01, Buffer.from([255])))))
  const unsigned = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))), tlv(0x02, Buffer.from([1])), ECDSA_SHA256, name, validity, name,
    publicKey.export({ type: 'spki', format: 'der' }), tlv(0xa3, sequence(authority, alternatives)),
  )
  const signature = sign('sha256', unsigned, privateKey)
  const der = sequence(unsigned, ECDSA_SHA256, tlv(0x03, Buffer.from([0]), signature))
  const pem = `-----BEGIN CERTIFICATE-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`
  return { cert: pem, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}
