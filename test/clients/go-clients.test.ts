/** Go's clients: built once into the cache directory; `go.sum` says of each module that it is the one that was tested. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { cacheDirectory } from '../support/cache-directory.ts'
import type { ForeignClient } from './foreign-client.ts'
import { testForeignClient } from './foreign-client-suite.ts'

const here = join(import.meta.dirname, 'go')
const sources = globSync(['go.mod', 'go.sum', '*/main.go'], { cwd: here }).sort()
const contents = sources.map(source => readFileSync(join(here, source)))
const hash = createHash('sha256').update(Buffer.concat(contents)).digest('hex').slice(0, 12)
const programs = join(cacheDirectory(), `go-clients-${hash}`)

/** Why they can't run here, or false when all is there. */
async function whyNot(): Promise<string | false> {
  if (existsSync(programs)) return false
  if (spawnSync('go', ['version']).status !== 0) return 'Go is not installed'
  await mkdir(cacheDirectory(), { recursive: true })
  const scratch = await mkdtemp(`${programs}.part-`)
  try {
    process.stderr.write("Building Go's Kafka clients (once, some minutes) …\n")
    const { status, stderr } = spawnSync('go', ['build', '-o', `${scratch}/`, './...'], { cwd: here, encoding: 'utf8' })
    if (status !== 0) return `Go's Kafka clients could not be built: ${stderr.trim().split('\n').at(-1)}`
    // The last act: what is there is whole.
    await rename(scratch, programs)
    return false
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const client = (name: string, program: string, protocols: ForeignClient['protocols']): ForeignClient => ({
  name,
  command: [join(programs, program)],
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  protocols,
})

const reason = await whyNot()
if (reason === false) {
  describe("Go's clients", { concurrency: 1 }, () => {
    testForeignClient(client('franz-go', 'franz', ['classic', 'consumer']))
    testForeignClient(client('sarama', 'sarama', ['classic']))
  })
} else {
  test("Go's clients", { skip: reason }, () => undefined)
}
