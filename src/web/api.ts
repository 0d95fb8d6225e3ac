/** Questions and taps over HTTP, same origin. Expected trouble is a returned value, in words for the person at the screen. */

import { webLimits } from '../limits.ts'
import type { ActorGate } from './actor-gate.ts'
import { whyOf } from './wire-guard.ts'

export type Answer =
  | { readonly kind: 'done'; readonly body: unknown }
  /** 401: not logged in, or no longer. */
  | { readonly kind: 'denied'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string; /** As HTTP has it, where there was an answer. */ readonly status?: number }

const PLAIN: Readonly<Record<number, string>> = {
  403: 'Your role does not permit this.',
  404: 'The gateway does not know this any more.',
  409: 'Something changed in the meantime. Look again.',
  429: 'Too many attempts. Wait half a minute.',
  503: 'The gateway cannot do this now.',
}

async function bodyOf(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    return null
  }
}

async function ask(path: string, request: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(path, { ...request, credentials: 'same-origin', cache: 'no-store', signal: AbortSignal.timeout(webLimits.requestTimeoutMs) })
    const body = await bodyOf(response)
    if (response.ok) return { kind: 'done', body }
    const why = whyOf(body) ?? PLAIN[response.status] ?? `The gateway answered with error ${response.status}.`
    return response.status === 401 ? { kind: 'denied', why } : { kind: 'failed', why, status: response.status }
  } catch (reason) {
    const late = reason instanceof DOMException && reason.name === 'TimeoutError'
    return { kind: 'failed', why: late ? `No answer within ${webLimits.requestTimeoutMs / 1_000} s.` : 'The gateway cannot be reached.' }
  }
}

export const get = (path: string): Promise<Answer> => ask(path, { method: 'GET' })

const send = (path: string, body: object): Promise<Answer> => ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

/** A screen of the ward puts the question who taps before whatever is sent. */
let gate: ActorGate | null = null
export const passThrough = (of: ActorGate): void => void (gate = of)

export const post = (path: string, body: object): Promise<Answer> => (gate === null ? send(path, body) : gate.pass(path, body, (all) => send(path, all)))

/** Every address that the page uses. */
export const paths = {
  login: '/api/login',
  loginLink: '/api/login/link',
  logout: '/api/logout',
  me: '/api/me',
  sessions: '/api/sessions',
  endSession: (id: string) => `/api/sessions/${encodeURIComponent(id)}/end`,
  health: '/health',
  acknowledge: (alert: string) => `/api/alerts/${encodeURIComponent(alert)}/acknowledge`,
  pause: (alert: string) => `/api/alerts/${encodeURIComponent(alert)}/pause`,
  testWay: (way: string) => `/api/ways/${encodeURIComponent(way)}/test`,
  deliveries: (alert: string) => `/api/alerts/${encodeURIComponent(alert)}/deliveries`,
  strip: (alert: string) => `/api/alerts/${encodeURIComponent(alert)}/strip`,
  context: (stay: string) => `/api/stays/${encodeURIComponent(stay)}/context`,
  freeze: (stay: string) => `/api/stays/${encodeURIComponent(stay)}/freeze`,
  observations: (stay: string) => `/api/stays/${encodeURIComponent(stay)}/observations`,
  takeBack: (stay: string) => `/api/stays/${encodeURIComponent(stay)}/observations/take-back`,
  limits: (stay: string) => `/api/stays/${encodeURIComponent(stay)}/limits`,
  wardLimit: (stay: string) => `/api/stays/${encodeURIComponent(stay)}/limits/ward`,
  associations: '/api/associations',
  association: (bed: string) => `/api/beds/${encodeURIComponent(bed)}/association`,
  scan: '/api/associations/scan',
  typed: '/api/associations/type',
  confirm: (fact: number) => `/api/associations/${fact}/confirm`,
  withdraw: (fact: number) => `/api/associations/${fact}/withdraw`,
  unassign: (bed: string) => `/api/beds/${encodeURIComponent(bed)}/unassign`,
  lookup: '/api/registry/lookup',
  shift: '/api/shift',
  bedState: (bed: string) => `/api/beds/${encodeURIComponent(bed)}/state`,
  goal: (stay: string) => `/api/stays/${encodeURIComponent(stay)}/goal`,
  goalReview: (stay: string) => `/api/stays/${encodeURIComponent(stay)}/goal/review`,
  wardMode: '/api/ward/mode',
  commissioning: (days: number | null) => (days === null ? '/api/commissioning' : `/api/commissioning?days=${days}`),
  handover: (hours: number) => `/api/handover?hours=${hours}`,
  given: (stay: string) => `/api/stays/${encodeURIComponent(stay)}/given`,
  trend: (bed: string) => `/api/beds/${encodeURIComponent(bed)}/trend?hours=${webLimits.trendSpanMs / 3_600_000}`,
  socket: (location: Location) => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
} as const
