import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { claimDataDirectory } from './data-directory.ts'

const root = await mkdtemp(join(tmpdir(), 'shop-data-directory-'))
after(() => rm(root, { recursive: true }))

test('a new directory is taken, and taken again', () => {
  claimDataDirectory(join(root, 'new', 'deep'))
  claimDataDirectory(join(root, 'new', 'deep'))
})

test('data of another version is refused, with a word about what to do', async () => {
  await mkdir(join(root, 'old', 'order'), { recursive: true })
  assert.throws(() => claimDataDirectory(join(root, 'old')), /earlier version.*SHOP_DATA/)
  await mkdir(join(root, 'newer'))
  await writeFile(join(root, 'newer', 'format'), '99\n')
  assert.throws(() => claimDataDirectory(join(root, 'newer')), /another version.*99/)
})
