import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { File } from './file-system/file-system.ts'
import { OpenFiles } from './open-files.ts'
import { faultyFileSystem } from './testing/faulty-file-system.ts'

function setUp(maxOpen: number) {
  const open = new Set<string>()
  let opened = 0
  const fileSystem = faultyFileSystem()
  fileSystem.open = async path => {
    opened++
    open.add(path)
    return { path, close: async () => void open.delete(path) } as File
  }
  return { open, files: new OpenFiles({ fileSystem, maxOpen }), openedCount: () => opened, fileSystem }
}

test('opens once, and closes the least recently used', async () => {
  const { files, open, openedCount } = setUp(2)
  for (const path of ['a', 'b', 'a', 'c']) await files.use(path, async file => assert.equal(file.path, path))
  assert.equal(openedCount(), 3)
  assert.deepEqual([...open].sort(), ['a', 'c'])
  await files.closeAll()
  assert.equal(open.size, 0)
})

test('never closes a file in use', async () => {
  const { files, open } = setUp(1)
  await files.use('a', async () => {
    await files.use('b', async () => undefined)
    await files.close('a')
    assert.ok(open.has('a'))
  })
  assert.equal(open.has('a'), false)
})

test('a file that could not be opened is tried again', async () => {
  const { files, fileSystem } = setUp(1)
  const { open } = fileSystem
  fileSystem.open = () => Promise.reject(new Error('no'))
  await assert.rejects(
    files.use('a', async () => undefined),
    /no/,
  )
  fileSystem.open = open
  await files.use('a', async () => undefined)
})
