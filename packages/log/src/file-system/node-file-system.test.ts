import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { StorageError } from '../storage-error.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'
import { nodeFileSystem } from './node-file-system.ts'

test('writes any number of buffers, whatever the system takes at once', async t => {
  const path = `${await temporaryDirectory(t)}/file`
  const file = await nodeFileSystem.open(path, { create: true })
  t.after(() => file.close())
  // A system that writes a random part of what it is given, without an error.
  const { writev, write } = fs
  t.after(() => Object.assign(fs, { writev, write }))
  let portion = Number.POSITIVE_INFINITY
  Object.assign(fs, {
    writev(descriptor: number, buffers: Buffer[], position: number, callback: () => void) {
      assert.ok(buffers.length <= 1024)
      const bytes = Buffer.concat(buffers)
      write(descriptor, bytes, 0, Math.min(portion, bytes.length), position, callback)
    },
    write(descriptor: number, bytes: Buffer, offset: number, length: number, position: number, callback: () => void) {
      write(descriptor, bytes, offset, Math.min(portion, length), position, callback)
    },
  })
  const sizes = fc.array(fc.nat(40), { minLength: 1, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 1, max: 100 }), fc.nat(50), async (sizes, most, position) => {
      portion = most
      await file.truncate(0)
      const buffers = sizes.map((size, i) => Buffer.alloc(size, i + 1))
      await file.write(buffers, position)
      const content = fs.readFileSync(path).subarray(position)
      assert.deepEqual(content, Buffer.concat(buffers))
    }),
  )
  portion = Number.POSITIVE_INFINITY
  const many = Array.from({ length: 5000 }, (_, i) => Buffer.from([i & 255]))
  await file.write(many, 0)
  assert.deepEqual(await file.read(0, 5000), Buffer.concat(many))
})

test('reads fewer bytes only where the file ends', async t => {
  const path = `${await temporaryDirectory(t)}/file`
  fs.writeFileSync(path, 'abcdef')
  const file = await nodeFileSystem.open(path)
  assert.equal((await file.read(4, 10)).toString(), 'ef')
  assert.equal((await file.read(10, 10)).length, 0)
  await file.close()
})

test('names the file, the position and the reason', async t => {
  const path = `${await temporaryDirectory(t)}/missing`
  await assert.rejects(nodeFileSystem.open(path), (error: unknown) => {
    assert.ok(error instanceof StorageError)
    assert.equal(error.code, 'ENOENT')
    assert.equal(error.message, `Cannot open the file: it is not there (${path})`)
    return true
  })
  const file = await nodeFileSystem.open(path, { create: true })
  await file.close()
  const readOnly = await nodeFileSystem.open(path, { readOnly: true })
  await assert.rejects(readOnly.write([Buffer.from('x')], 12), { code: 'EBADF', positionInBytes: 12, path })
  await readOnly.close()
})

test('a flush that fails has a code of its own', async t => {
  const file = await nodeFileSystem.open(`${await temporaryDirectory(t)}/file`, { create: true })
  await file.close()
  await assert.rejects(file.datasync(), { code: 'FLUSH_FAILED' })
})

test('what is missing is null or nothing to remove', async t => {
  const path = `${await temporaryDirectory(t)}/missing`
  assert.equal(await nodeFileSystem.stat(path), null)
  assert.equal(await nodeFileSystem.readFile(path), null)
  assert.equal(nodeFileSystem.readSmallFile(path), null)
  await nodeFileSystem.remove(path)
  await nodeFileSystem.removeDirectory(path)
})

test('waits for a descriptor where the process has none left, instead of failing', async t => {
  const directory = await temporaryDirectory(t)
  const path = `${directory}/file`
  const { open } = fs
  const promises = { open: fs.promises.open, readFile: fs.promises.readFile, readdir: fs.promises.readdir }
  t.after(() => Object.assign(fs, { open }) && Object.assign(fs.promises, promises))
  let refusals = 0
  const refuses = () => refusals-- > 0
  const none = (code: string) => Object.assign(new Error('too many open files'), { code })
  Object.assign(fs, {
    open: (path: string, flags: number, mode: number, callback: (error: Error | null, descriptor: number) => void) =>
      refuses() ? callback(none('EMFILE'), -1) : open(path, flags, mode, callback),
  })
  for (const [name, call] of Object.entries(promises)) {
    Object.assign(fs.promises, {
      [name]: async (...words: never[]) => {
        if (refuses()) throw none('ENFILE')
        return (call as (...words: never[]) => unknown)(...words)
      },
    })
  }
  const calls = [
    async () => (await nodeFileSystem.open(path, { create: true })).close(),
    () => nodeFileSystem.readFile(path),
    () => nodeFileSystem.list(directory),
    () => nodeFileSystem.syncDirectory(directory),
  ]
  for (const call of calls) {
    refusals = 2
    await call()
    assert.equal(refusals, -1)
  }
})

test('creates directories that nobody else can look into', { skip: process.platform === 'win32' }, async t => {
  const path = `${await temporaryDirectory(t)}/directory`
  await nodeFileSystem.makeDirectory(path)
  assert.equal(fs.statSync(path).mode & 0o777, 0o700)
})
