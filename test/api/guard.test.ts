import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isJson, isLoopback, ownOrigin } from '../../src/api/guard.ts'
import { FIXTURES } from './support.ts'

const cert = readFileSync(join(FIXTURES, 'tls-cert.pem'), 'utf8')

test.each([
  ['127.0.0.1', true],
  ['127.255.0.9', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.5', false],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example', false],
  ['ward.example', false],
  ['', false],
])('%s is loopback: %s', (host, answer) => {
  expect(isLoopback(host)).toBe(answer)
})

test.each([
  ['127.0.0.1', '127.0.0.1:8080', 'http://127.0.0.1:8080', true],
  ['127.0.0.1', 'localhost:8080', 'http://localhost:8080', true],
  ['127.0.0.1', '[::1]:8080', 'http://[::1]:8080', true],
  ['127.0.0.1', '127.0.0.1:8080', 'http://localhost:8080', false],
  ['127.0.0.1', '127.0.0.1:8080', 'https://127.0.0.1:8080', false],
  ['127.0.0.1', '127.0.0.1:8080', 'http://127.0.0.1:8081', false],
  ['127.0.0.1', '127.0.0.1:8080', 'http://127.0.0.1', false],
  ['127.0.0.1', 'evil.example:8080', 'http://evil.example:8080', false],
  ['127.0.0.1', '127.0.0.1:8080', 'null', false],
  ['127.0.0.1', '127.0.0.1:8080', '', false],
])('listening on %s, asked at %s by a page from %s: ours is %s', (host, sentTo, origin, answer) => {
  expect(ownOrigin({ host, cert: null, origins: [] })({ host: sentTo, origin })).toBe(answer)
})

test.each([
  ['ward.example:8443', 'https://ward.example:8443', true],
  ['ward.example', 'https://ward.example', true],
  ['WARD.example', 'https://ward.example', true],
  ['three.wards.example', 'https://three.wards.example', true],
  ['192.0.2.7', 'https://192.0.2.7', true],
  ['192.0.2.8', 'https://192.0.2.8', false],
  ['evil.example', 'https://evil.example', false],
  ['ward.example.evil.example', 'https://ward.example.evil.example', false],
  ['ward.example', 'http://ward.example', false],
])('behind a certificate, asked at %s by a page from %s: ours is %s', (sentTo, origin, answer) => {
  expect(ownOrigin({ host: '0.0.0.0', cert, origins: [] })({ host: sentTo, origin })).toBe(answer)
})

test('a named origin is ours whatever the proxy calls us, and only whole', () => {
  const isOwn = ownOrigin({ host: '127.0.0.1', cert: null, origins: ['https://ward3.example'] })
  expect(isOwn({ host: 'backend', origin: 'https://ward3.example' })).toBe(true)
  expect(isOwn({ host: 'backend', origin: 'https://ward3.example.evil.example' })).toBe(false)
})

test('without Origin or Host nothing is ours', () => {
  const isOwn = ownOrigin({ host: '127.0.0.1', cert: null, origins: [] })
  expect(isOwn({ host: '127.0.0.1:8080' })).toBe(false)
  expect(isOwn({ origin: 'http://127.0.0.1:8080' })).toBe(false)
})

test.each([
  ['application/json', true],
  ['Application/JSON; charset=utf-8', true],
  ['application/json-patch+json', false],
  ['text/plain; application/json', false],
  ['application/x-www-form-urlencoded', false],
  ['', false],
])('%s is JSON: %s', (type, answer) => {
  expect(isJson({ 'content-type': type })).toBe(answer)
})
