/**
 * Senders that nobody here wrote: HAPI and Camel from Maven Central, hl7apy from PyPI, Mosquitto's publisher from Debian.
 * `node test/interop/parts.ts` fetches and builds what is not there yet, once, under ~/.cache/vigil-interop.
 */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { programPath } from '../parts.ts'

const HL7APY = '1.3.5'
const HERE = import.meta.dirname
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vigil-interop')
const run = promisify(execFile)

const JAVA_SOURCES = [join('java', 'pom.xml'), join('java', 'src', 'main', 'java', 'interop', 'Senders.java')]
const javaKey = (): string => {
  const hash = createHash('sha256')
  for (const file of JAVA_SOURCES) hash.update(readFileSync(join(HERE, file)))
  return hash.digest('hex').slice(0, 12)
}
const javaFolder = (): string => join(CACHE, `java-${javaKey()}`)
const pythonFolder = join(CACHE, `hl7apy-${HL7APY}`)

export type ForeignPrograms = {
  /** Program and first arguments; the port comes next. */
  readonly java: readonly string[]
  readonly python: readonly string[]
  /** Line by line even into a pipe, so that its answers are seen when they come. */
  readonly mosquittoPub: readonly string[]
}

/** The commands, or the part that this machine lacks. */
export function foreignPrograms(): ForeignPrograms | { readonly lacking: string } {
  const [java, stdbuf, mosquittoPub] = ['java', 'stdbuf', 'mosquitto_pub'].map(programPath)
  if (java === undefined || stdbuf === undefined || mosquittoPub === undefined) return { lacking: 'Java, stdbuf or mosquitto_pub' }
  const python = join(pythonFolder, 'bin', 'python')
  if (!existsSync(javaFolder()) || !existsSync(python)) return { lacking: 'what "node test/interop/parts.ts" fetches (HAPI, Camel, hl7apy)' }
  const target = join(javaFolder(), 'target')
  return {
    // It lives for seconds: the second compiler would only cost.
    java: [java, '-XX:TieredStopAtLevel=1', '-cp', `${target}/*:${target}/lib/*`, 'interop.Senders'],
    python: [python, join(HERE, 'hl7apy_sender.py')],
    mosquittoPub: [stdbuf, '-oL', mosquittoPub],
  }
}

/** A Python that has hl7apy; null when this machine has none. */
export function hl7apyPython(): string | null {
  const python = join(pythonFolder, 'bin', 'python')
  return existsSync(python) ? python : null
}

/** Fetches and builds what is missing. @throws Error when Maven, Python or the network is not there. */
export async function prepareForeignPrograms(): Promise<void> {
  mkdirSync(CACHE, { recursive: true })
  await Promise.all([whole(javaFolder(), buildJava), whole(pythonFolder, installPython)])
}

/** A folder is there only when it is whole: it is made beside, and moved. */
async function whole(folder: string, make: (into: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return
  const making = mkdtempSync(`${folder}-`)
  try {
    await make(making)
    renameSync(making, folder)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    throw error
  }
}

async function buildJava(into: string): Promise<void> {
  cpSync(join(HERE, 'java'), into, { recursive: true })
  await run('mvn', ['-B', '-q', 'package', 'dependency:copy-dependencies', '-DoutputDirectory=target/lib'], { cwd: into })
}

/** Its scripts name the folder they were made in, which is moved; its python finds itself, and no other is used. */
async function installPython(into: string): Promise<void> {
  await run('python3', ['-m', 'venv', into])
  await run(join(into, 'bin', 'python'), ['-m', 'pip', 'install', '-q', `hl7apy==${HL7APY}`])
}

if (process.argv[1] === import.meta.filename) await prepareForeignPrograms()
