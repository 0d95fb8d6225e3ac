import { expect, test } from 'vitest'
import { routesOf } from '../../src/api/routes.ts'
import { fakeWard, startWard } from './support.ts'

type Operation = {
  parameters: { name: string; in: string }[]
  responses: Record<string, unknown>
  security: unknown[]
  requestBody?: unknown
  'x-roles'?: string[]
}

type Description = {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

async function description(): Promise<Description> {
  const { ask, signIn } = await startWard()
  return (await (await ask('/api/openapi.json', { cookie: await signIn() })).json()) as Description
}

test('every route is described, with who may, what it takes and every failure', async () => {
  const { openapi, paths } = await description()
  expect(openapi).toMatch(/^3\.1/)
  expect(new Set(Object.keys(paths))).toEqual(new Set(routesOf({ ward: fakeWard() } as never).map(({ path }) => path)))
  const pause = paths['/api/alerts/{id}/pause']?.['post']
  expect(pause?.parameters).toMatchObject([{ name: 'id', in: 'path' }])
  expect(pause?.['x-roles']).toEqual(['nurse'])
  expect(pause?.requestBody).toMatchObject({ content: { 'application/json': { schema: { $ref: '#/components/schemas/Pause' } } } })
  expect(Object.keys(pause?.responses ?? {})).toEqual(['200', '400', '401', '403', '404', '409', '422', '429', '500'])
  expect(paths['/health']?.['get']?.security).toEqual([])
  expect(paths['/api/beds/{id}/trend']?.['get']?.parameters).toMatchObject([{ name: 'id' }, { name: 'hours', in: 'query' }])
})

test('every reference leads somewhere', async () => {
  const described = await description()
  const references = [...JSON.stringify(described).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name)
  expect(references.length).toBeGreaterThan(20)
  for (const name of new Set(references)) expect(Object.keys(described.components.schemas)).toContain(name)
  expect(JSON.stringify(described)).not.toContain('"$schema"')
})
