/** The built page, as files. */

import { stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Vigil: the page is not built</title>
<h1>Vigil runs, but its page is not built yet</h1>
<p>In the folder of Vigil, run <code>npm run build</code>, then load this page again. The gateway need not be restarted.</p>
<p>Until then nobody sees alerts here. The bedside monitors are the primary alarm.</p>
</html>
`

/** Vite names these by their content: a name never changes what it means. */
const isHashed = (path: string): boolean => path.startsWith('assets/')

/** Serves `webFolder`; a path without a file ending is a place inside the page. Unknown files are 404. */
export async function servePages(server: FastifyInstance, webFolder: string): Promise<void> {
  await server.register(fastifyStatic, { root: webFolder, serve: false, cacheControl: false, dotfiles: 'ignore', suppressWarning: true })
  server.get('/*', { config: { access: 'public' } }, async (request, reply) => {
    const [pathname = '/'] = request.url.split('?')
    const path = pathname.slice(1)
    if (path === 'ws' || path === 'api' || path.startsWith('api/')) return reply.callNotFound()
    if (extname(path) === '') return sendPage(reply, webFolder)
    return reply.header('cache-control', isHashed(path) ? 'public, max-age=31536000, immutable' : 'no-cache').sendFile(path)
  })
}

async function sendPage(reply: FastifyReply, webFolder: string): Promise<FastifyReply> {
  reply.header('cache-control', 'no-cache')
  const isBuilt = await stat(join(webFolder, 'index.html')).then(
    (file) => file.isFile(),
    () => false,
  )
  return isBuilt ? reply.sendFile('index.html') : reply.type('text/html; charset=utf-8').send(NOT_BUILT)
}
