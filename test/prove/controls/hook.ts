/** Puts a faulty module in the place of one of ours, for a gateway started with `node --import <one of the files here>`. */

import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { ROOT } from '../../bench/gateway-process.ts'

/** `faulty` may import the module that it replaces, and gets the real one. */
export function replaceModule(module: string, faulty: string): void {
  const [real, fault] = [pathToFileURL(join(ROOT, module)).href, pathToFileURL(join(import.meta.dirname, faulty)).href]
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context)
      return found.url === real && context.parentURL !== fault ? { ...found, url: fault } : found
    },
  })
}
