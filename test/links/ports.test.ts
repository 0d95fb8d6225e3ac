import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/codec/bytes.ts'
import { type OpenResult, lineText, listPorts, openPort, readLine, targetOf, targetText } from '../../src/links/ports.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigil-ports-'))
afterAll(() => rmSync(folder, { recursive: true }))

const LINE = readLine('9600') ?? expect.fail()

describe('a line setting', () => {
  it('is written as people write it', () => {
    expect(readLine('19200 8E1')).toEqual({ baudRate: 19_200, dataBits: 8, parity: 'even', stopBits: 1 })
    expect(readLine(' 2400 7o2 ')).toEqual({ baudRate: 2_400, dataBits: 7, parity: 'odd', stopBits: 2 })
    expect(lineText(LINE)).toBe('9600 8N1')
  })

  it.each(['', '8N1', '100 8N1', '9600 9N1', '9600 8X1', '9600 8N3', '2000000', 'fast'])('"%s" is none', (text) => expect(readLine(text)).toBeNull())
})

describe('where bytes come from', () => {
  it.each([
    ['/dev/ttyUSB0', '/dev/ttyUSB0 9600 8N1'],
    ['/dev/serial/by-id/usb-FTDI:1', '/dev/serial/by-id/usb-FTDI:1 9600 8N1'],
    ['COM3', 'COM3 9600 8N1'],
    ['10.0.0.5:4001', '10.0.0.5:4001'],
    ['moxa.ward.example:4001', 'moxa.ward.example:4001'],
    ['[fe80::5]:4001', '[fe80::5]:4001'],
    ['udp:10.0.0.5:24105', 'udp:10.0.0.5:24105'],
    ['10.0.0.5:70000', '10.0.0.5:70000 9600 8N1'],
  ])('%s is %s', (text, shown) => expect(targetText(targetOf(text, LINE))).toBe(shown))
})

describe('the ports of a machine', () => {
  const file = (path: string, text = ''): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const link = (from: string, to: string): void => {
    mkdirSync(dirname(join(folder, from)), { recursive: true })
    symlinkSync(join(folder, to), join(folder, from))
  }

  it('are those that the kernel lists with a device, by their stable names where there are any; it needs no udevadm', async () => {
    file('sys/devices/usb1/manufacturer', 'FTDI\n')
    file('sys/devices/usb1/product', 'FT232R USB UART\n')
    file('sys/devices/usb1/interface/ttyUSB0/port_number', '0')
    file('sys/devices/board/serial0/driver', '')
    file('sys/class/tty/ttyUSB10/dev', '')
    link('sys/class/tty/ttyUSB10/device', 'sys/devices/usb1/interface/ttyUSB0')
    file('sys/class/tty/ttyUSB2/dev', '')
    link('sys/class/tty/ttyUSB2/device', 'sys/devices/usb1/interface/ttyUSB0')
    file('sys/class/tty/ttyS0/type', '4\n')
    link('sys/class/tty/ttyS0/device', 'sys/devices/board/serial0')
    file('sys/class/tty/ttyS1/type', '0\n')
    link('sys/class/tty/ttyS1/device', 'sys/devices/board/serial0')
    file('sys/class/tty/tty7/dev', '')
    file('dev/ttyUSB2')
    link('dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0', 'dev/ttyUSB2')
    expect(await listPorts(folder)).toEqual([
      { path: '/dev/ttyS0', device: '/dev/ttyS0', what: '' },
      { path: '/dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0', device: '/dev/ttyUSB2', what: 'FTDI FT232R USB UART' },
      { path: '/dev/ttyUSB10', device: '/dev/ttyUSB10', what: 'FTDI FT232R USB UART' },
    ])
  })
})

describe('a port', () => {
  const opened = (result: OpenResult) => (result.kind === 'open' ? result : expect.fail(result.why))

  it('that is not there says so, whatever it is', async () => {
    expect(await openPort(targetOf(join(folder, 'ttyUSB9'), LINE), () => undefined)).toEqual({ kind: 'failed', why: `${folder}/ttyUSB9 is not there` })
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await new Promise((resolve) => server.close(resolve))
    expect(await openPort(targetOf(`127.0.0.1:${port}`, LINE), () => undefined)).toMatchObject({ kind: 'failed', why: expect.stringContaining('ECONNREFUSED') })
  })

  it('over TCP carries bytes both ways, and says when the other end goes', async () => {
    const server = createServer((socket) => socket.on('data', (bytes) => socket.end(Buffer.concat([Buffer.from('heard '), bytes]))).on('error', () => undefined))
    server.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    const heard: string[] = []
    const port = opened(await openPort(targetOf(`127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, LINE), (bytes) => void heard.push(new TextDecoder().decode(bytes))))
    port.write(utf8('you'))
    expect(await port.closed).toBe('the other end closed the connection')
    expect(heard.join('')).toBe('heard you')
    await port.close()
    await new Promise((resolve) => server.close(resolve))
  })

  it('over UDP carries datagrams', async () => {
    const device = createSocket('udp4', (bytes, { port, address }) => device.send(Buffer.concat([Buffer.from('heard '), bytes]), port, address))
    await new Promise<void>((resolve) => device.bind(0, '127.0.0.1', resolve))
    const answered = new Promise<string>((resolve) => {
      void openPort(targetOf(`udp:127.0.0.1:${device.address().port}`, LINE), (bytes) => resolve(new TextDecoder().decode(bytes))).then((result) => opened(result).write(utf8('you')))
    })
    expect(await answered).toBe('heard you')
    await new Promise<void>((resolve) => device.close(resolve))
  })
})
