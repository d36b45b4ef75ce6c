/** Python's clients, in a virtual environment that is made once in the cache directory. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { cacheDirectory } from '../support/cache-directory.ts'
import type { ForeignClient } from './foreign-client.ts'
import { testForeignClient } from './foreign-client-suite.ts'

const here = join(import.meta.dirname, 'python')
const requirements = join(here, 'requirements.txt')
const environment = join(
  cacheDirectory(),
  `python-clients-${createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)}`,
)
const python = join(environment, 'bin', 'python')

/** Why they can't run here, or false when all is there. */
async function whyNot(): Promise<string | false> {
  if (existsSync(python)) return false
  if (spawnSync('python3', ['-m', 'venv', '--help']).status !== 0)
    return 'Python 3 with its venv module is not installed'
  // An environment works only where it was made: what failed half-way is removed.
  await rm(environment, { recursive: true, force: true })
  await mkdir(cacheDirectory(), { recursive: true })
  for (const [program, ...args] of [
    ['python3', '-m', 'venv', environment],
    [join(environment, 'bin', 'pip'), 'install', '--quiet', '--only-binary', ':all:', '-r', requirements],
  ] as const) {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
    if (status === 0) continue
    await rm(environment, { recursive: true, force: true })
    return `Python's Kafka clients could not be installed: ${stderr.trim().split('\n').at(-1)}`
  }
  return false
}

const client = (name: string, program: string, details: Omit<ForeignClient, 'name' | 'command'>): ForeignClient => ({
  name,
  command: [python, join(here, program)],
  ...details,
})

const reason = await whyNot()
if (reason === false) {
  describe("Python's clients", { concurrency: 1 }, () => {
    const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
    testForeignClient(client('confluent-kafka', 'confluent_client.py', { codecs, protocols: ['classic', 'consumer'] }))
    testForeignClient(client('aiokafka', 'aiokafka_client.py', { codecs, protocols: ['classic'] }))
  })
} else {
  test("Python's clients", { skip: reason }, () => undefined)
}
