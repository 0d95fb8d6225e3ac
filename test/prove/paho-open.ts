/** Given to `node --import`: the broker's policy is that of paho-policy.ts. */

import { registerHooks } from 'node:module'

registerHooks({
  resolve: (specifier, context, next) => next(specifier === './mqtt-policy.ts' ? new URL('./paho-policy.ts', import.meta.url).href : specifier, context),
})
