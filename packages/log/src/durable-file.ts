/** Small files that are replaced as a whole: written beside, synced, renamed, and the directory synced. Old or new, never a mixture. */

import { basename, dirname } from 'node:path'
import { temporaryFileSuffix } from './file-names.ts'
import type { FileSystem } from './file-system/file-system.ts'

/** Durable when it resolves, the directory entry too unless `syncDirectory` is false: then the caller syncs the directory. */
export async function replaceFile(
  fileSystem: FileSystem,
  path: string,
  content: Buffer,
  { syncDirectory = true }: { syncDirectory?: boolean } = {},
): Promise<void> {
  const temporaryPath = `${dirname(path)}/${basename(path)}${temporaryFileSuffix}`
  await writeNewFile(fileSystem, temporaryPath, content)
  await fileSystem.rename(temporaryPath, path)
  if (syncDirectory) await fileSystem.syncDirectory(dirname(path))
}

/** Writes and syncs a file whose directory the caller syncs. An older file of that name is overwritten, not replaced. */
export async function writeNewFile(fileSystem: FileSystem, path: string, content: Buffer): Promise<void> {
  const file = await fileSystem.open(path, { create: true })
  try {
    await file.truncate(0)
    if (content.length > 0) await file.write([content], 0)
    await file.datasync()
  } finally {
    await file.close()
  }
}
