/**
 * Stands in for src/links/mqtt-policy.ts in `prove paho`: whoever has a password may publish and hear what they like, and
 * keep a session. What is left to be tried is the broker as we run it: aedes within our bounds, behind our guard.
 */

import type { Policy, PolicyParts } from '../../src/links/mqtt-policy.ts'

export function policyOf({ users, admitted }: PolicyParts): Policy {
  const isKnown = (name: string | undefined, password: Uint8Array | undefined): boolean => [...users].some(([user, wanted]) => user === name && Buffer.from(wanted).equals(password ?? Buffer.alloc(0)))
  return {
    preConnect: (_client, _packet, done) => done(null, true),
    authenticate(client, name, password, done) {
      const isWelcome = isKnown(name, password)
      if (isWelcome) admitted(client)
      done(null, isWelcome)
    },
    authorizePublish: (_client, _packet, done) => done(null),
    authorizeSubscribe: (_client, subscription, done) => done(null, subscription),
    authorizeForward: (_client, packet) => packet,
    ready: () => undefined,
    gone: () => undefined,
    unsubscribed: () => undefined,
  }
}
